"""The `audit` probe against a scripted server."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.clock import SystemClock
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.audit.times import moment
from sentinel.probes.calls.session import Sessions
from tests.kit.bench import Bench, problem, readings, words
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from sentinel.core.result import Measurement

PERSON = "Mary Canary"


def entry(**changes: object) -> dict[str, object]:
    complete = {
        "actor": PERSON,
        "action": "read",
        "at": SystemClock().now().isoformat(),
        "source_ip": "127.0.0.1",
        "resource_id": 7,
    }
    return {**complete, **changes}


def options(receiver: HttpReceiver, **record: Any) -> dict[str, Any]:
    return {
        "action": {"method": "POST", "url": f"{receiver.url}/act", "json": {"note": "{correlation_id}"}},
        "record": {"request": {"url": f"{receiver.url}/log?id={{correlation_id}}"}, **record},
    }


async def looked_at(bench: Bench, receiver: HttpReceiver, *answers: object, **record: Any) -> Measurement:
    """A run whose action succeeds, and whose looks for the record get these answers."""
    receiver.next_answers.append(Answer())
    receiver.next_answers.extend(Answer(body=json.dumps(answer).encode()) for answer in answers)
    receiver.answer = Answer(body=b"[]")
    return await bench.measure("audit", **options(receiver, **record), within=1.0)


async def test_action_and_look_share_a_fresh_id(bench: Bench, receiver: HttpReceiver) -> None:
    found = await looked_at(bench, receiver, [entry()])
    act, look = receiver.requests
    mark = act.headers["x-correlation-id"]
    assert found.outcome is Outcome.PASS
    assert mark.startswith("sentinel-")
    assert (act.json(), look.target) == ({"note": mark}, f"/log?id={mark}")


async def test_a_restart_does_not_try_a_refused_login_again(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=401)
    reading = options(receiver)
    reading["action"]["login"] = {"url": f"{receiver.url}/login", "username": "m", "password": "p-canary"}
    found = await bench.measure("audit", **reading)
    bench.tools = replace(bench.tools, sessions=Sessions(), note=found.note)
    assert (await bench.measure("audit", **reading)).failure is FailureClass.CREDENTIAL_REFUSED
    assert [request.target for request in receiver.requests] == ["/login"]
    assert "canary" not in str(found.note)


async def test_the_record_is_looked_for_until_it_is_there(bench: Bench, receiver: HttpReceiver) -> None:
    found = await looked_at(bench, receiver, [], [], [entry()])
    assert found.outcome is Outcome.PASS
    assert readings(found)["record_time"] >= 0.15


async def test_a_record_that_never_comes_is_missing(bench: Bench, receiver: HttpReceiver) -> None:
    found = await looked_at(bench, receiver, within="500ms")
    assert found.failure is FailureClass.RECORD_MISSING
    assert "record_time" not in readings(found)


async def test_a_timeout_that_leaves_no_room_for_the_record_accuses_nobody(
    bench: Bench, receiver: HttpReceiver
) -> None:
    found = await looked_at(bench, receiver, within="5s")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert found.explanation.endswith("and it has 5 s; the check's timeout was over")
    assert "`timeout`" in found.hint


async def test_a_record_that_may_take_minutes_is_waited_for(receiver: HttpReceiver) -> None:
    """After 60 looks, in half a minute, it was held to be missing, whatever `within` said."""
    clock = FakeClock()
    receiver.next_answers += [Answer(), *[Answer(body=b"[]")] * 80]
    receiver.answer = Answer(body=json.dumps([entry(at=clock.now().isoformat())]).encode())
    async with Bench(clock) as bench, asyncio.timeout(20):
        run = asyncio.create_task(bench.measure("audit", **options(receiver, within="10m"), within=600.0))
        while not run.done():
            await clock.advance(seconds=0.5)
            await asyncio.wait([run], timeout=0.001)
    assert run.result().outcome is Outcome.PASS
    assert readings(run.result())["record_time"] > 40


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"actor": ""}, "the record does not say who (actor)"),
        ({"resource_id": None, "at": None}, "the record does not say when (at), on which record (resource_id)"),
        ({"at": "yesterday"}, "the record's time at at cannot be read"),
        ({"at": "2020-01-01T00:00:00Z"}, "1 min is allowed"),
    ],
)
async def test_an_incomplete_record_is_told_by_its_fields(
    bench: Bench, receiver: HttpReceiver, changes: dict[str, object], said: str
) -> None:
    found = await looked_at(bench, receiver, [entry(**changes)])
    assert found.failure is FailureClass.RECORD_INCOMPLETE
    assert said in found.explanation
    assert PERSON not in words(found)


async def test_a_field_that_is_not_asked_for_may_be_missing(bench: Bench, receiver: HttpReceiver) -> None:
    found = await looked_at(bench, receiver, [entry(source_ip=None)], where_from=None)
    assert found.outcome is Outcome.PASS


async def test_an_action_that_is_refused_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=500)
    found = await bench.measure("audit", **options(receiver))
    assert (found.failure, found.explanation) == (FailureClass.WRONG_STATUS, "action: status 500, expected 2xx")
    assert len(receiver.requests) == 1


# Several actions


def several(receiver: HttpReceiver, **more: object) -> dict[str, Any]:
    record = {"request": {"url": f"{receiver.url}/log?id={{correlation_id}}"}, "who": None, **more}
    return {
        "actions": {
            "reading": {"url": f"{receiver.url}/patients/1", "record": record},
            "failed_login": {
                "method": "POST",
                "url": f"{receiver.url}/login",
                "json": {"username": "nobody-{correlation_id}", "password": "wrong"},
                "accepted": [401],
                "record": {**record, "expect": [{"path": "outcome", "equals": "refused"}]},
            },
        }
    }


class Service(HttpReceiver):
    """Gives patients, refuses logins, and logs both."""

    silent_about = ""

    async def _respond(self, request: Any) -> Any:
        path = request.path
        if path == "/log":
            acted = self.requests_by_word[request.query["id"]]
            entries = [] if acted == self.silent_about else [entry(outcome=acted)]
            self.answer = Answer(body=json.dumps(entries).encode())
        else:
            outcome = "refused" if path == "/login" else "allowed"
            self.requests_by_word[request.headers["X-Correlation-ID"]] = outcome
            self.answer = Answer(status=401 if path == "/login" else 200)
        return await super()._respond(request)

    def __init__(self) -> None:
        super().__init__()
        self.requests_by_word: dict[str, str] = {}


async def test_what_is_refused_must_be_recorded_too(bench: Bench) -> None:
    async with Service() as service:
        found = await bench.measure("audit", **several(service))
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    taken = readings(found)
    assert {"record_times.reading", "record_times.failed_login"} < set(taken)
    assert taken["record_time"] == max(taken["record_times.reading"], taken["record_times.failed_login"])


async def test_an_unrecorded_action_is_told_by_its_name(bench: Bench) -> None:
    async with Service() as service:
        service.silent_about = "refused"
        found = await bench.measure("audit", **several(service, within="500ms"), within=1.0)
    assert found.failure is FailureClass.RECORD_MISSING
    assert found.explanation.startswith("failed_login: no record of the action after")
    assert "record_times.reading" in readings(found)


async def test_a_wrong_password_that_is_accepted_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    options = several(receiver)
    del options["actions"]["reading"]
    found = await bench.measure("audit", **options)
    assert (found.failure, found.explanation) == (
        FailureClass.WRONG_STATUS,
        "failed_login: action: status 200, expected 401",
    )


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ([], FailureClass.STALE),
        ([{"at": None}], FailureClass.RECORD_INCOMPLETE),
        ([{"at": "2020-01-01T00:00:00+01:00"}], FailureClass.STALE),
        ("text", FailureClass.RECORD_INCOMPLETE),
    ],
)
async def test_freshness_is_judged_by_the_newest_entry(
    bench: Bench, receiver: HttpReceiver, answer: object, failure: FailureClass
) -> None:
    receiver.answer = Answer(body=json.dumps(answer).encode())
    found = await bench.measure("audit", freshness={"request": {"url": receiver.url}, "max_age": "1h"})
    assert found.failure is failure


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T13:00:00+01:00", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2026-03-01 12:00:00.5+00", NOON + timedelta(seconds=0.5)),
        (NOON.timestamp(), NOON),
        (NOON.timestamp() * 1000, NOON),
        ("soon", None),
        (True, None),
        (None, None),
        (1e30, None),
        ([], None),
    ],
)
def test_times_are_read_as_logs_write_them(written: object, meant: datetime | None) -> None:
    assert moment(written) == meant


URL = {"url": "http://x/"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "action and record, or freshness"),
        ({"action": URL}, "action and record together"),
        ({"actions": {"a": {**URL, "record": {"request": URL}}}}, "{correlation_id} in the record"),
        ({"actions": {"A b": {**URL, "record": {"request": URL}}}}, "pattern"),
        ({"action": URL, "record": {"request": URL}}, "{correlation_id} in the record"),
        ({"freshness": {"max_age": "1h"}}, "either request, or database and query"),
        ({"freshness": {"request": URL, "max_age": 0}}, "above zero"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    assert said in problem("audit", **options)

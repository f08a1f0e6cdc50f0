"""The `health` probe against documents of the shapes that services have."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from sentinel.core.result import Measurement

AURA = {"status": "healthy", "database": "connected", "redis": "disabled", "job_queue": "operational"}
BHIV = {
    "status": "healthy",
    "components": {"database": {"status": "connected", "host": "Mary Canary"}, "modules": {"loaded": 6}},
    "performance": {"avg_response_time": 45, "active_connections": "12", "memory_usage": 512},
}


def answering(document: Any, status: int = 200) -> Answer:
    body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
    return Answer(status=status, body=body)


async def told_of(
    bench: Bench, receiver: HttpReceiver, document: Any, status: int = 200, **options: Any
) -> Measurement:
    receiver.answer = answering(document, status)
    return await bench.measure("health", url=f"{receiver.url}/health", **options)


WELL = [
    AURA,
    BHIV,
    {"status": "healthy"},
    {"database": "connected"},
    {"status": "UP", "components": {"db": {"status": "UP"}, "diskSpace": {"status": "UP", "details": {"free": 1}}}},
    {"status": "Healthy", "entries": {"sql": {"status": "Healthy", "duration": "00:00:00.1"}}},
    {"status": "pass", "checks": {"cassandra:responseTime": [{"status": "pass", "observedValue": 250}]}},
    {"status": "UP", "checks": [{"name": "db", "status": "UP", "data": {}}]},
    {"status": "ok", "info": {}, "error": {}, "details": {"redis": {"status": "up"}}},
    {"components": {"database": True, "cache": {"healthy": True}}},
    {"status": "ok", "version": "1.2", "debug": False, "environment": "Mary Canary"},
    "Healthy",
]


@pytest.mark.parametrize("document", WELL)
async def test_what_is_well_passes_in_every_shape(bench: Bench, receiver: HttpReceiver, document: Any) -> None:
    found = await told_of(bench, receiver, document)
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


@pytest.mark.parametrize(
    ("document", "failure", "explanation"),
    [
        ({**AURA, "database": "disconnected"}, FailureClass.UNHEALTHY, 'database says "disconnected"'),
        ({**AURA, "job_queue": "stalled"}, FailureClass.UNHEALTHY, 'job_queue says "stalled"'),
        ({**AURA, "database": "slow"}, FailureClass.DEGRADED, 'database says "slow"'),
        ({"status": "unhealthy"}, FailureClass.UNHEALTHY, 'the service says "unhealthy" of itself'),
        ({"status": "degraded"}, FailureClass.DEGRADED, 'the service says "degraded" of itself'),
        (
            {"components": {"db": {"status": "DOWN"}, "mq": "warn"}},
            FailureClass.UNHEALTHY,
            'db says "down" (and 1 more)',
        ),
        (
            {"checks": {"db:time": [{"status": "pass"}, {"status": "fail"}]}},
            FailureClass.UNHEALTHY,
            'db:time says "fail"',
        ),
        (
            {"checks": [{"name": "db", "status": "Mary Canary"}]},
            FailureClass.UNHEALTHY,
            "db says a word that is not known here",
        ),
        ({"components": {"db": False}}, FailureClass.UNHEALTHY, 'db says "false"'),
        ({"name": "Mary Canary"}, FailureClass.WRONG_BODY, "health document: it has no status and no components"),
        ("<html>Mary Canary</html>", FailureClass.WRONG_BODY, "health document: it is not JSON"),
        ("unhealthy", FailureClass.UNHEALTHY, 'the service says "unhealthy" of itself'),
    ],
)
async def test_what_is_not_well_is_told_by_name_and_word(
    bench: Bench, receiver: HttpReceiver, document: Any, failure: FailureClass, explanation: str
) -> None:
    found = await told_of(bench, receiver, document)
    assert (found.failure, found.explanation) == (failure, explanation)
    assert found.hint
    assert "Mary Canary" not in words(found)


async def test_a_name_that_nobody_can_have_given_is_not_shown(bench: Bench, receiver: HttpReceiver) -> None:
    found = await told_of(bench, receiver, {"components": {"Mary Canary": {"status": "down"}}})
    assert found.explanation == 'part 1 says "down"'
    assert readings(found)["components.part_1"] == 2


async def test_a_503_with_a_document_is_read(bench: Bench, receiver: HttpReceiver) -> None:
    found = await told_of(bench, receiver, {"status": "DOWN", "components": {"db": {"status": "DOWN"}}}, 503)
    assert (found.failure, found.explanation) == (FailureClass.UNHEALTHY, 'db says "down"')


@pytest.mark.parametrize(
    ("document", "status", "explanation"),
    [
        ({"status": "ok"}, 503, "health document: status 503, though it says that all is well"),
        ("<html>", 503, "health document: status 503, and no document"),
        ({"status": "ok"}, 404, "health document: status 404"),
        ({"status": "ok"}, 401, "health document: status 401"),
    ],
)
async def test_a_status_that_is_wrong_is_told(
    bench: Bench, receiver: HttpReceiver, document: Any, status: int, explanation: str
) -> None:
    found = await told_of(bench, receiver, document, status)
    assert (found.failure, found.explanation) == (FailureClass.WRONG_STATUS, explanation)


async def test_an_error_in_json_is_told_by_its_status(bench: Bench, receiver: HttpReceiver) -> None:
    """It was told as a document without its components, as if a new version had renamed them."""
    named: dict[str, Any] = {"database": {}, "cache": {}}
    found = await told_of(bench, receiver, {"detail": "the service is down"}, 503, components=named)
    assert (found.failure, found.explanation) == (
        FailureClass.WRONG_STATUS,
        "health document: status 503, and no document",
    )
    assert found.hint.startswith("A proxy answered, or the service says so itself")


@pytest.mark.parametrize(
    ("status", "failure"), [(401, FailureClass.CREDENTIAL_REFUSED), (403, FailureClass.NOT_PERMITTED)]
)
async def test_a_credential_that_is_refused_accuses_nobody(
    bench: Bench, receiver: HttpReceiver, status: int, failure: FailureClass
) -> None:
    found = await told_of(bench, receiver, {}, status, auth={"bearer": "token-canary"})
    assert (found.failure, found.outcome) == (failure, Outcome.UNKNOWN)
    assert receiver.requests[0].headers["authorization"] == "Bearer token-canary"


@pytest.mark.parametrize(
    ("word", "failure"), [("läuft", None), ("STOCKT", FailureClass.DEGRADED), ("ok", FailureClass.UNHEALTHY)]
)
async def test_a_declared_component_has_its_own_words(
    bench: Bench, receiver: HttpReceiver, word: str, failure: FailureClass | None
) -> None:
    components = {"queue": {"path": "jobs.word", "good": ["Läuft"], "degraded": ["Stockt"]}}
    found = await told_of(bench, receiver, {"jobs": {"word": word}}, components=components)
    assert found.failure is failure


@pytest.mark.parametrize(("optional", "failure"), [(False, FailureClass.MISSING), (True, None)])
async def test_a_component_that_is_gone_is_missing(
    bench: Bench, receiver: HttpReceiver, optional: bool, failure: FailureClass | None
) -> None:
    found = await told_of(bench, receiver, AURA, components={"kafka": {"optional": optional}, "redis": {}})
    assert found.failure is failure
    assert readings(found)["components.redis"] == 0


async def test_a_check_of_one_component_looks_at_nothing_else(bench: Bench, receiver: HttpReceiver) -> None:
    document = {**AURA, "status": "unhealthy", "database": "disconnected"}
    redis = await told_of(bench, receiver, document, 503, component="redis")
    database = await told_of(bench, receiver, document, 503, component="database")
    assert (redis.outcome, database.explanation) == (Outcome.PASS, 'database says "disconnected"')


async def test_checks_of_one_document_share_one_request(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = answering(AURA)
    url = f"{receiver.url}/health"
    probes = [bench.build("health", url=url, component=name) for name in ("database", "redis", "job_queue")]
    found = await asyncio.gather(*map(run, probes))
    assert [one.outcome for one in found] == [Outcome.PASS] * 3
    assert len(receiver.requests) == 1


async def test_checks_with_different_credentials_share_nothing(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = answering(AURA)
    probes = [bench.build("health", url=receiver.url, auth={"bearer": token}) for token in ("one", "two")]
    await asyncio.gather(*map(run, probes))
    assert sorted(request.headers["authorization"] for request in receiver.requests) == ["Bearer one", "Bearer two"]


async def test_who_waits_for_less_long_is_answered_in_time(bench: Bench, receiver: HttpReceiver) -> None:
    """A check with a short timeout joined the request of one with a long timeout, and waited for that one's deadline."""
    receiver.answer = replace(answering(AURA), after=asyncio.Event())
    patient, hasty = (bench.build("health", url=receiver.url) for _ in range(2))
    waiting = asyncio.create_task(run(patient, within=5.0))
    await receiver.requests.reach(1)
    found = await run(hasty, within=0.2)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (found.failure, found.explanation) == (FailureClass.READ_TIMEOUT, "health document: no answer in time")


async def test_numbers_are_read_in_their_units(bench: Bench, receiver: HttpReceiver) -> None:
    values = {
        "average": {"path": "performance.avg_response_time", "unit": "s", "scale": 0.001},
        "connections": {"path": "performance.active_connections", "unit": "count"},
        "memory": {"path": "performance.memory_usage", "unit": "bytes", "scale": 1048576},
    }
    found = readings(await told_of(bench, receiver, BHIV, values=values))
    assert found["values.average"] == pytest.approx(0.045)
    assert (found["values.connections"], found["values.memory"]) == (12, 512 << 20)


async def test_a_time_may_have_its_unit_with_it(bench: Bench, receiver: HttpReceiver) -> None:
    values = {"average": {"path": "average", "unit": "s"}}
    found = await told_of(bench, receiver, {"status": "ok", "average": "45ms"}, values=values)
    assert readings(found)["values.average"] == pytest.approx(0.045)


@pytest.mark.parametrize("text", ["Mary Canary", None, True, [1], "nan"])
async def test_what_is_no_number_is_missing(bench: Bench, receiver: HttpReceiver, text: Any) -> None:
    found = await told_of(bench, receiver, {"status": "ok", "n": text}, values={"n": {"path": "n"}})
    assert (found.failure, found.explanation) == (FailureClass.MISSING, "the document has no number at n")


async def test_a_login_is_made_first(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.append(answering({"access_token": "token-canary"}))
    login = {"url": f"{receiver.url}/login", "username": "monitor", "password": "pass-canary"}
    found = await told_of(bench, receiver, AURA, login=login)
    assert found.outcome is Outcome.PASS
    assert receiver.requests[1].headers["authorization"] == "Bearer token-canary"


async def test_a_login_that_fails_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    login = {"url": f"{receiver.url}/login", "username": "monitor", "password": "pass-canary"}
    found = await told_of(bench, receiver, "", 500, login=login)
    assert found.failure is FailureClass.LOGIN_FAILED


async def test_a_document_that_is_too_long_is_not_looked_at(bench: Bench, receiver: HttpReceiver) -> None:
    found = await told_of(bench, receiver, {"status": "ok", "x": "y" * 2000}, body_limit=1024)
    assert found.failure is FailureClass.BODY_TOO_LARGE


async def test_a_large_document_holds_nothing_up(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = answering({"status": "ok", "components": {f"part-{n}": "up" for n in range(200_000)}})
    running = asyncio.create_task(bench.measure("health", url=receiver.url, body_limit=8 << 20))
    longest = 0.0
    while not running.done():
        before = perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, perf_counter() - before)
    found = await running
    assert (found.outcome, len(readings(found))) == (Outcome.PASS, 102)
    assert longest < 0.25


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"component": "a", "components": {"b": {}}}, "only the one that `component` names"),
        ({"components": {"a.b": {}, "A_b": {}}}, "differ in more than case"),
        ({"auth": {"bearer": "x"}, "secret_headers": {"authorization": "y"}}, "either auth or an Authorization header"),
        (
            {"auth": {"bearer": "x"}, "login": {"url": "http://h/", "username": "u", "password": "p"}},
            "either auth or login",
        ),
        ({"values": {"n": {"path": "n", "unit": "ms"}}}, "'s', 'ratio', 'bytes'"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], expected: str) -> None:
    assert expected in problem("health", url="http://127.0.0.1/", **options)


def test_checks_of_one_document_are_due_together() -> None:
    kind = CATALOGUE["health"]
    shared = {
        kind.shares(kind.options.model_validate({"url": "http://h/health?key=query-canary", "component": name}))
        for name in ("a", "b")
    }
    assert len(shared) == 1
    assert "canary" not in shared.pop()

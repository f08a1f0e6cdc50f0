"""Scenarios against a small real service: what each step expects, what is handed on, and that nothing stays behind."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreUnavailable
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.base import Cleans
from sentinel.probes.calls.session import Sessions
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.ledger import Unkept
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.eventually import eventually
from tests.kit.office import Office
from tests.probes.staff import login, staff, taking_away, walk, workflow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.ledger import LedgerEntry


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with Office(SystemClock()) as ready:
        yield ready


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Its ledger outlives a probe, as the store outlives a daemon."""
    async with Bench() as ready:
        ready.tools = replace(ready.tools, check="staff", ledger=Unkept())
        yield ready


async def left(bench: Bench) -> list[LedgerEntry]:
    return await bench.tools.ledger.left("staff")


def changed(steps: list[dict[str, Any]], name: str, **more: object) -> list[dict[str, Any]]:
    return [{**step, **more} if step["name"] == name else step for step in steps]


# --- Steps ----------------------------------------------------------------------------------------------------------


async def test_a_walk_through_the_service_passes_and_leaves_nothing(bench: Bench, office: Office) -> None:
    found = await bench.measure("scenario", **staff(office))
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    assert (office.made(), await left(bench)) == ([], [])


async def test_every_step_is_a_reading(bench: Bench, office: Office) -> None:
    numbers = readings(await bench.measure("scenario", **staff(office)))
    steps = ["health", "login", "list", "create", "search", "update", "again"]
    assert set(numbers) == {"scenario_time", "left", *(f"steps.{step}" for step in steps)}
    assert sum(numbers[f"steps.{step}"] for step in steps) <= numbers["scenario_time"] < 2


async def test_a_step_that_is_slow_says_where_to_look(bench: Bench, office: Office) -> None:
    found = await bench.measure("scenario", **staff(office))
    assert "log" in (found.hints or {})["steps.list"]


async def test_an_update_that_does_not_persist_is_found(bench: Bench, office: Office) -> None:
    office.faults.add("update_lost")
    found = await bench.measure("scenario", **staff(office))
    assert (found.failure, found.explanation) == (
        FailureClass.WRONG_BODY,
        'again: department: expected "archive", found another text',
    )
    assert office.made() == []


async def test_what_an_unmet_expectation_means_is_told_first(bench: Bench, office: Office) -> None:
    office.faults.add("update_lost")
    steps = changed(walk(office), "again", means="the update was not kept")
    found = await bench.measure("scenario", **staff(office, steps=steps))
    assert found.explanation == 'again: the update was not kept (department: expected "archive", found another text)'
    assert found.hint.startswith("Have `sentinel check staff` take step again once more and compare")


async def test_an_answer_that_says_nothing_of_the_matter_is_not_interpreted(bench: Bench, office: Office) -> None:
    expect = {"status": 204}
    request = {"url": f"{office.url}/employees"}
    steps = [{"name": "list", "as": "nobody", "request": request, "expect": expect, "means": "nobody is employed"}]
    found = await bench.measure("scenario", **staff(office, steps=steps, **{"finally": []}))
    assert found.explanation == "list: status 401, expected 204"


async def test_a_person_in_an_answer_is_never_shown(bench: Bench, office: Office) -> None:
    steps = changed(walk(office), "list", expect={"json": [{"path": "items[0].name", "equals": "x"}]})
    found = await bench.measure("scenario", **staff(office, steps=steps))
    assert found.failure is FailureClass.WRONG_BODY
    assert "Mary" not in words(found)


async def test_what_an_answer_lacks_cannot_be_captured(bench: Bench, office: Office) -> None:
    steps = changed(walk(office), "create", capture={"id": "number"})
    found = await bench.measure("scenario", **staff(office, steps=steps))
    assert (found.failure, found.explanation) == (FailureClass.WRONG_BODY, "create: no value for {id} at number")
    assert office.made() == []


async def test_words_come_from_headers_too(bench: Bench, office: Office) -> None:
    location = {"id": {"header": "Location", "matches": "/employees/([0-9]+)$"}}
    found = await bench.measure("scenario", **staff(office, steps=changed(walk(office), "create", capture=location)))
    assert found.outcome is Outcome.PASS


async def test_cookies_go_back_and_a_form_gets_its_token(bench: Bench, office: Office) -> None:
    page = {"url": f"{office.url}/page"}
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": "csrf={csrf}&by={run}"}
    steps = [
        {"name": "page", "request": page, "capture": {"csrf": {"matches": 'name="csrf" value="([^"]+)"'}}},
        {"name": "post", "request": {**page, **form, "method": "POST"}},
    ]
    options: dict[str, Any] = {"steps": steps, "finally": []}
    found = await bench.measure("scenario", **options)
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


async def test_a_word_in_an_address_cannot_leave_its_place(bench: Bench, office: Office) -> None:
    office.employees[1]["name"] = "../me?x=1#"
    steps = [
        {"name": "list", "request": {"url": f"{office.url}/employees"}, "capture": {"name": "items[0].name"}},
        {"name": "look", "request": {"url": f"{office.url}/employees?search={{name}}"}},
    ]
    found = await bench.measure("scenario", login=login(office), steps=steps)
    assert found.outcome is Outcome.PASS
    assert office.requests[-1] == "GET /employees"


async def test_a_query_sees_what_a_request_made(bench: Bench, office: Office, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.executescript("CREATE TABLE log (who TEXT); INSERT INTO log VALUES ('sentinel-1'), ('Mary Canary')")
    ask = {"database": f"sqlite:///{tmp_path}/a.db", "query": "SELECT who FROM log WHERE who LIKE 'sentinel-%'"}
    audited = {"name": "audited", **ask, "expect": {"rows": {"equals": 1}}, "capture": {"who": {"column": "who"}}}
    bound = {
        "name": "bound",
        **ask,
        "query": "SELECT count(*) FROM log WHERE who = {who}",
        "expect": {"value": {"equals": 2}},
    }
    found = await bench.measure("scenario", steps=[audited, bound])
    assert (found.failure, found.explanation) == (FailureClass.WRONG_ANSWER, "bound: value: expected 2, found 1")


# --- What must be refused -------------------------------------------------------------------------------------------


def forbidden(office: Office) -> dict[str, Any]:
    create = {"method": "POST", "url": f"{office.url}/employees", "json": {"name": "{run}"}}
    return {
        "login": login(office),
        "logins": {"reader": login(office, "reader")},
        "steps": [
            {"name": "stranger", "as": "nobody", "request": create, "must_be_refused": True, "expect": {"status": 401}},
            {"name": "reader", "as": "reader", "request": create, "must_be_refused": True},
        ],
        "finally": taking_away(office),
    }


async def test_what_is_refused_as_it_must_be_passes(bench: Bench, office: Office) -> None:
    assert (await bench.measure("scenario", **forbidden(office))).outcome is Outcome.PASS


async def test_access_gained_is_found_and_what_it_made_is_taken_away(bench: Bench, office: Office) -> None:
    office.faults.add("everybody_writes")
    found = await bench.measure("scenario", **forbidden(office))
    assert found.failure is FailureClass.ACCESS_GAINED
    assert found.explanation == "reader: allowed with status 201, and must be refused"
    assert office.made() == []


async def test_another_status_than_a_refusal_is_told(bench: Bench, office: Office) -> None:
    office.faults.add("post employees breaks after")
    options = {**forbidden(office), "login": None, "logins": {}}
    options["steps"] = options["steps"][:1]
    found = await bench.measure("scenario", **{**options, "finally": []})
    assert found.explanation == "stranger: status 500, expected 401"


async def test_a_restart_does_not_try_a_refused_login_again(bench: Bench, office: Office) -> None:
    options: dict[str, Any] = {"login": {**login(office), "password": "another"}, "steps": [walk(office)[2]]}
    found = await bench.measure("scenario", **options)
    bench.tools = replace(bench.tools, sessions=Sessions(), note=found.note)
    later = await bench.measure("scenario", **options)
    assert (found.failure, later.failure) == (FailureClass.CREDENTIAL_REFUSED, FailureClass.CREDENTIAL_REFUSED)
    assert office.wrong == {"monitor": 1}


# --- Bounds ---------------------------------------------------------------------------------------------------------


def test_every_step_that_people_wait_for_has_usual_bounds() -> None:
    kind = CATALOGUE["scenario"]
    options = kind.options.model_validate(
        {
            "steps": [
                {"name": "list", "request": {"url": "http://x/"}},
                {"name": "poll", "request": {"url": "http://x/"}, "until": {"within": "1m"}},
            ]
        }
    )
    assert [rule["reading"] for rule in kind.usual_rules(options)] == ["steps.list"]


# --- Waiting --------------------------------------------------------------------------------------------------------


async def test_a_workflow_is_polled_until_it_is_completed(bench: Bench, office: Office) -> None:
    found = await bench.measure("scenario", **workflow(office))
    assert found.outcome is Outcome.PASS
    assert sum(request.startswith("GET /workflows/") for request in office.requests) == 2


async def test_a_query_is_asked_until_what_it_expects_is_there(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE log (who TEXT)")

    async def write_late() -> None:
        await asyncio.sleep(0.1)
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("INSERT INTO log VALUES ('sentinel')")

    until = {"within": "4s", "every": "20ms"}
    ask = {"database": f"sqlite:///{file}", "query": "SELECT who FROM log", "expect": {"rows": {"equals": 1}}}
    writing = asyncio.create_task(write_late())
    found = await bench.measure("scenario", steps=[{"name": "audited", **ask, "until": until}])
    await writing
    assert (found.outcome, readings(found)["steps.audited"] > 0.1) == (Outcome.PASS, True)


async def test_a_record_that_never_comes_fails_its_step(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE log (who TEXT)")
    until = {"within": "100ms", "every": "20ms"}
    ask = {"database": f"sqlite:///{file}", "query": "SELECT who FROM log", "expect": {"rows": {"equals": 1}}}
    found = await bench.measure("scenario", steps=[{"name": "audited", **ask, "until": until}])
    assert found.failure is FailureClass.STEP_FAILED
    assert found.explanation.startswith("audited: rows: expected 1, found 0 after ")


async def test_a_workflow_that_hangs_fails_with_the_stage_that_hung(bench: Bench, office: Office) -> None:
    office.faults.add("workflow_hangs")
    found = await bench.measure("scenario", **workflow(office))
    assert found.failure is FailureClass.STEP_FAILED
    assert found.explanation.startswith('poll: status: expected "completed", found another text after ')
    assert found.explanation.endswith("; stage: validate")
    assert "Mary" not in words(found)


async def test_a_workflow_that_failed_is_not_waited_for(bench: Bench, office: Office) -> None:
    office.faults.add("workflow_fails")
    found = await bench.measure("scenario", **workflow(office, within="20s", every="10s"))
    assert (found.failure, found.explanation) == (
        FailureClass.STEP_FAILED,
        "poll: it will not come about: status is as in stop_when; stage: validate",
    )


async def test_a_timeout_that_is_too_short_for_the_waiting_is_told(bench: Bench, office: Office) -> None:
    office.faults.add("workflow_hangs")
    found = await bench.measure("scenario", **workflow(office, within="1m", every="100ms"), within=0.5)
    assert found.failure is FailureClass.STEP_FAILED
    assert "cut short by the check's timeout" in found.explanation
    assert "timeout" in found.hint


# --- Clean-up -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["put employees fails", "put employees hangs", "put employees breaks after", "post employees breaks after"]
)
async def test_a_step_that_fails_leaves_nothing_behind(bench: Bench, office: Office, fault: str) -> None:
    office.faults.add(fault)
    found = await bench.measure("scenario", **staff(office), within=1.5)
    assert found.outcome is Outcome.FAIL
    assert (office.made(), await left(bench)) == ([], [])


async def test_an_answer_that_never_came_is_looked_for_by_its_mark(bench: Bench, office: Office) -> None:
    office.faults.add("post employees hangs")
    found = await bench.measure("scenario", **staff(office), within=1.5)
    assert (found.failure, found.explanation[:7]) == (FailureClass.READ_TIMEOUT, "create:")
    assert office.requests[-1].startswith("DELETE /employees/")
    assert office.made() == []


async def test_a_run_that_is_cancelled_is_cleaned_up(bench: Bench, office: Office) -> None:
    office.faults.add("put employees hangs")
    running = asyncio.create_task(bench.measure("scenario", **staff(office)))
    await eventually(lambda: any(request.startswith("PUT") for request in office.requests))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (office.made(), await left(bench)) == ([], [])


async def test_what_cannot_be_deleted_is_told_and_stays_in_the_ledger(bench: Bench, office: Office) -> None:
    office.faults.add("delete employees fails")
    found = await bench.measure("scenario", **staff(office))
    [entry] = await left(bench)
    assert found.failure is FailureClass.NOT_CLEANED_UP
    assert found.explanation == f"clean-up: delete: status 500, expected 204 (mark {entry.id})"
    assert readings(found)["left"] == 1
    assert entry.values == {"run": entry.id, "id": 2, "begun": "create"}


async def test_the_next_run_takes_away_what_was_left(bench: Bench, office: Office) -> None:
    office.faults.add("delete employees fails")
    await bench.measure("scenario", **staff(office))
    office.faults.clear()
    found = await bench.measure("scenario", **staff(office))
    assert found.outcome is Outcome.PASS
    assert (office.made(), await left(bench)) == ([], [])


async def test_when_nothing_can_be_deleted_no_more_is_made(bench: Bench, office: Office) -> None:
    office.faults.add("delete employees fails")
    for _ in range(4):
        found = await bench.measure("scenario", **staff(office))
    assert (len(office.made()), len(await left(bench))) == (3, 3)
    assert "3 runs are not cleaned up, so nothing more is made" in found.explanation


async def test_what_a_person_deleted_is_as_good_as_cleaned_up(bench: Bench, office: Office) -> None:
    office.faults.add("delete employees fails")
    await bench.measure("scenario", **staff(office))
    office.employees.clear()
    office.faults.clear()
    assert (await bench.measure("scenario", **staff(office))).outcome is Outcome.PASS


async def test_a_target_that_was_never_reached_leaves_nothing_to_clean_up(bench: Bench, office: Office) -> None:
    create = walk(office)[3]
    create["request"]["url"] = "http://nowhere.invalid/employees"
    found = await bench.measure("scenario", **staff(office, steps=[create]))
    assert found.failure is FailureClass.DNS_NOT_FOUND
    assert await left(bench) == []


async def test_what_was_refused_made_nothing_and_is_not_looked_for(bench: Bench, office: Office) -> None:
    office.rights["monitor"] = "reader"
    found = await bench.measure("scenario", **staff(office, **{"finally": taking_away(office)[1:]}))
    assert found.explanation == "create: status 403, expected 201"
    assert (office.requests[-1], await left(bench)) == ("POST /employees", [])


async def test_a_wrong_password_of_ours_accuses_nobody_of_leaving_things_behind(bench: Bench, office: Office) -> None:
    """The request that makes something was not sent, so nothing has to be found again."""
    create, delete = walk(office)[3], taking_away(office)[1]
    options: dict[str, Any] = {
        "login": {**login(office), "password": "another"},
        "steps": [create],
        "finally": [delete],
    }
    for _ in range(2):
        found = await bench.measure("scenario", **options)
        assert (found.failure, found.outcome) == (FailureClass.CREDENTIAL_REFUSED, Outcome.UNKNOWN)
        assert readings(found)["left"] == 0
    assert await left(bench) == []


async def test_what_cannot_be_found_again_is_told_once(bench: Bench, office: Office) -> None:
    """Without a search by its mark nobody can know the id of what was made when the answer was lost."""
    office.faults.add("post employees breaks after")
    found = await bench.measure("scenario", **staff(office, **{"finally": taking_away(office)[1:]}))
    assert found.explanation == "create: status 500, expected 201 (and 1 more)"
    assert await left(bench) == []


async def test_an_answer_that_is_not_as_expected_says_what_was_made(bench: Bench, office: Office) -> None:
    steps = changed(walk(office), "create", expect={"status": 200})
    found = await bench.measure("scenario", **staff(office, steps=steps, **{"finally": taking_away(office)[1:]}))
    assert found.explanation == "create: status 201, expected 200"
    assert (office.made(), await left(bench)) == ([], [])


async def test_no_secret_reaches_the_ledger(bench: Bench, office: Office) -> None:
    office.faults.add("delete employees fails")
    await bench.measure("scenario", **staff(office))
    kept = str(await left(bench))
    assert "canary" not in kept.lower()
    assert "eyJ" not in kept


class FullLedger(Unkept):
    """Takes nothing."""

    async def keep(self, entry: LedgerEntry) -> None:
        raise StoreUnavailable(f"no room for {entry.check}")


class SlowLedger(Unkept):
    """Takes its time."""

    async def keep(self, entry: LedgerEntry) -> None:
        await asyncio.sleep(60)


@pytest.mark.parametrize("ledger", [FullLedger(), SlowLedger()])
async def test_without_a_ledger_nothing_is_made(bench: Bench, office: Office, ledger: Unkept) -> None:
    bench.tools = replace(bench.tools, ledger=ledger)
    found = await bench.measure("scenario", **staff(office))
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.INTERNAL_ERROR)
    assert "POST /employees" not in office.requests


# --- One at a time --------------------------------------------------------------------------------------------------


async def test_two_scenarios_of_one_resource_take_turns(bench: Bench, office: Office) -> None:
    others = replace(bench.tools, check="others")
    first = bench.build("scenario", **staff(office, resource="staff"))
    bench.tools = others
    second = bench.build("scenario", **staff(office, resource="staff"))
    office.faults.add("put employees hangs")
    running = asyncio.create_task(run(first))
    await eventually(lambda: any(request.startswith("PUT") for request in office.requests))
    found = await run(second, within=0.3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.OVERLOADED)
    assert found.explanation == "another run uses the resource staff all the time"


async def test_a_probe_that_a_reload_built_leaves_the_run_under_way_alone(bench: Bench, office: Office) -> None:
    old, new = bench.build("scenario", **staff(office)), bench.build("scenario", **staff(office))
    office.faults.add("put employees hangs")
    running = asyncio.create_task(run(old))
    await eventually(lambda: any(request.startswith("PUT") for request in office.requests))
    waiting = asyncio.create_task(run(new))
    office.faults.clear()
    office.held.set()
    assert (await running).outcome is Outcome.PASS
    assert (await waiting).outcome is Outcome.PASS


async def test_cleaning_up_by_hand_takes_away_what_was_left(bench: Bench, office: Office) -> None:
    office.faults.add("delete employees fails")
    probe = bench.build("scenario", **staff(office))
    await run(probe)
    office.faults.clear()
    assert isinstance(probe, Cleans)
    await probe.clean_up(asyncio.get_running_loop().time() + 5)
    assert (office.made(), await left(bench)) == ([], [])


# --- What cannot be played ------------------------------------------------------------------------------------------


def made(**more: object) -> dict[str, Any]:
    return {"name": "make", "request": {"method": "POST", "url": "http://x/", "json": {"n": "{run}"}}, **more}


LEAVE = {"name": "leave", "request": {"method": "POST", "url": "http://x/", "json": {"refresh": "{renew}"}}}
PUT = {"name": "put", "request": {"method": "PUT", "url": "http://x/", "secret_headers": {"X-T": "{token}"}}}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": []}, "at least 1"),
        ({"steps": [{"name": "a"}]}, "one of request, query with database, log_in"),
        ({"steps": [made()]}, "`finally` with steps that take away what step make makes"),
        ({"steps": [{**made(), "request": {"method": "POST", "url": "http://x/"}}]}, "`writes: false`"),
        ({"steps": [{"name": "a", "request": {"url": "http://x/{id}"}}]}, "{id} is not, no step captures it"),
        (
            {
                "steps": [
                    {"name": "a", "request": {"url": "http://x/{id}"}},
                    {"name": "b", "request": {"url": "http://x/"}, "capture": {"id": "id"}},
                ]
            },
            "{id} is not, only a later step captures it",
        ),
        ({"steps": [made(), made()], "finally": []}, "twice: make"),
        ({"steps": [made(**{"as": "reader"})], "finally": []}, "step make: `as` one of nobody"),
        ({"steps": [{"name": "a", "log_in": True}]}, "log_in beside `login`"),
        ({"steps": [made(capture={"run": "id"})], "finally": []}, "another name than 'run'"),
        ({"steps": [made(capture={"token": "t"})], "finally": [PUT]}, "no {token} in `finally`, as it is a secret"),
        ({"steps": [made(capture={"renew": "refresh_token"})], "finally": [LEAVE]}, "no {renew} in `finally`"),
        ({"steps": [made(capture={"renew": {"header": "X-Session-Token"}})], "finally": [LEAVE]}, "it is a secret"),
        ({"steps": [made(expect={"rows": {"equals": 1}})], "finally": []}, "rows and value beside a query only"),
        ({"steps": [made(must_be_refused=True, until={"within": "1s"})], "finally": []}, "without until"),
        ({"steps": [made(until={"within": "1s"})], "finally": []}, "each try would make one more"),
        ({"steps": [{"name": "a", "request": {"url": "http://{run}/"}}]}, "host"),
    ],
)
def test_options_that_cannot_be_played_say_why(options: dict[str, Any], said: str) -> None:
    assert said in problem("scenario", **options)

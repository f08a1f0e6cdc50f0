"""The `audit` probe and the newest entries of a log, as the service's own API gives them."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import Any

import pytest

from sentinel.core.result import FailureClass, Measurement, Outcome
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.http_receiver import Answer, HttpReceiver

PERSON = "Mary Canary"
CHAIN = {
    "columns": ["{previous}", "id", "actor", "good"],
    "separator": ";",
    "algorithm": "sha512",
    "encoding": "base64",
    "hash": "mark",
}


def entries(*numbers: int) -> list[dict[str, Any]]:
    """Entries of an hour ago with these numbers, the newest first, chained."""
    made: list[dict[str, Any]] = []
    mark, began = "", datetime(2026, 3, 1, 11, tzinfo=UTC)
    for number in numbers:
        mark = base64.b64encode(sha512(f"{mark};{number};{PERSON};true".encode()).digest()).decode()
        at = (began + timedelta(seconds=number)).isoformat()
        made.insert(0, {"id": number, "at": at, "actor": PERSON, "good": True, "mark": mark})
    return made


class Watch:
    """Looks at what a service gives, from run to run, each time by a probe that was built anew."""

    def __init__(self, bench: Bench, receiver: HttpReceiver) -> None:
        self._bench = bench
        self._receiver = receiver

    async def look(self, given: list[dict[str, Any]], **recent: Any) -> Measurement:
        self._receiver.answer = Answer(body=json.dumps({"records": given}).encode())
        options = {"request": {"url": self._receiver.url}, "entries": "records", **recent}
        found = await run(self._bench.build("audit", recent=options))
        self._bench.tools = replace(self._bench.tools, note=found.note)
        assert PERSON not in words(found) + str(found.note)
        return found


@pytest.fixture
def watch(bench: Bench, receiver: HttpReceiver) -> Watch:
    return Watch(bench, receiver)


async def test_new_entries_are_looked_at_once(watch: Watch) -> None:
    first = await watch.look(entries(1, 2, 3), gapless=True)
    second = await watch.look(entries(1, 2, 3, 4), gapless=True)
    assert (first.outcome, second.outcome, second.explanation) == (Outcome.PASS, Outcome.PASS, "")
    assert (readings(first)["verified"], readings(second)["verified"]) == (3, 1)


async def test_a_gap_is_told(watch: Watch) -> None:
    await watch.look(entries(1, 2), gapless=True)
    found = await watch.look(entries(1, 2, 4), gapless=True)
    assert (found.failure, found.explanation) == (FailureClass.RECORD_MISPLACED, "recent: entry 3 is missing")
    assert "`recent.after` to 3" in found.hint


async def test_an_answer_that_does_not_reach_back_is_begun_anew(watch: Watch) -> None:
    await watch.look(entries(1, 2), gapless=True)
    found = await watch.look(entries(7, 8), gapless=True)
    assert (found.outcome, readings(found)["verified"]) == (Outcome.PASS, 2)


@pytest.mark.parametrize("left", [[], [1, 2], [1, 2, 4]])
async def test_an_entry_that_is_gone_is_tampering(watch: Watch, left: list[int]) -> None:
    await watch.look(entries(1, 2, 3))
    found = await watch.look(entries(*left))
    assert (found.failure, found.explanation) == (FailureClass.TAMPERED, "recent: entry 3 was there and is gone")


async def test_a_chain_of_fields_holds_and_breaks(watch: Watch) -> None:
    good = await watch.look(entries(1, 2), chain=CHAIN)
    forged = entries(1, 2, 3, 4)
    forged[1]["actor"] = "nobody"
    found = await watch.look(forged, chain=CHAIN)
    assert (good.outcome, readings(good)["verified"]) == (Outcome.PASS, 2)
    assert (found.failure, found.explanation) == (
        FailureClass.TAMPERED,
        "recent: entry 3 does not have the hash that it should",
    )


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(body=b"<html>Mary Canary"), FailureClass.WRONG_BODY),
        (Answer(body=b'{"records": {"Mary Canary": 1}}'), FailureClass.WRONG_BODY),
        (Answer(body=b'{"records": ["Mary Canary"]}'), FailureClass.WRONG_ANSWER),
        (Answer(body=b'{"records": [{"id": 1, "at": "Mary Canary"}]}'), FailureClass.RECORD_INCOMPLETE),
        (Answer(status=403), FailureClass.NOT_PERMITTED),
        (Answer(status=500), FailureClass.WRONG_STATUS),
    ],
)
async def test_what_is_no_log_is_told(
    bench: Bench, receiver: HttpReceiver, answer: Answer, failure: FailureClass
) -> None:
    receiver.answer = answer
    found = await bench.measure("audit", recent={"request": {"url": receiver.url}, "entries": "records"})
    assert found.failure is failure
    assert PERSON not in words(found)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"chain": {"previous": "p", "text": "a"}}, "an SQL expression needs a database"),
        ({"table": "log"}, "Extra inputs"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    assert said in problem("audit", recent={"request": {"url": "http://x/"}, **options})


def test_one_log_is_looked_at_in_one_way() -> None:
    recent = {"request": {"url": "http://x/"}}
    assert "either trail or recent" in problem(
        "audit", recent=recent, trail={"database": "sqlite:////x.db", "table": "log"}
    )

"""A configuration is tried on the results of a real store, beside what really happened."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.app.backtest import backtest
from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreUnavailable
from sentinel.core.incident import Incident, Phase
from sentinel.core.result import Measurement, Result
from sentinel.core.rule import Severity
from sentinel.reports import backtest as report
from sentinel.reports.text import Look
from sentinel.store.database import Store
from tests.kit.command import sentinel
from tests.kit.config import CHECK, ConfigFolder
from tests.kit.scene import POLICY, broken, well

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sentinel.core.plan import Plan

MINUTE = timedelta(minutes=1)
COURSE: list[Measurement] = [*[well()] * 60, *[well(3.0)] * 10, *[well()] * 60, *[broken()] * 6, *[well()] * 10]


def planned(tmp_path: Path, *rules: dict[str, Any], **more: Any) -> Plan:
    check = {**CHECK, "usual_rules": False, "rules": list(rules), **more}
    return ConfigFolder(tmp_path).plan({"checks": [check]})


@pytest.fixture
async def begin(tmp_path: Path) -> datetime:
    """A store with a course of results that ended just now, and one incident: of the failures, opened by the fifth of them."""
    plan = planned(tmp_path)
    begin = SystemClock().now() - len(COURSE) * MINUTE
    times = [begin + number * MINUTE for number in range(len(COURSE))]
    results = [
        (Result(check="api", scheduled_at=at, finished_at=at, measurement=one), Severity.OK)
        for at, one in zip(times, COURSE, strict=True)
    ]
    incident = Incident(
        id=7,
        check="api",
        policy=POLICY,
        began_at=times[130],
        opened_at=times[134],
        resolved_at=times[137],
        phase=Phase.RESOLVED,
        severity=Severity.CRITICAL,
    )
    store = await Store.open(plan.store, SystemClock())
    await store.write(lambda tx: tx.results.add(results))
    await store.write(lambda tx: tx.incidents.save(incident))
    await store.close()
    return begin


SLOW = {"reading": "response_time", "warning": "2s"}


async def test_what_would_have_opened_stands_beside_what_did(begin: datetime, tmp_path: Path) -> None:
    document = await backtest(planned(tmp_path, SLOW), timedelta(days=1))
    shifts = [(pair.fate, pair.later and round(pair.later)) for pair in document.pairs]
    assert shifts == [("new", None), ("same", -120)]
    first = document.pairs[0].would
    assert first is not None
    assert abs(first.opened_at - (begin + 62 * MINUTE)) < timedelta(seconds=1)
    assert (first.severity, first.why) == (Severity.WARNING, "response_time is 3 s, above 2 s")
    assert document.counts == {"same": 1, "new": 1, "missed": 0, "later": 0, "earlier": 1, "worse": 0, "milder": 0}


@pytest.mark.usefixtures("begin")
async def test_what_would_not_have_opened_is_told(tmp_path: Path) -> None:
    document = await backtest(planned(tmp_path, open_after=9), timedelta(days=1))
    assert [(pair.fate, pair.was and pair.was.number) for pair in document.pairs] == [("missed", 7)]


@pytest.mark.usefixtures("begin")
async def test_it_says_what_recorded_results_cover(tmp_path: Path) -> None:
    document = await backtest(planned(tmp_path), timedelta(days=30))
    assert document.note.endswith("UTC: they are kept for 7 d (store.keep.results)")
    assert (document.results, document.checks) == (len(COURSE), 1)


@pytest.mark.usefixtures("begin")
async def test_a_store_that_is_younger_says_so_without_blaming_anything(tmp_path: Path) -> None:
    assert (await backtest(planned(tmp_path), timedelta(days=1))).note.endswith(" UTC")


@pytest.mark.usefixtures("begin")
async def test_progress_goes_from_nothing_to_everything(tmp_path: Path) -> None:
    shares: list[float] = []
    await backtest(planned(tmp_path, SLOW), timedelta(days=1), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.usefixtures("begin")
async def test_the_text_names_each_incident_with_its_difference(tmp_path: Path) -> None:
    document = await backtest(planned(tmp_path, SLOW), timedelta(days=1))
    text = report.as_text(document.to_json(), Look())
    assert "1 happened; 2 would have:" in text
    assert "1 the same (1 earlier)" in text
    assert "2 min earlier: connection refused by 127.0.0.1 port 1" in text


@pytest.mark.usefixtures("begin")
async def test_the_command_prints_the_document_beside_a_daemon_or_without_one(tmp_path: Path) -> None:
    plan = planned(tmp_path, SLOW)
    ended = await sentinel("backtest", "--config", plan.file, "--since", "1d", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json()["counts"]["new"] == 1
    assert "1 happened; 2 would have" in (await sentinel("backtest", "--config", plan.file)).out


@pytest.mark.usefixtures("begin")
async def test_a_new_file_elsewhere_is_tried_on_what_another_configuration_recorded(tmp_path: Path) -> None:
    recorded_by = planned(tmp_path).file
    new = tmp_path / "new"
    new.mkdir()
    file = planned(new, SLOW).file
    alone = await sentinel("backtest", "--config", file)
    assert (alone.code, "--from CONFIG" in alone.err) == (74, True)
    ended = await sentinel("backtest", "--config", file, "--from", recorded_by, "--json")
    assert (ended.code, ended.json()["counts"]["new"]) == (0, 1)
    assert not (new / "state").exists(), "nothing is written"


async def test_without_a_store_there_is_nothing_to_try_it_on(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        await backtest(planned(tmp_path), timedelta(days=1))


@pytest.mark.parametrize("since", ["soon", "0s"])
async def test_a_time_that_is_none_is_refused(tmp_path: Path, since: str) -> None:
    plan = planned(tmp_path)
    assert (await sentinel("backtest", "--config", plan.file, "--since", since)).code == 64

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.result import FailureClass, Measurement, Note, Outcome
from sentinel.probes.heartbeat import HeartbeatProbe, Report, Sign
from sentinel.probes.heartbeat.life import Life
from sentinel.probes.heartbeat.schedule import Cron
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock

TOKEN = "token-canary-0123456789"
START, SUCCESS, FAIL, LOG = (Report(sign=sign) for sign in (Sign.START, Sign.SUCCESS, Sign.FAIL, Sign.LOG))


class Job:
    """A job with its check, in a time that passes when a test says so. It begins at 03:00."""

    def __init__(self, bench: Bench, clock: FakeClock) -> None:
        self.clock = clock
        self._bench = bench
        self._options: dict[str, Any] = {"every": "1h", "grace": "5m"}
        self._probe: HeartbeatProbe | None = None
        self.note: Note | None = None  # what is committed

    def expected(self, **options: Any) -> None:
        """Other options; the check is built again, with what it had noted."""
        self._options = options
        self.restart()

    def restart(self) -> None:
        self._bench.tools = replace(self._bench.tools, note=self.note)
        probe = self._bench.build("heartbeat", token=TOKEN, **self._options)
        assert isinstance(probe, HeartbeatProbe)
        self._probe = probe

    def reports(self, report: Report) -> bool:
        """Answers whether the check has to be run at once."""
        self.note, turned = self.probe.report(report, self.clock.now())
        return turned

    async def found(self) -> Measurement:
        measurement = await run(self.probe)
        self.note = self.note if measurement.note is None else measurement.note
        return measurement

    @property
    def probe(self) -> HeartbeatProbe:
        if self._probe is None:
            self.restart()
        assert self._probe is not None
        return self._probe


@pytest.fixture
async def job() -> AsyncIterator[Job]:
    clock = FakeClock()
    async with Bench(clock) as bench:
        yield Job(bench, clock)


async def test_a_short_time_between_reports_is_as_short_as_it_says(job: Job) -> None:
    job.expected(every="30s", grace="0s")
    job.reports(SUCCESS)
    job.clock.step(seconds=30)
    assert (await job.found()).outcome is Outcome.PASS
    job.clock.step(seconds=1)
    found = await job.found()
    assert found.failure is FailureClass.OVERDUE
    assert "by 2026-03-02 03:00:30 UTC" in found.explanation


async def test_a_job_that_reports_in_time_is_well(job: Job) -> None:
    job.reports(SUCCESS)
    job.clock.step(minutes=59)
    found = await job.found()
    assert found.outcome is Outcome.PASS
    assert readings(found) == {"age": 59 * 60, "late_by": 0}


async def test_a_job_that_has_never_reported_is_overdue_once_it_should_have(job: Job) -> None:
    assert (await job.found()).outcome is Outcome.PASS
    job.clock.step(hours=1, minutes=6)
    found = await job.found()
    assert found.failure is FailureClass.OVERDUE
    assert found.explanation == "it has never reported; a report was expected by 2026-03-02 04:00 UTC"


async def test_the_first_report_is_expected_from_the_first_look_on_whatever_restarts_come(job: Job) -> None:
    await job.found()
    for _ in range(11):
        job.clock.step(minutes=6)
        job.restart()
        found = await job.found()
    assert found.failure is FailureClass.OVERDUE


async def test_within_the_grace_a_late_job_is_well_and_its_lateness_a_reading(job: Job) -> None:
    job.reports(SUCCESS)
    job.clock.step(hours=1, minutes=5)
    found = await job.found()
    assert found.outcome is Outcome.PASS
    assert 200 < readings(found)["late_by"] < 301


async def test_beyond_the_grace_it_is_overdue_and_says_when_it_was_heard_last(job: Job) -> None:
    job.reports(SUCCESS)
    job.clock.step(hours=1, minutes=6)
    found = await job.found()
    assert found.failure is FailureClass.OVERDUE
    assert "expected by 2026-03-02 04:00 UTC; the last one came 2026-03-02 03:00 UTC" in found.explanation
    assert found.hint


async def test_a_failure_is_told_until_a_run_succeeds(job: Job) -> None:
    job.reports(Report(sign=Sign.FAIL, status=3))
    found = await job.found()
    assert found.failure is FailureClass.JOB_FAILED
    assert found.explanation == "the run that ended 2026-03-02 03:00 UTC failed with exit status 3"
    assert readings(found)["exit_code"] == 3
    job.reports(START)
    assert (await job.found()).failure is FailureClass.JOB_FAILED
    job.reports(SUCCESS)
    assert (await job.found()).outcome is Outcome.PASS


async def test_a_run_is_timed_from_its_start_to_its_end(job: Job) -> None:
    job.reports(START)
    job.clock.step(minutes=12)
    job.reports(SUCCESS)
    assert readings(await job.found())["took"] == 720


async def test_of_runs_side_by_side_the_ids_tell_which_one_ended(job: Job) -> None:
    job.reports(Report(sign=Sign.START, run="a"))
    job.clock.step(minutes=1)
    job.reports(Report(sign=Sign.START, run="b"))
    job.clock.step(minutes=1)
    job.reports(Report(sign=Sign.SUCCESS, run="a"))
    assert "took" not in readings(await job.found())
    job.clock.step(minutes=1)
    job.reports(Report(sign=Sign.SUCCESS, run="b"))
    assert readings(await job.found())["took"] == 120


async def test_a_run_that_takes_longer_than_it_may_is_stuck(job: Job) -> None:
    job.expected(every="1h", longest="2h")
    job.reports(START)
    job.clock.step(hours=1, minutes=50)
    assert (await job.found()).outcome is Outcome.PASS
    job.clock.step(minutes=11)
    found = await job.found()
    assert found.failure is FailureClass.JOB_STUCK
    assert found.explanation == "begun 2026-03-02 03:00 UTC, 2 h 1 min ago, and not ended; it may take 2 h"


async def test_without_a_longest_time_a_run_is_stuck_when_the_next_is_due(job: Job) -> None:
    job.reports(START)
    job.clock.step(hours=1, minutes=6)
    found = await job.found()
    assert found.failure is FailureClass.JOB_STUCK
    assert found.explanation.endswith("and not ended; the next run was due by now")


async def test_a_log_changes_nothing(job: Job) -> None:
    job.reports(FAIL)
    before = await job.found()
    assert not job.reports(LOG)
    assert replace(await job.found(), note=None) == replace(before, note=None)


async def test_the_check_is_run_at_once_when_its_verdict_may_change(job: Job) -> None:
    assert not job.reports(START)
    assert not job.reports(SUCCESS)
    assert job.reports(FAIL)
    assert job.reports(SUCCESS)
    job.clock.step(hours=2)
    assert job.reports(SUCCESS)


async def test_everything_survives_a_restart(job: Job) -> None:
    job.reports(START)
    job.clock.step(minutes=1)
    job.reports(Report(sign=Sign.FAIL, status=4))
    before = await job.found()
    job.restart()
    assert replace(await job.found(), note=None) == replace(before, note=None)


async def test_a_report_that_may_have_come_while_sentinel_was_away_is_no_false_alarm(job: Job) -> None:
    job.reports(SUCCESS)
    job.clock.step(minutes=50)
    await job.found()
    job.clock.step(minutes=40)  # away from 03:50 to 04:30; a report was due at 04:00
    job.restart()
    found = await job.found()
    assert (found.failure, found.outcome) == (FailureClass.UNHEARD, Outcome.UNKNOWN)
    assert found.explanation.endswith(
        "from 2026-03-02 03:50 UTC to 2026-03-02 04:30 UTC; the next is due 2026-03-02 05:30 UTC"
    )
    job.clock.step(hours=1, minutes=6)
    assert (await job.found()).failure is FailureClass.OVERDUE
    job.reports(SUCCESS)
    assert (await job.found()).outcome is Outcome.PASS


@pytest.mark.parametrize("minutes", [1, 6])
async def test_a_short_absence_excuses_nobody(job: Job, minutes: int) -> None:
    job.reports(SUCCESS)
    job.clock.step(minutes=64)
    await job.found()
    job.clock.step(minutes=minutes)
    job.restart()
    job.clock.step(minutes=2)
    assert (await job.found()).failure is FailureClass.OVERDUE


async def test_an_absence_at_another_time_excuses_nobody(job: Job) -> None:
    job.reports(SUCCESS)
    job.clock.step(minutes=30)
    job.restart()  # away from 03:00 to 03:30
    job.clock.step(minutes=36)
    assert (await job.found()).failure is FailureClass.OVERDUE


async def test_a_report_that_may_have_come_while_this_host_stood_still_is_no_false_alarm(job: Job) -> None:
    job.reports(SUCCESS)
    job.clock.step(minutes=90)
    now = job.clock.now()
    job.probe.missed(now - timedelta(minutes=40), now - timedelta(minutes=10))  # a report was due at 04:00
    job.probe.missed(now - timedelta(minutes=40), now)
    found = await job.found()
    assert (found.failure, found.outcome) == (FailureClass.UNHEARD, Outcome.UNKNOWN)
    job.restart()  # it is noted
    assert (await job.found()).failure is FailureClass.UNHEARD


def test_absences_that_follow_each_other_are_one() -> None:
    at = [datetime(2026, 3, 2, 3, minute, tzinfo=UTC) for minute in (0, 10, 20, 30)]
    life = Life(since=at[0]).missed(at[0], at[1]).missed(at[1], at[2])
    assert (life.away_from, life.away_until) == (at[0], at[2])
    assert life.missed(at[3], at[3]).away_from == at[3]


async def test_the_end_of_a_run_may_be_unheard_too(job: Job) -> None:
    job.expected(every="1d", longest="10m")
    job.reports(START)
    job.clock.step(minutes=20)
    job.restart()
    assert (await job.found()).failure is FailureClass.UNHEARD
    job.clock.step(days=1, minutes=6)
    assert (await job.found()).failure is FailureClass.JOB_STUCK


async def test_that_sentinel_listens_is_noted_now_and_then(job: Job) -> None:
    noted = []
    for _ in range(9):
        noted.append((await job.found()).note is not None)
        job.clock.step(minutes=1)
    assert noted == [True, False, False] * 3


WHOLE = Life(since=datetime(2026, 1, 1, tzinfo=UTC)).note()


@pytest.mark.parametrize(
    "note",
    [
        {},
        {"since": 3},
        {"since": "no time"},
        {"position": 7},
        {**WHOLE, "running": True},
        {**WHOLE, "failing": True},
    ],
)
async def test_a_note_of_another_shape_is_none(job: Job, note: Note) -> None:
    job.note = note
    job.restart()
    assert (await job.found()).outcome is Outcome.PASS


async def test_what_came_along_is_not_shown_unless_allowed(job: Job) -> None:
    job.reports(Report(sign=Sign.FAIL, output=b"Mary Canary"))
    assert "Mary" not in words(await job.found())
    assert "Mary" not in str(job.note)


async def test_the_first_line_of_a_failure_is_shown_where_allowed_without_the_token(job: Job) -> None:
    job.expected(every="1h", show_output=True)
    job.reports(Report(sign=Sign.FAIL, output=f"\ndisk \x1bfull {TOKEN}\nMary Canary".encode()))
    found = await job.found()
    assert found.explanation.endswith("failed: disk full •••")
    job.reports(Report(sign=Sign.SUCCESS, output=b"Mary Canary"))
    assert "Mary" not in str(job.note)


async def test_a_clock_that_steps_back_breaks_nothing(job: Job) -> None:
    job.reports(START)
    job.clock.step(hours=-3)
    job.reports(SUCCESS)
    job.clock.step(hours=-1)
    found = await job.found()
    assert found.outcome is Outcome.PASS
    assert readings(found)["age"] == 0


async def test_a_cron_job_is_expected_by_the_clock_of_its_zone(job: Job) -> None:
    job.expected(cron="30 4 * * *", zone="Europe/Berlin", grace="10m")
    await job.found()
    job.clock.step(minutes=39)  # 04:39 in Berlin
    assert (await job.found()).outcome is Outcome.PASS
    job.clock.step(minutes=2)
    found = await job.found()
    assert found.explanation.endswith("expected by 2026-03-02 04:30 Europe/Berlin")


async def test_a_report_a_moment_before_its_time_counts_for_that_time(job: Job) -> None:
    job.expected(cron="30 3 * * *", grace="1m")
    job.clock.step(minutes=29, seconds=50)
    job.reports(SUCCESS)
    job.clock.step(hours=23)
    assert (await job.found()).outcome is Outcome.PASS


async def test_a_run_needs_no_time_and_leaves_nothing(job: Job) -> None:
    tasks = len(asyncio.all_tasks())
    assert (await run(job.probe, within=0)).outcome is Outcome.PASS
    assert len(asyncio.all_tasks()) == tasks


def test_an_hour_that_spring_leaves_out_comes_and_one_that_autumn_repeats_comes_once() -> None:
    berlin = Cron("30 2 * * *", "Europe/Berlin")
    spring = berlin.next_after(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert spring == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    autumn = berlin.next_after(datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert berlin.next_after(autumn) - autumn == timedelta(hours=25)


moments = st.timedeltas(timedelta(0), timedelta(days=3000)).map(lambda after: datetime(2020, 1, 1, tzinfo=UTC) + after)


@given(
    st.builds(
        Life,
        since=moments,
        running=st.booleans(),
        started=st.none() | moments,
        run=st.text(),
        ended=st.none() | moments,
        succeeded=st.none() | moments,
        failing=st.booleans(),
        status=st.none() | st.integers(0, 255),
        took=st.none() | st.floats(0, 1e6),
        alive=st.none() | moments,
        away_from=st.none() | moments,
        away_until=st.none() | moments,
        said=st.text(),
    ).filter(lambda life: (life.started or not life.running) and (life.ended or not life.failing))
)
def test_a_life_is_read_back_from_its_note(life: Life) -> None:
    assert Life.of_note(life.note()) == life


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"token": "short"}, "token_urlsafe(24)"),
        ({"token": "not/url/safe/0123456789abcdef"}, "22 to 128 letters"),
        ({"token": TOKEN}, "either every or cron"),
        ({"token": TOKEN, "every": "1h", "cron": "* * * * *"}, "either every or cron"),
        ({"token": TOKEN, "every": "1h", "zone": "Europe/Berlin"}, "cron beside zone"),
        ({"token": TOKEN, "cron": "61 * * * *"}, "a line of a crontab that comes true"),
        ({"token": TOKEN, "cron": "0 0 30 2 *"}, "a line of a crontab that comes true"),
        ({"token": TOKEN, "cron": "* * * * * *"}, "five fields"),
        ({"token": TOKEN, "cron": "* * * * *", "zone": "Mars/Olympus"}, "the name of a time zone"),
    ],
)
def test_wrong_options_are_refused_with_what_is_expected(options: dict[str, Any], expected: str) -> None:
    assert expected in problem("heartbeat", **options)

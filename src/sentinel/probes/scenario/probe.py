"""Plays a scenario: what earlier runs left is taken away, the steps are taken, and what they made is taken away."""

import asyncio
from contextlib import AbstractAsyncContextManager
from secrets import token_hex
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from sentinel.base.units import Unit
from sentinel.core.ledger import LedgerEntry
from sentinel.core.result import FailureClass, Measurement, Note, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.database import open_database
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.scenario.book import Book
from sentinel.probes.scenario.cleaning import Cleaner, Lost, Tally, is_surely_undone
from sentinel.probes.scenario.options import BEGUN, ScenarioOptions, Step
from sentinel.probes.scenario.stepping import Course, Stepper
from sentinel.probes.scenario.words import RUN

_MOST_LEFT: Final = 3  # runs that are not cleaned up; then no more is made
_SHARE: Final = 1 / 3  # of a run that cleaning up, before and after the steps, may take at most
_AT_A_STOP: Final = 3.0  # seconds that a run that is cancelled takes to clean up


class ScenarioProbe:
    """One run at a time, of this check and of everything that shares its resource."""

    def __init__(self, options: ScenarioOptions, tools: ProbeTools) -> None:
        self._options = options
        self._tools = tools
        self._stepper = Stepper(options, tools)
        self._hints = {f"steps.{step.name}": _STEP_HINT for step in options.steps}
        self._note: Note = tools.note or {}
        self._book = Book(tools.ledger, tools.check)
        self._cleaner = Cleaner(options, self._stepper)
        self.host = _host(options, tools)

    async def measure(self, deadline: float) -> Measurement:
        findings: list[Finding] = []
        readings: list[Reading] = []
        loop = asyncio.get_running_loop()
        reserve = self._reserve(deadline - loop.time())
        try:
            async with self._alone(deadline - reserve):
                left, finding = await self._clean_left(min(loop.time() + reserve, deadline))
                if left < _MOST_LEFT:
                    left += await self._play(deadline, reserve, findings, readings)
                findings += [finding] if finding is not None else []
                readings.append(Reading("left", left, Unit.COUNT))
        except Finding as finding:
            findings.append(finding)
        return measurement(findings, readings, note=self._noted(), hints=self._hints)

    async def close(self) -> None:
        """There is nothing to give back: what a run holds ends with it."""

    async def clean_up(self, deadline: float) -> None:
        """Take away what earlier runs left.

        Raises:
            Finding: another run uses the resource until the deadline, or the first thing that did not work.
        """
        async with self._alone(deadline):
            _, finding = await self._clean_left(deadline)
        if finding is not None:
            raise finding

    def _alone(self, deadline: float) -> AbstractAsyncContextManager[None]:
        """A reload builds another probe for a check whose run is under way: the lock of the check keeps them apart."""
        names = [f"the check {self._tools.check}"] if self._tools.check else []
        shared = [f"the resource {self._options.resource}"] if self._options.resource else []
        return self._tools.resources.hold([*names, *shared], deadline)

    def _reserve(self, seconds: float) -> float:
        """Seconds that are kept for cleaning up."""
        if not self._options.finally_:
            return 0.0
        return min(self._options.clean_up_within.total_seconds(), max(seconds, 0.0) * _SHARE)

    def _noted(self) -> Note | None:
        """The pauses of refused logins, when they are news."""
        pauses = self._stepper.patience.written()
        before, self._note = self._note, {"logins": pauses} if pauses else {}
        return self._note if self._note != before else None

    # --- The run ----------------------------------------------------------------------------------------------------

    async def _play(self, deadline: float, reserve: float, findings: list[Finding], readings: list[Reading]) -> int:
        """Take all steps and clean up after them; answers 1 when that did not work.

        A run that is cancelled is cleaned up too, for a few seconds; whatever is left then is in the ledger.
        """
        loop, began, cleaned = asyncio.get_running_loop(), perf_counter(), False
        course = Course(words={RUN: f"{self._options.synthetic}{token_hex(6)}"})
        tally = self._tally(course)
        try:
            await self._take_steps(course, tally, deadline - reserve, readings)
            readings.append(Reading("scenario_time", perf_counter() - began, Unit.SECONDS))
        except Finding as finding:
            findings.append(finding)
        except asyncio.CancelledError:
            deadline = loop.time() + min(_AT_A_STOP, reserve)
            raise
        finally:
            cleaned = await self._clean_after(course, tally, deadline, findings)
        return 0 if cleaned else 1

    async def _take_steps(self, course: Course, tally: Tally, deadline: float, readings: list[Reading]) -> None:
        loop = asyncio.get_running_loop()
        for step in self._options.steps:
            if loop.time() >= deadline:
                explanation = f"{step.name}: the steps before it took all the time"
                raise Finding(FailureClass.READ_TIMEOUT, explanation, _SLOW_HINT)
            began = perf_counter()  # the loop's own clock counts whole milliseconds
            await self._take(step, course, tally, deadline)
            readings.append(Reading(f"steps.{step.name}", perf_counter() - began, Unit.SECONDS))

    async def _take(self, step: Step, course: Course, tally: Tally, deadline: float) -> None:
        if step.makes:
            await tally.begin(step)
        try:
            await self._stepper.take(step, course, deadline)
        except Finding as finding:
            if is_surely_undone(finding):
                tally.made_nothing(step)
            await tally.learn(course.words)
            raise
        if step.must_be_refused:
            tally.made_nothing(step)
        await tally.learn(course.words)

    def _tally(self, course: Course) -> Tally:
        entry = LedgerEntry(
            id=str(course.words[RUN]), check=self._tools.check, values=dict(course.words), at=self._tools.clock.now()
        )
        return Tally(entry, self._options, self._book)

    # --- Cleaning up ------------------------------------------------------------------------------------------------

    async def _clean_after(self, course: Course, tally: Tally, deadline: float, findings: list[Finding]) -> bool:
        """Whether nothing is left that a later run could take away."""
        finding = None
        if tally.begun or not self._options.makes:
            finding = await self._cleaner.clean(course, frozenset(tally.begun), deadline)
        if finding is not None:
            findings.append(_of_clean_up(finding, str(course.words[RUN])))
            if not isinstance(finding, Lost):
                return not tally.begun
        return await self._struck(tally.entry, findings) if tally.kept else True

    async def _struck(self, entry: LedgerEntry, findings: list[Finding]) -> bool:
        try:
            await self._book.strike(entry)
        except Finding as finding:
            findings.append(finding)
            return False
        return True

    async def _clean_left(self, deadline: float) -> tuple[int, Finding | None]:
        """Take away what earlier runs left: how many of them could not be cleaned up, and why the first could not."""
        if not self._options.makes:
            return 0, None
        problems: list[Finding] = []
        left = 0
        for entry in await self._book.left():
            left += 0 if await self._clean_entry(entry, deadline, problems) else 1
        if left >= _MOST_LEFT:
            first = problems[0]
            explanation = f"{first.explanation}; {left} runs are not cleaned up, so nothing more is made"
            problems[0] = Finding(first.failure, explanation, first.hint)
        return left, problems[0] if problems else None

    async def _clean_entry(self, entry: LedgerEntry, deadline: float, problems: list[Finding]) -> bool:
        course = Course(words={name: value for name, value in entry.values.items() if name != BEGUN})
        begun = frozenset(str(entry.values.get(BEGUN, "")).split())
        finding = await self._cleaner.clean(course, begun, deadline)
        if finding is not None:
            problems.append(_of_clean_up(finding, entry.id, earlier=True))
            if not isinstance(finding, Lost):
                return False
        return await self._struck(entry, problems)


def _of_clean_up(finding: Finding, run: str, *, earlier: bool = False) -> Finding:
    whose = "clean-up of an earlier run" if earlier else "clean-up"
    return Finding(finding.failure, f"{whose}: {finding.explanation} (mark {run})", finding.hint)


def _host(options: ScenarioOptions, tools: ProbeTools) -> str:
    """The host of the first step that asks something."""
    for step in options.steps:
        if step.request is not None:
            return urlsplit(step.request.url).hostname or ""
        if step.database is not None:
            return open_database(step.database, threads=tools.threads, resolver=tools.transport.resolver).host
    return ""


_STEP_HINT: Final = (
    "Look at the service's log for this request, and at the queries behind it; compare with the other steps."
)
_SLOW_HINT: Final = "Look which of the check's readings grew; when all are as ever, raise its `timeout`."

"""Checks of a plan, looked at as a running Sentinel would: probes are kept from look to look, and each result is judged."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sentinel.app.equipment import Equipment
from sentinel.base.clock import SystemClock
from sentinel.core.history import History
from sentinel.core.rule import Severity
from sentinel.engine.runner import Runner
from sentinel.probes.ledger import Unkept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from sentinel.core.check import Check
    from sentinel.core.judge import Verdict
    from sentinel.core.plan import Plan
    from sentinel.core.result import FailureClass, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look at a check came to."""

    result: Result
    verdict: Verdict

    @property
    def severity(self) -> Severity:
        return self.verdict.severity

    @property
    def failure(self) -> FailureClass | None:
        return self.result.measurement.failure

    @property
    def text(self) -> str:
        """What people are told: of the result, and of the gravest finding."""
        measurement, verdict = self.result.measurement, self.verdict
        told = (measurement.explanation, measurement.hint, *(f"{f.explanation} {f.hint}" for f in verdict.findings))
        return " | ".join(part for part in told if part.strip())

    def value(self, reading: str) -> float:
        """A reading of the run."""
        return next(found.value for found in self.result.measurement.readings if found.name == reading)

    def tells_of(self, private: Iterable[str]) -> bool:
        """Whether anything that leaves the check, or is kept of it, has one of these words in it."""
        measurement = self.result.measurement
        told = f"{self.text} {measurement} {measurement.hints} {json.dumps(measurement.note)}".lower()
        # Digits of a canary may stand by chance within a duration such as 0.0161500.
        return any(re.search(rf"(?<![\d.]){re.escape(word.lower())}", told) for word in private)

    def __str__(self) -> str:
        return f"{self.result.check}: {self.severity.label} {self.failure or ''} {self.text}"


class Watch:
    """Enter it to build the probes of a plan; leaving it closes them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._clock = SystemClock()
        self._results: list[Result] = []
        self._runner = Runner(self._clock, self._results.append, plan.limits)
        self._histories = {check.name: self._history(check) for check in plan.checks}

    async def look(self, names: Iterable[str] | None = None) -> Mapping[str, Seen]:
        """One run of each check, or of those that are named."""
        wanted = None if names is None else set(names)
        chosen = [check for check in self._plan.checks if wanted is None or check.name in wanted]
        self._results.clear()
        self._runner.submit(chosen, self._clock.now())
        await self._runner.finish(max(check.timeout.total_seconds() for check in chosen) * 2 + 5)
        return {result.check: self._judged(result) for result in self._results}

    async def __aenter__(self) -> Self:
        self._equipment = Equipment(self._clock)
        kit = self._equipment.build(self._plan, {}, Unkept())
        self._runner.equip(kit.runnables, self._plan.limits)
        await self._equipment.adopt(kit)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.stop(1.0)
        await self._equipment.close()

    def _history(self, check: Check) -> History:
        return History(check, self._plan.policies[check.policy])

    def _judged(self, result: Result) -> Seen:
        return Seen(result=result, verdict=self._histories[result.check].take(result).verdict)


def red(seen: Mapping[str, Seen]) -> dict[str, str]:
    """The checks that are not well, with what is said of them."""
    return {name: str(one) for name, one in seen.items() if one.severity is not Severity.OK}

"""Takes away what runs made: writes down what there is to take away before it is made, and strikes it when it is gone.

A run may die at any moment. What its clean-up needs to know is therefore on disk before the next request goes out: that a step
which makes something has begun, and the words that `finally` uses. Secrets are never among them (`ScenarioOptions` sees to it).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sentinel.core.ledger import LedgerEntry
from sentinel.core.result import OWN_SIDE, FailureClass
from sentinel.probes.calls.caller import NotSent
from sentinel.probes.finding import Finding
from sentinel.probes.scenario.book import Book
from sentinel.probes.scenario.options import BEGUN, ScenarioOptions, Step
from sentinel.probes.scenario.stepping import Course, NothingThere, Stepper, Unmet
from sentinel.probes.scenario.words import RUN, Value

#: A request that failed so never reached the target: nothing was made.
_NOT_SENT: Final = frozenset(
    {
        FailureClass.DNS_NOT_FOUND,
        FailureClass.DNS_FAILED,
        FailureClass.DNS_TIMEOUT,
        FailureClass.REFUSED,
        FailureClass.UNREACHABLE,
        FailureClass.CONNECT_TIMEOUT,
        FailureClass.TLS_FAILED,
        FailureClass.TLS_UNTRUSTED,
        FailureClass.TLS_EXPIRED,
        FailureClass.TLS_WRONG_NAME,
        FailureClass.TLS_TIMEOUT,
        FailureClass.NETWORK_DOWN,
    }
)


def is_surely_undone(finding: Finding) -> bool:
    """Whether a step that failed like this made nothing. After a 5xx or a lost answer nobody knows."""
    refused = isinstance(finding, Unmet) and 400 <= finding.status < 500
    return refused or isinstance(finding, NotSent) or finding.failure in _NOT_SENT


class Tally:
    """What one run may have left behind, kept in the ledger."""

    def __init__(self, entry: LedgerEntry, options: ScenarioOptions, book: Book) -> None:
        self._entry = entry
        self._book = book
        self._kept = False
        self._wanted = frozenset(name for step in options.finally_ for name in step.needs()) | {RUN}
        self._steps = bool(options.finally_)
        self.begun: list[str] = []  # the steps that may have made something

    @property
    def entry(self) -> LedgerEntry:
        return self._entry

    @property
    def kept(self) -> bool:
        """Whether the ledger has it."""
        return self._kept

    async def begin(self, step: Step) -> None:
        """A step that makes something is about to go out. Raises Finding when that cannot be written down: it must not go out."""
        self.begun.append(step.name)
        if self._kept and not self._wanted & step.capture.keys():
            return
        try:
            await self._keep(self._entry.values)
        except Finding:
            self.begun.pop()
            raise

    async def learn(self, words: Mapping[str, Value]) -> None:
        """These words are known. Raises Finding when what `finally` uses of them cannot be written down."""
        known = {name: value for name, value in words.items() if name in self._wanted}
        if self.begun and known != {name: self._entry.values[name] for name in self._entry.values if name != BEGUN}:
            await self._keep(known)
        else:
            self._entry = replace(self._entry, values={**known, **self._begun()})

    def made_nothing(self, step: Step) -> None:
        """The step that was taken last was refused, or never reached the target."""
        if self.begun[-1:] == [step.name]:
            self.begun.pop()

    async def _keep(self, words: Mapping[str, Value]) -> None:
        known = {name: value for name, value in words.items() if name != BEGUN}
        self._entry = replace(self._entry, values={**known, **self._begun()})
        if self._steps:
            self._kept = True  # maybe, if this fails; striking what is not there does no harm
            await self._book.keep(self._entry)

    def _begun(self) -> dict[str, Value]:
        return {BEGUN: " ".join(self.begun)} if self.begun else {}


class Cleaner:
    """Takes the steps of `finally`."""

    def __init__(self, options: ScenarioOptions, stepper: Stepper) -> None:
        self._steps = options.finally_
        self._makers = {name: step.name for step in options.steps if step.makes for name in step.capture}
        self._stepper = stepper

    async def clean(self, course: Course, begun: frozenset[str], deadline: float) -> Finding | None:
        """Take away what a run made; answers what did not work. Every step is tried, whatever became of the one before.

        Args:
            course: the words that are known.
            begun: the steps that may have made something.
            deadline: by when, on the running loop's clock.
        """
        findings: list[Finding] = []
        looked_for: set[str] = set()
        for step in self._steps:
            if asyncio.get_running_loop().time() >= deadline:
                findings.append(
                    Finding(FailureClass.NOT_CLEANED_UP, f"{step.name}: no time was left for it", _TIME_HINT)
                )
                break
            if missing := step.needs() & self._stepper.known_names - course.words.keys():
                findings += self._lost(step, missing - looked_for, begun)
                continue
            try:
                await self._stepper.take_away(step, course, deadline)
            except NothingThere:
                pass
            except Finding as finding:
                findings.append(finding)
                continue
            looked_for |= step.capture.keys()
        return _as_one(findings)

    def _lost(self, step: Step, missing: frozenset[str], begun: frozenset[str]) -> list[Finding]:
        """Something may have been made whose name is not known, and that no step of `finally` has looked for."""
        makers = sorted({self._makers[name] for name in missing if self._makers.get(name) in begun})
        if not makers:
            return []
        explanation = f"{step.name}: what {makers[0]} made, if anything, cannot be found again: its answer is not known"
        return [Lost(FailureClass.NOT_CLEANED_UP, explanation, _LOST_HINT)]


class Lost(Finding):
    """Something that may have been left behind and that Sentinel can never take away: trying again is of no use."""


def _as_one(findings: list[Finding]) -> Finding | None:
    """The one that trying again may mend, or else the first."""
    if not findings:
        return None
    first = next((finding for finding in findings if not isinstance(finding, Lost)), findings[0])
    if isinstance(first, Lost):
        return first
    failure = first.failure if first.failure in OWN_SIDE else FailureClass.NOT_CLEANED_UP
    return Finding(failure, first.explanation, first.hint if first.failure in OWN_SIDE else _CLEAN_HINT)


_TIME_HINT: Final = "Raise `clean_up_within` and the check's `timeout`."
_LOST_HINT: Final = (
    "Look in the target for records with the mark of the run. Let a first step of `finally` search for {run} and capture the id: "
    "then this mends itself."
)
_CLEAN_HINT: Final = (
    "The next run tries again, and so does `sentinel cleanup --run`. "
    "What bears the mark of the run is no real data, and may be deleted by hand."
)

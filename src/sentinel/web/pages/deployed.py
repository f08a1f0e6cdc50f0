"""How a deployment stands on a page: its state in words and colours, how far it has come, bars, and what may be done."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from markupsafe import Markup, escape

from sentinel.base.units import format_duration, format_lasted
from sentinel.core.deployment.deployment import Breach, Comparison, Ending, Judged, Measure, Phase, Ran
from sentinel.core.deployment.plan import Criterion, DeploymentPlan
from sentinel.reports.deployment import DeploymentDocument
from sentinel.reports.documents import DeploymentLine
from sentinel.reports.forms.deployment import CRITERIA
from sentinel.reports.incident import SuspectedDeployment

#: How each phase reads, and each ending.
_PHASES: Final[Mapping[Phase, str]] = {
    Phase.UNDER_WAY: "Under way",
    Phase.WATCHING: "Being watched",
    Phase.PROPOSED: "Rollback proposed",
    Phase.ROLLING_BACK: "Rolling back",
    Phase.VERIFYING: "Verifying the rollback",
    Phase.ENDED: "Over",
}
_ENDINGS: Final[Mapping[Ending, str]] = {
    Ending.PASSED: "Passed",
    Ending.FAILED: "Failed",
    Ending.INCONCLUSIVE: "Inconclusive",
    Ending.UNWATCHED: "Finished without a watch",
    Ending.ROLLED_BACK: "Rolled back",
    Ending.ROLLBACK_FAILED: "Rollback failed",
    Ending.ACCEPTED: "Failed, and accepted",
}

#: The classes of colours, which are names of icons, too.
_OF_ENDINGS: Final[Mapping[Ending, str]] = {
    Ending.PASSED: "ok",
    Ending.FAILED: "critical",
    Ending.INCONCLUSIVE: "unknown",
    Ending.UNWATCHED: "unknown",
    Ending.ROLLED_BACK: "warning",
    Ending.ROLLBACK_FAILED: "critical",
    Ending.ACCEPTED: "warning",
}
_OF_PHASES: Final[Mapping[Phase, str]] = {
    Phase.PROPOSED: "critical",
    Phase.ROLLING_BACK: "critical",
    Phase.VERIFYING: "warning",
}
_OF_JUDGED: Final[Mapping[Judged, str]] = {
    Judged.PASS: "ok",
    Judged.FAIL: "critical",
    Judged.INCONCLUSIVE: "unknown",
}
_JUDGED: Final[Mapping[Judged, str]] = {
    Judged.PASS: "Pass",
    Judged.FAIL: "Fail",
    Judged.INCONCLUSIVE: "Inconclusive",
}
_MEASURES: Final[Mapping[Measure, str]] = {
    Measure.ERRORS: "Errors",
    Measure.TIME: "Response time",
    Measure.LOGS: "Matches in logs per minute",
}
_RAN: Final[Mapping[Ran, str]] = {
    Ran.ORDERED: "ordered",
    Ran.STARTED: "runs",
    Ran.DONE: "done",
    Ran.FAILED: "failed",
    Ran.INTERRUPTED: "interrupted: nobody knows how far it came",
    Ran.STOPPED: "stopped before it began",
}

#: An incident in a text that is escaped: not `&#39;`.
_INCIDENT: Final = re.compile(r"(?<![&\w])#([0-9]{1,9})\b")

#: Bars reach so far, in percent: their ends are seen.
_FULL: Final = 96.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far something with an end has come."""

    done: int  # percent
    left: timedelta  # until its end; zero: that is over
    over: timedelta  # since its end; zero: that is to come


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Two figures and their bound as parts of one length, in percent; None where there is none."""

    before: float | None
    after: float | None
    bound: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doings:
    """What may be done with a deployment as it stands. The desk decides; this spares people buttons that it would refuse."""

    note: bool
    extend: bool
    watch: bool
    finish: bool
    fail: bool
    accept: bool
    veto: bool
    roll_back: bool
    verify: bool

    @property
    def any(self) -> bool:
        return self.note or self.accept or self.roll_back


def doings(document: DeploymentDocument, plan: DeploymentPlan | None, *, latest: bool) -> Doings:
    """What may be done with a deployment; `latest` says whether no other of its system came after it."""
    line, ordered = document.line, document.rollback
    phase, over = line.phase, line.phase is Phase.ENDED
    working = phase in (Phase.UNDER_WAY, Phase.WATCHING)
    waits = phase is Phase.PROPOSED and ordered is not None and ordered.state is Ran.ORDERED
    can_undo = plan is not None and plan.rollback is not None and (ordered is None or waits) and latest
    return Doings(
        note=not over,
        extend=phase is Phase.UNDER_WAY,
        watch=phase is Phase.UNDER_WAY and bool(line.version),
        finish=working,
        fail=working,
        accept=line.ending in (Ending.FAILED, Ending.ROLLBACK_FAILED),
        veto=waits,
        roll_back=can_undo,
        verify=working,
    )


def progress(began: datetime, ends: datetime, now: datetime) -> Progress:
    """How far something has come by now."""
    whole, nothing = max((ends - began).total_seconds(), 1.0), timedelta(0)
    part = min(max((now - began).total_seconds() / whole, 0.0), 1.0)
    return Progress(done=round(part * 100), left=max(ends - now, nothing), over=max(now - ends, nothing))


def bars(one: Comparison) -> Bars:
    """A comparison as bars that begin at zero and share one scale."""
    known = [value for value in (one.before, one.after, one.bound) if value is not None and value > 0]
    most = max(known, default=0.0)

    def part(value: float | None) -> float | None:
        return None if value is None else round(max(value, 0.0) / most * _FULL, 1) if most else 0.0

    return Bars(before=part(one.before), after=part(one.after), bound=part(one.bound))


def deployment_state(line: DeploymentLine) -> str:
    """How a deployment stands, in a word or three."""
    if line.ending is not None:
        return _ENDINGS[line.ending]
    return f"{_PHASES[line.phase]}, overdue" if line.overrun and line.phase is Phase.UNDER_WAY else _PHASES[line.phase]


def deployment_class(line: DeploymentLine) -> str:
    """The same as the name of a class and of an icon."""
    if line.ending is not None:
        return _OF_ENDINGS[line.ending]
    if line.overrun or line.verdict is Judged.FAIL:
        return _OF_PHASES.get(line.phase, "critical")
    return _OF_PHASES.get(line.phase, "active")


def judged(one: Judged | None) -> str:
    """What a watch says, as a word."""
    return _JUDGED[one] if one is not None else "not judged yet"


def judged_class(one: Judged | None) -> str:
    return _OF_JUDGED[one] if one is not None else "unknown"


def measure(one: Comparison) -> str:
    """What is compared, in words."""
    return _MEASURES[one.measure]


def criterion(one: Criterion) -> str:
    """Why a deployment fails without any comparison, in words."""
    return CRITERIA[one.value]


def ran(state: Ran) -> str:
    """How far a rollback has come, in words."""
    return _RAN[state]


def chance(p: float | None) -> str:
    """How likely chance alone makes such a difference, as in documents: `0.116`, `< 0.001`; a dash where nothing was tested."""
    if p is None:
        return "\u2013"
    return "<\u00a00.001" if p < 0.001 else f"{p:.3f}"


def countdown(left: timedelta) -> str:
    """A time that is left, to the second: `4 min 12 s`."""
    whole = seconds(left)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if 0 < minutes < 60 else format_duration(timedelta(seconds=whole))


def seconds(left: timedelta) -> int:
    """A time that is left, for the script that counts it down."""
    return max(0, round(left.total_seconds()))


def undone_why(document: DeploymentDocument) -> str:
    """Why it is rolled back, or was, or failed: the reason of the rollback, and what broke where that says more."""
    told = document.rollback.reason if document.rollback is not None else ""
    broke = document.broken.text if document.broken is not None else ""
    return told if broke in told else broke if told in broke else f"{told}; {broke}"


def linked(text: str, document: DeploymentDocument) -> Markup:
    """A text in which the incidents of a deployment are links: `login (#12)`."""
    known = {one.id for one in document.incidents}
    known |= {number for breach in _breaches(document) for number in breach.incidents}

    def link(found: re.Match[str]) -> str:
        return f'<a href="/incidents/{found[1]}">{found[0]}</a>' if int(found[1]) in known else found[0]

    return Markup(_INCIDENT.sub(link, str(escape(text))))  # noqa: S704  # escaped, but for links with numbers


def _breaches(document: DeploymentDocument) -> Iterator[Breach]:
    yield from (document.broken,) if document.broken is not None else ()
    for judgement in document.judgements:
        yield from judgement.breaches


def before(one: SuspectedDeployment, began: datetime) -> str:
    """How long before an incident a deployment began: `6 min before`."""
    return f"{format_lasted(max(began - one.started_at, timedelta(0)))} before"


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "bars": bars,
    "deployment_state": deployment_state,
    "deployment_class": deployment_class,
    "judged": judged,
    "judged_class": judged_class,
    "measure": measure,
    "criterion": criterion,
    "ran": ran,
    "chance": chance,
    "countdown": countdown,
    "seconds": seconds,
    "before": before,
    "undone_why": undone_why,
    "linked": linked,
}

"""The words of what is told of a deployment, and of the deployment that an incident may come of."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from sentinel.base.units import format_duration, format_lasted
from sentinel.channels.clean import moment
from sentinel.core.deployment.check import EXACT_BELOW
from sentinel.core.deployment.deployment import Ending, Judged, Phase, Ran
from sentinel.core.deployment.words import version_before
from sentinel.core.notification import AboutDeployment, AboutIncident, Kind, Message

Labelled = tuple[str, str]

_TAGS: Final = {
    Kind.DEPLOYMENT_STARTED: "DEPLOYMENT",
    Kind.DEPLOYMENT_PROGRESS: "DEPLOYMENT",
    Kind.DEPLOYMENT_FAILED: "DEPLOYMENT FAILED",
    Kind.DEPLOYMENT_ENDED: "DEPLOYED",
    Kind.ROLLBACK: "ROLLBACK",
    Kind.ROLLBACK_PLANNED: "ROLLBACK PLANNED",
    Kind.ROLLBACK_STARTED: "ROLLBACK",
    Kind.ROLLBACK_ENDED: "ROLLBACK",
}

_TAGS_OF_ENDINGS: Final[Mapping[str, str]] = {
    Ending.FAILED: "DEPLOYMENT FAILED",
    Ending.ROLLED_BACK: "ROLLED BACK",
    Ending.ROLLBACK_FAILED: "ROLLBACK FAILED",
}
_TAGS_OF_RUNS: Final[Mapping[str, str]] = {
    Ran.STOPPED: "ROLLBACK STOPPED",
    Ran.FAILED: "ROLLBACK FAILED",
    Ran.INTERRUPTED: "ROLLBACK FAILED",
}


def tag(message: Message) -> str:
    """What a message about a deployment is, in one word or two; empty for others."""
    one = message.deployment
    usual = _TAGS.get(message.kind, "")
    if one is None:
        return usual
    match message.kind:
        case Kind.DEPLOYMENT_ENDED if _accepted_after(one):
            return "ACCEPTED"
        case Kind.DEPLOYMENT_ENDED:
            return _TAGS_OF_ENDINGS.get(one.ending, usual)
        case Kind.ROLLBACK_ENDED:
            return _TAGS_OF_RUNS.get(one.rollback, usual)
        case _:
            return usual


# --- The headline ----------------------------------------------------------------------------------------------------


def headline(message: Message) -> str:
    """The line without tag and number."""
    one = message.deployment
    if one is None:
        return message.title or "A deployment"
    name = label(one)
    match message.kind:
        case Kind.DEPLOYMENT_STARTED:
            back = f" from {one.from_version}" if one.from_version else ""
            return f"{one.system} goes{back} to {one.version}, until {_clock(one.window_ends_at)} UTC"
        case Kind.DEPLOYMENT_PROGRESS:
            return f"{name} {_going(one, message.at)}{_checks(one)}"
        case Kind.DEPLOYMENT_ENDED:
            return f"{name} {_ended(one)}"
        case Kind.ROLLBACK_PLANNED:
            at = f" at {_exactly(one.runs_at, message.at)} UTC" if one.runs_at else " soon"
            return f"{name} is rolled back{at} unless somebody stops that"
        case Kind.ROLLBACK:
            return f"{name} is to be rolled back"
        case Kind.ROLLBACK_STARTED:
            return f"{name} is rolled back now"
        case Kind.ROLLBACK_ENDED if one.rollback == Ran.STOPPED:
            return f"{name} is not rolled back: somebody stopped that"
        case Kind.ROLLBACK_ENDED if one.rollback in _TAGS_OF_RUNS:
            unclear = ": it was interrupted, and may have run in part" if one.rollback == Ran.INTERRUPTED else ""
            return f"{name}: its rollback failed{unclear}"
        case Kind.ROLLBACK_ENDED:
            return f"{name} has been rolled back, and its checks are run"
        case _ if message.title:
            return f"{name} failed: {message.title}"
        case _:
            return f"{name}: {message.explanation}" if message.explanation else f"{name} has failed"


def label(one: AboutDeployment) -> str:
    """Such as `payroll 2.4.1`."""
    return f"{one.system} {one.version}".strip()


def _going(one: AboutDeployment, now: datetime) -> str:
    match one.phase:
        case Phase.WATCHING if one.watched_until is not None:
            return f"is watched until {_clock(one.watched_until)} UTC"
        case Phase.PROPOSED if one.runs_at is not None:
            return f"is rolled back at {_exactly(one.runs_at, now)} UTC unless somebody stops that"
        case Phase.ROLLING_BACK:
            return "is being rolled back"
        case Phase.VERIFYING:
            return "has been rolled back, and its checks are run"
        case _ if now > one.window_ends_at:
            return f"takes {format_duration(now - one.window_ends_at)} longer than agreed"
        case _:
            return f"goes on until {_clock(one.window_ends_at)} UTC"


def _checks(one: AboutDeployment) -> str:
    return f": {one.well} of {one.checks} checks well" if one.checks else ""


_ENDED: Final[Mapping[str, str]] = {
    Ending.PASSED: "is in place{took}, and as good as what was before",
    Ending.FAILED: "failed{took}, and stands as it is",
    Ending.INCONCLUSIVE: "is in place{took}; it could not be judged",
    Ending.UNWATCHED: "is in place{took}, without a watch",
    Ending.ROLLED_BACK: "was rolled back{took}",
    Ending.ROLLBACK_FAILED: "was rolled back{took}, and that did not bring it in order",
    Ending.ACCEPTED: "had failed, and is taken as it is",
}


#: What was accepted after its rollback had begun: what was deployed does not run any more, or nobody knows.
_ACCEPTED_AFTER: Final[Mapping[str, str]] = {
    Ran.DONE: "was rolled back, and what came of that is taken as it is",
    Ran.FAILED: "was to be rolled back, which failed; that is taken as it is",
    Ran.INTERRUPTED: "was to be rolled back, which broke off; that is taken as it is",
}


def _accepted_after(one: AboutDeployment) -> str:
    return _ACCEPTED_AFTER.get(one.rollback, "") if one.ending == Ending.ACCEPTED else ""


def _ended(one: AboutDeployment) -> str:
    if said := _accepted_after(one):
        return said
    took = f" after {format_lasted(max(one.ended_at - one.started_at, timedelta(0)))}" if one.ended_at else ""
    return _ENDED.get(one.ending, "is over{took}").format(took=took)


# --- The lines -------------------------------------------------------------------------------------------------------

_OF_ROLLBACK: Final = frozenset({Kind.ROLLBACK, Kind.ROLLBACK_PLANNED, Kind.ROLLBACK_STARTED, Kind.ROLLBACK_ENDED})
_JUDGED: Final = frozenset({Kind.DEPLOYMENT_FAILED, Kind.DEPLOYMENT_ENDED})


def lines(message: Message, one: AboutDeployment) -> Iterator[Labelled]:
    """What it is, when, what for whom, how it goes or what came of it, and the figures."""
    yield "What", _what(one)
    yield "Started", f"{moment(one.started_at)} by {one.by}" if one.by else moment(one.started_at)
    yield "Window", _window(one)
    if message.kind is Kind.DEPLOYMENT_STARTED:
        yield "Expected", "to be down" if one.expects_down else "to stay up, but nobody is called for what breaks"
    yield "Impact", one.impact
    yield "Ended", moment(one.ended_at) if one.ended_at else ""
    yield "Seen down for", format_lasted(one.down_for) if one.down_for is not None else ""
    yield _explained(message), message.explanation
    if message.kind in _JUDGED:
        yield from _figures(one, message.explanation)
    if message.kind in _OF_ROLLBACK or one.rollback:
        yield from _rollback(one, message.explanation)
    if message.kind is not Kind.DEPLOYMENT_STARTED:
        yield "Checks", _components(one)


def _what(one: AboutDeployment) -> str:
    change = f": {one.from_version} to {one.version}" if one.from_version else f": {one.version}"
    ref = f" ({one.ref})" if one.ref else ""
    place = f" in {one.environment}" if one.environment else ""
    return f"deployment {one.id} of {one.system}{change if one.version else ''}{ref}{place}"


def _window(one: AboutDeployment) -> str:
    starts, ends = one.started_at.astimezone(UTC), one.window_ends_at.astimezone(UTC)
    day = "" if starts.date() == ends.date() else f"{ends:%Y-%m-%d} "
    return f"{starts:%H:%M} to {day}{ends:%H:%M} UTC ({format_lasted(ends - starts)})"


def _explained(message: Message) -> str:
    match message.kind:
        case Kind.DEPLOYMENT_FAILED:
            return "Why"
        case Kind.DEPLOYMENT_ENDED:
            return "What came of it"
        case _:
            return "Now"


def _figures(one: AboutDeployment, said: str) -> Iterator[Labelled]:
    """The figures that are worse and were not told yet; of the others how many there are."""
    worse = [text for text in one.findings if text not in said] if one.verdict == Judged.FAIL else []
    yield from (("Figure" if n == 0 else "And", text) for n, text in enumerate(worse))
    yield "As before", f"{one.as_before} figure{'s' if one.as_before != 1 else ''}" if one.as_before else ""


def _components(one: AboutDeployment) -> str:
    """Those that are not well by name, of the others how many there are."""
    bad = [text for text in one.components if not text.endswith(_WELL) and not _MORE.fullmatch(text)]
    well = f"{one.well} well" if bad else f"all {one.well} well"
    return ", ".join((*bad, *([well] if one.well else [])))


_WELL: Final = ": well"
_MORE: Final = re.compile(r"[0-9]+ more")


def _rollback(one: AboutDeployment, said: str) -> Iterator[Labelled]:
    to_backup = one.backup_id and not one.quick
    yield "Rollback", f"to the backup {one.backup_id}" if to_backup else f"to {version_before(one.from_version)}"
    yield "Reason", "" if _begins_alike(one.reason, said) else one.reason


def commands(one: AboutDeployment) -> Iterator[Labelled]:
    """What people may type."""
    if one.runs_at is not None:
        yield "Stop it with", f'sentinel deploy veto {one.id} --why "not now"'


def body(message: Message) -> str:
    """The timeline, a line each; empty where there is nothing to tell yet."""
    one = message.deployment
    if one is None or not one.timeline or message.kind is Kind.DEPLOYMENT_STARTED:
        return ""
    said = (message.explanation, one.reason, *one.findings)
    return "\n".join(("Timeline (UTC):", *(_cut(line, said) for line in one.timeline)))


#: So many letters at the beginning of a sentence tell it from others: the lines of a timeline are shortened.
_ALIKE: Final = 40


def _begins_alike(text: str, said: str) -> bool:
    return bool(text) and text[:_ALIKE] in said


def _cut(line: str, said: Iterable[str]) -> str:
    """A line of the timeline without a sentence that stands above it in full."""
    for text in said:
        place = line.find(text[:_ALIKE]) if len(text) >= _ALIKE else -1
        if place > 0:
            return f"{line[:place].rstrip(' :')}: as said above"
    return line


# --- A suspect -------------------------------------------------------------------------------------------------------


def suspected(one: AboutDeployment, incident: AboutIncident) -> str:
    """The deployment that an incident may come of: `deployment 12 of payroll 2.4.1, began 6 min before (by ci)`."""
    before = max(incident.began_at - one.started_at, timedelta(0))
    over = ""
    if one.ended_at is not None and one.ended_at <= incident.began_at:
        over = f" and was over {format_duration(incident.began_at - one.ended_at)} before"
    by = f" (by {one.by})" if one.by else ""
    return f"deployment {one.id} of {label(one)}, began {format_duration(before)} before{over}{by}"


def _exactly(at: datetime, now: datetime) -> str:
    """By the clock, to the second where there is little time left."""
    return f"{at.astimezone(UTC):%H:%M:%S}" if at - now < EXACT_BELOW else _clock(at)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"

"""Looking back at a deployment some time after its end (EM-9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.base.units import Unit, format_duration, write_duration
from sentinel.core.calendar import Period
from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment, Ending
from sentinel.core.histogram import Histogram
from sentinel.core.incident import Incident
from sentinel.core.planned import Stretch
from sentinel.core.rule import Direction, Severity
from sentinel.core.slo import SPAN, Rollup
from sentinel.reports.deployment import line
from sentinel.reports.deployment_review import DeploymentReview, SinceFigure, SinceIncident
from sentinel.reports.past import added, as_of
from sentinel.reports.rounding import rounded, rounded_share
from sentinel.reports.status import rule_on

#: The shortest time before a deployment that is compared with.
LEAST_BEFORE = timedelta(hours=1)

#: A figure is worse when it is worse by more than this share of what it was.
MUCH = 0.1

#: A share of failures is worse only when it is higher by more than this, too: one failure more in a thousand is no finding.
MUCH_MORE_FAILURES = 0.001

#: Results of either side without which a figure is not compared.
FEWEST = 20

#: What is left to people at which time (EM, "Post-Deployment Tasks"): up to so long after the end.
FOR_PEOPLE: tuple[tuple[timedelta, tuple[str, ...]], ...] = (
    (
        timedelta(hours=4),
        (
            "Try what matters most by hand",
            "Review the logs for what no check looks at",
            "Update the status page",
        ),
    ),
    (
        timedelta(days=3),
        (
            "Look at how people use it",
            "Go through the alerts",
            "Ask users what they noticed",
            "Write down what was learnt",
        ),
    ),
    (
        timedelta.max,
        (
            "Review how fast it is, and where it is slow",
            "Have it scanned for weaknesses",
            "Ask users how content they are",
            "Plan what comes next",
            "Bring the documentation up to date",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """What a store knows of the time after a deployment, and of as long a time before it."""

    before: Mapping[str, Rollup]  # by check
    since: Mapping[str, Rollup]
    incidents: Sequence[Incident]  # of its system's checks, that were open at some time since its end
    lost: int = 0  # messages to stakeholders that never arrived


def spans(one: Deployment, until: datetime) -> tuple[Stretch, Stretch]:
    """What is compared: as much time before its start as has passed since its end, at least an hour; and the time since."""
    ended = min(one.ended_at or until, until)
    length = max(until - ended, LEAST_BEFORE)
    return Stretch(one.started_at - length, one.started_at), Stretch(ended, until)


def key_of(one: Deployment) -> str:
    """What tells the document of a deployment from all others: `12-payroll-2.4.1`."""
    return "-".join(part for part in (str(one.id), one.system, one.version) if part)


def period_of(one: Deployment, due: timedelta | None, until: datetime) -> Period:
    """The time that a review is about, under the key that it is made once for."""
    key = f"{key_of(one)}-{write_duration(due) if due else until.strftime('%Y%m%dT%H%MZ')}"
    return Period(key=key, since=spans(one, until)[0].since, until=until)


def build(
    one: Deployment,
    checks: Sequence[Check],
    known: Afterwards,
    until: datetime,
    due: timedelta | None = None,
) -> DeploymentReview:
    """The review of a deployment that is over.

    Args:
        one: the deployment.
        checks: of its system, as they are configured now.
        known: what the store knows.
        until: when it is looked back from.
        due: the time after its end for which it is made by itself.
    """
    before, since = spans(one, until)
    figures = tuple(_figures(checks, known))
    incidents = tuple(_incidents(one, known.incidents, until))
    unjudged = tuple(check.name for check in checks if not _is_judged(known.since.get(check.name)))
    early = len(unjudged) == len(checks) and since.length < 2 * SPAN + max((c.interval for c in checks), default=SPAN)
    severity, verdict = _verdict(one, figures, incidents, unjudged, len(checks), since.length)
    return DeploymentReview(
        line=line(one),
        after=since.length,
        due=write_duration(due) if due else "",
        length=before.length,
        severity=Severity.UNKNOWN if early and not incidents else severity,
        verdict="It is too early to say how its system has done since." if early and not incidents else verdict,
        early=early and not incidents,
        figures=figures,
        incidents=incidents,
        unjudged=() if early else unjudged,
        open_points=tuple(_open_points(one, figures, incidents, () if early else unjudged, known.lost)),
        for_people=next(asked for limit, asked in FOR_PEOPLE if since.length <= limit),
    )


def _is_judged(rollup: Rollup | None) -> bool:
    return rollup is not None and rollup.uptime is not None


# --- Figures ----------------------------------------------------------------------------------------------------------


def _figures(checks: Sequence[Check], known: Afterwards) -> Iterator[SinceFigure]:
    """Of all checks together, then of each: how much failed, and how the main reading was."""
    before = added(known.before[check.name] for check in checks if check.name in known.before)
    since = added(known.since[check.name] for check in checks if check.name in known.since)
    yield from _shares("", "All checks", before, since)
    for check in checks:
        was, now = known.before.get(check.name), known.since.get(check.name)
        if was is not None or now is not None:
            yield from _shares(check.name, check.label, was, now)
            yield from _quantiles(check, was, now)


def _shares(check: str, title: str, before: Rollup | None, since: Rollup | None) -> Iterator[SinceFigure]:
    counted = _judged(before), _judged(since)
    for name, label, worse in (("uptime", "uptime", Direction.BELOW), ("error_rate", "error rate", Direction.ABOVE)):
        was, now = (rounded_share(getattr(one, name)) if one else None for one in (before, since))
        yield _figure(check, title, name, label, Unit.RATIO, (was, now), counted, worse)


def _quantiles(check: Check, before: Rollup | None, since: Rollup | None) -> Iterator[SinceFigure]:
    if not check.main:
        return
    rule = rule_on(check, check.main)
    unit = rule.unit if rule else check.main_unit
    worse = rule.bounds.direction if rule else Direction.ABOVE
    counted = _taken(before), _taken(since)
    for name, q in (("p50", 0.5), ("p95", 0.95)):
        was, now = (rounded(one.quantile(q)) if one else None for one in (before, since))
        if was is not None or now is not None:
            label = f"{name} of {check.main.replace('_', ' ')}"
            yield _figure(check.name, check.label, name, label, unit, (was, now), counted, worse)


def _judged(one: Rollup | None) -> int:
    return one.samples - one.unknowns if one else 0


def _taken(one: Rollup | None) -> int:
    return Histogram.decode(one.histogram).total if one else 0


def _figure(
    check: str,
    title: str,
    name: str,
    label: str,
    unit: Unit,
    values: tuple[float | None, float | None],
    samples: tuple[int, int],
    worse: Direction,
) -> SinceFigure:
    before, since = values
    return SinceFigure(
        check=check,
        title=title,
        name=name,
        label=label,
        unit=unit,
        before=before,
        since=since,
        before_samples=samples[0],
        since_samples=samples[1],
        worse=min(samples) >= FEWEST and _is_worse(before, since, unit, worse),
    )


def _is_worse(before: float | None, since: float | None, unit: Unit, worse: Direction) -> bool:
    if before is None or since is None:
        return False
    if unit is Unit.RATIO:
        change = since - before if worse is Direction.ABOVE else before - since
        return change > MUCH_MORE_FAILURES and change > MUCH * (before if worse is Direction.ABOVE else 1 - before)
    return worse.breached(since, before * (1 + MUCH) if worse is Direction.ABOVE else before * (1 - MUCH))


# --- What came after --------------------------------------------------------------------------------------------------


def _incidents(one: Deployment, found: Sequence[Incident], until: datetime) -> Iterator[SinceIncident]:
    for incident in sorted((as_of(incident, until) for incident in found), key=lambda incident: -incident.id):
        if incident.opened_at is not None and incident.opened_at < until:
            yield SinceIncident(
                id=incident.id,
                check=incident.check,
                severity=incident.severity,
                opened_at=incident.opened_at,
                resolved_at=incident.resolved_at,
                suspected=incident.suspect == one.id,
                explanation=incident.verdict.explanation,
            )


_TROUBLE = {
    Ending.FAILED: "It failed, and stands as it is: roll it back, or take it with `sentinel deploy accept`.",
    Ending.ROLLBACK_FAILED: "Its rollback is not proven: see by hand what runs now.",
    Ending.INCONCLUSIVE: "Its watch saw too little to judge by.",
    Ending.UNWATCHED: "Nobody compared it with what was before.",
    Ending.ROLLED_BACK: "It was rolled back: find the cause, and mend it before the next one.",
}


def _open_points(
    one: Deployment,
    figures: Sequence[SinceFigure],
    incidents: Sequence[SinceIncident],
    unjudged: Sequence[str],
    lost: int,
) -> Iterator[str]:
    if one.ending in _TROUBLE:
        yield _TROUBLE[one.ending]
    for incident in incidents:
        if incident.resolved_at is None:
            yield f"Incident #{incident.id} of {incident.check} is still open."
    for check in dict.fromkeys(figure.check for figure in figures if figure.check and figure.worse):
        worse = [figure for figure in figures if figure.check == check and figure.worse]
        is_are = "is" if len(worse) == 1 else "are"
        yield f"{worse[0].title}: {' and '.join(figure.label for figure in worse)} {is_are} worse than before."
    if unjudged:
        more = f" and {len(unjudged) - 5} more" if len(unjudged) > 5 else ""
        yield f"Not judged since its end: {', '.join(unjudged[:5])}{more}."
    if lost:
        yield f"{lost} {'message' if lost == 1 else 'messages'} to stakeholders never arrived."


def _verdict(
    one: Deployment,
    figures: Sequence[SinceFigure],
    incidents: Sequence[SinceIncident],
    unjudged: Sequence[str],
    checks: int,
    length: timedelta,
) -> tuple[Severity, str]:
    since = f"In the {format_duration(length)} since its end"
    opened = [incident for incident in incidents if one.ended_at is None or incident.opened_at >= one.ended_at]
    still = [incident for incident in incidents if incident.resolved_at is None]
    if still:
        worst = max((incident.severity for incident in still), key=lambda severity: severity.urgency)
        named = ", ".join(f"#{incident.id}" for incident in still[:5])
        return worst, f"{since} its system did not come to rest: {named} still open."
    if opened:
        named = ", ".join(f"#{incident.id}" for incident in opened[:5])
        return Severity.WARNING, f"{since} {named} opened; all are over."
    if checks and len(unjudged) == checks:
        return Severity.UNKNOWN, f"{since} none of its checks was judged."
    if worse := [figure for figure in figures if figure.worse]:
        return (
            Severity.WARNING,
            f"{since} nothing broke, and {worse[0].label} of {worse[0].title} is worse than before.",
        )
    if one.ending in (Ending.FAILED, Ending.ROLLBACK_FAILED):
        return Severity.WARNING, f"{since} nothing broke; what came of the deployment is still open."
    return Severity.OK, f"{since} nothing broke, and nothing is worse than before."

"""What stakeholders are told of a deployment: when, the facts, the sentences about them, and the rows of the outbox.

All that is told of one deployment is one conversation. The keys of its rows come from the deployment and from what is told, so
what is decided again after a crash is the same row again. One step of a deployment is told once: what failed and is rolled back
at a stated time is one message, not two in the same minute.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sentinel.base.units import format_duration, format_lasted
from sentinel.core.deployment.check import moment_of
from sentinel.core.deployment.deployment import (
    Comparison,
    Deployment,
    Ending,
    Entry,
    Judged,
    Judgement,
    Phase,
    Ran,
    Rollback,
)
from sentinel.core.deployment.plainly import why_failed
from sentinel.core.deployment.plan import DeploymentPlan, OnFail
from sentinel.core.deployment.words import version_before
from sentinel.core.incident import Address
from sentinel.core.notification import AboutDeployment, Kind, Message, Notification, of_deployment
from sentinel.core.progress import health, standing
from sentinel.core.routing import key
from sentinel.core.rule import Severity

#: Figures, lines of the timeline, and checks by name that a message brings along at most.
MOST_FIGURES: Final = 8
MOST_LINES: Final = 20
MOST_COMPONENTS: Final = 20

#: Characters of a line of the timeline: what a command wrote may be long.
LINE_LIMIT: Final = 200

#: A check of the system by what people call it, and how bad it is; UNKNOWN: it could not be judged.
Found = tuple[str, Severity]

_WORDS: Final = {
    Severity.OK: "well",
    Severity.WARNING: "warning",
    Severity.CRITICAL: "critical",
    Severity.UNKNOWN: "not known",
}

# --- When ------------------------------------------------------------------------------------------------------------


def told(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    """What is told of one step of a deployment: that it failed says too when it is rolled back, so nobody is told twice."""
    if Kind.DEPLOYMENT_FAILED in kinds:
        return tuple(kind for kind in kinds if kind is not Kind.ROLLBACK_PLANNED)
    return tuple(kinds)


# --- The facts -------------------------------------------------------------------------------------------------------


def about(
    one: Deployment, *, found: Iterable[Found] = (), timeline: Sequence[Entry] = (), now: datetime | None = None
) -> AboutDeployment:
    """What a message says of a deployment, as it is after what is told.

    Args:
        one: the deployment.
        found: how the checks of its system are now.
        timeline: its lines, the earliest first.
        now: aware; None: what is down still is not counted as down.
    """
    checks = list(found)
    state, rollback, watch = health(checks), one.rollback, one.watch
    verdict = _verdict(one)
    return AboutDeployment(
        id=one.id,
        system=one.system,
        version=one.version,
        from_version=one.from_version,
        ref=one.ref,
        environment=one.environment,
        by=one.by,
        started_at=one.started_at,
        window_ends_at=one.window_ends_at,
        expects_down=one.expects_down,
        impact=one.impact,
        phase=one.phase.value,
        verdict=verdict.value if verdict is not None else "",
        ending=one.ending.value if one.ending is not None else "",
        ended_at=one.ended_at,
        down_for=_down_for(one, now),
        checks=state.checks,
        well=state.well,
        unjudged=state.unjudged,
        troubled=state.troubled,
        findings=findings(one),
        as_before=_as_before(one),
        timeline=tuple(_line(entry) for entry in timeline[-MOST_LINES:]),
        backup_id=rollback.backup_id if rollback is not None else one.backup_id,
        quick=rollback is not None and rollback.quick,
        reason=rollback.reason if rollback is not None else "",
        runs_at=rollback.runs_at if rollback is not None and rollback.state is Ran.ORDERED else None,
        rollback=rollback.state.value if rollback is not None else "",
        on_fail=one.on_fail.value,
        watched_until=watch.ends_at if watch is not None else None,
        components=_components(checks),
    )


def suspected(one: Deployment) -> AboutDeployment:
    """What a message about an incident says of the deployment that it may come of: who, what and when, and no more."""
    return AboutDeployment(
        id=one.id,
        system=one.system,
        version=one.version,
        from_version=one.from_version,
        ref=one.ref,
        environment=one.environment,
        by=one.by,
        started_at=one.started_at,
        window_ends_at=one.window_ends_at,
        phase=one.phase.value,
        ending=one.ending.value if one.ending is not None else "",
        ended_at=one.ended_at,
    )


def findings(one: Deployment) -> tuple[str, ...]:
    """What decided, in a sentence each: what broke first, then the figures that are worse, or all where none is."""
    last = _last(one)
    broken = [one.broken.text] if one.broken is not None else []
    if last is None:
        return tuple(broken)
    breaches = [*broken, *(breach.text for breach in last.breaches)]
    worse = [figure for figure in last.comparisons if figure.judged is Judged.FAIL]
    shown = worse if worse or breaches else sorted(last.comparisons, key=_by_judged)
    texts = [*breaches, *(figure.text for figure in shown)]
    return tuple(dict.fromkeys(text for text in texts if text))[:MOST_FIGURES]


def _as_before(one: Deployment) -> int:
    last = _last(one)
    return sum(figure.judged is Judged.PASS for figure in last.comparisons) if last is not None else 0


def _by_judged(figure: Comparison) -> int:
    return (Judged.FAIL, Judged.PASS, Judged.INCONCLUSIVE).index(figure.judged)


def _down_for(one: Deployment, now: datetime | None) -> timedelta | None:
    return one.down_for if now is None else one.seen_down(now)


def _last(one: Deployment) -> Judgement | None:
    return one.watch.judgements[-1] if one.watch is not None and one.watch.judgements else None


def _verdict(one: Deployment) -> Judged | None:
    """What its watch came to; None while it is not over."""
    if one.broken is not None:
        return Judged.FAIL
    last = _last(one)
    return last.judged if last is not None and last.final else None


def _components(checks: Sequence[Found]) -> tuple[str, ...]:
    worst_first = sorted(checks, key=lambda one: -one[1].urgency)
    named = [f"{name}: {_WORDS[severity]}" for name, severity in worst_first[:MOST_COMPONENTS]]
    more = len(worst_first) - len(named)
    return (*named, f"{more} more") if more else tuple(named)


def _line(entry: Entry) -> str:
    """Such as `21:04 note by kim: the tables are moved (35 s)`; what a command wrote is nothing for stakeholders."""
    what = entry.kind.replace("_", " ")
    said = "" if entry.kind in _UNSAID else _first_line(entry.text)
    by = f" by {entry.by}" if entry.by else ""
    took = f" ({format_lasted(entry.took)})" if entry.took is not None else ""
    whole = said if said.startswith(what) else f"{what}{by}{f': {said}' if said else ''}"
    return f"{_clock(entry.at)} {whole}{took}"


_UNSAID: Final = frozenset({"rollback_ended"})


# --- The message -----------------------------------------------------------------------------------------------------


def compose(
    one: Deployment,
    kind: Kind,
    *,
    source: str,
    now: datetime,
    link: str = "",
    plan: DeploymentPlan | None = None,
    found: Iterable[Found] = (),
    timeline: Sequence[Entry] = (),
) -> Message:
    """The facts of what is told of a deployment.

    Args:
        one: as it is after what is told.
        kind: what is told, of `OF_DEPLOYMENTS`.
        source: name of this Sentinel.
        now: aware.
        link: address of the dashboard; empty: there is none.
        plan: what is configured for its system, to say what follows.
        found: as of `about`.
        timeline: likewise.
    """
    checks = list(found)
    return Message(
        kind=kind,
        at=now,
        source=source,
        severity=_severity(one, kind),
        title=why_failed(one) if kind is Kind.DEPLOYMENT_FAILED else "",
        explanation=" ".join(part for part in _explanation(one, kind, now, checks) if part),
        hint=_hint(one, kind, plan),
        link=f"{link.rstrip('/')}/deployments/{one.id}" if link else "",
        deployment=about(one, found=checks, timeline=timeline, now=now),
    )


_BAD_ENDINGS: Final = frozenset({Ending.FAILED, Ending.ROLLBACK_FAILED})
_HALF_ENDINGS: Final = frozenset({Ending.INCONCLUSIVE, Ending.ROLLED_BACK})
#: That it ran does not say that it has helped.
_SEVERITIES: Final = {Ran.DONE: Severity.WARNING, Ran.STOPPED: Severity.WARNING}


def _severity(one: Deployment, kind: Kind) -> Severity:
    """How it strikes the eye. Nobody is woken by these messages: the incident of the deployment does that."""
    match kind:
        case Kind.DEPLOYMENT_FAILED | Kind.ROLLBACK_PLANNED:
            return Severity.CRITICAL
        case Kind.ROLLBACK_STARTED:
            return Severity.WARNING
        case Kind.ROLLBACK_ENDED:
            return _SEVERITIES.get(one.rollback.state, Severity.CRITICAL) if one.rollback is not None else Severity.OK
        case Kind.DEPLOYMENT_PROGRESS:
            return Severity.WARNING if one.overrun and one.phase is Phase.UNDER_WAY else Severity.OK
        case Kind.DEPLOYMENT_ENDED if one.ending in _BAD_ENDINGS:
            return Severity.CRITICAL
        case Kind.DEPLOYMENT_ENDED if one.ending in _HALF_ENDINGS or _was_undone(one):
            return Severity.WARNING
        case _:
            return Severity.OK


def _explanation(one: Deployment, kind: Kind, now: datetime, checks: Sequence[Found]) -> Iterable[str]:
    match kind:
        case Kind.DEPLOYMENT_STARTED:
            yield _agreed(one)
            yield _expected(one)
        case Kind.DEPLOYMENT_PROGRESS:
            yield _going(one, now)
            yield standing(health(checks))
        case Kind.DEPLOYMENT_FAILED:
            yield _why_failed(one)
        case Kind.ROLLBACK_PLANNED | Kind.ROLLBACK_STARTED | Kind.ROLLBACK_ENDED:
            yield _course_of_rollback(one, now)
        case _:
            yield _what_came_of_it(one)
            yield standing(health(checks)) if checks else ""


def _agreed(one: Deployment) -> str:
    change = f" goes from {one.from_version} to {one.version}" if one.from_version else f" is changed to {one.version}"
    lasts = format_duration(one.window_ends_at - one.started_at)
    return f"From {_moment(one.started_at)} to {_clock(one.window_ends_at)} UTC ({lasts}) {one.system}{change}."


def _expected(one: Deployment) -> str:
    if one.expects_down:
        return "It is expected to be down meanwhile: nobody is alarmed for that."
    return "It should stay up; nobody is alarmed for what breaks meanwhile."


def _going(one: Deployment, now: datetime) -> str:
    match one.phase:
        case Phase.UNDER_WAY:
            left = one.window_ends_at - now
            so_far = f"It has gone on for {format_duration(now - one.started_at)}, and "
            if left > timedelta(0):
                return f"{so_far}has {format_duration(left)} to go."
            return f"{so_far}its window was over {format_duration(-left)} ago: alarms are as always."
        case Phase.WATCHING if one.watch is not None:
            last = _last(one)
            said = f" So far: {last.text.rstrip('.')}." if last is not None and last.text else ""
            return f"It is done, and watched until {_clock(one.watch.ends_at)} UTC.{said}"
        case _:
            return _course_of_rollback(one, now)


def _why_failed(one: Deployment) -> str:
    if one.broken is not None:
        return one.broken.text
    last = _last(one)
    return last.text if last is not None else one.ended_why


def _course_of_rollback(one: Deployment, now: datetime) -> str:
    rollback = one.rollback
    if rollback is None:
        return ""
    by, to = f" by {rollback.by}" if rollback.by else "", undone(one)
    match rollback.state:
        case Ran.ORDERED if rollback.runs_at > now:
            return f"{_capital(to)} at {moment_of(rollback)} UTC, unless somebody stops that."
        case Ran.ORDERED:
            return f"{_capital(to)}: that was ordered{by} and begins now."
        case Ran.STARTED:
            return f"{_capital(to)}: that runs now."
        case Ran.DONE:
            return f"The rollback is done{_after(rollback)}. Its checks are run now, to know whether it has helped."
        case Ran.STOPPED:
            return f"The rollback was stopped before it began: {_first_line(rollback.text) or 'nothing was changed'}."
        case _:
            return f"The rollback {_went_wrong(rollback)}."


def undone(one: Deployment) -> str:
    """What a rollback does, such as `payroll goes back from 2.4.1 to 2.4.0`."""
    assert one.rollback is not None, "only a rollback undoes a deployment"
    came = f" from {one.version}" if one.version else ""
    return f"{one.system} goes back{came} to {_back(one, one.rollback)}"


def _back(one: Deployment, rollback: Rollback) -> str:
    return version_before(one.from_version) if rollback.quick else f"the backup {rollback.backup_id}"


def _after(rollback: Rollback) -> str:
    if rollback.ended_at is None:
        return ""
    return f" after {format_lasted(max(rollback.ended_at - rollback.runs_at, timedelta(0)))}"


def _went_wrong(rollback: Rollback) -> str:
    if rollback.state is Ran.INTERRUPTED:
        return "was interrupted: nobody knows how far it came"
    why = _first_line(rollback.text)
    return f"failed: {why}" if why else "failed"


_ENDINGS: Final = {
    Ending.PASSED: "Its watch found nothing that is worse than before.",
    Ending.FAILED: "It failed, and stands as it is.",
    Ending.INCONCLUSIVE: "It could not be judged whether it is as good as before.",
    Ending.UNWATCHED: "It was ended without a watch.",
    Ending.ROLLED_BACK: "It was rolled back, and the checks prove that.",
    Ending.ROLLBACK_FAILED: "It failed, and so did its rollback.",
    Ending.ACCEPTED: "It had failed, and is taken as it is.",
}


#: Endings of which there is no more to say than that.
_PLAIN: Final = frozenset({Ending.PASSED, Ending.ROLLED_BACK})


def _what_came_of_it(one: Deployment) -> str:
    ended = one.ended_at or one.started_at
    took = f"It took {format_lasted(max(ended - one.started_at, timedelta(0)))}."
    usual = _ENDINGS[one.ending] if one.ending is not None else ""
    if one.ending is Ending.ROLLED_BACK and (one.rollback is None or one.rollback.verification is None):
        usual = "It was rolled back; no check was asked to prove that."
    said = usual if one.ending in _PLAIN or not one.ended_why else f"{_capital(one.ended_why.rstrip('.'))}."
    return f"{_what_was_undone(one)} {said} {took}".strip()


def _was_undone(one: Deployment) -> bool:
    """Whether it was accepted after a rollback of it had begun: what was deployed is not what was taken as it is."""
    begun = one.rollback is not None and one.rollback.state is not Ran.STOPPED
    return one.ending is Ending.ACCEPTED and begun


def _what_was_undone(one: Deployment) -> str:
    if not _was_undone(one) or one.rollback is None:
        return ""
    if one.rollback.state is Ran.DONE:
        return f"It was rolled back to {_back(one, one.rollback)}, and what came of that is taken as it is."
    went = "was interrupted" if one.rollback.state is Ran.INTERRUPTED else "failed"
    return f"Its rollback {went}, so it is not known which version runs; that is taken as it is."


# --- What follows ----------------------------------------------------------------------------------------------------


def _hint(one: Deployment, kind: Kind, plan: DeploymentPlan | None) -> str:
    match kind:
        case Kind.DEPLOYMENT_STARTED:
            return _what_follows(one, plan)
        case Kind.DEPLOYMENT_PROGRESS if one.phase is Phase.UNDER_WAY:
            return f"`sentinel deploy status {one.id}` says more; you hear again when it is over."
        case Kind.DEPLOYMENT_PROGRESS if one.phase is Phase.WATCHING:
            return f"You hear again what came of it; {_ON_FAIL[one.on_fail]}."
        case Kind.DEPLOYMENT_FAILED:
            return _what_next(one)
        case Kind.ROLLBACK_PLANNED:
            return "Nothing is to be done: you hear how it went."
        case Kind.ROLLBACK_STARTED:
            return "Nothing is to be done: you hear how it went."
        case Kind.DEPLOYMENT_ENDED | Kind.ROLLBACK_ENDED if one.is_over:
            return _in_the_end(one, plan)
        case _:
            return ""


def _what_follows(one: Deployment, plan: DeploymentPlan | None) -> str:
    every = plan.update_every if plan is not None else timedelta(0)
    hear = f"You hear every {format_duration(every)} how it goes, and what came of it." if every else _HEAR
    if plan is None:
        return hear
    return f"{hear} After the work it is watched for {format_lasted(plan.watch.lasts)}; {_ON_FAIL[one.on_fail]}."


_HEAR: Final = "You hear what came of it."

_ON_FAIL: Final = {
    OnFail.TELL: "if it is worse than before, people decide what to do",
    OnFail.PROPOSE: "if it is worse than before, it is rolled back unless somebody stops that",
    OnFail.ACT: "if it is worse than before, it is rolled back at once",
}


def _what_next(one: Deployment) -> str:
    rollback = one.rollback
    if rollback is None or rollback.state is Ran.STOPPED:
        return f"Nothing is rolled back by itself. {_by_hand(one)}"
    if rollback.runs_at > rollback.ordered_at:
        at = moment_of(rollback)
        return f"{_capital(undone(one))} at {at} UTC, unless somebody stops that; you hear how it went."
    return f"{_capital(undone(one))} now; you hear how it went."


def _by_hand(one: Deployment) -> str:
    undo = f"`sentinel rollback --quick --system {one.system} --reason WHY`"
    return f"{undo} undoes it; `sentinel deploy accept {one.id} --why WHY` takes it as it is."


def _in_the_end(one: Deployment, plan: DeploymentPlan | None) -> str:
    match one.ending:
        case Ending.FAILED:
            return _by_hand(one)
        case Ending.ROLLBACK_FAILED:
            return "Look at what the rollback has done before anything is run again: Sentinel does not run it twice."
        case Ending.ROLLED_BACK:
            return "Next: find the cause, mend it, and agree on another time."
        case _:
            reviews = [format_duration(after) for after in plan.reviews] if plan is not None else []
            return f"Looked at again after {_and(reviews)}; its document says all of it." if reviews else ""


# --- The rows --------------------------------------------------------------------------------------------------------


def rows(one: Deployment, message: Message, addresses: Iterable[Address], instance: str) -> tuple[Notification, ...]:
    """The rows of the outbox for a message.

    Args:
        one: as it is after what is told.
        message: of `compose`.
        addresses: of the stakeholders.
        instance: identity of the store.
    """
    return tuple(
        Notification(
            key=_key(one, message.kind, address, instance),
            address=address,
            message=message,
            created_at=message.at,
            due_at=message.at,
            incident=of_deployment(one.id),
        )
        for address in dict.fromkeys(addresses)
    )


def outdated(before: Deployment | None, addresses: Iterable[Address], instance: str) -> tuple[str, ...]:
    """Keys of what was told last of how it went, and of a rollback to come: pointless once something newer is told."""
    if before is None:
        return ()
    kinds = [Kind.DEPLOYMENT_PROGRESS] if before.step else []
    kinds += [Kind.ROLLBACK_PLANNED] if before.rollback is not None and before.rollback.state is Ran.ORDERED else []
    return tuple(_key(before, kind, address, instance) for kind in kinds for address in dict.fromkeys(addresses))


def _key(one: Deployment, kind: Kind, address: Address, instance: str) -> str:
    return key(f"{instance}/deployment/{one.id}/{kind.value}{_occasion(one, kind)}", 0, 0, address)


def _occasion(one: Deployment, kind: Kind) -> str:
    """What tells this message from another one of the same kind: a rollback that was stopped may be ordered again."""
    match kind:
        case Kind.DEPLOYMENT_PROGRESS:
            return f"/{one.step}"
        case Kind.DEPLOYMENT_ENDED if one.ending is not None and one.ended_at is not None:
            return f"/{one.ending.value}/{one.ended_at.isoformat()}"
        case Kind.ROLLBACK_PLANNED | Kind.ROLLBACK_STARTED | Kind.ROLLBACK_ENDED if one.rollback is not None:
            return f"/{one.rollback.ordered_at.isoformat()}"
        case _:
            return ""


# --- Words -----------------------------------------------------------------------------------------------------------


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:LINE_LIMIT].rstrip(".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _and(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last

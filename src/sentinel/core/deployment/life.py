"""The life of a deployment.

Rule 1: everything that decides about a transition stands in this file; the figures that a verdict is made of do not.
Rule 2: `step` is total: in every phase each event is either followed or refused, and a refusal changes nothing.
Rule 3: there is one rollback. A second order is refused unless the first was stopped before it began; then people alone give it.
Rule 4: what was agreed on at the start, such as what is done about a failure, no reload changes.

The phases and the ways between them are drawn in `core.deployment.deployment`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from sentinel.base.units import format_lasted, format_paced
from sentinel.core.deployment.deployment import (
    IN_TROUBLE,
    Deployment,
    Ended,
    Ending,
    Entry,
    Judged,
    Judgement,
    Phase,
    Ran,
    Rollback,
    Verification,
    Watch,
)
from sentinel.core.deployment.events import (
    NOWHERE,
    Accepted,
    Breached,
    Coursed,
    Event,
    Extended,
    Finished,
    Noted,
    Overran,
    PointJudged,
    Proven,
    Refusal,
    Reviewed,
    RollbackAdopted,
    RollbackMoved,
    RollbackStopped,
    RollbackWanted,
    SeenDown,
    SeenUp,
    Setting,
    Step,
    Verified,
    WatchBegun,
)
from sentinel.core.deployment.plan import OnFail, RollbackPlan
from sentinel.core.deployment.rolling_back import OVER, Wanted, came_to, entry, may_be_ordered, order, stopped
from sentinel.core.deployment.words import LONGEST_TEXT, summary
from sentinel.core.incident import Address
from sentinel.core.notification import Kind

#: Verifications that a deployment keeps, the latest ones.
MOST_VERIFICATIONS = 20

# --- Steps ----------------------------------------------------------------------------------------------------------


def begin(deployment: Deployment, now: datetime) -> Step:
    """A deployment that has just started."""
    versions = f"from {deployment.from_version} to {deployment.version}" if deployment.from_version else "to "
    whither = versions if deployment.from_version else f"{versions}{deployment.version}"
    until = f"{deployment.window_ends_at:%H:%M} UTC"
    down = ", down is expected" if deployment.expects_down else ""
    text = f"{deployment.system} {whither}; its window is open until {until}{down}"
    started = Entry(deployment=deployment.id, at=now, kind="started", by=deployment.by, text=text)
    return Step(deployment, (started,), (Kind.DEPLOYMENT_STARTED,))


def undo_unknown(deployment: Deployment, event: RollbackWanted, now: datetime, setting: Setting) -> Step:
    """A rollback of what Sentinel knows no deployment of: one without a version, that does nothing else."""
    ordered = _order(deployment, event, now, setting)
    started = _entry(deployment, now, "started", "a rollback of a release that is not known here", deployment.by)
    return ordered._replace(entries=(started, *ordered.entries))


def step(one: Deployment, event: Event, now: datetime, setting: Setting = NOWHERE) -> Step:
    """What an event does to a deployment, and what has to be done about it.

    Args:
        one: before the event.
        now: aware.
        setting: for the order, where one comes of it.
    """
    match event:
        case Noted():
            return Step(one, (_entry(one, now, event.kind, event.text, event.by, event.took),))
        case Reviewed(after=after):
            return _reviewed(one, after)
        case Accepted():
            return _accepted(one, event, now)
        case RollbackWanted():
            return _wanted(one, event, now, setting)
        case RollbackAdopted():
            return _adopted(one, event, now)
        case _ if one.phase is Phase.ENDED:
            return Step(one, refusal=Refusal.OVER)
        case RollbackMoved() | RollbackStopped() | Proven():
            return _rolling(one, event, now)
        case Verified(verification=verification):
            return _verified(one, verification, now)
        case Coursed(step=number):
            if number <= one.step:
                return Step(one, refusal=Refusal.NO_NEWS)
            return Step(replace(one, step=number), kinds=(Kind.DEPLOYMENT_PROGRESS,))
        case SeenDown() | SeenUp():
            return _seen(one, event)
        case Finished():
            return _finished(one, event, now)
        case Breached():
            return _breached(one, event, now, setting)
        case PointJudged(judgement=judgement):
            return _judged(one, judgement, now, setting)
        case Extended() | WatchBegun() | Overran():
            return _at_work(one, event, now)
        case _:
            assert_never(event)


# --- While it goes on -----------------------------------------------------------------------------------------------


def _at_work(one: Deployment, event: Extended | WatchBegun | Overran, now: datetime) -> Step:
    """What happens only while whoever deploys is at work."""
    if one.phase is not Phase.UNDER_WAY:
        watched = isinstance(event, WatchBegun) and one.phase is Phase.WATCHING
        return Step(one, refusal=Refusal.ALREADY_WATCHED if watched else Refusal.NOT_UNDER_WAY)
    match event:
        case Extended(by=by, until=until):
            if until <= one.window_ends_at:
                return Step(one, refusal=Refusal.NO_LATER)
            longer = replace(one, window_ends_at=until, overrun=False)
            text = f"its window is open until {until:%H:%M} UTC instead of {one.window_ends_at:%H:%M}"
            return Step(longer, (_entry(one, now, "extended", text, by),))
        case WatchBegun():
            return _begin_watch(one, event, now)
        case Overran():
            if one.overrun or now < one.window_ends_at:
                return Step(one, refusal=Refusal.NO_NEWS)
            text = f"its window was over at {one.window_ends_at:%H:%M} UTC, and it is not"
            return Step(replace(one, overrun=True), (_entry(one, now, "overrun", text),))
        case _:
            assert_never(event)


def _begin_watch(one: Deployment, event: WatchBegun, now: datetime) -> Step:
    lasts = event.lasts or event.plan.lasts
    points = (*(point for point in event.plan.points if point < lasts), lasts)
    plan = replace(event.plan, lasts=lasts, points=points[:-1])
    watched = replace(
        one,
        phase=Phase.WATCHING,
        overrun=False,
        watch=Watch(began_at=now, lasts=lasts, points=points, plan=plan),
    )
    when = ", ".join(format_lasted(point) for point in points)
    text = f"it is watched for {format_lasted(lasts)} and judged after {when}"
    return Step(watched, (_entry(one, now, "watch", text, event.by, now - one.started_at),))


def _judged(one: Deployment, judgement: Judgement, now: datetime, setting: Setting) -> Step:
    watch = one.watch
    if one.phase is not Phase.WATCHING or watch is None:
        return Step(one, refusal=Refusal.NOT_WATCHED)
    fails = judgement.judged is Judged.FAIL
    last = len(watch.judgements) + 1 >= len(watch.points)  # nobody would ask again
    judgement = replace(judgement, final=judgement.final or fails or last)
    known = replace(one, watch=replace(watch, judgements=(*watch.judgements, judgement)))
    said = f"{judgement.judged.value}: {judgement.text}" if judgement.text else judgement.judged.value
    entries = (_entry(one, now, "judged", f"after {format_paced(judgement.after)}: {said}"),)
    if fails:
        return _led_by(entries, _fail(known, judgement.text or "its watch failed", now, setting))
    if not judgement.final:
        return Step(known, entries)
    ending = Ending.PASSED if judgement.judged is Judged.PASS else Ending.INCONCLUSIVE
    return _led_by(entries, _end(known, ending, _verdict(judgement), now))


def _verdict(judgement: Judgement) -> str:
    if judgement.judged is Judged.PASS:
        return f"its watch of {format_paced(judgement.after)} passed"
    return f"its watch of {format_paced(judgement.after)} was inconclusive"


def _breached(one: Deployment, event: Breached, now: datetime, setting: Setting) -> Step:
    if one.phase not in (Phase.UNDER_WAY, Phase.WATCHING):
        return Step(one, refusal=Refusal.NOT_UNDER_WAY)
    return _fail(replace(one, broken=event.breach), event.breach.text, now, setting, event.by)


def _finished(one: Deployment, event: Finished, now: datetime) -> Step:
    if one.phase is Phase.UNDER_WAY:
        text = event.why or "it was finished without a watch"
        return _end(one, Ending.UNWATCHED, text, now, event.by)
    if one.phase is Phase.WATCHING:
        text = f"its watch was ended before its time{f': {event.why}' if event.why else ''}"
        return _end(one, Ending.INCONCLUSIVE, text, now, event.by)
    return Step(one, refusal=Refusal.NOT_UNDER_WAY)


def _verified(one: Deployment, verification: Verification, now: datetime) -> Step:
    kept = (*one.verifications, verification)[-MOST_VERIFICATIONS:]
    ended = verification.ended_at or now
    entry = _entry(one, now, "verified", summary(verification), verification.by, ended - verification.began_at)
    return Step(replace(one, verifications=kept), (entry,))


def _seen(one: Deployment, event: SeenDown | SeenUp) -> Step:
    if isinstance(event, SeenDown):
        if one.down_since is not None:
            return Step(one, refusal=Refusal.NO_NEWS)
        entry = _entry(one, event.since, "seen_down", event.text)
        return Step(replace(one, down_since=event.since), (entry,))
    if one.down_since is None:
        return Step(one, refusal=Refusal.NO_NEWS)
    lasted = max(event.at - one.down_since, timedelta(0))
    up = replace(one, down_since=None, down_for=(one.down_for or timedelta(0)) + lasted)
    return Step(up, (_entry(one, event.at, "up_again", "", took=lasted),))


# --- What comes of it -----------------------------------------------------------------------------------------------


def _fail(one: Deployment, why: str, now: datetime, setting: Setting, by: str = "") -> Step:
    """It failed: what is done about it was agreed on when it began."""
    failed = (_entry(one, now, "failed", why, by),)
    undo = one.undo
    # What was stopped before it began, Sentinel does not order by itself: a person said no, or a level that needs it no more.
    if undo is None or one.on_fail is OnFail.TELL or one.rollback is not None:
        ended = _end(one, Ending.FAILED, why, now)
        return _led_by(failed, ended._replace(kinds=(Kind.DEPLOYMENT_FAILED,)))
    veto = undo.veto if one.on_fail is OnFail.PROPOSE else timedelta(0)
    wanted = Wanted(reason=_one_line(why), backup_id=one.backup_id, veto=veto)
    ordered = order(one, wanted, Address(undo.channel), now=now, **_setting(setting))
    phase = Phase.PROPOSED if veto else Phase.ROLLING_BACK
    going = replace(one, phase=phase, rollback=ordered.rollback)
    planned = (Kind.ROLLBACK_PLANNED,) if veto else ()
    return Step(
        going,
        (*failed, entry(one.id, ordered.rollback, now)),
        (Kind.DEPLOYMENT_FAILED, *planned),
        ordered.row,
    )


def _end(one: Deployment, ending: Ending, why: str, now: datetime, by: str = "") -> Step:
    over = replace(one, phase=Phase.ENDED, ended_at=now, ending=ending, ended_why=why, overrun=False, was=None)
    # What a person says does not say what came of it.
    text = f"{ending.value.replace('_', ' ')}: {why}" if by else why
    ended = _entry(one, now, "ended", text, by, max(now - one.started_at, timedelta(0)))
    return Step(over, (ended,), (Kind.DEPLOYMENT_ENDED,))


def _accepted(one: Deployment, event: Accepted, now: datetime) -> Step:
    if one.phase is not Phase.ENDED or one.ending not in IN_TROUBLE:
        return Step(one, refusal=Refusal.NOT_IN_TROUBLE)
    taken = replace(one, ending=Ending.ACCEPTED, ended_why=event.why)
    return Step(taken, (_entry(one, now, "accepted", event.why, event.by),), (Kind.DEPLOYMENT_ENDED,))


def _reviewed(one: Deployment, after: timedelta) -> Step:
    if after in one.reviewed:
        return Step(one, refusal=Refusal.NO_NEWS)
    return Step(replace(one, reviewed=(*one.reviewed, after)))


# --- The rollback ---------------------------------------------------------------------------------------------------


def _wanted(one: Deployment, event: RollbackWanted, now: datetime, setting: Setting) -> Step:
    """Somebody wants it undone now; one that only waits for its time runs at once."""
    waits = one.phase is Phase.PROPOSED and one.rollback is not None and one.rollback.state is Ran.ORDERED
    if not waits and not may_be_ordered(one):
        return Step(one, refusal=Refusal.ALREADY_ROLLED_BACK)
    if one.phase in (Phase.ROLLING_BACK, Phase.VERIFYING):
        return Step(one, refusal=Refusal.ALREADY_ROLLED_BACK)
    return _order(one, event, now, setting)


def _order(one: Deployment, event: RollbackWanted, now: datetime, setting: Setting) -> Step:
    ordered = order(one, event.wanted, Address(event.undo.channel), now=now, **_setting(setting))
    going = _undone_by(one, ordered.rollback, event.undo)
    planned = (Kind.ROLLBACK_PLANNED,) if event.wanted.veto else ()
    return Step(going, (entry(one.id, ordered.rollback, now),), planned, ordered.row)


def _adopted(one: Deployment, event: RollbackAdopted, now: datetime) -> Step:
    if not may_be_ordered(one) or one.phase in (Phase.ROLLING_BACK, Phase.VERIFYING):
        return Step(one, refusal=Refusal.ALREADY_ROLLED_BACK)
    going = _undone_by(one, event.rollback, event.undo)
    planned = (Kind.ROLLBACK_PLANNED,) if going.phase is Phase.PROPOSED else ()
    return Step(going, (entry(one.id, event.rollback, now),), planned)


def _undone_by(one: Deployment, rollback: Rollback, undo: RollbackPlan) -> Deployment:
    """One that was over goes on until it is undone."""
    phase = Phase.PROPOSED if rollback.runs_at > rollback.ordered_at else Phase.ROLLING_BACK
    was = one.was
    if one.ended_at is not None and one.ending is not None:
        was = Ended(at=one.ended_at, ending=one.ending, why=one.ended_why)
    return replace(one, phase=phase, rollback=rollback, undo=undo, ended_at=None, ending=None, ended_why="", was=was)


def _rolling(one: Deployment, event: RollbackMoved | RollbackStopped | Proven, now: datetime) -> Step:
    if one.rollback is None:
        return Step(one, refusal=Refusal.NO_ROLLBACK)
    match event:
        case RollbackStopped(by=by, why=why):
            if one.rollback.state is not Ran.ORDERED:
                return Step(one, refusal=Refusal.BEGUN)
            return _moved(one, one.rollback, stopped(one.rollback, by, why, now), now, by)
        case RollbackMoved(rollback=after):
            return _moved(one, one.rollback, after, now)
        case Proven(verification=verification):
            return _proven(one, one.rollback, verification, now)
        case _:
            assert_never(event)


def _moved(one: Deployment, before: Rollback, after: Rollback, now: datetime, by: str = "") -> Step:
    if before.state in OVER or after == before or (before.state is Ran.STARTED and after.state is Ran.ORDERED):
        return Step(one, refusal=Refusal.NO_NEWS)
    going = replace(one, rollback=after)
    match after.state:
        case Ran.ORDERED:  # at another time than before
            return Step(going)
        case Ran.STARTED:
            running = replace(going, phase=Phase.ROLLING_BACK)
            return Step(running, (entry(one.id, after, now),), (Kind.ROLLBACK_STARTED,))
        case Ran.DONE:
            return _done(going, after, now)
        case Ran.STOPPED if one.was is not None:
            return Step(_as_it_was(going, one.was), (entry(one.id, after, now),), (Kind.ROLLBACK_ENDED,))
        case Ran.STOPPED if after.incident and not _has_failed(one):
            # A level of escalation wanted it, and that is over: the deployment goes on as if nothing had been ordered.
            phase = Phase.UNDER_WAY if one.watch is None else Phase.WATCHING
            return Step(replace(going, phase=phase), (entry(one.id, after, now),), (Kind.ROLLBACK_ENDED,))
        case Ran.STOPPED:
            ended = _end(going, Ending.FAILED, f"its rollback {_first_line(came_to(after))}", now, by)
        case Ran.FAILED | Ran.INTERRUPTED:
            ended = _end(going, Ending.ROLLBACK_FAILED, f"the rollback {_first_line(came_to(after))}", now)
        case _:
            assert_never(after.state)
    return _led_by((entry(one.id, after, now),), ended._replace(kinds=(Kind.ROLLBACK_ENDED,)))


def _as_it_was(one: Deployment, was: Ended) -> Deployment:
    """It was over before somebody wanted it undone, and nothing has come of that."""
    return replace(one, phase=Phase.ENDED, ended_at=was.at, ending=was.ending, ended_why=was.why, was=None)


def _done(one: Deployment, after: Rollback, now: datetime) -> Step:
    """It ran; whether it has helped, the checks say."""
    return Step(replace(one, phase=Phase.VERIFYING), (entry(one.id, after, now),), (Kind.ROLLBACK_ENDED,))


def _has_failed(one: Deployment) -> bool:
    judged = one.watch.judgements[-1].judged if one.watch is not None and one.watch.judgements else None
    return one.broken is not None or judged is Judged.FAIL


def _proven(one: Deployment, rollback: Rollback, verification: Verification, now: datetime) -> Step:
    if one.phase is not Phase.VERIFYING:
        return Step(one, refusal=Refusal.NO_ROLLBACK)
    known = replace(one, rollback=replace(rollback, verification=verification))
    took = (verification.ended_at or now) - verification.began_at
    proven = _entry(one, now, "verified", summary(verification), verification.by, took)
    if verification.judged is Judged.PASS:
        return _led_by((proven,), _end(known, Ending.ROLLED_BACK, "it was rolled back, and its checks pass", now))
    why = f"it was rolled back, and its checks do not prove it: {summary(verification)}"
    return _led_by((proven,), _end(known, Ending.ROLLBACK_FAILED, why, now))


# --- Words ----------------------------------------------------------------------------------------------------------


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TEXT]


def _setting(setting: Setting) -> dict[str, str]:
    return {"instance": setting.instance, "source": setting.source, "link": setting.link}


def _entry(one: Deployment, at: datetime, kind: str, text: str, by: str = "", took: timedelta | None = None) -> Entry:
    return Entry(deployment=one.id, at=at, kind=kind, by=by, text=text, took=took)


def _led_by(entries: tuple[Entry, ...], then: Step) -> Step:
    return then._replace(entries=(*entries, *then.entries))

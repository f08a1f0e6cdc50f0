"""Two deployments that are over, with everything that a document says of one: one that passed, one that was rolled back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.base.units import Unit
from sentinel.core.deployment.deployment import (
    Breach,
    Comparison,
    Deployment,
    Ending,
    Entry,
    Judged,
    Judgement,
    Measure,
    Phase,
    Ran,
    Rollback,
    Verification,
    VerifiedCheck,
    Watch,
)
from sentinel.core.deployment.plan import Criterion, OnFail
from sentinel.core.result import FailureClass, Outcome
from sentinel.core.rule import Severity
from tests.kit.scene import MINUTE, NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

#: When both began.
BEGAN = NOW - 100 * MINUTE


def at(minutes: float) -> datetime:
    """So long after the start of a deployment."""
    return BEGAN + minutes * MINUTE


def compared(check: str, before: float, after: float, judged: Judged, p: float) -> Comparison:
    """The p95 of a check beside what it was."""
    text = f"p95 of {check} {after:g} s, was {before:g} s, p = {p:g}, 96 and 540 results"
    return Comparison(
        measure=Measure.TIME,
        check=check,
        judged=judged,
        before=before,
        after=after,
        unit=Unit.SECONDS,
        before_samples=540,
        after_samples=96,
        bound=before * 1.5,
        significance=p,
        text=text,
    )


def errors(before: float, after: float, judged: Judged) -> Comparison:
    """The share of failures of all checks."""
    return Comparison(
        measure=Measure.ERRORS,
        check="",
        judged=judged,
        before=before,
        after=after,
        unit=Unit.RATIO,
        before_samples=1_080,
        after_samples=192,
        bound=before + 0.01,
        significance=0.4,
        text=f"{after:.1%} of all results failed, {before:.1%} before",
    )


def judgement(minutes: float, *comparisons: Comparison, final: bool = False) -> Judgement:
    """What a point says, the worst of its comparisons."""
    judged = Judged.FAIL if any(one.judged is Judged.FAIL for one in comparisons) else Judged.PASS
    text = "slower than before" if judged is Judged.FAIL else "nothing is worse than before"
    after = minutes * MINUTE
    return Judgement(at=at(8) + after, after=after, judged=judged, comparisons=comparisons, final=final, text=text)


def verified(name: str, outcome: Outcome = Outcome.PASS) -> VerifiedCheck:
    """A check of a verification."""
    bad = outcome is Outcome.FAIL
    return VerifiedCheck(
        name=name,
        title=name.capitalize(),
        kind="http",
        outcome=outcome,
        severity=Severity.CRITICAL if bad else Severity.OK,
        took=timedelta(milliseconds=120),
        failure=FailureClass.REFUSED if bad else None,
        explanation="connection refused by 127.0.0.1 port 8443" if bad else "",
        hint="start the service" if bad else "",
    )


def verification(minutes: float, tag: str, *checks: VerifiedCheck) -> Verification:
    """Checks with a tag, run once."""
    return Verification(
        tags=(tag,),
        began_at=at(minutes),
        ended_at=at(minutes) + MINUTE / 6,
        planned=len(checks),
        checks=checks,
        by="ann",
    )


_BASE = Deployment(
    id=12,
    system="portal",
    version="2.4.1",
    ref="9f3c2e1",
    from_version="2.4.0",
    environment="production",
    backup_id="nightly-20261122",
    by="ann",
    started_at=BEGAN,
    window_ends_at=at(30),
    expects_down=True,
    impact="The portal cannot be reached for some minutes.",
    channels=("mail", "chat"),
    down_for=4 * MINUTE,
)

_GOOD = (
    judgement(2, compared("login", 0.25, 0.26, Judged.PASS, 0.4), errors(0.001, 0.0, Judged.PASS)),
    judgement(15, compared("login", 0.25, 0.24, Judged.PASS, 0.7), errors(0.001, 0.0, Judged.PASS), final=True),
)

#: 2.4.1 passed after 23 minutes.
PASSED = replace(
    _BASE,
    phase=Phase.ENDED,
    verifications=(
        verification(0, "pre", verified("backup"), verified("disk")),
        verification(7, "post", verified("health"), verified("login")),
    ),
    watch=Watch(began_at=at(8), lasts=15 * MINUTE, points=(2 * MINUTE, 15 * MINUTE), judgements=_GOOD),
    ending=Ending.PASSED,
    ended_at=at(23),
    ended_why="passed: nothing is worse than before",
)

_BAD = judgement(2, compared("login", 0.25, 0.41, Judged.FAIL, 0.0002), errors(0.001, 0.0, Judged.PASS), final=True)

#: The same was 64 % slower, and was rolled back.
UNDONE = replace(
    PASSED,
    watch=Watch(began_at=at(8), lasts=15 * MINUTE, points=(2 * MINUTE, 15 * MINUTE), judgements=(_BAD,)),
    on_fail=OnFail.PROPOSE,
    broken=Breach(
        criterion=Criterion.SEVERAL_SERVICES, text="3 checks are critical at once", checks=("login", "health")
    ),
    rollback=Rollback(
        key="msg_0123",
        channel="undo",
        quick=True,
        reason="p95 of login is 64 % slower",
        ordered_at=at(10),
        runs_at=at(15),
        state=Ran.DONE,
        ended_at=at(16),
        text="exit status 0: back at 2.4.0",
        verification=verification(16.5, "post", verified("health"), verified("login")),
    ),
    ending=Ending.ROLLED_BACK,
    ended_at=at(17),
    ended_why="rolled back to 2.4.0, and its checks pass",
)


def entries(one: Deployment) -> list[Entry]:
    """What happened in it."""

    def entry(minutes: float, kind: str, text: str, by: str = "", took: timedelta | None = None) -> Entry:
        return Entry(deployment=one.id, at=at(minutes), kind=kind, by=by, text=text, took=took)

    assert one.ended_at is not None
    course = [
        entry(0, "started", "2.4.0 to 2.4.1", by="ann"),
        entry(0.2, "verified", "2 of 2 pass", took=MINUTE / 6),
        entry(1, "note", "service stopped", by="ann"),
        entry(6, "note", "migrations ran", by="ann", took=4 * MINUTE),
        entry(7.2, "verified", "2 of 2 pass", took=MINUTE / 6),
        entry(8, "watch", "for 15 min", by="ann"),
    ]
    if one.rollback is not None:
        course += [entry(10, "judged", _BAD.text), entry(10, "rollback_planned", one.rollback.reason)]
        course += [entry(16, "rollback_ended", one.rollback.text, took=MINUTE)]
    ended = (one.ended_at - one.started_at) / MINUTE
    return [*course, entry(ended, "ended", one.ended_why, took=one.ended_at - one.started_at)]


def worded_by(say: Callable[[str], str]) -> Deployment:
    """The one that was rolled back; `say` is what becomes of each of its texts."""
    one = UNDONE
    assert one.watch is not None
    assert one.broken is not None
    assert one.rollback is not None
    assert one.rollback.verification is not None

    def proof(of: Verification) -> Verification:
        bad = verified("login", Outcome.FAIL)
        worded = replace(bad, title=say(bad.title), explanation=say(bad.explanation), hint=say(bad.hint))
        return replace(of, tags=tuple(map(say, of.tags)), checks=(*of.checks[:1], worded), by=say(of.by))

    points = tuple(
        replace(
            point,
            text=say(point.text),
            comparisons=tuple(replace(each, check=say(each.check), text=say(each.text)) for each in point.comparisons),
            breaches=(replace(one.broken, text=say(one.broken.text)),),
        )
        for point in one.watch.judgements
    )
    return replace(
        one,
        version=say(one.version),
        ref=say(one.ref),
        from_version=say(one.from_version),
        environment=say(one.environment),
        backup_id=say(one.backup_id),
        by=say(one.by),
        impact=say(one.impact),
        channels=tuple(map(say, one.channels)),
        verifications=tuple(map(proof, one.verifications)),
        watch=replace(one.watch, judgements=points),
        broken=replace(one.broken, text=say(one.broken.text)),
        rollback=replace(
            one.rollback,
            reason=say(one.rollback.reason),
            text=say(one.rollback.text),
            verification=proof(one.rollback.verification),
        ),
        ended_why=say(one.ended_why),
    )

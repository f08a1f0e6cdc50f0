"""Releases of the hospital: the laboratory's is watched, the patient portal's failed and is rolled back soon."""

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
    Rollback,
    Verification,
    VerifiedCheck,
    Watch,
)
from sentinel.core.deployment.plan import Criterion, DeploymentPlan, OnFail, RollbackPlan
from sentinel.core.result import FailureClass, Outcome
from sentinel.core.rule import Severity
from sentinel.reports.deployment import ToldLine
from tests.kit.scene import MINUTE, NOW

if TYPE_CHECKING:
    from datetime import datetime

    from tests.kit.monitor import StillMonitor

LABORATORY, PORTAL = 14, 13  # numbers of their deployments
POINTS = tuple(minutes * MINUTE for minutes in (2, 5, 15))


def releases(monitor: StillMonitor, incident: int) -> None:
    """Let the hospital have them; the incident may come of the portal's."""
    plans = {
        name: DeploymentPlan(system=name, environment="production", rollback=RollbackPlan(channel="undo"))
        for name in ("laboratory", "patient-portal")
    }
    monitor.plan = replace(monitor.plan, deployments=plans)
    desk = monitor.deployments
    desk.systems = tuple(plans)
    for one in (*_older(), portal(), laboratory()):
        desk.put(one)
    desk.timelines[LABORATORY] = _laboratory_entries()
    desk.timelines[PORTAL] = _portal_entries()
    desk.told[PORTAL] = [_told(20, "deployment_started"), _told(5, "deployment_progress"), _told(1, "rollback_planned")]
    desk.told[LABORATORY] = [_told(22, "deployment_started"), _told(7, "deployment_progress")]
    for past in monitor.histories:
        if past.incident is not None and past.incident.id == incident:
            past.incident = replace(past.incident, suspect=PORTAL)
            desk.incidents[PORTAL] = [past.incident]
    _mark(monitor)


def laboratory() -> Deployment:
    """Watched for seven minutes, and well so far."""
    began = _ago(7.2)
    return Deployment(
        id=LABORATORY,
        system="laboratory",
        version="5.2.0",
        from_version="5.1.3",
        ref="a41c9d2",
        environment="production",
        backup_id="lab-20261122-1130",
        by="robin",
        started_at=_ago(22),
        window_ends_at=_ago(-8),
        expects_down=True,
        impact="Results cannot be ordered for some minutes",
        channels=("mail", "wards"),
        phase=Phase.WATCHING,
        verifications=(_verified(21.5, "pre", "Backup of tonight", "Migrations are known", "Room on disks"), _post(9)),
        watch=Watch(
            began_at=began,
            lasts=15 * MINUTE,
            points=POINTS,
            judgements=(
                _judged(
                    began, 2, Judged.INCONCLUSIVE, "12 results of laboratory orders, of 20 that a judgement needs", 12
                ),
                _judged(began, 5, Judged.PASS, "nothing is worse than in the 15 min before", 30),
            ),
        ),
    )


def portal() -> Deployment:
    """64 % slower at its first point."""
    began = _ago(3)
    slow = _times("portal-login", 0.41, 0.672, Judged.FAIL, 0.00004, 61)
    fine = _times("portal-letters", 0.31, 0.318, Judged.PASS, 0.41, 61)
    same = replace(_errors(0.0021, 0.0109, Judged.PASS, 183), significance=0.06)
    point = Judgement(
        at=_ago(1),
        after=2 * MINUTE,
        judged=Judged.FAIL,
        comparisons=(slow, same, fine),
        breaches=(
            Breach(
                criterion=Criterion.CRITICAL_FUNCTION,
                text="sign-in to the patient portal is critical",
                checks=("portal-login",),
                incidents=(41,),
            ),
        ),
        final=True,
        text="p95 of portal-login is 672 ms, 64 % above the 410 ms of the 15 min before; at most 50 % are allowed",
    )
    order = Rollback(
        key="msg_1",
        channel="undo",
        quick=True,
        reason="p95 of portal-login is 64 % above the 15 min before, and sign-in is critical",
        ordered_at=_ago(1),
        runs_at=_ago(-4.2),
    )
    return Deployment(
        id=PORTAL,
        system="patient-portal",
        version="3.8.0",
        from_version="3.7.4",
        ref="9f3c2e1",
        environment="production",
        by="sam",
        started_at=_ago(20),
        window_ends_at=_ago(-10),
        impact="Signing in may take longer than usual",
        channels=("mail", "wards"),
        phase=Phase.PROPOSED,
        on_fail=OnFail.PROPOSE,
        verifications=(_verified(19, "pre", "Backup of tonight", "Room on disks"), _post(4, bad=True)),
        watch=Watch(began_at=began, lasts=15 * MINUTE, points=POINTS, judgements=(point,)),
        rollback=order,
    )


def _older() -> tuple[Deployment, ...]:
    """Those of the days before."""
    endings = (
        ("laboratory", "5.1.2", Ending.INCONCLUSIVE, "inconclusive: too few results to judge by"),
        ("patient-portal", "3.7.3", Ending.ROLLED_BACK, "rolled back to 3.7.2, and its checks pass"),
        ("patient-portal", "3.7.4", Ending.PASSED, "passed: nothing is worse than before"),
        ("laboratory", "5.1.3", Ending.PASSED, "passed: nothing is worse than before"),
    )
    return tuple(
        Deployment(
            id=9 + n,
            system=system,
            version=version,
            by="sam",
            environment="production",
            started_at=_ago(1500 * (4 - n)),
            window_ends_at=_ago(1500 * (4 - n) - 30),
            phase=Phase.ENDED,
            ending=ending,
            ended_at=_ago(1500 * (4 - n) - 28 - 3 * n),
            ended_why=why,
        )
        for n, (system, version, ending, why) in enumerate(endings)
    )


def _mark(monitor: StillMonitor) -> None:
    """The releases on the charts of their checks."""
    for name, one in (("lab-results", laboratory()), ("portal-login", portal())):
        earlier = replace(one, id=9, version=one.from_version, started_at=_ago(900), ended_at=_ago(870))
        monitor.faces.pasts[name] = replace(monitor.faces.pasts[name], deployments=(earlier, one))


def _judged(began: datetime, minutes: float, judged: Judged, text: str, samples: int) -> Judgement:
    comparisons = (
        _times("lab-orders", 0.24, 0.252, judged, 0.18, samples),
        _times("lab-results", 1.3, 1.21, judged, 0.66, samples),
        _errors(0.0011, 0.0, judged, samples * 2),
    )
    after = minutes * MINUTE
    return Judgement(at=began + after, after=after, judged=judged, comparisons=comparisons, text=text)


def _times(check: str, before: float, after: float, judged: Judged, p: float, samples: int) -> Comparison:
    few = judged is Judged.INCONCLUSIVE
    return Comparison(
        measure=Measure.TIME,
        check=check,
        judged=judged,
        before=before,
        after=after,
        unit=Unit.SECONDS,
        before_samples=90,
        after_samples=samples,
        bound=before * 1.5,
        significance=None if few else p,
    )


def _errors(before: float, after: float, judged: Judged, samples: int) -> Comparison:
    return Comparison(
        measure=Measure.ERRORS,
        check="",
        judged=judged,
        before=before,
        after=after,
        unit=Unit.RATIO,
        before_samples=180,
        after_samples=samples,
        bound=before + 0.01,
        significance=None if judged is Judged.INCONCLUSIVE else 0.62,
    )


def _post(minutes: float, *, bad: bool = False) -> Verification:
    one = _verified(minutes, "post", "Sign-in", "Letters", "Health")
    refused = VerifiedCheck(
        name="portal-login",
        title="Patient portal: sign-in",
        kind="http",
        outcome=Outcome.FAIL,
        severity=Severity.CRITICAL,
        took=timedelta(milliseconds=96),
        failure=FailureClass.WRONG_STATUS,
        explanation="status is 503, expected 200 (after 96 ms)",
        hint="The service answers, but says that it cannot work: look at its health page and at what it depends on",
    )
    return replace(one, planned=3, checks=(refused, *one.checks[1:])) if bad else one


def _verified(minutes: float, tag: str, *titles: str) -> Verification:
    checks = tuple(
        VerifiedCheck(
            name=title.lower(),
            title=title,
            kind="condition",
            outcome=Outcome.PASS,
            severity=Severity.OK,
            took=timedelta(milliseconds=110),
        )
        for title in titles
    )
    began = _ago(minutes)
    return Verification(
        tags=(tag,), began_at=began, ended_at=began + MINUTE / 15, planned=len(checks), checks=checks, by="robin"
    )


def _laboratory_entries() -> list[Entry]:
    return _entries(
        LABORATORY,
        (22.0, "started", "robin", "5.1.3 to 5.2.0; down is expected", None),
        (21.4, "verified", "", "pre: 3 of 3 pass", 4.0),
        (19.5, "note", "robin", "Service stopped, backup taken", 95.0),
        (13.0, "note", "robin", "Migrations ran: 0041 to 0043", 210.0),
        (8.9, "verified", "", "post: 3 of 3 pass", 4.0),
        (7.2, "watch", "robin", "for 15 min, judged after 2, 5 and 15 min", None),
        (5.2, "judged", "", "inconclusive after 2 min: too few results", None),
        (2.2, "judged", "", "pass after 5 min: nothing is worse than in the 15 min before", None),
    )


def _portal_entries() -> list[Entry]:
    return _entries(
        PORTAL,
        (20.0, "started", "sam", "3.7.4 to 3.8.0", None),
        (19.0, "verified", "", "pre: 2 of 2 pass", 4.0),
        (9.0, "note", "sam", "New version on both nodes", 400.0),
        (3.9, "verified", "", "post: 2 of 3 pass", 4.0),
        (3.0, "watch", "sam", "for 15 min, judged after 2, 5 and 15 min", None),
        (1.0, "judged", "", "fail after 2 min: p95 of portal-login is 64 % above the 15 min before", None),
        (1.0, "rollback_planned", "", "to 3.7.4, unless somebody stops it within 5 min", None),
    )


def _entries(number: int, *lines: tuple[float, str, str, str, float | None]) -> list[Entry]:
    return [
        Entry(
            deployment=number,
            at=_ago(minutes),
            kind=kind,
            by=by,
            text=text,
            took=None if took is None else timedelta(seconds=took),
        )
        for minutes, kind, by, text, took in lines
    ]


def _told(minutes: float, kind: str) -> ToldLine:
    return ToldLine(at=_ago(minutes), kind=kind, channel="mail", recipient="wards@example.org", state="sent")


def _ago(minutes: float) -> datetime:
    return NOW - minutes * MINUTE

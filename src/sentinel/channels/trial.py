"""Tries a user's templates with messages of every kind before any of them is needed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sentinel.base.units import Unit
from sentinel.channels.headline import WINDOW_KINDS
from sentinel.channels.templating import BadTemplate, Fault, UserTemplate
from sentinel.channels.wording import MAIL_ONLY, Picture, given_to, variables
from sentinel.core.incident import Acknowledgement, Phase
from sentinel.core.judge import Finding, Reason
from sentinel.core.notification import (
    OF_DEPLOYMENTS,
    AboutCheck,
    AboutDeployment,
    AboutIncident,
    AboutOther,
    AboutWindow,
    Kind,
    Message,
    News,
)
from sentinel.core.rule import Severity

_NOW: Final = datetime(2026, 3, 1, 3, 18, 5, tzinfo=UTC)

#: Messages that are about no incident.
_OF_DEPLOYMENTS: Final = OF_DEPLOYMENTS | {Kind.ROLLBACK}
_ALONE: Final = WINDOW_KINDS | {
    Kind.DIGEST,
    Kind.CANARY,
    Kind.REPORT,
    Kind.TEST,
    Kind.STORE_DOWN,
    Kind.STORE_UP,
}
_OVER: Final = frozenset({Kind.RESOLVED, Kind.WITHDRAWN})


class Tried(NamedTuple):
    """A template that cannot be used."""

    template: str
    fault: Fault


def try_out(sources: Mapping[str, str]) -> list[Tried]:
    """What is wrong with the templates, each named once with its first fault. Takes some 20 ms a template."""
    return [Tried(name, fault) for name, text in sources.items() if (fault := _fault(name, text)) is not None]


def _fault(name: str, text: str) -> Fault | None:
    try:
        template = UserTemplate(name, text, variables(name))
        for message in samples():
            for picture in (None, Picture(cid="chart@example.org", alt="a chart")):
                given = given_to(message, ("a file is missing",), picture)
                kept = given if name != "headline.txt" else {key: given[key] for key in given if key not in MAIL_ONLY}
                if not template.render(kept).strip():
                    return Fault(
                        line=1, found=f"no text at all for a message of the kind `{message.kind}`", expected="some"
                    )
    except BadTemplate as error:
        return error.fault
    return None


def samples() -> Iterator[Message]:
    """Messages of every kind: with everything that there can be, and with no more than there has to be."""
    for kind in Kind:
        for severity in (Severity.CRITICAL, Severity.WARNING):
            yield _full(kind, severity)
            yield _bare(kind, severity)


def _bare(kind: Kind, severity: Severity) -> Message:
    now = Severity.OK if kind in _OVER else severity
    message = Message(kind=kind, at=_NOW, source="sentinel", severity=now)
    if kind in WINDOW_KINDS:
        return replace(message, severity=Severity.OK, window=_window(by="", why="", covers=""))
    if kind in _OF_DEPLOYMENTS:
        return replace(message, deployment=_deployment())
    if kind in _ALONE:
        return message
    incident = AboutIncident(
        id=12,
        phase=Phase.RESOLVED if kind in _OVER else Phase.OPEN,
        severity=severity,
        began_at=_NOW - timedelta(minutes=18),
        opened_at=_NOW - timedelta(minutes=16),
        resolved_at=_NOW if kind in _OVER else None,
    )
    check = AboutCheck(name="payroll-api", title="", kind="http")
    return replace(message, check=check, incident=incident, explanation="connection refused")


def _full(kind: Kind, severity: Severity) -> Message:
    message = _bare(kind, severity)
    more: dict[str, Any] = {"link": "https://sentinel.example.org/", "hint": "See its log.", "text": "a line\nanother"}
    if kind in WINDOW_KINDS:
        window = replace(
            _window(by="kim", why="an upgrade", covers="all checks"), checks=2, well=1, troubled=("payroll-api",)
        )
        return replace(message, **more, window=window)
    if kind in _OF_DEPLOYMENTS:
        return replace(message, **more, explanation="It took 35 min.", deployment=_whole_deployment())
    if kind is Kind.DIGEST:
        return replace(message, **more, news=(_news(severity),), others_count=1)
    if message.check is None or message.incident is None:
        return replace(message, **more, title="Daily report", files=("report.json",), explanation="no room")
    taken = Acknowledgement(by="kim", why="on it", at=_NOW, until=_NOW + timedelta(hours=1))
    return replace(
        message,
        **more,
        sequence=2,
        title="roll-back runs at 03:23:05 UTC",
        check=replace(
            message.check, title="Payroll API", tags=("payroll",), runbook="https://example.org/runbooks/payroll"
        ),
        incident=replace(message.incident, level=2, levels=3, acknowledgement=taken, assigned_to="lee", thread=11),
        findings=(_finding(severity),),
        others=(_other(severity),),
        others_count=1,
        suspect=_deployment(),
    )


def _window(*, by: str, why: str, covers: str) -> AboutWindow:
    end = _NOW + timedelta(hours=1)
    return AboutWindow(
        id="w-1", title="Upgrade", starts_at=_NOW, ends_at=end, expects_down=True, by=by, why=why, covers=covers
    )


def _deployment() -> AboutDeployment:
    end = _NOW + timedelta(minutes=30)
    return AboutDeployment(id=12, system="payroll", version="2.4.1", started_at=_NOW, window_ends_at=end)


def _whole_deployment() -> AboutDeployment:
    return replace(
        _deployment(),
        from_version="2.4.0",
        ref="3f2a91c",
        environment="production",
        by="ci",
        impact="no payslips meanwhile",
        phase="ended",
        verdict="fail",
        ending="rolled_back",
        ended_at=_NOW + timedelta(minutes=35),
        down_for=timedelta(minutes=4),
        checks=2,
        well=1,
        troubled=("payroll-api",),
        findings=("Payroll API takes 0.9 s, 0.5 s before",),
        timeline=("03:18 started by ci",),
        backup_id="nightly-7",
        reason="too slow",
        runs_at=_NOW + timedelta(minutes=30),
        rollback="done",
        on_fail="propose",
        watched_until=_NOW + timedelta(minutes=25),
        components=("Payroll API: critical", "Login: well"),
    )


def _finding(severity: Severity) -> Finding:
    return Finding(
        severity=severity,
        reason=Reason.BEYOND_BOUND,
        explanation="response_time is 6.2 s, above 5 s",
        hint="See its log.",
        reading="response_time",
        value=6.2,
        bound=5.0,
        unit=Unit.SECONDS,
    )


def _other(severity: Severity) -> AboutOther:
    return AboutOther(check="payroll-login", title="Payroll login", incident=13, severity=severity)


def _news(severity: Severity) -> News:
    return News(
        kind=Kind.OPENED,
        at=_NOW,
        check="payroll-api",
        title="Payroll API",
        incident=12,
        severity=severity,
        explanation="connection refused",
    )

"""What is shown of deployments: one document, many faces (command, page, API, report, mail)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.core.deployment.deployment import (
    Breach,
    Deployment,
    Ending,
    Entry,
    Judged,
    Judgement,
    Phase,
    Rollback,
    Verification,
)
from sentinel.core.incident import Incident
from sentinel.core.rule import Severity
from sentinel.reports.documents import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentLine(Document):
    """A deployment in a list."""

    id: int
    system: str
    version: str
    from_version: str
    ref: str
    environment: str
    by: str
    started_at: datetime
    window_ends_at: datetime
    overrun: bool
    phase: Phase
    verdict: Judged | None  # of its watch; None while it is not known, or without a watch
    ending: Ending | None
    ended_at: datetime | None
    text: str  # in one sentence: how it stands, or what came of it


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """A line of its timeline."""

    at: datetime
    kind: str
    by: str
    text: str
    took: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectLine:
    """An incident that may come of it."""

    id: int
    check: str
    severity: Severity
    opened_at: datetime
    resolved_at: datetime | None
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLine:
    """Who was told what of it."""

    at: datetime
    kind: str
    channel: str
    recipient: str  # as it may be shown
    state: str  # of the row of the outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentDocument(Document):
    """Everything that is known of one deployment (EM-12)."""

    source: str
    at: datetime  # when this was put together
    line: DeploymentLine
    expects_down: bool
    impact: str
    backup_id: str
    watch_began_at: datetime | None
    watch_ends_at: datetime | None
    next_point_at: datetime | None  # when it is judged next
    verifications: tuple[Verification, ...]
    judgements: tuple[Judgement, ...]
    broken: Breach | None
    rollback: Rollback | None
    timeline: tuple[EntryLine, ...]
    incidents: tuple[SuspectLine, ...]
    told: tuple[ToldLine, ...]
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun(Document):
    """What a rollback would run, without running it."""

    system: str
    deployment: int  # 0: none that Sentinel knows of
    channel: str
    kind: str  # of the channel
    command: tuple[str, ...] = ()  # its program and arguments, with the values put in
    environment: Mapping[str, str] | None = None  # of the variables; secrets are hidden
    url: str = ""  # of a webhook, without what may be secret
    body: str = ""  # of a webhook
    timeout: timedelta
    refused: str = ""  # why it would not run; empty: it would
    verify: tuple[str, ...] = ()  # checks that would prove it


def line(one: Deployment) -> DeploymentLine:
    """A deployment in a list."""
    judged = one.watch.judgements[-1].judged if one.watch and one.watch.judgements else None
    return DeploymentLine(
        id=one.id,
        system=one.system,
        version=one.version,
        from_version=one.from_version,
        ref=one.ref,
        environment=one.environment,
        by=one.by,
        started_at=one.started_at,
        window_ends_at=one.window_ends_at,
        overrun=one.overrun,
        phase=one.phase,
        verdict=Judged.FAIL if one.broken else judged,
        ending=one.ending,
        ended_at=one.ended_at,
        text=standing(one),
    )


def standing(one: Deployment) -> str:
    """How a deployment stands, in one sentence."""
    if one.is_over:
        return one.ended_why or (one.ending.value.replace("_", " ") if one.ending else "")
    return one.phase.value.replace("_", " ")


def document(
    one: Deployment,
    timeline: Iterable[Entry],
    incidents: Iterable[Incident],
    told: Sequence[ToldLine],
    *,
    source: str,
    at: datetime,
    link: str = "",
) -> DeploymentDocument:
    """Everything that is known of one deployment."""
    watch = one.watch
    return DeploymentDocument(
        source=source,
        at=at,
        line=line(one),
        expects_down=one.expects_down,
        impact=one.impact,
        backup_id=one.backup_id,
        watch_began_at=watch.began_at if watch else None,
        watch_ends_at=watch.ends_at if watch else None,
        next_point_at=watch.next_point if watch and one.phase is Phase.WATCHING else None,
        verifications=one.verifications,
        judgements=watch.judgements if watch else (),
        broken=one.broken,
        rollback=one.rollback,
        timeline=tuple(
            EntryLine(at=entry.at, kind=entry.kind, by=entry.by, text=entry.text, took=entry.took) for entry in timeline
        ),
        incidents=tuple(
            SuspectLine(
                id=incident.id,
                check=incident.check,
                severity=incident.severity,
                opened_at=incident.opened_at,
                resolved_at=incident.resolved_at,
                explanation=incident.verdict.explanation,
            )
            for incident in incidents
            if incident.opened_at is not None
        ),
        told=tuple(told),
        link=link,
    )

"""What is shown of deployments: one document, many faces (command, page, API, report, mail)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from sentinel.core.deployment.plan import CriteriaPlan, Criterion
from sentinel.core.incident import Incident
from sentinel.core.notification import Notification, State
from sentinel.core.rule import Severity
from sentinel.reports.documents import DeploymentLine as DeploymentLine  # noqa: PLC0414  # who asks for it finds it here
from sentinel.reports.documents import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """A line of its timeline."""

    at: datetime
    kind: str
    by: str
    text: str
    took: timedelta | None
    after: timedelta = timedelta(0)  # since its start; negative before it


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
    reason: str = ""  # why it has not arrived; empty when it has


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionLine:
    """One of the reasons for which a deployment fails without any comparison."""

    criterion: Criterion
    asked: bool  # whether anything is configured for it
    met: str = ""  # how, in one sentence; empty: it was not met


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedLine:
    """What a look back some time after its end has found."""

    due: str  # so long after its end, such as `1h`
    at: datetime
    severity: Severity
    verdict: str  # in one sentence


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
    watch_ends_at: datetime | None  # or when it did, where that was before its time
    next_point_at: datetime | None  # when it is judged next
    verifications: tuple[Verification, ...]
    judgements: tuple[Judgement, ...]
    broken: Breach | None
    rollback: Rollback | None
    timeline: tuple[EntryLine, ...]
    incidents: tuple[SuspectLine, ...]
    told: tuple[ToldLine, ...]
    link: str = ""
    window_ended_at: datetime | None = (
        None  # when it really did: at the start of the watch or its end; None: it goes on
    )
    down_for: timedelta | None = None  # how long something of the system was seen down; None: nothing was
    criteria: tuple[CriterionLine, ...] = ()
    channels: tuple[str, ...] = ()  # of the stakeholders
    reviews: tuple[
        ReviewedLine, ...
    ] = ()  # that were made by themselves, the earliest first; of its written document only


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun(Document):
    """What a rollback would run, without running it."""

    system: str
    deployment: int  # 0: none that Sentinel knows of
    channel: str
    kind: str  # of the channel
    command: tuple[str, ...] = ()  # its program and arguments, with the values put in
    environment: Mapping[str, str] | None = None  # of the variables; secrets are hidden
    folder: str = ""  # where the program would run
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
    asked: CriteriaPlan | None = None,
) -> DeploymentDocument:
    """Everything that is known of one deployment.

    Args:
        one: as it stands.
        timeline: its entries, the earliest first.
        incidents: that may come of it.
        told: messages about it, the earliest first.
        source: name of the Sentinel.
        at: when this is put together.
        link: of its page.
        asked: the criteria as they are configured; None when nothing is any more.
    """
    watch = one.watch
    return DeploymentDocument(
        source=source,
        at=at,
        line=line(one),
        expects_down=one.expects_down,
        impact=one.impact,
        backup_id=one.backup_id,
        watch_began_at=watch.began_at if watch else None,
        watch_ends_at=one.watched_until,
        next_point_at=watch.next_point if watch and one.phase is Phase.WATCHING else None,
        verifications=one.verifications,
        judgements=watch.judgements if watch else (),
        broken=one.broken,
        rollback=one.rollback,
        timeline=tuple(
            EntryLine(
                at=entry.at,
                kind=entry.kind,
                by=entry.by,
                text=entry.text,
                took=entry.took,
                after=entry.at - one.started_at,
            )
            for entry in timeline
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
        window_ended_at=watch.began_at if watch else one.ended_at,
        down_for=one.seen_down(at),
        criteria=tuple(_criteria(one, asked)),
        channels=one.channels,
    )


#: How bad each ending is.
_ENDINGS = {
    Ending.PASSED: Severity.OK,
    Ending.UNWATCHED: Severity.UNKNOWN,
    Ending.INCONCLUSIVE: Severity.UNKNOWN,
    Ending.ACCEPTED: Severity.WARNING,
    Ending.ROLLED_BACK: Severity.WARNING,
    Ending.FAILED: Severity.CRITICAL,
    Ending.ROLLBACK_FAILED: Severity.CRITICAL,
}


def severity(line: DeploymentLine) -> Severity:
    """How bad it is, or was in the end; UNKNOWN while nobody can say."""
    if line.ending is not None:
        return _ENDINGS[line.ending]
    return Severity.CRITICAL if line.is_in_trouble else Severity.UNKNOWN


def outcome(line: DeploymentLine) -> str:
    """How it stands or what came of it, in a word or two: `rolled back`."""
    return (line.ending or line.phase).value.replace("_", " ")


def told_line(row: Notification) -> ToldLine:
    """What a row of the outbox told of a deployment, and where that stands."""
    return ToldLine(
        at=row.created_at,
        kind=row.message.kind.value,
        channel=row.address.channel,
        recipient=row.address.recipient,
        state=row.state.value,
        reason="" if row.state is State.SENT else " ".join(filter(None, (row.reason, row.detail))),
    )


def _criteria(one: Deployment, asked: CriteriaPlan | None) -> Iterator[CriterionLine]:
    """What fails a deployment at once, whether it did or not."""
    judgements = one.watch.judgements if one.watch else ()
    found = [breach for judgement in judgements for breach in judgement.breaches]
    met = {breach.criterion: breach.text for breach in reversed([*([one.broken] if one.broken else []), *found])}
    for criterion in Criterion:
        yield CriterionLine(criterion=criterion, asked=_is_asked(criterion, asked), met=met.get(criterion, ""))


def _is_asked(criterion: Criterion, asked: CriteriaPlan | None) -> bool:
    if criterion is Criterion.SAID_SO:
        return True
    return bool(asked is not None and getattr(asked, criterion.value))

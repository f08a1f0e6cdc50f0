"""What the store knows of one deployment, as the document that everybody is shown."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sentinel.core.deployment.deployment import SUSPECT_FOR, Deployment
from sentinel.core.incident import EffectKind, Incident
from sentinel.core.notification import AT_MOST_ONCE, Kind, Notification, State, of_deployment
from sentinel.core.plan import Plan
from sentinel.core.rule import Severity
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.deployment import DeploymentDocument, SuspectLine, document, told_line
from sentinel.reports.past import as_of
from sentinel.store.database import Transaction

#: Messages about one deployment that are shown: 30 addresses for a day of messages each quarter of an hour.
MOST_TOLD = 3_000

#: Incidents that are looked through; the newest.
MOST_INCIDENTS = 1_000

#: From when trouble begins to when its incident opens, at the most that makes sense.
OPENS_WITHIN = timedelta(days=1)

#: A document waits so long for the last messages to arrive, since it says whether they have.
ARRIVE_WITHIN = timedelta(minutes=2)

#: What happens in the same second is asked for, too.
_NOW = timedelta(seconds=1)

_ON_THEIR_WAY = frozenset({State.QUEUED, State.SENDING})
_NOT_TOLD = AT_MOST_ONCE | {Kind.REPORT}


def read(tx: Transaction, plan: Plan, one: Deployment, now: datetime) -> DeploymentDocument:
    """The document of a deployment.

    Args:
        tx: all of it is seen as it is at one moment.
        plan: what is configured now.
        one: the deployment, as it stands.
        now: aware.
    """
    about = plan.deployments.get(one.system)
    return document(
        one,
        tx.deployments.timeline(one.id),
        suspected(tx, one, now),
        [told_line(row) for row in told(tx, one)],
        source=plan.name,
        at=now,
        link=plan.link,
        asked=about.criteria if about is not None else None,
    )


def suspected(tx: Transaction, one: Deployment, now: datetime) -> list[Incident]:
    """The incidents that may come of a deployment and have opened by `now`, as they stood then; the earliest first."""
    # Trouble that begins when nobody suspects it any more is none of it, however late this is asked.
    until = min(now, one.ended_at + SUSPECT_FOR + OPENS_WITHIN) if one.ended_at is not None else now
    found = tx.incidents.between(one.started_at, until + _NOW, MOST_INCIDENTS)
    mine = (as_of(incident, until + _NOW) for incident in found if incident.suspect == one.id)
    return sorted(mine, key=lambda incident: incident.id)


def as_it_was(tx: Transaction, part: DeploymentDocument, until: datetime) -> DeploymentDocument:
    """The same with what was known at a moment of the incidents that were open then: they may have become worse since."""
    going = [one.id for one in part.incidents if one.resolved_at is None]
    lines = tx.aggregates.timelines(going, until + _NOW)
    return replace(part, incidents=tuple(_known(one, lines.get(one.id, ())) for one in part.incidents))


def _known(one: SuspectLine, lines: Iterable[TimelineEntry]) -> SuspectLine:
    """How bad it was and why, as its timeline has it: `CRITICAL: refused`."""
    said = [line.text for line in lines if line.kind in _TURNS]
    word, _, why = (said or [""])[-1].partition(": ")
    severity = next((severity for severity in Severity if severity.label == word), None)
    return one if severity is None else replace(one, severity=severity, explanation=why)


_TURNS = frozenset({EffectKind.OPENED.value, EffectKind.WORSENED.value, EffectKind.EASED.value})


def told(tx: Transaction, one: Deployment) -> list[Notification]:
    """The messages to people about a deployment, the oldest first; without those that were never to be sent.

    And without those that bring its document: that would say something else whenever it was sent.
    """
    rows = tx.outbox.of(of_deployment(one.id), MOST_TOLD)
    return [row for row in rows if row.message.kind not in _NOT_TOLD and row.state is not State.CANCELLED]


def is_settled(tx: Transaction, one: Deployment, now: datetime) -> bool:
    """Whether the messages about a deployment are where they will be, or have had their time."""
    if one.ended_at is None or now >= one.ended_at + ARRIVE_WITHIN:
        return True
    return not any(row.state in _ON_THEIR_WAY for row in told(tx, one))

"""What the store knows of one deployment, as the document that everybody is shown."""

from datetime import datetime, timedelta

from sentinel.core.deployment.deployment import SUSPECT_FOR, Deployment
from sentinel.core.incident import Incident
from sentinel.core.notification import AT_MOST_ONCE, Kind, Notification, State, of_deployment
from sentinel.core.plan import Plan
from sentinel.reports.deployment import DeploymentDocument, document, told_line
from sentinel.store.database import Transaction

#: Messages about one deployment that are shown: 30 addresses for a day of messages each quarter of an hour.
MOST_TOLD = 3_000

#: Incidents that are looked through; the newest.
MOST_INCIDENTS = 1_000

#: From when trouble begins to when its incident opens, at the most that makes sense.
OPENS_WITHIN = timedelta(days=1)

#: A document waits so long for the last messages to arrive, since it says whether they have.
ARRIVE_WITHIN = timedelta(minutes=2)

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
    """The incidents that may come of a deployment, the earliest first."""
    # Trouble that begins when nobody suspects it any more is none of it, however late this is asked.
    until = min(now, one.ended_at + SUSPECT_FOR + OPENS_WITHIN) if one.ended_at is not None else now
    found = tx.incidents.between(one.started_at, until + timedelta(seconds=1), MOST_INCIDENTS)
    return sorted((incident for incident in found if incident.suspect == one.id), key=lambda incident: incident.id)


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

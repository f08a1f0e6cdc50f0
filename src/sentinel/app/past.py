"""What reports are made from, read from the store in one transaction and added up there."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sentinel.app.counting import MOST_HELD
from sentinel.core.check import Check
from sentinel.core.night import nights
from sentinel.core.planned import Planned, Stretch, pieces
from sentinel.reports import releases
from sentinel.reports.method import ConfigChange
from sentinel.reports.past import Past
from sentinel.store.aggregates import Aggregates
from sentinel.store.database import Transaction
from sentinel.store.rollups import HOUR

#: Incidents that one report holds at most; the newest are kept.
MOST_INCIDENTS = 1_000

#: A check that runs less often than this may not have spoken for the end of a period when its report is made.
SELDOM = timedelta(minutes=10)

#: What the journal calls it when somebody has the configuration read anew, and how long after that it is in force.
_RELOAD, _SOON = "configuration.reload", timedelta(minutes=1)


def read(tx: Transaction, checks: Sequence[Check], period: Stretch, zone: str) -> Past:
    """What the store knows of a period, and of as long a time before it.

    Args:
        tx: all of it is seen as it is at one moment.
        checks: that windows are applied to; those of the plan.
        period: aware.
        zone: IANA name; of the night.
    """
    before = _past(tx, checks, Stretch(period.since - period.length, period.since), zone)
    return _past(tx, checks, period, zone, before)


def _past(tx: Transaction, checks: Sequence[Check], period: Stretch, zone: str, before: Past | None = None) -> Past:
    incidents = tx.incidents.between(*period, MOST_INCIDENTS + 1)
    full, incidents = len(incidents) > MOST_INCIDENTS, incidents[:MOST_INCIDENTS]
    numbers = [one.id for one in incidents]
    opened = [one.id for one in incidents if period.has(one.opened_at)]
    held = tx.windows.between(*period, MOST_HELD + 1)
    windows_full, held = len(held) > MOST_HELD, held[:MOST_HELD]
    away = pieces(held, checks, period)
    planned = tx.aggregates.planned(away)
    return Past(
        rollups=tx.aggregates.whole(period, [check.name for check in checks]),
        incidents=incidents,
        timelines=tx.aggregates.timelines(numbers, period.until),
        silences=tx.silences.between(*period),
        held=held,
        planned=planned,
        edge=_edge(planned, period, tx.aggregates),
        delivered=tx.aggregates.delivered(numbers, *period),
        told=tx.aggregates.told(opened, *period, nights(period, zone)),
        channels=tx.aggregates.by_channel(*period),
        spells=tx.aggregates.spells(*period, away),
        changes=_changes(tx, period),
        unsaid=_unsaid(tx, checks, period),
        deployments=tx.deployments.between(*period, limit=releases.MOST + 1),
        full=full,
        windows_full=windows_full,
        before=before,
    )


def _unsaid(tx: Transaction, checks: Sequence[Check], period: Stretch) -> dict[str, timedelta]:
    """What is left of a period after the last result of a check that runs seldom: the next one says how it was meanwhile.

    Without this a backup that is looked at each noon would be unknown for half of each daily report.
    """
    places = tx.results.places()
    slow = (check for check in checks if check.interval > SELDOM and check.name in places)
    left = {check.name: min(period.until - places[check.name], check.interval, period.length) for check in slow}
    return {name: length for name, length in left.items() if length > timedelta(0)}


def _changes(tx: Transaction, period: Stretch) -> list[ConfigChange]:
    """The configurations that came into force, each with who asked for it: one that a restart brought, nobody did."""
    asked = [
        entry.deed for entry in tx.journal.between(period.since - _SOON, period.until) if entry.deed.action == _RELOAD
    ]
    return [
        ConfigChange(
            at=at,
            by=next((deed.by for deed in asked if deed.at <= at < deed.at + _SOON), ""),
            what=f"configuration {fingerprint}",
        )
        for at, fingerprint in tx.configurations.between(*period)
    ]


def _edge(planned: Sequence[Planned], period: Stretch, aggregates: Aggregates) -> timedelta:
    """How far an end of a window or of the period may be off: nothing where all of them lie on the edges of roll-ups."""
    grain = aggregates.grain(period.since)
    ends = [end for one in planned for end in one.piece.stretch]
    # A period that somebody asked for may end at any moment: what has not happened yet is cut by nothing.
    ends += [period.since, *([period.until] if aggregates.grain(period.until) == HOUR else [])]
    return grain if any(_cuts(end, grain) for end in ends) else timedelta(0)


def _cuts(at: datetime, grain: timedelta) -> bool:
    return bool(at.timestamp() % grain.total_seconds())

"""What reports ask for is added up by the database, on both of them alike."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from sentinel.core.accounts import Delivered
from sentinel.core.histogram import Histogram
from sentinel.core.holding import Held
from sentinel.core.incident import Address, EffectKind
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Cause, Failed, Kind, Notification, Sent, after_attempt
from sentinel.core.parcel import Packing
from sentinel.core.planned import Piece, Stretch
from sentinel.core.slo import SPAN, Rollup
from sentinel.core.timeline import TimelineEntry
from sentinel.store.database import Store
from tests.store.values import AT, MAIL, MINUTE, SLACK, incident, notification

RNG = random.Random(1)
HOUR = 60 * MINUTE
DAY = Stretch(AT - 3 * HOUR, AT + 21 * HOUR)  # AT is three in the morning


def rollup(after: int, *, down: float = 0.0, check: str = "health") -> Rollup:
    """The 5-minute roll-up that starts so many spans after AT; ten results of 0.2 s."""
    histogram = Histogram()
    for _ in range(10):
        histogram.add(0.2)
    return Rollup(
        check=check,
        start=AT + after * SPAN,
        span=SPAN,
        up=300 - down,
        down=down,
        samples=10,
        failures=int(down > 0),
        histogram=histogram.encode(),
    )


async def during(store: Store, since: timedelta, until: timedelta) -> Rollup:
    stretch = Stretch(AT + since, AT + until)
    return (await store.read(lambda tx: tx.aggregates.during(stretch, ["health"])))["health"]


async def sent(store: Store, row: Notification, at: datetime, outcome: Sent | Failed | None = None) -> None:
    """Put a row into the outbox and see it taken (or not) at a moment."""
    await store.write(lambda tx: tx.outbox.enqueue([replace(row, created_at=at, due_at=at)]))
    channel = row.address.channel
    (claimed,) = await store.write(lambda tx: tx.outbox.claim(channel, at, MINUTE, Packing(limit=1)).rows)
    settled = after_attempt(claimed, outcome or Sent(), at + 2 * MINUTE, RNG)
    await store.write(lambda tx: tx.outbox.settle(settled, at + 2 * MINUTE))


# --- Time -----------------------------------------------------------------------------------------------------------


async def test_a_stretch_that_ends_with_roll_ups_counts_them_whole(store: Store) -> None:
    await store.write(lambda tx: tx.rollups.add([rollup(n, down=30 * n) for n in range(4)]))
    found = await during(store, 5 * MINUTE, 15 * MINUTE)
    assert (found.up, found.down, found.samples, found.failures) == (600 - 90, 90, 20, 2)
    assert Histogram.decode(found.histogram).total == 20


async def test_of_a_roll_up_that_an_end_cuts_the_time_counts_in_proportion(store: Store) -> None:
    await store.write(lambda tx: tx.rollups.add([rollup(0, down=100), rollup(1), rollup(2, down=50)]))
    found = await during(store, 3 * MINUTE, 11 * MINUTE)
    assert (found.down, found.up) == (100 * 2 / 5 + 50 / 5, 200 * 2 / 5 + 300 + 250 / 5)
    assert found.samples == 10


async def test_a_stretch_within_one_roll_up_is_a_part_of_it(store: Store) -> None:
    await store.write(lambda tx: tx.rollups.add([rollup(0, down=100)]))
    found = await during(store, MINUTE, 2 * MINUTE)
    assert (found.down, found.up, found.samples) == (20, 40, 0)


async def test_where_only_hours_are_left_a_stretch_is_a_part_of_them(store: Store) -> None:
    hour = replace(rollup(0), span=HOUR, up=3000.0, down=600.0)
    later = [replace(rollup(0), start=AT + 12 * HOUR)]
    await store.write(lambda tx: tx.rollups.add([*(rollup(n, down=50) for n in range(12)), *later]))
    await store.write(lambda tx: tx.rollups.condense(AT))
    await store.write(lambda tx: tx.rollups.purge(SPAN, AT + HOUR, 100))
    assert await store.read(lambda tx: tx.aggregates.grain(AT)) == HOUR
    found = await during(store, 10 * MINUTE, 40 * MINUTE)
    assert (found.up, found.down) == (hour.up / 2, hour.down / 2)


async def test_a_check_goes_down_once_however_long_it_stays_down(store: Store) -> None:
    bad = [rollup(n, down=20) for n in (1, 2, 3, 7)]
    good = [rollup(n) for n in (0, 4, 5, 6)]
    await store.write(lambda tx: tx.rollups.add([*bad, *good, rollup(2, check="calm")]))
    assert await store.read(lambda tx: tx.aggregates.spells(*DAY)) == {"health": 2}


async def test_of_more_than_a_week_it_goes_down_at_most_once_an_hour(store: Store) -> None:
    await store.write(lambda tx: tx.rollups.add([rollup(n, down=20 * (n in (1, 5, 20))) for n in range(24)]))
    for hour in (AT, AT + HOUR):
        await store.write(lambda tx, hour=hour: tx.rollups.condense(hour))  # type: ignore[misc]  # bound at once
    day, week = (AT, AT + 24 * HOUR), (AT - 240 * HOUR, AT + 24 * HOUR)
    assert await store.read(lambda tx: tx.aggregates.spells(*day)) == {"health": 3}
    assert await store.read(lambda tx: tx.aggregates.spells(*week)) == {"health": 1}


async def test_what_goes_down_in_a_window_does_not_count(store: Store) -> None:
    bad = [rollup(n, down=20, check=name) for n in (1, 7) for name in ("health", "calm")]
    await store.write(lambda tx: tx.rollups.add(bad))
    planned = Held(
        window="nightly",
        title="",
        matcher=Matcher(checks=("health",)),
        starts_at=AT + SPAN * 1.5,
        ends_at=AT + 3 * SPAN,
        expects_down=True,
        by="ann",
        why="",
    )
    piece = Piece(held=planned, stretch=Stretch(planned.starts_at, planned.ends_at), checks=("health",))
    assert await store.read(lambda tx: tx.aggregates.spells(*DAY, [piece])) == {"health": 1, "calm": 2}


async def test_what_was_down_before_the_period_does_not_go_down_in_it(store: Store) -> None:
    await store.write(lambda tx: tx.rollups.add([rollup(n, down=20) for n in (-1, 0, 1)]))
    assert await store.read(lambda tx: tx.aggregates.spells(AT, AT + HOUR)) == {}


# --- Incidents ------------------------------------------------------------------------------------------------------


async def test_timelines_of_several_incidents_come_together_up_to_a_moment(store: Store) -> None:
    def entry(number: int, minutes: int) -> TimelineEntry:
        kind = EffectKind.COMMENTED.value
        return TimelineEntry(incident=number, at=AT + minutes * MINUTE, kind=kind, by="ann", text=str(minutes))

    await store.write(lambda tx: tx.incidents.note([entry(7, 2), entry(7, 1), entry(8, 3), entry(7, 60), entry(9, 1)]))
    found = await store.read(lambda tx: tx.aggregates.timelines([7, 8], AT + HOUR))
    assert {number: [one.text for one in entries] for number, entries in found.items()} == {7: ["1", "2"], 8: ["3"]}


# --- Telling --------------------------------------------------------------------------------------------------------


async def test_what_was_told_of_an_incident_is_counted_with_when_it_was_taken_first(store: Store) -> None:
    await sent(store, notification(1), AT)
    await sent(store, notification(1, address=SLACK), AT + MINUTE)
    await sent(store, notification(2, Kind.RESOLVED), AT + 30 * HOUR)
    await sent(store, notification(1, number=8), AT + HOUR, Failed(cause=Cause.GONE, permanent=True))
    found = await store.read(lambda tx: tx.aggregates.delivered([7, 8], *DAY))
    assert found == {7: Delivered(incident=7, messages=2, first_at=AT + 2 * MINUTE)}


async def test_who_was_told_most_comes_first_with_how_much_of_it_at_night(store: Store) -> None:
    for number in (7, 8):
        await sent(store, notification(1, number=number), AT + (number - 7) * 12 * HOUR)
    await sent(store, notification(1, address=SLACK), AT)
    night = Stretch(DAY.since, AT + 3 * HOUR)
    found = await store.read(lambda tx: tx.aggregates.told([7, 8], *DAY, [night]))
    assert [(one.address, one.messages, one.incidents, one.at_night) for one in found] == [
        (MAIL, 2, 2, 1),
        (SLACK, 1, 1, 1),
    ]


async def test_of_very_many_incidents_everything_is_added_up(store: Store) -> None:
    for number in (7, 900):
        await sent(store, notification(1, number=number), AT)
    (found,) = await store.read(lambda tx: tx.aggregates.told(range(1, 1000), *DAY))
    assert (found.messages, found.incidents) == (2, 2)


async def test_each_channel_says_what_became_of_what_it_was_given(store: Store) -> None:
    await sent(store, notification(1), AT)
    await sent(store, notification(1, number=8), AT, Failed(cause=Cause.GONE, permanent=True))
    await store.write(lambda tx: tx.outbox.enqueue([notification(1, address=SLACK)]))
    mail, slack = await store.read(lambda tx: tx.aggregates.by_channel(*DAY))
    assert (mail.channel, mail.states, mail.causes) == ("email", {"dead": 1, "sent": 1}, {"gone": 1})
    assert (mail.slowest, mail.rows, slack.states) == (2 * MINUTE, 2, {"queued": 1})


async def test_what_a_channel_was_given_before_the_period_is_not_counted(store: Store) -> None:
    await sent(store, notification(1), AT - 5 * HOUR)
    assert await store.read(lambda tx: tx.aggregates.by_channel(*DAY)) == []


async def test_a_command_is_told_to_nobody(store: Store) -> None:
    await sent(store, notification(1, Kind.COMMAND, Address("rollback")), AT)
    await store.write(lambda tx: tx.incidents.save(incident()))
    assert await store.read(lambda tx: tx.aggregates.told([7], *DAY)) == []


async def test_of_a_period_whose_ends_cut_hours_that_alone_are_left_nothing_is_lost(store: Store) -> None:
    await store.write(lambda tx: tx.rollups.add([rollup(n) for n in range(-12, 36)]))
    for hour in (AT - HOUR, AT, AT + HOUR, AT + 2 * HOUR):
        await store.write(lambda tx, hour=hour: tx.rollups.condense(hour))  # type: ignore[misc]  # bound at once
    half = Stretch(AT - HOUR / 2, AT + HOUR * 3 / 2)
    exact = await store.read(lambda tx: tx.aggregates.whole(half, ["health"]))
    await store.write(lambda tx: tx.rollups.purge(SPAN, AT + 2 * HOUR, 1000))
    shared = await store.read(lambda tx: tx.aggregates.whole(half, ["health"]))
    assert exact["health"].up == shared["health"].up == 7200

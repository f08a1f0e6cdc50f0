"""Silences, windows and their occurrences are there again, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.core.holding import begin
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Kind
from sentinel.core.recurrence import Once, Repeating
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.core.window import Window
from tests.store.values import AT

if TYPE_CHECKING:
    from sentinel.core.holding import Held
    from sentinel.store.database import Store

HOUR = timedelta(hours=1)
MATCHER = Matcher(checks=("payroll-*",), tags=frozenset({"hr"}), severities=frozenset({Severity.WARNING}))
SILENCE = Silence(
    id=3, matcher=MATCHER, by="ann", why="a\0disk", starts_at=AT, ends_at=AT + HOUR, created_at=AT, ended_by="bob"
)
PLANNED = Window(
    id="7", title="move", matcher=MATCHER, when=Once(starts_at=AT, ends_at=AT + HOUR), channels=("mail",), by="ann"
)
NIGHTLY = Window(
    id="nightly",
    title="",
    matcher=Matcher(),
    when=Repeating(line="0 2 * * *", zone="Europe/Berlin", duration=HOUR),
    configured=True,
    before=HOUR,
    update_every=HOUR / 4,
    ended_at=AT,
    ended_by="ann",
)


def held(hours: int = 0, **more: object) -> Held:
    occurrence = PLANNED.covering(AT)
    assert occurrence is not None
    started = AT + hours * HOUR
    return replace(begin(PLANNED, occurrence), starts_at=started, ends_at=started + HOUR, **more)  # type: ignore[arg-type]  # whichever


async def test_a_silence_is_there_again_until_it_is_over(store: Store) -> None:
    await store.write(lambda tx: tx.silences.save([replace(SILENCE, why="disk")]))
    await store.write(lambda tx: tx.silences.save([SILENCE]))
    [found] = await store.read(lambda tx: tx.silences.current(AT))
    assert found in (SILENCE, replace(SILENCE, why="a\ufffddisk"))  # PostgreSQL holds no NUL
    assert await store.read(lambda tx: tx.silences.current(AT + HOUR)) == []


async def test_a_period_knows_the_silences_that_were_active_in_it(store: Store) -> None:
    for number, start in ((1, -3), (2, -1), (3, 0), (4, 2)):
        one = replace(SILENCE, id=number, why="disk", starts_at=AT + start * HOUR, ends_at=AT + (start + 1.5) * HOUR)
        await store.write(lambda tx, one=one: tx.silences.save([one]))  # type: ignore[misc]  # bound per round
    found = await store.read(lambda tx: tx.silences.between(AT, AT + 2 * HOUR))
    assert [one.id for one in found] == [3, 2]


async def test_the_newest_silence_stays_so_that_its_number_is_not_given_twice(store: Store) -> None:
    for number in (1, 2, 3):
        await store.write(lambda tx, n=number: tx.silences.save([replace(SILENCE, id=n)]))  # type: ignore[misc]  # likewise
    assert await store.write(lambda tx: tx.silences.purge(AT + 2 * HOUR, 10)) == 2
    assert await store.read(lambda tx: tx.silences.last_id()) == 3


async def test_windows_are_there_again(store: Store) -> None:
    for window in (NIGHTLY, PLANNED, replace(PLANNED, id="12")):
        await store.write(lambda tx, one=window: tx.windows.save([one]))  # type: ignore[misc]  # likewise
    assert await store.read(lambda tx: tx.windows.current(AT)) == [replace(PLANNED, id="12"), PLANNED, NIGHTLY]
    assert await store.read(lambda tx: tx.windows.current(AT + HOUR)) == [NIGHTLY]
    assert await store.read(lambda tx: tx.windows.last_number()) == 12


async def test_an_occurrence_replaces_what_was_known_of_it_until_it_is_finished(store: Store) -> None:
    first = held(seen_down=frozenset({"a", "b"}))
    later = replace(first, told=(Kind.WINDOW_STARTED,), update_every=HOUR / 4, step=3, still_up=("c",))
    for one in (first, later, held(1)):
        await store.write(lambda tx, one=one: tx.windows.hold([one]))  # type: ignore[misc]  # likewise
    assert await store.read(lambda tx: tx.windows.unfinished()) == [later, held(1)]
    await store.write(lambda tx: tx.windows.hold([replace(later, finished=True)]))
    assert await store.read(lambda tx: tx.windows.unfinished()) == [held(1)]
    assert await store.read(lambda tx: tx.windows.get("7", AT)) == replace(later, finished=True)
    assert await store.read(lambda tx: tx.windows.get("8", AT)) is None


async def test_old_occurrences_are_forgotten_and_unfinished_ones_are_not(store: Store) -> None:
    for one in (held(0, finished=True), held(1, finished=True), held(2), held(9, finished=True)):
        await store.write(lambda tx, one=one: tx.windows.hold([one]))  # type: ignore[misc]  # likewise
    assert [one.starts_at for one in await store.read(lambda tx: tx.windows.between(AT, AT + 2 * HOUR))] == [
        AT + HOUR,
        AT,
    ]
    assert await store.write(lambda tx: tx.windows.purge(AT + 5 * HOUR, 1)) == 1
    assert await store.write(lambda tx: tx.windows.purge(AT + 5 * HOUR, 10)) == 1
    assert len(await store.read(lambda tx: tx.windows.between(AT, AT + 99 * HOUR))) == 2


@pytest.mark.parametrize("name", ["win\0dow", "half \ud800 a pair"])
async def test_a_name_that_no_database_holds_is_made_one(store: Store, name: str) -> None:
    await store.write(lambda tx: tx.windows.save([replace(PLANNED, id=name)]))
    assert len(await store.read(lambda tx: tx.windows.current(AT))) == 1

"""Who stands in on call is there again, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.oncall import Override
from tests.store.values import AT

if TYPE_CHECKING:
    from sentinel.store.database import Store

HOUR = timedelta(hours=1)
ANNA = Override(
    schedule="primary", person="anna", starts_at=AT, ends_at=AT + 2 * HOUR, by="ben", why="the dentist\0, at nine"
)
LATER = replace(ANNA, person="cleo", starts_at=AT + HOUR, ends_at=AT + 9 * HOUR)


async def made(store: Store, override: Override) -> Override:
    return await store.write(lambda tx: tx.on_call.add(override, AT))


async def test_overrides_come_back_in_the_order_in_which_they_were_made(store: Store) -> None:
    first, second = await made(store, ANNA), await made(store, LATER)
    assert [one.id for one in (first, second)] == [1, 2]
    assert await store.read(lambda tx: tx.on_call.current(AT)) == [first, second]


async def test_one_that_is_over_is_not_current(store: Store) -> None:
    await made(store, ANNA)
    assert await store.read(lambda tx: tx.on_call.current(AT + 2 * HOUR)) == []


async def test_one_that_is_ended_early_ends_at_once_and_one_to_come_never_begins(store: Store) -> None:
    await made(store, ANNA)
    await made(store, LATER)
    now = AT + HOUR / 2
    for number in (1, 2):
        assert await store.write(lambda tx, number=number: tx.on_call.end(number, now, "ben"))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.on_call.current(now)) == []


async def test_one_that_is_over_or_was_never_made_cannot_be_ended(store: Store) -> None:
    await made(store, ANNA)
    assert not await store.write(lambda tx: tx.on_call.end(1, AT + 3 * HOUR, "ben"))
    assert not await store.write(lambda tx: tx.on_call.end(7, AT, "ben"))


async def test_what_is_long_over_is_purged_and_no_number_is_given_twice(store: Store) -> None:
    for override in (ANNA, ANNA, LATER):
        await made(store, override)
    assert await store.write(lambda tx: tx.on_call.purge(AT + 30 * HOUR, 10)) == 2
    assert (await made(store, ANNA)).id == 4

"""It is known which configuration was in force when."""

from __future__ import annotations

from datetime import timedelta

from sentinel.store import configurations
from sentinel.store.database import Store
from tests.store.values import AT, MINUTE

DAY = timedelta(days=1)


async def note(store: Store, fingerprint: str, minutes: float) -> bool:
    return await store.write(lambda tx: tx.configurations.note(fingerprint, AT + minutes * MINUTE))


async def known(store: Store) -> list[tuple[float, str]]:
    found = await store.read(lambda tx: tx.configurations.between(AT, AT + DAY))
    return [((at - AT) / MINUTE, fingerprint) for at, fingerprint in found]


async def test_each_change_is_written_down_once(store: Store) -> None:
    assert [await note(store, *one) for one in (("a", -5), ("a", 1), ("b", 2), ("b", 3), ("a", 4))] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert await known(store) == [(2, "b"), (4, "a")]


async def test_a_clock_that_was_set_back_changes_no_order(store: Store) -> None:
    await note(store, "a", 10)
    await note(store, "b", 5)
    assert [fingerprint for _, fingerprint in await known(store)] == ["a", "b"]


async def test_the_oldest_go_when_there_are_very_many(store: Store) -> None:
    await store.write(
        lambda tx: [tx.configurations.note(str(n), AT + n * MINUTE / 60) for n in range(configurations.MOST + 5)]
    )
    found = await known(store)
    assert (len(found), found[0][1]) == (configurations.MOST, "5")

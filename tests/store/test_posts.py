"""Posts of the status page are there again, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.component import Condition
from sentinel.core.posting import Draft, Stage
from tests.store.values import AT

if TYPE_CHECKING:
    from sentinel.core.posting import Post
    from sentinel.store.database import Store

HOUR = timedelta(hours=1)
FIRST = Draft(at=AT, stage=Stage.INVESTIGATING, title="Payroll is slow", components=("payroll",), incident=12, by="ann")
OTHER = Draft(at=AT, stage=Stage.INVESTIGATING, components=("portal",), condition=Condition.MAJOR_OUTAGE)


def over(thread: int, hours: int) -> Draft:
    return Draft(at=AT + hours * HOUR, stage=Stage.RESOLVED, thread=thread, text="a\0 switch", by="bob")


async def add(store: Store, *drafts: Draft) -> list[Post]:
    return await store.write(lambda tx: tx.posts.add(drafts))


async def ids(store: Store, since: int) -> list[int]:
    found = await store.read(lambda tx: tx.posts.since(AT + since * HOUR))
    return [post.id for post in found]


async def test_posts_are_numbered_and_begin_threads_or_go_on_with_them(store: Store) -> None:
    first, other = await add(store, FIRST, OTHER)
    [last] = await add(store, over(first.id, 1))
    assert [(post.id, post.thread) for post in (first, other, last)] == [(1, 1), (2, 2), (3, 1)]
    thread = await store.read(lambda tx: tx.posts.thread(1))
    assert thread == [first, replace(last, text="a\0 switch")]
    assert await store.read(lambda tx: tx.posts.get(2)) == other


async def test_what_is_open_is_always_found_and_what_is_over_for_a_while(store: Store) -> None:
    await add(store, FIRST, OTHER, over(1, 1))
    assert await ids(store, since=0) == [3, 2, 1]
    assert await ids(store, since=2) == [2]


async def test_a_thread_that_goes_on_after_all_is_open_again(store: Store) -> None:
    await add(store, FIRST, over(1, 1), Draft(at=AT + 2 * HOUR, stage=Stage.MONITORING, thread=1, by="ann"))
    assert await ids(store, since=50) == [3, 2, 1]


async def test_a_post_that_was_changed_is_there_as_it_is_now(store: Store) -> None:
    [first] = await add(store, FIRST)
    changed = replace(first, title="Payroll was slow", edited_by="bob", withdrawn_by="cid")
    await store.write(lambda tx: tx.posts.change(changed))
    assert await store.read(lambda tx: tx.posts.get(1)) == changed


async def test_threads_that_are_long_over_are_forgotten_and_their_numbers_are_not_given_again(store: Store) -> None:
    await add(store, FIRST, OTHER, over(1, 1), over(2, 9))
    assert await store.write(lambda tx: tx.posts.purge(AT + 5 * HOUR, 10)) == 2
    assert await ids(store, since=0) == [4, 2]
    assert await store.write(lambda tx: tx.posts.purge(AT + 50 * HOUR, 10)) == 1
    assert [post.id for post in await add(store, FIRST)] == [5]

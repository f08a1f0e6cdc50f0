"""Posts and their threads, and what is posted without a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sentinel.core.component import Condition
from sentinel.core.posting import Draft, Outage, Post, Stage, automatic, threads
from tests.kit.public import PAYROLL, PORTAL, posted
from tests.kit.scene import NOW

MAJOR, PARTIAL, FINE = Condition.MAJOR_OUTAGE, Condition.PARTIAL_OUTAGE, Condition.OPERATIONAL
AFTER = timedelta(minutes=5)


def drafts(condition: Condition, *posts: Post, for_minutes: float = 10) -> list[Draft]:
    """What is posted of the payroll, which is so since then, while the portal is fine."""
    began_at = NOW - timedelta(minutes=for_minutes) if condition.is_outage else None
    outages = [
        Outage(component=PAYROLL, condition=condition, began_at=began_at),
        Outage(component=PORTAL, condition=FINE, began_at=None),
    ]
    return automatic(outages, threads(posts, withdrawn=True), AFTER, NOW)


def own(number: int = 1, **more: object) -> Post:
    return replace(posted(number, components=("payroll",), condition=PARTIAL, by="", ago=10), **more)  # type: ignore[arg-type]  # whichever


def test_threads_are_told_apart_and_the_newest_comes_first() -> None:
    found = threads([posted(3, thread=1), posted(1, ago=90), posted(2, ago=30)])
    assert [[post.id for post in thread.posts] for thread in found] == [[2], [1, 3]]


def test_a_thread_is_over_with_its_last_post() -> None:
    [thread] = threads([posted(1), posted(2, Stage.RESOLVED, thread=1, ago=5)])
    assert (thread.is_open, thread.ended_at) == (False, NOW - timedelta(minutes=5))


def test_what_was_withdrawn_is_gone_and_with_the_first_all_of_it() -> None:
    posts = [posted(1), posted(2, thread=1, withdrawn_by="ann"), posted(3, withdrawn_by="ann"), posted(4, thread=3)]
    assert [[post.id for post in thread.posts] for thread in threads(posts)] == [[1]]


def test_an_outage_is_posted_once_it_has_lasted() -> None:
    assert drafts(MAJOR, for_minutes=4) == []
    [draft] = drafts(MAJOR, for_minutes=6)
    assert (draft.components, draft.condition, draft.stage) == (("payroll",), MAJOR, Stage.INVESTIGATING)
    assert (draft.at, draft.title, draft.text, draft.by) == (NOW, "", "", "")


def test_what_was_posted_is_not_posted_again() -> None:
    assert drafts(PARTIAL, own()) == []


def test_an_outage_that_gets_worse_is_told_once() -> None:
    [draft] = drafts(MAJOR, own())
    assert (draft.thread, draft.condition) == (1, MAJOR)
    assert drafts(MAJOR, own(), draft.numbered(2)) == []


def test_an_outage_that_is_over_ends_its_thread() -> None:
    [draft] = drafts(FINE, own())
    assert (draft.thread, draft.stage, draft.at) == (1, Stage.RESOLVED, NOW)
    assert drafts(FINE, own(), draft.numbered(2)) == []


def test_while_nobody_can_tell_nothing_is_said() -> None:
    assert drafts(Condition.UNKNOWN, own()) == []


def test_maintenance_is_no_outage() -> None:
    assert drafts(Condition.MAINTENANCE) == []


def test_where_people_write_sentinel_does_not() -> None:
    assert drafts(MAJOR, posted(1, components=("payroll",))) == []
    assert drafts(MAJOR, posted(1)) == []  # about the whole page
    assert len(drafts(MAJOR, posted(1, components=("patient-portal",)))) == 1


def test_what_a_person_began_is_never_ended_by_sentinel() -> None:
    assert drafts(FINE, posted(1, components=("payroll",))) == []


def test_what_a_person_closed_or_took_off_is_not_begun_again_during_the_same_outage() -> None:
    closed = posted(2, Stage.RESOLVED, thread=1, ago=3)
    assert drafts(MAJOR, own(), closed) == []
    assert drafts(PARTIAL, own(withdrawn_by="ann")) == []
    earlier = (posted(1, components=("payroll",), ago=200), posted(2, Stage.RESOLVED, thread=1, ago=100))
    assert len(drafts(MAJOR, *earlier)) == 1


def test_a_thread_about_a_component_that_is_gone_is_ended() -> None:
    [draft] = drafts(FINE, posted(1, components=("gone",), condition=MAJOR))
    assert (draft.thread, draft.stage) == (1, Stage.RESOLVED)

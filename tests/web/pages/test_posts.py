"""Posts of the public status page on the dashboard: written, mended and taken off by those who may, on a real store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sentinel.app.posting import PostVerbs
from sentinel.base.redact import Secret
from sentinel.core.component import Condition
from sentinel.core.plan import StorePlan
from sentinel.core.posting import Draft, Stage
from sentinel.store.database import Store
from sentinel.web.pages.posts import threads
from tests.kit.clock import FakeClock
from tests.kit.public import PAGE
from tests.kit.scene import NOW, check, history, well
from tests.web.pages.conftest import standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard

SLOW: dict[str, str | list[str]] = {"title": "Payroll is slow", "components": ["Payroll"], "incident": "12"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), FakeClock(NOW))
    yield opened
    await opened.close()


@pytest.fixture
def monitor(tmp_path: Path, store: Store) -> StillMonitor:
    """A monitor with a public status page, posts of which are kept."""
    made = standing(tmp_path, history(check("health"), [well()]))
    made.plan = replace(made.plan, status_page=PAGE)
    made.posts = PostVerbs(store, FakeClock(NOW), lambda: made.plan, lambda: None)
    return made


async def test_a_post_is_written_goes_on_and_ends(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/posts", text="We look into it", **SLOW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/posts?done=post")
    await dashboard.ann.send("/posts", on="1", state="resolved", text="It was the network")
    [thread] = threads(await dashboard.monitor.posts.all())
    assert (thread.title, thread.components, thread.stage) == ("Payroll is slow", ("Payroll",), Stage.RESOLVED)
    assert [(post.by, post.text) for post in thread.posts] == [
        ("ann", "It was the network"),
        ("ann", "We look into it"),
    ]
    page = await dashboard.viewer.page("/posts?done=post")
    assert "It stands on the status page." in page
    assert '<a href="/incidents/12">incident 12</a>' in page


async def test_a_post_is_mended_and_taken_off_and_that_stands_in_the_journal(dashboard: Dashboard) -> None:
    await dashboard.ann.send("/posts", **SLOW)
    edited = await dashboard.ann.send("/posts/1/edit", title="Payroll was slow", text="Mended")
    assert edited.headers["location"] == "/posts?done=post-edit"
    await dashboard.ann.send("/posts/1/withdraw")
    page = await dashboard.viewer.page("/posts")
    assert "Payroll was slow" in page
    assert "taken off by ann" in page
    told = [(deed.by, deed.action, deed.subject) for deed in dashboard.monitor.journal.deeds]
    assert told == [("ann", f"post.{verb}", "post 1") for verb in ("add", "edit", "withdraw")]


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"title": "Slow", "components": "nowhere"}, 409, "no component"),
        ({"title": "x" * 201}, 400, "at most 200 characters"),
        ({"title": "Slow", "state": "open"}, 400, "`state`"),
        ({"title": "Slow", "incident": "twelve"}, 400, "`incident` has to be a number"),
        ({"on": "7", "text": "a good word"}, 409, "there is no post 7"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_why(
    dashboard: Dashboard, fields: dict[str, str], status: int, says: str
) -> None:
    answer = await dashboard.ann.send("/posts", **fields)
    assert answer.status_code == status
    assert says in answer.text
    assert not await dashboard.monitor.posts.all()


async def test_a_refused_post_keeps_what_was_filled_in(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/posts", title="Slow", text="a good word", components=["Payroll"], state="open")
    assert 'data-keep="new-post" open' in answer.text
    assert 'value="Slow"' in answer.text
    assert ">a good word</textarea>" in answer.text
    assert 'value="Payroll" checked' in answer.text


async def test_who_may_only_look_sees_posts_and_no_forms(dashboard: Dashboard) -> None:
    await dashboard.ann.send("/posts", **SLOW)
    page = await dashboard.viewer.page("/posts")
    assert "Payroll is slow" in page
    assert 'action="/posts' not in page
    assert (await dashboard.viewer.send("/posts", title="Mine")).status_code == 403
    assert (await dashboard.nobody.get("/posts")).status_code in (303, 401)


async def test_what_people_write_is_text(dashboard: Dashboard) -> None:
    await dashboard.ann.send("/posts", title="<b>bold</b>", text='"><script>alert(1)</script>')
    page = await dashboard.ann.page("/posts")
    assert "<b>bold" not in page
    assert "<script>alert" not in page


async def test_what_sentinel_posted_has_no_title_to_mend(dashboard: Dashboard, store: Store) -> None:
    draft = Draft(at=NOW, stage=Stage.INVESTIGATING, components=("payroll",), condition=Condition.MAJOR_OUTAGE)
    await store.write(lambda tx: tx.posts.add([draft]))
    page = await dashboard.ann.page("/posts")
    assert "Posted by Sentinel itself" in page
    assert 'id="e-title-1"' not in page


async def test_without_a_status_page_there_is_no_such_page_and_no_way_to_it(
    dashboard: Dashboard, monitor: StillMonitor
) -> None:
    assert '<a href="/posts"' in await dashboard.viewer.page("/")
    monitor.plan = replace(monitor.plan, status_page=None)
    assert '<a href="/posts"' not in await dashboard.viewer.page("/")
    assert (await dashboard.viewer.get("/posts")).status_code == 404


@pytest.mark.parametrize("number", ["9" * 5_000, "9" * 30, "-1", "٣"])
async def test_a_number_that_no_post_has_is_refused(dashboard: Dashboard, number: str) -> None:
    """Python refuses to read thousands of digits, and JSON to write thirty: both were faults of ours (W03)."""
    for field in ("on", "incident"):
        assert (await dashboard.ann.send("/posts", **SLOW | {field: number})).status_code == 400

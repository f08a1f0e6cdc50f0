"""The commands about the public status page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sentinel.app.posting import PostVerbs
from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from tests.kit.command import Ended, sentinel
from tests.kit.public import PAGE, StillPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.monitor import StillMonitor

NEW = ("post", "Payroll is slow", "--component", "payroll", "--by", "ann")


@pytest.fixture
async def open_page(monitor: StillMonitor, tmp_path: Path) -> AsyncIterator[StillMonitor]:
    """A monitor that has a status page."""
    monitor.plan = replace(monitor.plan, status_page=PAGE)
    monitor.public = StillPage(PAGE)
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), SystemClock())
    monitor.posts = PostVerbs(store, SystemClock(), lambda: monitor.plan, lambda: None)
    yield monitor
    await store.close()


async def asked(monitor: StillMonitor, *arguments: str | Path) -> Ended:
    return await sentinel("--config", monitor.plan.file, *arguments)


async def test_what_goes_on_is_posted_gone_on_with_and_listed(open_page: StillMonitor) -> None:
    assert (await asked(open_page, *NEW)).out == (
        "Post 1 (investigating) about Payroll is posted. `sentinel post --on 1 …` goes on with it.\n"
    )
    update = ("post", "--on", "1", "--state", "identified", "It is the network", "--by", "bob", "--json")
    assert (await asked(open_page, *update)).json()["text"] == "It is the network"
    lines = (await asked(open_page, "posts")).out.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "2", "1"]
    assert lines[2].endswith("ann  Payroll: Payroll is slow")


async def test_words_are_mended_and_taken_off(open_page: StillMonitor) -> None:
    await asked(open_page, *NEW)
    mended = await asked(open_page, "posts", "edit", "1", "--text", "Pages are slow", "--by", "bob")
    assert mended.out == "Post 1 (investigating) about Payroll is changed.\n"
    assert "taken off the page" in (await asked(open_page, "posts", "withdraw", "1", "--by", "cid")).out
    assert "(edited by bob; taken off by cid)" in (await asked(open_page, "posts")).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("post",),
        ("post", "--on", "1", "--component", "payroll", "more"),
        ("posts", "edit", "1"),
        ("status-page", "write"),
    ],
)
async def test_what_is_missing_is_said(open_page: StillMonitor, arguments: tuple[str, ...]) -> None:
    assert (await asked(open_page, *arguments)).code == 64


async def test_without_a_page_the_hint_says_where_one_comes_from(monitor: StillMonitor, tmp_path: Path) -> None:
    ended = await asked(monitor, "status-page", "write", tmp_path / "page")
    assert (ended.code, ended.err) == (
        1,
        "sentinel: there is no status page\nhint: the section `status_page` of the configuration makes one\n",
    )


async def test_the_page_is_written_as_files_and_nothing_is_left_beside_them(
    open_page: StillMonitor, tmp_path: Path
) -> None:
    folder = tmp_path / "page"
    for _ in range(2):
        ended = await asked(open_page, "status-page", "write", folder)
    assert ended.out == f"11 files written to {folder}\n"
    written = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert {"index.html", "history.html", "feed.atom", "badge/payroll/uptime-7d.svg"} <= written
    assert len(written) == 11


async def test_a_folder_that_cannot_be_written_is_said(open_page: StillMonitor, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    ended = await asked(open_page, "status-page", "write", tmp_path / "taken" / "page")
    assert ended.code == 73
    assert "cannot write" in ended.err

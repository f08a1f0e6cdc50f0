"""A store that cannot be written, goes away, or is damaged: checks go on, and what was found is told when it can be."""

from __future__ import annotations

import resource
import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from tests.kit.theatre import story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kit.stage import Stage


@contextmanager
def no_room_to_write(pid: int) -> Iterator[None]:
    """Every write of that process to a file fails, as on a full disk that nothing can be freed on."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it was killed meanwhile
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@story
async def test_what_was_found_while_nothing_could_be_written_is_told_as_soon_as_it_can(stage: Stage) -> None:
    await stage.daemon.start()
    await stage.target.requests.reach(2)
    with no_room_to_write(stage.daemon.pid):
        stage.target.fail()
        await stage.daemon.process.line("store.down")
        await stage.daemon.shows(lambda status: status["incidents"] and status["store_problem"])
        asked = len(stage.target.requests)
        await stage.target.requests.reach(asked + 3)
        assert stage.told() == []
    await stage.hears("opened")
    await stage.daemon.process.line("store.up")
    await stage.settles()
    assert stage.faults == []
    assert sound(stage.daemon.folder / "state" / "sentinel.db")


@story
async def test_a_kill_while_nothing_can_be_written_leaves_a_sound_store(stage: Stage) -> None:
    await stage.daemon.start()
    await stage.target.requests.reach(2)
    with no_room_to_write(stage.daemon.pid):
        stage.target.fail()
        await stage.daemon.process.line("store.down")
        await stage.daemon.kill()
    assert sound(stage.daemon.folder / "state" / "sentinel.db")
    await stage.daemon.start()
    await stage.hears("opened")


def sound(file: Path) -> bool:
    with closing(sqlite3.connect(file)) as database:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))


@story
async def test_a_damaged_store_is_put_aside_and_the_watch_goes_on(stage: Stage) -> None:
    await stage.daemon.start()
    await stage.target.requests.reach(2)
    await stage.daemon.stop()
    file = stage.daemon.folder / "state" / "sentinel.db"
    file.write_bytes(b"\0" * 100 + file.read_bytes()[100:])
    stage.target.fail()
    await stage.daemon.start()
    await stage.hears("opened")
    assert [line["level"] for line in stage.daemon.log if line["event"] == "store.damaged"] == ["critical"]
    assert len(list(file.parent.glob("sentinel.db.damaged-*"))) == 1


@story
async def test_a_store_that_is_removed_while_in_use_is_noticed_and_begun_anew_at_the_next_start(stage: Stage) -> None:
    """SQLite wrote on into the removed file, and Sentinel believed that all was well."""
    await stage.daemon.start()
    await stage.target.requests.reach(2)
    for file in (stage.daemon.folder / "state").glob("sentinel.db*"):
        file.unlink()
    stage.target.fail()
    down = await stage.daemon.process.line(r"^.*store\.down.*$")
    assert "removed" in down[0] or "no store" in down[0]
    await stage.daemon.stop()
    await stage.daemon.start()
    await stage.hears("opened")

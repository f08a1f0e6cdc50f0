"""Checks that are run by hand go on from what the daemon's probes noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel.app.once import check_once
from sentinel.base.clock import SystemClock
from sentinel.store.database import Store
from tests.kit.config import ConfigFolder

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.core.plan import Plan
    from sentinel.core.result import Note


async def lines(plan: Plan) -> tuple[float, Note]:
    """How many lines a run by hand finds, and what its probe notes."""
    [ran] = await check_once(plan, plan.checks)
    measurement = ran.result.measurement
    assert measurement.note is not None
    return next(reading.value for reading in measurement.readings if reading.name == "lines"), measurement.note


async def test_a_run_by_hand_goes_on_from_the_daemons_note(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("INFO started\n")
    check = {"name": "app-log", "kind": "logs", "options": {"files": [str(log)], "patterns": {"errors": "ERROR"}}}
    plan = ConfigFolder(tmp_path).plan({"checks": [check]})
    _, note = await lines(plan)
    store = await Store.open(plan.store, SystemClock())
    await store.write(lambda tx: tx.notes.save({"app-log": note}))
    with log.open("a") as file:
        file.write("ERROR one\nERROR two\n")
    assert (await lines(plan))[0] == 2  # beside the daemon, which has the store
    await store.close()
    assert (await lines(plan))[0] == 2  # nothing was written down


async def test_without_a_store_a_run_by_hand_is_a_first_look(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("ERROR long ago\n")
    check = {"name": "app-log", "kind": "logs", "options": {"files": [str(log)], "patterns": {"errors": "ERROR"}}}
    plan = ConfigFolder(tmp_path).plan({"checks": [check]})
    assert (await lines(plan))[0] == 0

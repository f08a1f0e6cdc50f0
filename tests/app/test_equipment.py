"""What a plan needs is built for it, and what must outlive a plan does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sentinel.app.equipment import Equipment, Kit
from sentinel.probes.ledger import Unkept
from tests.kit.clock import FakeClock
from tests.kit.config import ConfigFolder
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.plan import Plan
    from sentinel.core.result import Measurement


@pytest.fixture
async def equipment() -> AsyncIterator[Equipment]:
    built = Equipment(FakeClock())
    yield built
    await built.close()


def plan(folder: Path, receiver: HttpReceiver, page: str, password: str = "pass-canary") -> Plan:
    """One check that logs in to see a page."""
    login = {"url": f"{receiver.url}/login", "username": "monitor", "password": "${PASSWORD}"}
    options = {"login": login, "protected": {"url": f"{receiver.url}/{page}"}}
    tree = {"checks": [{"name": "login", "kind": "auth", "options": options}]}
    return ConfigFolder(folder).plan(tree, {"PASSWORD": password})


async def measure(kit: Kit) -> Measurement:
    return await kit.runnables["login"].measure(asyncio.get_running_loop().time() + 5)


async def test_a_reload_that_changes_a_check_does_not_repeat_its_refused_login(
    equipment: Equipment, receiver: HttpReceiver, tmp_path: Path
) -> None:
    receiver.answer = Answer(status=401)
    for page in ("me", "elsewhere"):
        kit = equipment.build(plan(tmp_path, receiver, page), {}, Unkept())
        await equipment.adopt(kit)
        found = await measure(kit)
    assert found.explanation.startswith("login: refused before")
    assert len(receiver.requests) == 1


async def test_a_reload_with_a_new_password_logs_in_at_once(
    equipment: Equipment, receiver: HttpReceiver, tmp_path: Path
) -> None:
    receiver.answer = Answer(status=401)
    for password in ("pass-canary", "renewed-canary"):
        kit = equipment.build(plan(tmp_path, receiver, "me", password), {}, Unkept())
        await equipment.adopt(kit)
        await measure(kit)
    assert len(receiver.requests) == 2


async def test_a_reload_that_changes_the_words_leaves_a_command_as_it_is(equipment: Equipment, tmp_path: Path) -> None:
    channels = {
        "undo": {"kind": "command", "command": ["/bin/sh"]},
        "hook": {"kind": "webhook", "url": "${HOOK}"},
    }
    checks = [{"name": "page", "kind": "http", "options": {"url": "http://127.0.0.1:9/"}}]
    kits = []
    for name in ("ward", "clinic"):
        tree = {"name": name, "checks": checks, "channels": channels}
        whole = ConfigFolder(tmp_path).plan(tree, {"HOOK": "http://127.0.0.1:9/hook"})
        kit = equipment.build(whole, {}, Unkept())
        await equipment.adopt(kit)
        kits.append({known: route.channel for known, route in kit.routes.items()})
    before, after = kits
    assert before["undo"] is after["undo"]
    assert before["hook"] is not after["hook"]

"""A guide's deployment, run as its script, on the real system with a real daemon beside it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from examples.demo.system import ROOT
from tests.kit.command import Ended, run
from tests.kit.daemon import Daemon
from tests.kit.smtp import SmtpServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.guides.kit.world import World
    from tests.kit.process import Children

#: Seconds within which a deployment, its watch of two seconds included, is over.
WITHIN = 90.0

#: How `deploy.sh` ends, by what came of the deployment.
EXITS = {"passed": 0, "failed": 1, "rolled_back": 1, "inconclusive": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploying:
    """A system, and a Sentinel that watches it by the configuration of the guide."""

    world: World
    daemon: Daemon

    async def deploy(self, version: str) -> Ended:
        """Run the script."""
        folder = ROOT / "examples" / self.world.system.name.replace("-", "_")
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        env = {**self.daemon.env, "SENTINEL_CONFIG": str(self.daemon.file), "WATCH": "2s", "PATH": path}
        return await run("sh", folder / "deploy.sh", version, env=env, within=WITHIN)

    async def deployed(self, version: str) -> dict[str, Any]:
        """Run it with a good release; what came of it. A watch of two seconds may end in any way, and the script as it did."""
        ended = await self.deploy(version)
        document = await self.document()
        assert ended.code == EXITS.get(document["line"]["ending"]), ended.out + ended.err
        assert all(one["passed"] == one["planned"] for one in verified(document)), ended.out
        assert "written: 4 files" in ended.out, ended.err
        assert await self.release() == version
        return document

    async def ended(self) -> dict[str, Any]:
        """The last deployment, once it is over."""
        document = await self.document()
        async with asyncio.timeout(WITHIN):
            while document["line"]["ended_at"] is None:
                await self.daemon.ask(f"/api/v1/deployments/{document['line']['id']}/changes?within=2")
                document = await self.document()
        return document

    async def document(self) -> dict[str, Any]:
        """What is known of the last deployment."""
        said = await self.daemon.say("deploy", "status", "--json")
        found: dict[str, Any] = json.loads(said.text)
        return found

    async def release(self) -> str:
        """The version that is in place."""
        async with httpx2.AsyncClient(base_url=self.world.stand.url, trust_env=False) as client:
            return str((await client.get("/_release")).json()["version"])


@asynccontextmanager
async def deploying(world: World, children: Children, folder: Path) -> AsyncIterator[Deploying]:
    """Sentinel, watching a system that runs."""
    config = json.loads(world.system.config.read_text(encoding="utf-8"))
    for part in ("status_page", "heartbeat"):  # a port and an address that nothing here listens at
        config.pop(part, None)
    async with AsyncExitStack() as stack:
        mails = await stack.enter_async_context(SmtpServer())  # the document waits until the last of them has arrived
        env = {**world.environment, "SENTINEL_SMTP_PORT": str(mails.port)}
        daemon = await stack.enter_async_context(Daemon(children, folder, config, env=env))
        await daemon.start()
        yield Deploying(world=world, daemon=daemon)
        assert await daemon.stop() == 0


def verified(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The verifications that were made during it, each with how many passed."""
    return [
        {"planned": one["planned"], "passed": sum(check["outcome"] == "pass" for check in one["checks"])}
        for one in document["verifications"]
    ]


def steps(document: dict[str, Any]) -> list[str]:
    """What is on its timeline, without what the time it took decides."""
    left_out = ("judged", "ended", "up_again", "seen_down", "never_down", "failed")
    return [entry["kind"] for entry in document["timeline"] if entry["kind"] not in left_out]

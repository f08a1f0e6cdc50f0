"""An evening on call: a system of a guide, its configuration at a quicker pace, the real daemon, and everybody whom it tells."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from tests.guides.kit.world import World, running
from tests.kit.daemon import Daemon
from tests.kit.eventually import eventually
from tests.kit.http_receiver import HttpReceiver
from tests.kit.slack import BOT_TOKEN, SlackServer
from tests.kit.smtp import SmtpServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.process import Children

#: Of every check, whose own is forgotten.
PACE = {"interval": "2s", "timeout": "2s"}
#: What joins a trouble is told so long after it, instead of half a minute.
SOON = {"wait": "4s", "every": "5s"}
#: Seconds within which anything of an evening happens.
WITHIN = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One running system that is watched."""

    world: World
    daemon: Daemon
    mails: SmtpServer
    slack: SlackServer

    def told(self, *recipients: str) -> list[str]:
        """The subjects of the mails to somebody whose address begins so; canaries are left out. Each mail once."""
        found = [
            str(message_from_bytes(mail.content, policy=policy.default)["subject"]).strip()
            for mail in self.mails.messages
            if mail.recipients[0].startswith(recipients)
        ]
        return [subject for subject in found if not subject.startswith("[CANARY]")]

    def bodies(self, *recipients: str) -> str:
        """What these mails say, as text."""
        mails = [message_from_bytes(one.content, policy=policy.default) for one in self.mails.messages]
        parts = [mail.get_body(("plain",)) for mail in mails if str(mail["to"]).startswith(recipients)]
        return "\n".join(str(part.get_content()) for part in parts if part is not None)

    async def until_told(self, word: str, *recipients: str) -> list[str]:
        """Wait until a subject has the word; all subjects so far."""
        await eventually(lambda: any(word in subject for subject in self.told(*recipients)), within=WITHIN)
        return self.told(*recipients)

    async def calm(self) -> None:
        """Wait until every check was found well, and nothing is open."""
        await self.daemon.shows(
            lambda status: {check["severity"] for check in status["checks"]} == {"OK"}, within=WITHIN
        )
        await self.daemon.shows(lambda status: not status["incidents"], within=WITHIN)


@asynccontextmanager
async def evening(
    name: str, children: Children, folder: Path, without: tuple[str, ...] = (), **sooner: str
) -> AsyncIterator[Evening]:
    """A calm system of that name; only addresses and the pace of its configuration are changed.

    Args:
        name: of the system.
        children: which the daemon is one of.
        folder: for all that is written.
        without: checks that are left out, since they are of no concern and take long.
        sooner: variables that are shorter than the demo's.
    """
    async with AsyncExitStack() as stack:
        mails = await stack.enter_async_context(SmtpServer())
        slack = await stack.enter_async_context(SlackServer())
        hooks = await stack.enter_async_context(HttpReceiver())
        world = await stack.enter_async_context(running(name, folder / "system", **sooner))
        here = {
            "SENTINEL_SMTP_PORT": str(mails.port),
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "WEBHOOK_URL": hooks.url,
            "HEARTBEAT_URL": hooks.url,
        }
        (home := folder / "sentinel").mkdir()
        quick = _quicker(json.loads(world.system.config.read_text(encoding="utf-8")), without)
        daemon = await stack.enter_async_context(Daemon(children, home, quick, env={**world.environment, **here}))
        await daemon.start()
        found = Evening(world=world, daemon=daemon, mails=mails, slack=slack)
        await found.calm()
        yield found
        assert await daemon.stop() == 0


def _quicker(config: dict[str, Any], without: tuple[str, ...]) -> dict[str, Any]:
    config["defaults"] |= PACE
    config.pop("status_page", None)  # its port would be the same for all
    for check in config["checks"]:
        check["enabled"] = check["name"] not in without
        check.pop("interval", None)
        check.pop("timeout", None)
    for one in config["policies"].values():
        one["group"] = SOON
    return config

"""HC-1, HC-2, HC-9: the guide's own configuration, with this machine's addresses, watches the service and tells by mail."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.guides.healthcare.service import Service, start
from tests.kit.daemon import Daemon

if TYPE_CHECKING:
    from tests.kit.process import Children
    from tests.kit.smtp import SmtpServer

GUIDE = Path(__file__).parents[3] / "examples" / "healthcare" / "guide_config.json"


def on_this_machine(service: Service, mail: SmtpServer) -> dict[str, Any]:
    """The guide's file; only addresses and the pace are changed."""
    config: dict[str, Any] = json.loads(GUIDE.read_text())
    config["api_url"] = str(service.client.base_url).rstrip("/")
    config["monitoring_interval"] = 1
    config["alerting"]["email"]["smtp_server"] = f"127.0.0.1:{mail.port}"
    return config


async def test_the_guides_file_watches_tells_and_answers(children: Children, smtp: SmtpServer, tmp_path: Path) -> None:
    service = await start(children, tmp_path / "service")
    folder = tmp_path / "sentinel"
    folder.mkdir()
    async with service.client, Daemon(children, folder, on_this_machine(service, smtp)) as daemon:
        await daemon.start()
        await daemon.shows(lambda status: {check["severity"] for check in status["checks"]} == {"OK"})
        assert (await daemon.say("--status")).code == 0
        await service.switch("down", on=True)
        opened = await smtp.messages.reach(1)
        await daemon.shows(lambda status: len(status["incidents"]) == 2)
        assert (await daemon.say("--status")).code == 2
        await service.switch("down", on=False)
        told = await smtp.messages.reach(2)
        await daemon.shows(lambda status: not status["incidents"])
        assert await daemon.stop() == 0
    subjects = [str(message_from_bytes(mail.content, policy=policy.default)["subject"]) for mail in told]
    # Both checks look at the same service, so they are told of together.
    assert ["status 503" in subject for subject in subjects] == [True, False], subjects
    assert subjects[1].startswith("[RESOLVED]"), subjects
    assert {mail.recipients[0] for mail in opened} == {"admin@healthcare-app.com"}

"""`sentinel report`: made from the store alone, listed, and compared with checksums."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from tests.kit.command import forked, sentinel
from tests.kit.past import Outage, Story, tell
from tests.kit.scene import check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.smtp import SmtpServer

SINCE = datetime(2026, 10, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose store has two days of one check, of which it was down for an hour."""
    asyncio.run(_fill(tmp_path / "sentinel.db"))
    watched = {"name": "portal", "kind": "http", "interval": "5m", "options": {"url": "http://127.0.0.1:1/"}}
    schedule = [{"name": "morning", "every": "day", "forms": ["html", "csv"]}]
    whole = {"name": "ward", "checks": [watched], "store": {"path": "sentinel.db"}, "reports": {"schedule": schedule}}
    file = tmp_path / "c.json"
    file.write_text(json.dumps(whole))
    return file


async def _fill(file: Path) -> None:
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{file}")), SystemClock())
    outage = Outage(check="portal", at=SINCE + 30 * HOUR, lasted=HOUR)
    await tell(
        store,
        Story(checks=[check("portal", interval=HOUR / 12)], since=SINCE, until=SINCE + 48 * HOUR, outages=[outage]),
    )
    await store.close()


async def test_a_report_is_made_listed_and_verified(config: Path) -> None:
    made = await sentinel("report", "morning", "--period", "2026-10-04", "--config", config)
    assert (made.code, "1 h down" in made.out) == (0, True)
    assert f" files in {config.parent}/reports\n" in made.out
    named = await forked("report", "morning", "--period", "2026-10-04", "--verbose", "--config", config)
    assert f"written: {config.parent}/reports/morning-2026-10-04.html" in named.out
    assert "revision" not in (await forked("report", "list", "--config", config)).out
    (config.parent / "reports" / "morning-2026-10-04.checks.csv").write_text("portal,1.0")
    found = await sentinel("report", "verify", "--config", config)
    assert (found.code, found.out.splitlines()[0]) == (2, "altered: morning-2026-10-04.checks.csv")
    folder = ("report", "verify", "--folder", config.parent / "reports")
    assert (await forked(*folder, "--config", config)).out == found.out
    assert (await forked(*folder, config.parent, "--config", config)).code == 64


async def test_content_and_form_are_as_asked(config: Path, tmp_path: Path) -> None:
    asked = ("report", "--period", "2026-10", "--content", "hipaa", "--form", "json", "--folder", tmp_path / "out")
    made = await forked(*asked, "--json", "--config", config)
    assert made.code == 0
    assert (made.json()["contents"], made.json()["period"]) == (["hipaa"], "2026-10")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "on-demand-hipaa-2026-10.json",
        "on-demand-hipaa-2026-10.manifest.json",
    ]


def mailing(config: Path, port: int) -> Path:
    """The configuration with a mail channel."""
    email = {"kind": "email", "host": "127.0.0.1", "port": port, "security": "none"}
    whole = json.loads(config.read_text())
    whole["channels"] = {"mail": email | {"sender": "sentinel@example.org", "recipients": ["ops@example.org"]}}
    config.write_text(json.dumps(whole))
    return config


async def test_it_is_mailed_with_its_pictures_and_its_files(config: Path, smtp: SmtpServer) -> None:
    sent = await sentinel(
        "report", "daily", "--period", "2026-10-04", "--mail", "mail", "--config", mailing(config, smtp.port)
    )
    assert (sent.code, "mail ops@example.org sent" in sent.out) == (0, True)
    (message,) = smtp.messages
    mail = message_from_bytes(message.content, policy=default)
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == [
        "text/plain",
        "text/html",
        "image/png",
        "image/png",
        "text/html",
        "application/pdf",
    ]


async def test_what_cannot_be_made_is_told_with_a_hint(config: Path) -> None:
    refused = await forked("report", "dayly", "--config", config)
    assert (refused.code, "no report is called 'dayly'; did you mean daily?" in refused.err) == (64, True)


async def test_a_file_without_a_manifest_is_not_vouched_for(config: Path) -> None:
    found = await forked("report", "verify", config, "--config", config)
    assert (found.code, "no manifest beside it names this file" in found.err) == (3, True)


async def test_a_report_of_some_checks_or_of_a_part_corrects_no_other_one(config: Path) -> None:
    asked = ("report", "morning", "--period", "2026-10-04", "--config", config, "--json")
    whole = json.loads((await forked(*asked)).out)
    some = json.loads((await forked(*asked, "--check", "portal")).out)
    part = json.loads((await forked(*asked, "--content", "audit")).out)
    assert whole["name"] == "morning"
    assert some["name"].startswith("morning-portal-")
    assert part["name"] == "morning-audit"
    assert not list((config.parent / "reports").glob("*.r2.*"))


async def test_a_period_that_is_not_over_is_reported_up_to_now_and_under_a_key_of_its_own(config: Path) -> None:
    year = f"{SystemClock().now():%Y}"
    made = await sentinel("report", "--period", year, "--config", config, "--json")
    document = json.loads(made.out)
    assert document["period"].startswith(f"{year}--")
    assert datetime.fromisoformat(document["until"]) <= SystemClock().now()

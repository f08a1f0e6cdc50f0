"""When a deployment is over, the running daemon writes down what it was, looks back at it, and mails both."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

from tests.kit.stage import RECIPIENTS, check
from tests.kit.theatre import story

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.kit.smtp import SmtpMessage
    from tests.kit.stage import Stage


def headed(mails: Iterable[SmtpMessage]) -> list[str]:
    """The subjects of mails that bring papers."""
    subjects = [message_from_bytes(mail.content, policy=default)["subject"] for mail in mails]
    return [subject for subject in subjects if subject.startswith("[REPORT]")]


@story
async def test_a_deployment_is_written_down_and_looked_back_at_and_both_are_mailed(stage: Stage) -> None:
    stage.tell("hook", "mail")
    stage.checks(check("api", stage.target.url, system="payroll", tags=["post"]))
    stage.daemon.config["deployments"] = {
        "payroll": {"channels": ["hook", "mail"], "forms": ["markdown", "json"], "reviews": ["2s"]}
    }
    await stage.daemon.start()
    await stage.daemon.shows(lambda status: status["checks"][0]["severity"] == "OK")
    for words in (
        ("start", "2.4.1", "--from", "2.4.0"),
        ("note", "migrations ran", "--took", "40s"),
        ("finish", "--why", "the freeze begins"),
    ):
        said = await stage.daemon.say("deploy", *words)
        assert said.code == 0, said
    await stage.mail.messages.until(lambda mails: len(headed(mails)) == 2 * len(RECIPIENTS), within=40)
    assert {*headed(list(stage.mail.messages))} == {
        "[REPORT] Deployment of payroll 2.4.1: unwatched (ward)",
        "[REPORT] Deployment of payroll 2.4.1, 2 s later: too early (ward)",
    }
    folder = stage.daemon.folder / "reports"
    await stage.daemon.committed("SELECT 1 FROM reports WHERE name = 'deployment' AND revision = 2", within=30)
    first, second = (
        json.loads((folder / f"deployment-1-payroll-2.4.1{part}.json").read_text())["deployment"]
        for part in ("", ".r2")
    )
    assert [entry["kind"] for entry in first["timeline"]] == ["started", "note", "ended"]
    assert [one["kind"] for one in first["told"]] == ["deployment_started"] * 3 + ["deployment_ended"] * 3
    assert {one["state"] for one in first["told"]} == {"sent"}
    assert [one["due"] for one in second["reviews"]] == ["2s"]
    again = await stage.daemon.say("deploy", "report", "1", "--form", "markdown")
    assert (again.code, "2.4.0 → 2.4.1" in (folder / "deployment-1-payroll-2.4.1.r2.md").read_text()) == (0, True)
    assert (await stage.daemon.say("report", "verify")).code == 0

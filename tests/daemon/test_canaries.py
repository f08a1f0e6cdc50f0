"""Secrets and people's data, planted wherever Sentinel meets them, and looked for wherever it leaves anything."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import psutil
import psycopg

from tests.kit.http_receiver import Answer
from tests.kit.smtp import SmtpScript
from tests.kit.stage import Stage, check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.process import Children

PERSON = "Jane-Canary-Doe"
SECRETS = {
    "BEARER": "canary-bearer-7f3a",
    "DSN_PASSWORD": "canary-dsn-91bc",
    "HOOK_SECRET": "whsec_Y2FuYXJ5LWhvb2stc2VjcmV0LTAxMjM0NTY3ODk=",
    "HOOK_TOKEN": "canary-hook-token-5d21",
    "SLACK_TOKEN": "xoxb-canary-slack-66aa",
    "SMTP_PASSWORD": "canary-smtp-2e9d",
    "QUERY_KEY": "canary-query-key-c0de",
}
CANARIES = (PERSON, *SECRETS.values())

COMMANDS = (["--status"], ["config", "show"], ["outbox"], ["check"], ["report", "--since", "1h"])

#: Where Sentinel is meant to show a credential: to the one it belongs to.
RECEIVERS_OWN = ("authorization", "x-token", "webhook-signature")


async def test_no_secret_and_nobodys_data_gets_anywhere(
    children: Children, tmp_path: Path, postgres_database: str
) -> None:
    admit(postgres_database)
    async with Stage(children, tmp_path, env=SECRETS) as stage:
        plant(stage, postgres_database)
        await stage.daemon.start()
        await stage.hears("opened", "opened", "opened", "opened")
        await stage.settles()
        assert stage.faults == []
        said = await asyncio.gather(*(stage.daemon.say(*words) for words in COMMANDS))
        pages = [await stage.daemon.text(path) for path in ("/api/v1/status", "/metrics", "/api/v1/incidents")]
        command_line = psutil.Process(stage.daemon.pid).cmdline()
        await stage.daemon.stop()
        texts = {
            "a command": "\n".join(one.text for one in said),
            "a page": "\n".join(pages),
            "the command line": repr(command_line),
            "the log": "\n".join(stage.daemon.process.lines),
            "an alert": alerts(stage),
            **files(tmp_path),
        }
    assert [(where, canary) for where, text in texts.items() for canary in CANARIES if canary in text] == []


def admit(dsn: str) -> None:
    """One patient in the target's database."""
    with psycopg.connect(dsn) as database:
        database.execute("CREATE TABLE patients (name text)")
        database.execute("INSERT INTO patients VALUES (%s)", [PERSON])


def plant(stage: Stage, database: str) -> None:
    """Secrets in every place of the configuration that takes one, and a person's name in what the target says."""
    person = json.dumps({"status": PERSON, "patient": PERSON}).encode()
    stage.target.answer = Answer(body=person, headers={"x-patient": PERSON})
    url = f"{stage.target.url}/?key=${{QUERY_KEY}}"
    stage.mail.script = SmtpScript(credentials=("sentinel", SECRETS["SMTP_PASSWORD"]))
    dsn = database.replace("@", ":${DSN_PASSWORD}@")
    of_a_row = {"query": "SELECT name FROM patients", "expect": {"value": {"equals": "nobody"}}}
    stage.checks(
        check("body", "", options={"url": url, "expect": {"json": [{"path": "status", "equals": "ok"}]}}),
        check("header", "", options={**asked(url), "expect": {"headers": {"x-patient": "nobody"}}}),
        check("rows", "", kind="sql", options={**of_a_row, "url": dsn}),
        check("login", "", kind="sql", options={**of_a_row, "url": f"{dsn}_not"}),
    )
    stage.tell("hook", "slack", "mail")
    channels = stage.daemon.config["channels"]
    channels["hook"] |= {"secret": "${HOOK_SECRET}", "headers": {"x-token": "${HOOK_TOKEN}"}}
    channels["slack"]["token"] = "${SLACK_TOKEN}"
    channels["mail"] |= {"username": "sentinel", "password": "${SMTP_PASSWORD}", "security": "none"}
    stage.daemon.config["logs"] = {"format": "json", "level": "debug", "file": "sentinel.log"}


def asked(url: str) -> dict[str, object]:
    return {"url": url, "auth": {"bearer": "${BEARER}"}}


def alerts(stage: Stage) -> str:
    """Everything that receivers got, without the headers that prove who sends."""
    requests = [*stage.hook.requests, *stage.slack.requests]
    parts = [repr({k: v for k, v in r.headers.items() if k not in RECEIVERS_OWN}) for r in requests]
    parts += [repr(r.body) + r.target for r in requests]
    return "\n".join([*parts, *(repr(mail.content) for mail in stage.mail.messages)])


def files(folder: Path) -> dict[str, str]:
    """The bytes of every file that the daemon made."""
    made = [file for file in folder.rglob("*") if file.is_file() and file.name != "sentinel.json"]
    assert {"sentinel.db", "sentinel.log"} <= {file.name for file in made}
    return {str(file.relative_to(folder)): file.read_bytes().decode("latin-1") for file in made}

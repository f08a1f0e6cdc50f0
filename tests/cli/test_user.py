"""What the configuration needs to let people and programs in, and the journal from the store."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
import structlog
from argon2 import PasswordHasher
from click.testing import CliRunner, Result

from sentinel.app.journal import Journal, NoKey
from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.cli.main import cli
from sentinel.core.access import Via
from sentinel.core.journal import Deed
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse canary"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands run in this process here, and logging is one for all of it: put it back, or later tests see no log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def test_a_hash_is_of_the_password_that_was_piped_in() -> None:
    answer = CliRunner().invoke(cli, ["user", "hash"], input=f"{PASSWORD}\n", catch_exceptions=False)
    assert answer.output.startswith("$argon2id$v=19$")
    assert PasswordHasher().verify(answer.output.strip(), PASSWORD)
    assert "canary" not in answer.output


@pytest.mark.parametrize("typed", ["", "short", "x" * 2000])
def test_a_password_that_is_none_is_refused(typed: str) -> None:
    answer = CliRunner().invoke(cli, ["user", "hash"], input=f"{typed}\n")
    assert answer.exit_code != 0
    assert "argon2" not in answer.output


def test_a_token_is_shown_once_beside_what_the_configuration_needs() -> None:
    asked = ["token", "new", "ci", "--role", "operator", "--scope", "deploy", "--until", "2027-06-30"]
    said = CliRunner().invoke(cli, asked).output.splitlines()
    [token] = [line.strip() for line in said if line.strip().startswith("sentinel_")]
    entry = json.loads("{" + said[-1] + "}")["ci"]
    assert entry == {
        "role": "operator",
        "hash": f"sha256:{sha256(token.encode()).hexdigest()}",
        "until": "2027-06-30",
        "scopes": ["deploy"],
    }


@pytest.mark.parametrize("wrong", [["c i"], ["ci", "--until", "tomorrow"], ["ci", "--role", "boss"]])
def test_a_token_that_could_not_be_configured_is_not_made(wrong: list[str]) -> None:
    said = CliRunner().invoke(cli, ["token", "new", *wrong])
    assert said.exit_code != 0
    assert "sentinel_" not in said.output


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose journal has two entries, with a terminal's escape in them."""
    file = tmp_path / "monitoring_config.json"
    checks = [{"name": "web", "kind": "tcp", "options": {"host": "127.0.0.1", "port": 80}}]
    file.write_text(json.dumps({"checks": checks}))
    asyncio.run(write_journal(tmp_path / "state"))
    return file


async def write_journal(state: Path) -> None:
    clock = SystemClock()
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{state}/sentinel.db")), clock)
    journal = Journal(store, state / "journal.key", clock.now)
    deed = Deed(
        at=clock.now(), by="ann", via=Via.OIDC, action="incident.resolve", subject="incident 7", detail="\x1b[2J"
    )
    for by in ("ann", "ben"):
        await journal.note(replace(deed, by=by))
    await store.close()


def say(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["--config", *map(str, words)], standalone_mode=False)


def test_the_journal_is_listed_without_a_daemon(config: Path) -> None:
    said = say(config, "journal").output
    assert "     1  " in said
    assert "ann by oidc: incident.resolve incident 7" in said
    assert "\x1b" not in said
    entries = json.loads(say(config, "journal", "--by", "ben", "--json").output)["entries"]
    assert [one["by"] for one in entries] == ["ben"]


def test_the_chain_is_verified_without_a_daemon(config: Path) -> None:
    said = say(config, "journal", "verify")
    assert (said.return_value, said.output) == (0, "The journal is whole, up to entry 2.\n")
    (config.parent / "state" / "journal.key").write_text("00" * 32)
    broken = say(config, "journal", "verify", "--json")
    assert (broken.return_value, json.loads(broken.output)["breaks_at"]) == (1, 1)


def test_without_a_key_nothing_can_be_verified(config: Path) -> None:
    (config.parent / "state" / "journal.key").unlink()
    said = say(config, "journal", "verify")
    assert isinstance(said.exception, NoKey)
    assert "there is no journal yet" in str(said.exception)


def test_a_time_that_is_none_is_told(config: Path) -> None:
    said = say(config, "journal", "--since", "yesterday")
    assert "no duration" in str(said.exception)

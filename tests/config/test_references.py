"""`${NAME}`, `${NAME:-default}`, `${file:PATH}` and `$${`."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sentinel.base.errors import ConfigError
from sentinel.config.references import BadReference, stands_for_secret, substitute, without_defaults
from tests.kit.config import CHECK, ConfigFolder

VARIABLES = {"HOST": "db.example.org", "PORT": "5432", "EMPTY": ""}
HOOK = {"kind": "webhook", "url": "${file:hook}"}
ADDRESS = "https://hooks.example.org/canary-4711"


def follow(text: str) -> str:
    return substitute(text, lambda name: VARIABLES.get(name, ""), lambda path: f"<{path}>")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("plain $HOST {x}", "plain $HOST {x}"),
        ("${HOST}", "db.example.org"),
        ("http://${HOST}:${PORT}/", "http://db.example.org:5432/"),
        ("${USER_:-nobody}", "nobody"),
        ("${EMPTY:-nobody}", "nobody"),
        ("${EMPTY:-}", ""),
        ("${HOST:-nobody}", "db.example.org"),
        ("${HOST:-${PORT}}", "db.example.org"),
        ("$${HOST}", "${HOST}"),
        ("${file:/run/secrets/a}", "</run/secrets/a>"),
        ("${file:${HOST}/a}", "<db.example.org/a>"),
    ],
)
def test_references_are_followed(text: str, meaning: str) -> None:
    assert follow(text) == meaning


@pytest.mark.parametrize(
    "text", ["${NOBODY}", "${EMPTY}", "${", "${HOST", "${A B}", "${}", "${1}", "${file:${file:a}}"]
)
def test_a_reference_that_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(BadReference):
        follow(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("${A}", True),
        ("postgresql://u:${A}@h/d", True),
        ("${A:-}", True),
        ("${A:-x}", False),
        ("x", False),
        ("$${A}", False),
    ],
)
def test_a_secret_is_kept_outside_when_nothing_in_the_file_gives_it_away(text: str, kept: bool) -> None:
    assert stands_for_secret(text) is kept


def test_the_default_of_a_secret_is_masked() -> None:
    assert without_defaults("a ${B:-c} ${D}", "•") == "a ${B:-•} ${D}"


def secrets(config: ConfigFolder, environment: Mapping[str, str] | None = None) -> set[str]:
    plan = config.plan({"checks": [CHECK], "channels": {"hook": HOOK}}, environment)
    return {secret.reveal() for secret in plan.secrets}


@pytest.mark.parametrize("content", [ADDRESS, f"{ADDRESS}\n", f"{ADDRESS}\r\n"])
def test_a_secret_file_is_read_without_the_newline_at_its_end(config: ConfigFolder, content: str) -> None:
    config.secret("hook", content)
    assert secrets(config) == {ADDRESS}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_secret_file_that_others_may_read_is_refused(config: ConfigFolder, mode: int) -> None:
    config.secret("hook", ADDRESS, mode)
    with pytest.raises(ConfigError, match=f"mode {mode:04o}") as raised:
        secrets(config)
    assert raised.value.problems[0].hint == "chmod 600 hook"


def test_a_credential_of_systemd_may_have_its_own_mode(config: ConfigFolder, tmp_path: Path) -> None:
    config.secret("hook", ADDRESS, mode=0o440)
    assert secrets(config, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == {ADDRESS}


def test_a_pipe_in_place_of_a_secret_file_does_not_hold_up_the_start(config: ConfigFolder, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "hook", mode=0o600)
    with pytest.raises(ConfigError, match="which is no file"):
        secrets(config)


def test_an_endless_secret_file_is_refused(config: ConfigFolder) -> None:
    config.secret("hook", "x" * 70_000)
    with pytest.raises(ConfigError, match="more than 65536 bytes"):
        secrets(config)


def test_a_reference_may_stand_for_a_number(config: ConfigFolder) -> None:
    plan = config.plan({"checks": [CHECK], "web": {"port": "${PORT:-8600}"}}, {"PORT": "8700"})
    assert plan.web.port == 8700


def test_what_a_reference_stood_for_is_in_no_message(config: ConfigFolder) -> None:
    with pytest.raises(ConfigError) as raised:
        config.plan({"checks": [{**CHECK, "policy": "${POLICY}"}]}, {"POLICY": "canary-4711"})
    assert "4711" not in str(raised.value)

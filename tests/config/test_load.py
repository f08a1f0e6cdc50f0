"""What a file may be at all."""

import os
from pathlib import Path

import pytest

from sentinel.base.errors import ConfigError
from sentinel.config.load import MOST_BYTES, load
from tests.kit.config import CHECK, ConfigFolder, plan_of

TOML = """
# The health of the API.
name = "night watch"

[[checks]]
name = "api"
kind = "http"
options = { url = "http://127.0.0.1:8001/health" }
rules = [{ reading = "response_time", critical = "2s" }]
"""


def problem(file: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        plan_of(file)
    assert raised.value.exit_code == 78
    return raised.value.problems[0].found


def test_toml_says_the_same_as_json(config: ConfigFolder) -> None:
    from_toml = config.plan(TOML, name="a.toml")
    rules = [{"reading": "response_time", "critical": "2s"}]
    from_json = config.plan({"name": "night watch", "checks": [{**CHECK, "rules": rules}]})
    assert (from_toml.name, from_toml.checks) == (from_json.name, from_json.checks)
    assert from_toml.fingerprint == from_json.fingerprint


def test_a_byte_order_mark_is_no_mistake(config: ConfigFolder) -> None:
    file = config.write({"checks": [CHECK]})
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert plan_of(file).checks[0].name == "api"


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert problem(tmp_path / "nowhere.json") == "No such file or directory"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    assert problem(tmp_path / "folder.json") == "Is a directory"


def test_a_pipe_does_not_hold_up_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert problem(tmp_path / "pipe.json") == "something that is no file"


def test_another_suffix_is_refused(config: ConfigFolder) -> None:
    assert problem(config.write("checks: []", "config.yaml")) == "a file named config.yaml"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.json"
    file.write_bytes('{"name": "Köln"}'.encode("latin-1"))
    assert problem(file) == "bytes that are no UTF-8"


def test_an_endless_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "endless.json"
    with file.open("wb") as opened:
        opened.truncate(MOST_BYTES + 1)
    assert problem(file) == "more than 16 MiB"


def test_endless_depth_is_refused(config: ConfigFolder) -> None:
    assert problem(config.write('{"a":' + "[" * 100_000 + "]" * 100_000 + "}")) == "endless depth"


def test_what_was_loaded_does_not_print_its_content(config: ConfigFolder) -> None:
    file = config.write({"checks": [CHECK], "name": "${NAME}"})
    assert "canary" not in repr(load(file, {"NAME": "canary-4711"}))


@pytest.mark.parametrize("depth", [33, 100, 400, 900])
def test_depth_beyond_the_bound_is_refused_whatever_it_is(config: ConfigFolder, depth: int) -> None:
    with pytest.raises(ConfigError, match="32 levels"):
        config.plan('{"checks": ' + "[" * depth + "]" * depth + "}")


@pytest.mark.parametrize("character", ["\\ud800", "\\u0000"])
def test_a_character_that_is_none_is_refused(config: ConfigFolder, character: str) -> None:
    tree = f'{{"web": {{"socket": "/run/{character}"}}, "api_url": "http://127.0.0.1", "x{character}": 1}}'
    with pytest.raises(ConfigError) as raised:
        config.plan(tree)
    assert [problem.found[:24] for problem in raised.value.problems].count("a character that is none") == 2
    str(raised.value).encode()


def test_bytes_of_the_environment_that_are_no_text_are_refused(config: ConfigFolder) -> None:
    with pytest.raises(ConfigError, match="a character that is none"):
        config.plan({"api_url": "http://127.0.0.1", "name": "${NAME}"}, {"NAME": "caf\udce9"})

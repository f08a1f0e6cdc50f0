"""One broken file per message: `bad/NAME.json` or `.toml`, and beside it in `bad/NAME.….txt` the whole message."""

import shutil
from pathlib import Path

import pytest

from sentinel.base.errors import ConfigError
from tests.kit.config import ConfigFolder, plan_of

BAD = Path(__file__).parent / "bad"
FILES = sorted(file.name for file in BAD.iterdir() if file.suffix in {".json", ".toml"})
ENVIRONMENT = {"SET": "https://hooks.example.org/services/canary-4711"}


def message(file: Path, folder: Path) -> str:
    """What is said of a file, as if it stood in the folder and others might read it."""
    kit = ConfigFolder(folder)
    kit.secret("open-secret", "canary-4711", mode=0o644)
    kit.secret("empty-secret", "\n")
    copy = Path(shutil.copyfile(file, folder / file.name))
    copy.chmod(0o644)
    with pytest.raises(ConfigError) as raised:
        plan_of(copy, ENVIRONMENT)
    return f"{raised.value}\n".replace(f"{folder}/", "")


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_says_what_is_wrong_and_what_is_expected(name: str, tmp_path: Path) -> None:
    assert message(BAD / name, tmp_path) == (BAD / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", FILES)
def test_no_message_shows_a_secret(name: str, tmp_path: Path) -> None:
    assert "4711" not in message(BAD / name, tmp_path)


def test_every_message_belongs_to_a_file() -> None:
    assert {file.name for file in BAD.glob("*.txt")} == {f"{name}.txt" for name in FILES}

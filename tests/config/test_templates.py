"""A user's templates, as the file names them."""

from pathlib import Path

import pytest

from sentinel.base.errors import ConfigError
from sentinel.core.templates import MOST_BYTES
from tests.kit.config import CHECK, ConfigFolder

TREE = {"checks": [CHECK], "templates": {"folder": "templates"}}


@pytest.fixture
def folder(config: ConfigFolder) -> Path:
    """The folder that `TREE` names, beside the configuration."""
    made = config.folder / "templates"
    made.mkdir()
    return made


def refusal(config: ConfigFolder) -> str:
    with pytest.raises(ConfigError) as raised:
        config.plan(TREE)
    (problem,) = raised.value.problems
    assert problem.key == "templates.folder"
    return f"{problem.found}; {problem.expected}; {problem.hint}"


def test_templates_are_read_with_the_configuration(config: ConfigFolder, folder: Path) -> None:
    (folder / "headline.txt").write_text("{{ m.headline }}")
    (folder / "README.md").write_text("why we say it so")
    plan = config.plan(TREE)
    (folder / "headline.txt").unlink()
    assert plan.templates == {"headline.txt": "{{ m.headline }}"}


def test_without_a_folder_there_are_none(config: ConfigFolder) -> None:
    assert config.plan({"checks": [CHECK]}).templates == {}


def test_a_folder_without_a_template_is_a_mistake(config: ConfigFolder, folder: Path) -> None:
    assert "no template in" in refusal(config)


def test_a_name_with_a_typing_error_is_told(config: ConfigFolder, folder: Path) -> None:
    (folder / "subject.txt").write_text("{{ m.subject }}")
    (folder / "headlin.txt").write_text("{{ m.headline }}")
    assert "headlin.txt in" in refusal(config)
    assert refusal(config).endswith("did you mean headline.txt?")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff", "text.txt, which is no UTF-8"), (b"x" * (MOST_BYTES + 1), "text.txt of more than 64 KiB")],
)
def test_what_is_no_text_of_a_fair_size_is_refused(
    config: ConfigFolder, folder: Path, content: bytes, said: str
) -> None:
    (folder / "text.txt").write_bytes(content)
    assert refusal(config).startswith(said)


def test_a_template_that_is_a_folder_is_told(config: ConfigFolder, folder: Path) -> None:
    (folder / "text.txt").mkdir()
    assert refusal(config).startswith("text.txt: Is a directory")

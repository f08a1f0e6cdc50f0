"""A user's templates are tried before a plan is used, and what they fail at is told."""

from pathlib import Path

import pytest

from sentinel.app.plans import load_plan
from sentinel.base.errors import ConfigError
from sentinel.core.vitals import Vitals, measure
from tests.kit.config import CHECK, ConfigFolder
from tests.kit.scene import NOW


def test_a_template_that_names_what_is_not_there_keeps_the_plan_from_being_used(tmp_path: Path) -> None:
    (tmp_path / "subject.txt").write_text("{{ m.tag }}:\n{{ m.headlin }}")
    file = ConfigFolder(tmp_path).write({"checks": [CHECK], "templates": {"folder": "."}})
    with pytest.raises(ConfigError) as raised:
        load_plan(file, {})
    (problem,) = raised.value.problems
    assert (problem.key, problem.found) == ("templates.folder", "subject.txt, line 2: `m.headlin`")
    assert problem.expected.startswith("one of tone, tag, subject, headline")


def test_a_template_that_works_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "headline.txt").write_text("{{ m.headline }}!")
    file = ConfigFolder(tmp_path).write({"checks": [CHECK], "templates": {"folder": "."}})
    assert load_plan(file, {}).templates == {"headline.txt": "{{ m.headline }}!"}


def test_sentinels_own_check_tells_of_a_template_that_failed_later() -> None:
    found = measure(Vitals(at=NOW, broken_template="text.txt, line 3: `.title` of nothing"))
    assert "text.txt, line 3" in found.explanation
    assert "sentinel config check" in found.hint

"""Reports as Markdown: readable as they are, and no text of theirs is markup."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.markdown import escaped, markdown
from tests.reports.test_report import HEALTH, LOGIN, incident, report, rollup

JOINER = "\u2060"

#: Each was seen to be shown as it stands, without a link, by cmark-gfm 0.29 and by markdown-it 4 with its linkifier.
HOSTILE = {
    "<b onclick=x>": r"\<b onclick=x\>",
    "[a](https://e.example.org)": rf"\[a\](https:/{JOINER}/e.example.org)",
    "_http://e.example.org_": rf"\_http:/{JOINER}/e.example.org\_",
    "www.example.org": r"www\.example.org",
    "ops@example.org": rf"ops\@{JOINER}example.org",
    "![i](x.png)": r"!\[i\](x.png)",
    "a | b": r"a \| b",
    r"\[x](y)": r"\\\[x\](y)",
    "&lt;b&gt;": r"\&lt;b\&gt;",
    "see #12 and !7": f"see #{JOINER}12 and !{JOINER}7",
    "**b** `c` ~~d~~": r"\*\*b\*\* \`c\` \~\~d\~\~",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_markup_or_a_link(text: str) -> None:
    assert escaped(text) == HOSTILE[text]


def test_a_text_of_several_lines_stays_in_its_cell() -> None:
    document = report(HEALTH, incidents=(replace(incident(), check="a\n| b |\n\n# c"),))
    row = next(line for line in markdown(lay_out(document)).splitlines() if "#\u206012" in line)
    assert row.count(" | ") == 7  # between eight columns


def test_no_paragraph_begins_as_a_heading_or_a_list() -> None:
    layout = replace(lay_out(report()), method=("# a",), origin=("1. b", "- c", "+ d"))
    assert markdown(layout).endswith("\\# a\n\n1\\. b\n\n\\- c\n\n\\+ d\n")


def test_every_section_of_a_report_stands_in_it() -> None:
    layout = lay_out(report(HEALTH, LOGIN, rollups=(rollup(),), incidents=(incident(),)))
    text = markdown(layout)
    assert all(f"\n## {escaped(section.heading)}\n" in text for section in layout.sections)
    assert text.startswith("# Daily report: ward\n\n**WARNING** · ")


def test_figures_stand_to_the_right_and_names_to_the_left() -> None:
    lines = markdown(lay_out(report(HEALTH))).splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("|   | Check |"))
    assert lines[heading + 1] == "| :-- | :-- | :-- | --: | --: | --: | --: | --: | --: |"


def test_the_same_report_is_the_same_text() -> None:
    document = report(HEALTH, rollups=(rollup(),))
    assert markdown(lay_out(document)) == markdown(lay_out(document))

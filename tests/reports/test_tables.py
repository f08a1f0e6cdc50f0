"""Tables as CSV: readable by every reader of RFC 4180, figures in base units, and no text a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from sentinel.reports.forms.tables import cell, tables
from sentinel.reports.report import ReportDocument
from tests.reports.test_report import HEALTH, incident, report, rollup


def table(document: ReportDocument, name: str) -> list[dict[str, str]]:
    text = next(one.text for one in tables(document) if one.name == name)
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table_has_a_row_for_each_check_with_figures_in_base_units() -> None:
    (row,) = table(report(HEALTH, rollups=(rollup(up=86_000, down=400),)), "checks")
    assert (row["name"], row["down"], row["samples"], row["severity"]) == ("health", "400.0", "1000", "WARNING")
    assert (row["reading_name"], row["reading_warning"], row["reading_unit"]) == ("response_time", "2.0", "s")


def test_what_a_row_holds_stands_in_columns_of_its_own() -> None:
    (row,) = table(report(HEALTH, incidents=(incident(),), taken=7), "incidents")
    assert (row["line_id"], row["line_severity"], row["acknowledged_after"]) == ("12", "CRITICAL", "420.0")
    assert row["line_began_at"].endswith("Z")


def test_an_empty_table_has_the_columns_of_a_full_one() -> None:
    def columns(document: ReportDocument) -> list[str]:
        return [
            f"{one.name}: {one.text.splitlines()[0]}" for one in tables(document) if one.name in ("incidents", "checks")
        ]

    assert columns(report()) == columns(report(HEALTH, incidents=(incident(),)))


def test_rows_within_rows_say_which_row_they_belong_to() -> None:
    document = report(HEALTH, rollups=(rollup(),))
    rows = table(document, "operations-quantiles-targets")
    assert rows
    assert all(row["quantiles_check"] == "health" for row in rows)


def test_quotes_commas_and_line_ends_come_back_whole() -> None:
    nasty = 'a "b", c\r\nd'
    (row,) = table(report(HEALTH, incidents=(replace(incident(), check=nasty),)), "incidents")
    assert row["line_check"] == nasty


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\N{FULLWIDTH EQUALS SIGN}1"])
def test_a_text_is_never_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell([text, "b"]).startswith("'")


def test_a_negative_number_stays_a_number() -> None:
    assert (cell(-1.5), cell(-3), cell(None), cell(True)) == ("-1.5", "-3", "", "true")

from __future__ import annotations

from typing import Any

import pytest

from sentinel.reports.compact import compact, silent
from sentinel.reports.documents import OutboxLine
from sentinel.reports.narrow import Wanted, narrowed
from sentinel.reports.status import build, facts
from sentinel.reports.text import Look, status
from tests.kit.scene import MINUTE, NOW, blind, broken, check, history, plan, well


def document(*, running: bool = True, dead: int = 0) -> dict[str, Any]:
    pasts = [
        history(check("payroll-api", tags=frozenset({"hr"}), system="payroll"), [broken()] * 3),
        history(check("payroll-db", tags=frozenset({"hr", "sql"}), system="payroll"), [well(3.0)]),
        history(check("portal", system="front"), [well()]),
        history(check("audit"), [blind()]),
        history(check("new"), []),
    ]
    return build(
        plan(*(past.check for past in pasts)), [facts(past, None) for past in pasts],
        now=NOW, started_at=NOW - 10 * MINUTE if running else None, outbox=OutboxLine(dead=dead), own=None,
    ).to_json()  # fmt: skip


DOCUMENT = document()


def shown(wanted: Wanted, whole: Any = DOCUMENT) -> tuple[list[str], str]:
    """Names that are shown, and what they come to."""
    part = narrowed(whole, wanted)
    return sorted(row["name"] for row in part["checks"]), part["overall"]


def test_nothing_asked_for_is_everything() -> None:
    assert narrowed(DOCUMENT, Wanted()) is DOCUMENT


@pytest.mark.parametrize(
    ("wanted", "names", "overall"),
    [
        (Wanted(names=("payroll-*",)), ["payroll-api", "payroll-db"], "CRITICAL"),
        (Wanted(names=("*-db", "portal")), ["payroll-db", "portal"], "WARNING"),
        (Wanted(tags=("sql", "web")), ["payroll-db"], "WARNING"),
        (Wanted(systems=("front",)), ["portal"], "OK"),
        (Wanted(systems=("payroll",), severities=("WARNING",)), ["payroll-db"], "WARNING"),
        (Wanted(names=("audit",)), ["audit"], "UNKNOWN"),
    ],
)
def test_a_part_comes_to_the_worst_in_it(wanted: Wanted, names: list[str], overall: str) -> None:
    assert shown(wanted) == (names, overall)


def test_no_check_in_that_state_is_good_and_no_such_check_is_unknown() -> None:
    assert shown(Wanted(names=("portal",), severities=("CRITICAL",))) == ([], "OK")
    assert shown(Wanted(names=("portl",))) == ([], "UNKNOWN")
    assert shown(Wanted(names=("new",))) == (["new"], "UNKNOWN"), "there is no result yet"


def test_a_part_of_what_is_remembered_is_unknown() -> None:
    assert shown(Wanted(names=("portal",)), document(running=False)) == (["portal"], "UNKNOWN")


def test_what_a_window_excuses_does_not_count() -> None:
    excused = {**DOCUMENT, "checks": [{**row, "excused": row["name"] == "payroll-api"} for row in DOCUMENT["checks"]]}
    assert shown(Wanted(tags=("hr",)), excused) == (["payroll-api", "payroll-db"], "WARNING")


def test_an_overdue_check_is_unknown() -> None:
    late = {**DOCUMENT, "checks": [{**row, "overdue": True} for row in DOCUMENT["checks"]]}
    assert shown(Wanted(names=("portal",)), late) == (["portal"], "UNKNOWN")
    assert shown(Wanted(names=("portal",), severities=("UNKNOWN",)), late)[0] == ["portal"]


def test_incidents_of_others_are_left_out_and_what_is_about_all() -> None:
    text = status(narrowed(DOCUMENT, Wanted(systems=("front",))), Look())
    assert "#12" not in text
    assert "Telling" not in text
    assert "1 of 5 checks are shown (system front); the exit status is theirs." in text


def test_the_compact_form_names_the_worst() -> None:
    assert compact(DOCUMENT, Look()) == (
        "sentinel: 1 critical, 1 warning, 2 unknown of 5 checks; #12 payroll-api critical for 3 min\n"
    )


def test_the_compact_form_of_a_calm_day_is_short() -> None:
    calm = narrowed(DOCUMENT, Wanted(names=("portal",)))
    assert compact({**calm, "shown": None}, Look()) == "sentinel: all well, 1 check\n"
    assert compact(calm, Look()) == "sentinel: all well, 1 check, of 5 in all (portal)\n"


def test_the_compact_form_has_three_lines_at_most_and_says_who_has_what() -> None:
    row = DOCUMENT["incidents"][0]
    taken = {**row, "phase": "acknowledged", "acknowledged_by": "ann"}
    many = {**DOCUMENT, "incidents": [taken, *({**row, "id": number} for number in range(13, 20))]}
    lines = compact(many, Look()).splitlines()
    assert len(lines) == 3
    assert lines[0].endswith("#12 payroll-api critical for 3 min (ann)")
    assert lines[2].endswith(", and 5 more")


def test_the_compact_form_tells_of_messages_that_reached_nobody() -> None:
    assert "of 5 checks, 2 given up unsent;" in compact(document(dead=2), Look())


def test_nobody_is_told_that_all_is_well_while_nobody_can_be_told() -> None:
    box = {**DOCUMENT["outbox"], "waiting": 1, "oldest": 90.0, "errors": {"mail": "unreachable"}}
    stuck = {**DOCUMENT, "outbox": box, "overall": "WARNING"}
    assert "of 5 checks, nobody can be told by mail;" in compact(stuck, Look())
    calm = {**narrowed(stuck, Wanted(names=("portal",))), "shown": None}
    assert compact(calm, Look()) == "sentinel: nobody can be told by mail, 1 check\n"
    assert "Nobody can be told by mail" in status(stuck, Look())


def test_a_hostile_name_stays_on_its_line() -> None:
    row = {**DOCUMENT["incidents"][0], "check": "a\nb\x1b[2J" + "c" * 300}
    [line] = compact({**DOCUMENT, "incidents": [row]}, Look()).splitlines()
    assert "\x1b" not in line
    assert len(line) < 200
    assert silent("a\nb") == "sentinel: no answer, a b\n"

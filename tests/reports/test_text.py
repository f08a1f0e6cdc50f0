from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.errors import ConfigError, Problem
from sentinel.core.deployment.deployment import Ending, Phase
from sentinel.core.incident import Acknowledge, Because, Mute
from sentinel.core.matcher import Matcher
from sentinel.core.silence import Silence, Silences
from sentinel.reports import text
from sentinel.reports.deployment import line
from sentinel.reports.documents import OutboxLine, OwnHealth
from sentinel.reports.quiet import NOTHING, Quiet
from sentinel.reports.status import build, facts, incident_line
from sentinel.reports.text import Look, share
from tests.kit.released import PASSED
from tests.kit.scene import MINUTE, NOW, blind, broken, check, history, plan, well

if TYPE_CHECKING:
    from sentinel.core.history import History

OWN = OwnHealth(memory=50 << 20, queues={"results": 3}, skipped={"still_running": 2, "overloaded": 0})


def document(*pasts: History, outbox: OutboxLine | None = None, running: bool = True) -> dict[str, Any]:
    return build(
        plan(*(past.check for past in pasts)),
        [facts(past, None) for past in pasts],
        now=NOW,
        started_at=NOW - timedelta(hours=3) if running else None,
        outbox=outbox or OutboxLine(),
        own=OWN if running else None,
    ).to_json()


def shown(*pasts: History, **more: Any) -> str:
    return text.status(document(*pasts, **more), Look())


def test_the_head_says_the_worst_and_how_many_of_each() -> None:
    head = shown(history(check("health"), [well()]), history(check("login"), [broken()])).splitlines()[0]
    assert head == "Sentinel ward  CRITICAL  1 CRITICAL, 1 OK"


def test_a_reading_stands_beside_its_bounds() -> None:
    row = next(
        line
        for line in shown(history(check("health"), [well(3.0)])).splitlines()
        if "WARNING" in line and "> 2 s" in line
    )
    assert row.split() == ["WARNING", "health", "3", "s", ">", "2", "s,", "5", "s", "1", "min", "-", "3.06", "s"]


def test_pending_failures_say_how_many_are_missing() -> None:
    assert "refused by 127.0.0.1 port 1 (2 of 3 on the way to an incident)" in shown(
        history(check("health"), [broken()] * 2)
    )


def test_an_open_incident_shows_age_level_and_hint() -> None:
    lines = shown(history(check("health"), [broken()] * 4)).splitlines()
    at = lines.index("Open incidents")
    assert lines[at + 1] == "  #12  CRITICAL  health  open 4 min, level 1 of 3"
    assert "Nothing listens on that port" in lines[at + 3]


def test_deployments_that_go_on_or_have_failed_have_a_line_each() -> None:
    goes_on = replace(PASSED, id=14, phase=Phase.WATCHING, ending=None, ended_at=None, started_at=NOW - 6 * MINUTE)
    failed = replace(PASSED, system="lab", ending=Ending.FAILED, ended_at=NOW - 9 * MINUTE)
    lines = [line(one) for one in (goes_on, failed, replace(PASSED, id=3))]
    status = build(plan(), [], now=NOW, started_at=NOW, outbox=OutboxLine(), own=OWN, deployments=lines)
    shown = text.status(status.to_json(), Look()).splitlines()
    at = shown.index("Deployments")
    assert shown[at + 1 : at + 4] == [
        "  deployment 14: portal 2.4.1, watching for 6 min, pass so far, by ann",
        "  deployment 12: lab 2.4.1, failed 9 min ago, by ann",
        "",
    ]


def test_without_deployments_there_is_no_word_of_them() -> None:
    assert "eployment" not in shown(history(check("health"), [well()]))


def test_an_acknowledged_incident_shows_who_has_it_and_until_when() -> None:
    past = history(check("health"), [broken()] * 3)
    past.meet(Acknowledge(by="ann", why="on it"), NOW)
    assert "acknowledged by ann until 13:00 UTC: on it" in shown(past)


def test_an_open_incident_says_that_its_check_gets_better_or_cannot_be_judged() -> None:
    better = history(check("health"), [broken()] * 3 + [well()])
    hidden = history(check("health"), [broken()] * 3 + [blind()])
    assert "open 4 min, level 1 of 3, 1 of 2 good" in shown(better)
    assert "open 4 min, level 1 of 3, not judged now" in shown(hidden)


def test_time_beyond_a_bound_stands_beside_the_uptime() -> None:
    past = history(check("health"), [well(3.0), well(3.0)])
    assert "100 %, 1 min degraded" in shown(past)


def test_an_overdue_check_says_since_when() -> None:
    assert "overdue: last result 11 min ago, due every 1 min" in shown(
        history(check("health"), [well()], until=NOW - 10 * MINUTE)
    )


def test_a_thousand_healthy_checks_are_one_line_unless_asked_for() -> None:
    form = document(*(history(check(f"c{n:04}"), [well()]) for n in range(999)), history(check("bad"), [broken()]))
    brief = text.status(form, Look())
    assert "999 more checks are well (--all lists them)" in brief
    assert len(brief.splitlines()) < 20
    assert len(text.status(form, Look(), everything=True).splitlines()) > 1000


def test_when_everything_is_down_the_first_ones_are_listed() -> None:
    form = document(*(history(check(f"c{n:04}"), [broken()]) for n in range(1000)))
    brief = text.status(form, Look())
    assert "950 more are in trouble (--all lists them)" in brief
    assert len(brief.splitlines()) < 200
    assert "more are in trouble" not in text.status(form, Look(), everything=True)


def test_a_stopped_monitor_says_so_and_calls_nothing_overdue() -> None:
    said = shown(history(check("health"), [well()], until=NOW - timedelta(days=1)), running=False)
    assert "No daemon answers" in said
    assert "overdue" not in said


def test_waiting_and_dead_notifications_are_shown_with_the_channel_that_fails() -> None:
    box = OutboxLine(waiting=2, dead=1, oldest=5 * MINUTE, errors={"mail": "unreachable"})
    said = shown(history(check("health"), [well()]), outbox=box)
    assert "2 waiting, the oldest for 5 min; WARNING 1 given up" in said
    assert "mail: unreachable" in said


def test_the_monitors_own_health_is_shown_without_what_did_not_happen() -> None:
    said = shown(history(check("health"), [blind()]))
    assert "memory 50 MiB" in said
    assert "skipped (still_running) 2" in said
    assert "overloaded" not in said


def test_colours_are_there_only_when_asked_for_and_words_stay() -> None:
    form = document(history(check("health"), [broken()]))
    assert "\x1b" not in text.status(form, Look())
    coloured = text.status(form, Look(colour=True))
    assert "\x1b[1;31mCRITICAL\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text.status(form, Look())


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_line_of_the_table_is_wider_than_the_terminal(width: int) -> None:
    form = document(history(check("patients-api"), [well()]), history(check("login"), [broken()]))
    table = text.status(form, Look(width=width)).split("Checks\n")[1].split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= width


def test_control_characters_of_a_target_do_not_reach_the_terminal() -> None:
    said = shown(history(check("health"), [broken("bad \x1b]0;owned\x07 header\r\nfake line")] * 3))
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "\nfake line" not in said


def test_a_refused_reload_is_told_in_a_line_without_marks_for_line_ends() -> None:
    wrong = [Problem(key=f"checks[{i}].interval", found="'soon'", expected="a duration", line=3) for i in range(3)]
    told = ConfigError("c.json", tuple(wrong)).in_one_line()
    form = document(history(check("health"), [well()]))
    form["own"]["reload_problem"] = told
    assert (
        told == "checks[0].interval (line 3): found 'soon', expected a duration and 2 more; see `sentinel config check`"
    )
    assert f"old configuration: {told}" in " ".join(text.status(form, Look()).split())


def test_a_text_of_several_lines_becomes_one_paragraph() -> None:
    assert Look().paragraph("one\r\n  two\tthree", 2) == ["  one two three"]


def muted(mute: Mute, quiet: Quiet = NOTHING, **changes: object) -> str:
    past = history(check("health"), [broken()] * 3)
    assert past.incident is not None
    past.incident = replace(past.incident, mute=mute, **changes)  # type: ignore[arg-type]  # whichever differ
    return text.incidents([incident_line(past.incident, NOW, facts(past, None), quiet).to_json()], NOW, Look())


def test_who_mutes_an_incident_is_said_as_a_person_would() -> None:
    silence = Silence(
        id=3, matcher=Matcher(), by="Ada", why="disk swap", starts_at=NOW, ends_at=NOW + 10 * MINUTE, created_at=NOW
    )
    by_ada = muted(Mute(because=Because.SILENCE, by="3"), Quiet(silences=Silences([silence])))
    assert "level 1 of 3, nobody told now: silence 3 by Ada until 12:10 UTC: disk swap" in by_ada
    held = muted(Mute(because=Because.LOOKING, by="db"), levels={})
    assert "nobody told: held back until db was looked at" in held


def test_an_incident_that_a_rule_over_time_keeps_open_is_good_again() -> None:
    past = history(check("health"), [broken()] * 3)
    assert past.incident is not None
    past.incident = replace(past.incident, passes=11)
    assert incident_line(past.incident, NOW, facts(past, None)).meanwhile == "good again"


def test_uptime_is_cut_and_never_rounded_up_to_a_hundred() -> None:
    assert [share(value) for value in (1.0, 0.99999999, 0.9995, 0.5)] == ["100 %", "99.99 %", "99.95 %", "50 %"]


def test_a_share_has_the_digits_that_matter() -> None:
    assert [share(value) for value in (0.56549, 0.29, 0.0104, 0.00004, 0.0)] == [
        "56.5 %",
        "29 %",
        "1.04 %",
        "0.004 %",
        "0 %",
    ]


def test_a_resolved_incident_says_how_long_it_lasted() -> None:
    past = history(check("health"), [broken()] * 3)
    assert past.incident is not None
    gone = replace(past.incident, phase="resolved", resolved_at=NOW)  # type: ignore[arg-type]  # a StrEnum's value
    rows = [incident_line(gone, NOW).to_json()]
    assert "resolved 0 ms ago, lasted 3 min" in text.incidents(rows, NOW, Look())


def test_of_very_many_readings_the_main_one_and_the_first_are_shown() -> None:
    others = [{"name": f"cpu.p{number}", "value": 0.5, "unit": "ratio"} for number in range(30)]
    run = {"main": "memory", "readings": [*others, {"name": "memory", "value": 512, "unit": "bytes"}]}
    said = text.readings(run)
    assert said.startswith("memory 512 B, cpu.p0 50 %, ")
    assert said.endswith("cpu.p5 50 % and 24 more")


def test_text_needs_nothing_heavy() -> None:
    code = "import sys, sentinel.reports.text; print(sorted({'dataclasses', 'asyncio', 'pydantic', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

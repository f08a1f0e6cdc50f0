from __future__ import annotations

import signal
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from sentinel.cli.browsing import Acknowledge, Explain, Leave, Mode, Order, View, press, rows
from sentinel.cli.keyboard import keys
from sentinel.cli.panels import MOST_DEPLOYED, draw, told_of
from sentinel.cli.poll import Seen
from sentinel.core.deployment.deployment import Phase
from sentinel.reports.deployment import line
from sentinel.reports.documents import OutboxLine
from sentinel.reports.status import build, facts
from tests.kit.command import sentinel
from tests.kit.released import PASSED
from tests.kit.scene import MINUTE, NOW, broken, check, history, plan, well
from tests.kit.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.cli.conftest import Socket
    from tests.kit.monitor import StillMonitor


def document() -> dict[str, Any]:
    pasts = [
        history(check("health", tags=frozenset({"web"})), [well(0.25)]),
        history(check("search"), [well(1.5)], until=NOW - 3 * MINUTE),
        history(check("login"), [broken()] * 3),
    ]
    return build(
        plan(*(past.check for past in pasts)), [facts(past, None) for past in pasts],
        now=NOW, started_at=NOW - 60 * MINUTE, outbox=OutboxLine(), own=None,
    ).to_json()  # fmt: skip


DOCUMENT = document()


def names(view: View) -> list[str]:
    return [f"#{row.incident}" if row.incident else row.check for row in rows(DOCUMENT, view)]


def after(typed: str, view: View | None = None) -> tuple[View, object]:
    """The view after these keys, and what the last of them asks for."""
    view, deed = view or View(), None
    for key in keys(typed):
        view, deed = press(view, key, rows(DOCUMENT, view))
    return view, deed


# --- Decisions --------------------------------------------------------------------------------------------------------


def test_incidents_come_first_then_the_most_urgent_checks() -> None:
    assert names(View()) == ["#12", "login", "search", "health"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.LATENESS, ["#12", "search", "login", "health"]),
        (Order.NAME, ["#12", "health", "login", "search"]),
    ],
)
def test_checks_are_sorted_otherwise_by_s(order: Order, expected: list[str]) -> None:
    view = View()
    while view.order is not order:
        view, _ = after("s", view)
    assert names(view) == expected


def test_the_slowest_come_first_by_p95() -> None:
    slow = [{**row, "p95": {"search": 1.5, "health": 0.2}.get(row["name"])} for row in DOCUMENT["checks"]]
    listed = rows({**DOCUMENT, "checks": slow}, View(order=Order.P95))
    assert [row.check for row in listed[1:3]] == ["search", "health"]


def test_a_filter_is_a_part_of_a_name_or_a_tag() -> None:
    assert names(after("/LOG\r")[0]) == ["#12", "login"]
    assert names(after("/web\r")[0]) == ["health"]
    assert names(after("/web\r\x1b")[0]) == names(View())


def test_a_choice_stays_with_its_row_when_the_order_changes() -> None:
    view, _ = after("jjs")
    assert view.chosen == (0, "search")
    assert after("\r", view)[1] == Explain("search")


def test_an_incident_is_taken_with_a_reason() -> None:
    assert after("aon it\x7ft\r")[1] == Acknowledge(12, "on it")
    assert after("ja")[0].about == 12, "the check of the incident"


def test_an_incident_is_not_taken_without_a_reason() -> None:
    assert after("a  \r") == (View(), None)
    assert after("awhy\x1b")[1] is None


def test_a_check_without_an_incident_cannot_be_taken() -> None:
    view, deed = after("Ga")
    assert (view.mode, deed, "none that is open" in view.said) == (Mode.LIST, None, True)


def test_an_incident_that_another_speaks_for_names_it() -> None:
    row = DOCUMENT["incidents"][0]
    assert told_of({**row, "level": 0, "levels": 2}) == "nobody"
    assert told_of({**row, "level": 1, "levels": 2}) == "level 1 of 2"
    assert told_of({**row, "level": 0, "bundle": 1}) == "with #1"


def test_each_deployment_that_goes_on_has_a_line_in_the_head() -> None:
    goes_on = line(replace(PASSED, phase=Phase.UNDER_WAY, ending=None, ended_at=None, watch=None)).to_json()
    seen = Seen(document={**DOCUMENT, "deployments": [goes_on, *[{**goes_on, "id": n} for n in range(20, 29)]]})
    written = StringIO()
    console = Console(width=80, height=24, file=written)
    console.print(draw(seen, View(), 24, 80))
    shown = written.getvalue()
    assert "deployment 12: portal 2.4.1, under way for 1 h 40 min, by ann" in shown
    assert shown.count("deployment ") == MOST_DEPLOYED
    assert len(shown.splitlines()) == 24


def test_q_ends_where_nothing_is_typed() -> None:
    assert after("q")[1] == Leave()
    assert after("/q")[1] is None
    assert after("q", View(mode=Mode.PAGE, page=("a",)))[1] is None
    assert after("/\x04")[1] == Leave()


def test_a_page_is_scrolled_and_no_further_than_its_end() -> None:
    view = View(mode=Mode.PAGE, page=("a", "b", "c"))
    assert [after(typed, view)[0].scrolled for typed in ("j", "jk", "\x1b[6~", "k")] == [1, 0, 2, 0]


@pytest.mark.parametrize("key", [*"qsajkgGco/x", "escape", "enter", "up", "page down", "backspace", ""])
def test_every_key_means_something_where_there_is_nothing(key: str) -> None:
    for mode in Mode:
        press(View(mode=mode), key, [])


def test_keys_are_read_by_name() -> None:
    assert keys("\x1b[Aq\x1bOB\x1b[6~é\r\x1b[99;5u\x00") == ["up", "q", "down", "page down", "é", "enter"]


# --- At a terminal ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def terminal(monitor: StillMonitor) -> AsyncIterator[Terminal]:
    async with await Terminal.sentinel("top", "-c", monitor.plan.file, env={"SUDO_USER": "ann"}) as terminal:
        yield terminal


async def test_it_fits_a_small_terminal_and_a_large_one(terminal: Terminal) -> None:
    small = await terminal.shows("#12", "CRITICAL", "login", "health", "connection refused", "q quit")
    assert [len(line) for line in small.splitlines() if len(line) > 80] == []
    assert len(small.splitlines()) == 24
    terminal.resize(40, 120)
    large = await terminal.until(lambda screen: len(screen.splitlines()) == 40)
    assert "uptime" in large
    terminal.resize(8, 40)
    await terminal.until(lambda screen: len(screen.splitlines()) == 8)


async def test_an_incident_is_taken_by_whoever_sits_there(terminal: Terminal, monitor: StillMonitor) -> None:
    await terminal.shows("#12", "q quit")
    terminal.type("a")
    await terminal.shows("why you take #12")
    terminal.type("on it\r")
    await terminal.shows("#12 is yours, ann")
    incident = monitor.histories[1].incident
    assert incident is not None
    assert incident.acknowledgement is not None
    assert (incident.acknowledgement.by, incident.acknowledgement.why) == ("ann", "on it")


async def test_enter_explains_what_is_chosen(terminal: Terminal) -> None:
    await terminal.shows("#12")
    terminal.type("\x1b[B\r")
    await terminal.shows("What each rule sees", "q back")
    terminal.type("q")
    await terminal.shows("q quit")


async def test_what_was_not_delivered_is_a_key_away(terminal: Terminal) -> None:
    await terminal.shows("#12")
    terminal.type("o")
    await terminal.shows("mail a@example.org", "q back")
    terminal.type("q")
    await terminal.shows("q quit")
    terminal.type("c")
    await terminal.shows("No channels are configured", "q back")


async def test_q_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    await terminal.shows("#12")
    terminal.type("q")
    assert (await terminal.ends(), terminal.is_as_before) == (0, True)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_leaves_the_terminal_as_it_was(terminal: Terminal, ending: signal.Signals) -> None:
    await terminal.shows("#12")
    terminal.send(ending)
    assert (await terminal.ends(), terminal.is_as_before) == (128 + ending, True)


async def test_it_survives_a_restart_of_the_daemon(terminal: Terminal, server: Socket) -> None:
    await terminal.shows("#12")
    await server.stop()
    await terminal.shows("#12", "no answer since")
    await server.start()
    await terminal.shows("q quit")


async def test_it_waits_for_a_daemon_that_does_not_run_yet(still: StillMonitor) -> None:
    async with await Terminal.sentinel("top", "-c", still.plan.file) as terminal:
        screen = await terminal.shows("no answer since", "no daemon answers")
        assert set(screen.splitlines()[1].strip() + screen.splitlines()[10].strip()) == set()
        terminal.type("ja/\r\r")
        terminal.type("q")
        assert (await terminal.ends(), terminal.is_as_before) == (0, True)


async def test_a_hostile_text_is_no_markup_and_moves_no_cursor(monitor: StillMonitor) -> None:
    hostile = check("[bold]login[/]", title="t")
    past = history(hostile, [broken("[red]\x1b[2Jgone[/]")] * 3)
    monitor.histories = [past]
    async with await Terminal.sentinel("top", "-c", monitor.plan.file) as terminal:
        await terminal.shows("[bold]login[/]", "[red]�[2Jgone[/]")
        assert "\x1b[2Jgone" not in terminal.written


async def test_it_needs_a_terminal(monitor: StillMonitor) -> None:
    ended = await sentinel("top", "-c", monitor.plan.file)
    assert (ended.code, "--watch" in ended.err) == (64, True)


def test_nothing_is_listed_before_the_first_answer() -> None:
    assert rows(None, View()) == []

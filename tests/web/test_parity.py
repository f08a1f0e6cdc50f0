"""Whatever pages and commands do, programs can do too: the table in the documentation, held against all three."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sentinel.base.clock import SystemClock
from sentinel.cli.main import cli
from sentinel.cli.reference import commands
from sentinel.web.api import Api
from sentinel.web.pages import looks
from sentinel.web.pages.site import Site
from sentinel.web.sign_in.rules import Rule
from tests.kit.monitor import StillMonitor
from tests.kit.scene import plan

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text()

#: What only a browser needs.
BROWSERS = {"GET /events", "POST /theme"}

#: What only a program needs: the document, and what commands ask before and after they read the store.
PROGRAMS = {"GET /api/v1/openapi.json", "POST /api/v1/write-down", "POST /api/v1/journal"}

#: Commands that ask no daemon for anything, or read the store by themselves.
OWN = {
    "backtest", "completion", "config check", "config routes", "config schema", "config show", "report review",
    "report verify", "run", "token new", "user hash",
}  # fmt: skip


class Row(NamedTuple):
    """One line of the table."""

    pages: list[str]
    commands: list[str]
    routes: list[str]


@cache
def table() -> list[Row]:
    part = PAGE.split("### What pages and commands do, by route")[1].split("\n### ")[0]
    lines = [line.split("|") for line in part.splitlines() if line.startswith("| ")][1:]
    return [Row(*(re.findall(r"`([^`]+)`", cell) for cell in line[2:5])) for line in lines]


def asked(rule: Rule) -> str:
    method = "POST" if "POST" in (rule.methods or ()) else "GET"
    return f"{method} {rule.path.replace('number:number', 'id')}"


@cache
def api() -> dict[str, Rule]:
    made = Api(StillMonitor(plan(), []), SystemClock())
    made.close()
    return {asked(rule): rule for rule in made.rules if rule.path.startswith("/api/")}


@cache
def pages() -> dict[str, Rule]:
    site = Site(StillMonitor(plan(), []), SystemClock(), "ward")
    site.close()
    found = [*(rule for part in (*site._parts, site._live) for rule in part.routes()), *looks.routes()]
    return {asked(rule): rule for rule in found}


def with_method(paths: Iterable[str]) -> set[str]:
    return {path if path.startswith("POST ") else f"GET {path}" for path in paths}


def test_every_page_and_form_has_a_route_beside_it() -> None:
    assert set().union(*(with_method(row.pages) for row in table())) == pages().keys() - BROWSERS


def test_every_command_has_a_route_beside_it() -> None:
    every = {path.removeprefix("sentinel ") for path, one in commands(cli, "sentinel") if not is_only_a_group(one)}
    told = {command.removeprefix("sentinel ") for row in table() for command in row.commands}
    assert every - told == OWN
    assert told <= every


def is_only_a_group(one: click.Command) -> bool:
    return (isinstance(one, click.Group) and not one.invoke_without_command) or one is cli


def test_every_route_beside_them_is_there_and_there_is_no_other() -> None:
    assert {route for row in table() for route in row.routes} == api().keys() - PROGRAMS


def test_a_form_and_its_route_have_one_name_in_the_journal_and_ask_for_one_role() -> None:
    wrong = [
        (form, route)
        for row in table()
        for form in row.pages
        for route in row.routes
        if form.startswith("POST ") and told(pages()[form]) != told(api()[route])
    ]
    assert not wrong


def told(rule: Rule) -> tuple[str, object]:
    return rule.doing, rule.least


def test_no_route_makes_something_that_sentinel_calls_by_an_address() -> None:
    """W07: whom Sentinel calls, the configuration alone says; a body has no field for an address."""
    named = {
        field.name
        for rule in api().values()
        if rule.contract and rule.contract.takes
        for field in rule.contract.takes.fields
    }
    assert not {name for name in named if re.search("url|uri|host|address|link|webhook|target", name)}

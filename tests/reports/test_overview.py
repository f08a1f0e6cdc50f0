from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.core.rule import Severity
from sentinel.reports import figures, overview, status
from sentinel.reports.documents import OutboxLine
from sentinel.reports.overview import PER_PAGE, Filter, LastDay, OverviewDocument
from tests.kit.days import piece
from tests.kit.scene import NOW, broken, check, history, plan, well

if TYPE_CHECKING:
    from sentinel.core.history import History

API = history(check("api", title="The API", system="erp", tags=frozenset({"web"})), [well()])
LOGIN = history(check("login", system="erp", tags=frozenset({"security"})), [broken()] * 3)
DAY = LastDay(whole=piece("api"), pieces=[piece("api")])
SLOW = history(check("slow", system="shop"), [well(3.0)])


def shown(*pasts: History, asked: Filter = Filter(), store_problem: str = "") -> OverviewDocument:
    every = [past.check for past in pasts]
    known = overview.Known(
        plan=plan(*every),
        checks=[status.facts(past, None) for past in pasts],
        now=NOW,
        started_at=NOW - timedelta(hours=1),
    )
    nothing = figures.build(every, figures.Lately(), NOW, timedelta(days=1))
    return overview.build(overview.choose(known, asked), {"api": DAY}, nothing, OutboxLine(), store_problem)


def names(document: OverviewDocument) -> list[str]:
    return [row.line.name for row in document.rows]


def test_what_is_worst_comes_first() -> None:
    document = shown(API, LOGIN, SLOW)
    assert names(document) == ["login", "slow", "api"]
    assert document.overall is Severity.CRITICAL
    assert [line.check for line in document.incidents] == ["login"]


def test_it_says_the_same_as_the_status() -> None:
    """One document, many faces: the command and the page cannot disagree."""
    pasts = (API, LOGIN, SLOW)
    facts = [status.facts(past, DAY.whole if past is API else None) for past in pasts]
    told = status.build(
        plan(*(past.check for past in pasts)),
        facts,
        now=NOW,
        started_at=NOW - timedelta(hours=1),
        outbox=OutboxLine(),
        own=None,
    )
    document = shown(*pasts)
    assert tuple(row.line for row in document.rows) == told.checks
    assert (document.overall, document.incidents) == (told.overall, told.incidents)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Filter(), ["login", "slow", "api"]),
        (Filter(text="the api"), ["api"]),
        (Filter(tag="security"), ["login"]),
        (Filter(system="erp"), ["login", "api"]),
        (Filter(severities=frozenset({Severity.WARNING, Severity.OK})), ["slow", "api"]),
        (Filter(system="erp", severities=frozenset({Severity.WARNING})), []),
    ],
)
def test_only_checks_that_pass_every_part_of_the_filter_are_shown(asked: Filter, found: list[str]) -> None:
    document = shown(API, LOGIN, SLOW, asked=asked)
    assert names(document) == found
    assert document.matching == len(found)
    assert document.counts == {"OK": 1, "WARNING": 1, "CRITICAL": 1, "UNKNOWN": 0}  # of all


@pytest.mark.parametrize(("page", "shown_page", "rows"), [(1, 1, PER_PAGE), (3, 3, 1), (9, 3, 1), (-2, 1, PER_PAGE)])
def test_a_page_that_there_is_not_is_the_nearest_one(page: int, shown_page: int, rows: int) -> None:
    pasts = [history(check(f"c{n:03}"), [well()]) for n in range(2 * PER_PAGE + 1)]
    document = shown(*pasts, asked=Filter(page=page))
    assert (document.asked.page, document.pages, len(document.rows)) == (shown_page, 3, rows)


def test_tags_and_systems_to_choose_from_are_named_once() -> None:
    document = shown(API, LOGIN, SLOW)
    assert (document.tags, document.systems) == (("security", "web"), ("erp", "shop"))


def test_the_open_span_is_part_of_the_strip() -> None:
    open_span = API.tally.current()
    assert open_span is not None
    cells = shown(API).rows[0].strip.cells
    assert sum(cell.up for cell in cells) == pytest.approx(300 + open_span.up)


def test_a_store_that_fails_is_at_least_a_warning() -> None:
    document = shown(API, store_problem="the disk is full")
    assert (document.overall, document.store_problem) == (Severity.WARNING, "the disk is full")


def test_no_checks_are_one_empty_page() -> None:
    document = shown()
    assert (document.rows, document.pages, document.overall) == ((), 1, Severity.UNKNOWN)


def test_a_filter_is_a_key() -> None:
    """Answers are shared among all who ask the same."""
    assert len({Filter(tag="a"), Filter(tag="a"), replace(Filter(), page=2)}) == 2


def test_incidents_stand_below_the_one_that_speaks_for_them() -> None:
    [speaker] = shown(LOGIN).incidents
    first, second, alone = (
        replace(speaker, id=number, bundle=bundle)
        for number, bundle in ((5, 7), (6, 7), (9, 4))  # 4 is over
    )
    found = overview.bunched([first, replace(speaker, id=7), second, alone])
    assert [(one.line.id, [line.id for line in one.others]) for one in found] == [(7, [5, 6]), (9, [])]

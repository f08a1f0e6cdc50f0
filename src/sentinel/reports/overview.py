"""The overview: what is wrong now, first; then every check with how it did over the last day."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sentinel import __version__
from sentinel.core.plan import Plan
from sentinel.core.rule import Severity
from sentinel.core.slo import Rollup
from sentinel.reports.documents import (
    FORMAT,
    CheckLine,
    DeploymentLine,
    Document,
    IncidentLine,
    OutboxLine,
    SilenceLine,
    WindowLine,
)
from sentinel.reports.figures import Figures
from sentinel.reports.quiet import NOTHING, Quiet
from sentinel.reports.status import CheckFacts, Place, Troubles, check_line, overall, place_of
from sentinel.reports.strips import STEP, STEPS, Spark, Strip, first_step, spark, strip

#: Checks on one page.
PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which checks are shown. Empty parts let everything through; a check has to pass every part."""

    text: str = ""  # in its name or title, whatever the case
    tag: str = ""
    system: str = ""
    severities: frozenset[Severity] = field(default_factory=frozenset)
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check of the overview."""

    line: CheckLine
    strip: Strip  # of the last 24 hours
    spark: Spark | None  # of its main reading over the same steps


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewDocument(Document):
    """What the first page shows."""

    format: int = FORMAT
    at: datetime
    version: str
    source: str  # name of this Sentinel
    started_at: datetime | None
    overall: Severity
    store_problem: str
    counts: Mapping[str, int]  # checks by severity, by its label; of all, whatever is shown
    incidents: tuple[IncidentLine, ...]  # open ones, the most urgent first
    silences: tuple[SilenceLine, ...]  # active
    windows: tuple[WindowLine, ...]  # open
    deployments: tuple[DeploymentLine, ...]  # that go on, or have failed and stand so
    outbox: OutboxLine
    figures: Figures
    asked: Filter
    rows: tuple[CheckRow, ...]  # of this page, the most urgent first
    matching: int  # checks that pass the filter
    pages: int  # at least 1
    tags: tuple[str, ...]  # that there are
    systems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of every check, before a page is chosen of them."""

    plan: Plan
    checks: Sequence[CheckFacts]
    now: datetime
    started_at: datetime | None
    quiet: Quiet = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """What a store knows of the last day of a check."""

    whole: Rollup  # with its distribution
    pieces: Sequence[Rollup] = ()  # of at most half an hour each


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The checks of one page, and what counting all of them has brought."""

    asked: Filter
    known: Known
    places: tuple[Place, ...]  # of all checks
    rows: tuple[CheckFacts, ...]  # of this page, the most urgent first
    matching: int
    pages: int


def choose(known: Known, asked: Filter) -> Chosen:
    """The checks of the page that was asked for; of a page that there is not, the last one."""
    every = [(place_of(one, known.now, known.started_at), one) for one in known.checks]
    matching = sorted((pair for pair in every if _passes(pair[0], asked)), key=lambda pair: pair[0].urgency)
    pages = max(1, -(-len(matching) // PER_PAGE))
    page = min(max(asked.page, 1), pages)
    return Chosen(
        asked=replace(asked, page=page),
        known=known,
        places=tuple(place for place, _ in every),
        rows=tuple(one for _, one in matching[(page - 1) * PER_PAGE : page * PER_PAGE]),
        matching=len(matching),
        pages=pages,
    )


def build(
    chosen: Chosen,
    past: Mapping[str, LastDay],
    figures: Figures,
    outbox: OutboxLine,
    store_problem: str = "",
    deployments: Sequence[DeploymentLine] = (),
) -> OverviewDocument:
    """The overview.

    Args:
        chosen: the page.
        past: by check; one that is missing has an empty strip.
        figures: of the last day.
        outbox: how telling goes.
        store_problem: why the store cannot be used now.
        deployments: that go on, and the last of each system.
    """
    known = chosen.known
    troubles = Troubles.among(known.checks, known.now, known.quiet)
    checks = [place.check for place in chosen.places]
    return OverviewDocument(
        at=known.now,
        version=__version__,
        source=known.plan.name,
        started_at=known.started_at,
        overall=overall(
            chosen.places, troubles, outbox, running=known.started_at is not None, store_problem=store_problem
        ),
        store_problem=store_problem,
        counts=_counts(chosen.places),
        incidents=troubles.incidents,
        silences=troubles.silences,
        windows=troubles.windows,
        deployments=tuple(one for one in deployments if one.concerns),
        outbox=outbox,
        figures=figures,
        asked=chosen.asked,
        rows=tuple(_row(one, past.get(one.check.name), known) for one in chosen.rows),
        matching=chosen.matching,
        pages=chosen.pages,
        tags=tuple(sorted({tag for check in checks for tag in check.tags})),
        systems=tuple(sorted({check.system for check in checks if check.system})),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bunch:
    """An open incident, and those that it speaks for."""

    line: IncidentLine
    others: tuple[IncidentLine, ...] = ()


def bunched(lines: Sequence[IncidentLine]) -> tuple[Bunch, ...]:
    """The incidents that speak, in their order, each with those that are told of with it, wherever those stand."""
    open_ones = {line.id for line in lines}
    others: dict[int, list[IncidentLine]] = {}
    speakers = []
    for line in lines:
        if line.bundle and line.bundle != line.id and line.bundle in open_ones:
            others.setdefault(line.bundle, []).append(line)
        else:
            speakers.append(line)  # it stands by itself, too, where the one that spoke for it is over
    return tuple(Bunch(line=line, others=tuple(others.pop(line.id, ()))) for line in speakers)


def _passes(place: Place, asked: Filter) -> bool:
    check, text = place.check, asked.text.casefold()
    return (
        (not text or text in check.name.casefold() or text in check.title.casefold())
        and (not asked.tag or asked.tag in check.tags)
        and (not asked.system or asked.system == check.system)
        and (not asked.severities or place.severity in asked.severities)
    )


def _counts(places: Sequence[Place]) -> dict[str, int]:
    counted = Counter(place.severity for place in places)
    return {severity.label: counted[severity] for severity in Severity}


def _row(one: CheckFacts, past: LastDay | None, known: Known) -> CheckRow:
    pieces = [*(past.pieces if past else ()), *([one.span] if one.span else ())]
    shown = strip(pieces, first_step(known.now, STEP, STEPS), STEP, STEPS)
    return CheckRow(
        line=check_line(replace(one, day=past.whole if past else None), known.now, known.started_at, known.quiet),
        strip=shown,
        spark=spark(pieces, one.check, shown),
    )

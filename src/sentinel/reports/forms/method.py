"""How the figures of a report were made, as its last section."""

from collections.abc import Iterator

from sentinel.reports.forms.layout import Cell, Column, Section, Table
from sentinel.reports.forms.words import Zone, amount, lasted, tied
from sentinel.reports.method import Exclusion, Method


def sections(method: Method, when: Zone) -> Iterator[Section]:
    """Formulas, exclusions, configurations and sources: what somebody needs who wants to make the figures anew."""
    yield _formulas(method, when)
    if method.exclusions:
        yield _exclusions(method, when)
    yield _sources(method)


def _formulas(method: Method, when: Zone) -> Section:
    rows = [(Cell(text=name, strong=True), Cell(text=formula)) for name, formula in method.formulas.items()]
    changes = tuple(f"Configuration changed {when(one.at)} by {one.by}: {one.what}" for one in method.changes)
    return Section(
        heading="Method",
        intro=(
            f"About {method.selection}. Targets are those of configuration {method.fingerprint}.",
            tied(f"Quantiles are at most {method.quantile_error * 100:g} % off. {_unknown(method)}"),
        ),
        table=Table(
            columns=(Column(heading="Figure"), Column(heading="How it is worked out", weight=1)), rows=tuple(rows)
        ),
        notes=(*changes, *method.limits),
    )


def _unknown(method: Method) -> str:
    if not method.unknown:
        return "Every check was judged all the time."
    return f"For {lasted(method.unknown)}, summed over checks, nobody could judge or nothing was watched."


def _exclusions(method: Method, when: Zone) -> Section:
    columns = (
        Column(heading="Window", weight=1),
        Column(heading="From"),
        Column(heading="Until"),
        Column(heading="Checks", number=True),
        Column(heading="Kept apart", number=True),
        Column(heading="Down of that", number=True),
        Column(heading="Why", weight=1),
    )
    rows = tuple(_exclusion(one, when) for one in method.exclusions)
    edge = (
        f"Each end of a window is at most {lasted(method.edge)} off." if method.edge else "Windows are cut out exactly."
    )
    return Section(
        heading="Planned downtime, kept apart",
        intro=(f"{lasted(method.excluded)} of all checks together.",),
        table=Table(columns=columns, rows=rows),
        notes=(edge,),
    )


def _exclusion(one: Exclusion, when: Zone) -> tuple[Cell, ...]:
    by = f"{one.why} ({one.by})" if one.why and one.by else one.why or one.by
    return (
        Cell(text=f"{one.title} ({one.window})" if one.title != one.window else one.window, strong=True),
        Cell(text=when.short(one.since)),
        Cell(text=when.short(one.until)),
        Cell(text=amount(one.checks)),
        Cell(text=lasted(one.time)),
        Cell(text=lasted(one.down)),
        Cell(text=by),
    )


def _sources(method: Method) -> Section:
    columns = (Column(heading="Table"), Column(heading="What it gives", weight=1), Column(heading="Rows", number=True))
    rows = tuple(
        (Cell(text=one.table, strong=True), Cell(text=one.gives), Cell(text=amount(one.rows))) for one in method.sources
    )
    return Section(heading="Sources", table=Table(columns=columns, rows=rows))

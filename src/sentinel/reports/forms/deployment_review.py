"""The part of a report that looks back at one deployment, as sections."""

from collections.abc import Iterator

from sentinel.reports.deployment_review import DeploymentReview, SinceFigure, SinceIncident
from sentinel.reports.forms.layout import Cell, Column, Line, Section, Table, Tile
from sentinel.reports.forms.words import Zone, amount, counted, lasted, measured


def sections(part: DeploymentReview, when: Zone) -> Iterator[Section]:
    """How its system has done since, the figures of that, incidents since, and what is left to do."""
    yield _course(part, when)
    if part.figures:
        yield _figures(part)
    yield _incidents(part, when)
    yield _left(part)


def _course(part: DeploymentReview, when: Zone) -> Section:
    line = part.line
    came = f" (from {line.from_version})" if line.from_version else ""
    outcome = (line.ending or line.phase).value.replace("_", " ")
    was = f"{line.label}{came}, by {line.by}, {when(line.started_at)} to {when.short(line.ended_at)}: {outcome}."
    worse = sum(figure.worse for figure in part.figures)
    still = sum(incident.resolved_at is None for incident in part.incidents)
    return Section(
        heading=f"Deployment {line.id}: {line.label}",
        intro=(part.verdict, was),
        tiles=(
            Tile(value=lasted(part.after), label="since its end"),
            Tile(value=amount(len(part.incidents)), label="incidents since", tone="WARNING" if part.incidents else ""),
            Tile(value=amount(still), label="of them still open", tone="CRITICAL" if still else ""),
            Tile(value=amount(worse), label="figures worse than before", tone="WARNING" if worse else ""),
        ),
        in_mail=True,
        brief=(part.verdict,),
    )


def _figures(part: DeploymentReview) -> Section:
    columns = (
        Column(heading="Check", weight=2),
        Column(heading="Figure", weight=2),
        Column(heading="Before", number=True),
        Column(heading="Since", number=True),
        Column(heading="Results before", number=True, in_mail=False),
        Column(heading="Results since", number=True, in_mail=False),
    )
    return Section(
        heading="Before and since",
        table=Table(columns=columns, rows=tuple(map(_figure, part.figures))),
        notes=(
            f"Before: {lasted(part.length)} up to its start. Roll-ups that its start or its end cuts are in neither.",
        ),
        in_mail=True,
    )


def _figure(figure: SinceFigure) -> tuple[Cell, ...]:
    worse = (Line(text="worse than before", tone="WARNING"),) if figure.worse else ()
    return (
        Cell(text=figure.title, strong=True),
        Cell(text=figure.label),
        Cell(text=measured(figure.before, figure.unit)),
        Cell(text=measured(figure.since, figure.unit), below=worse),
        Cell(text=amount(figure.before_samples)),
        Cell(text=amount(figure.since_samples)),
    )


def _incidents(part: DeploymentReview, when: Zone) -> Section:
    columns = (
        Column(heading=""),
        Column(heading="Incident", weight=4),
        Column(heading="Opened"),
        Column(heading="Resolved"),
    )
    return Section(
        heading="Incidents since its end",
        table=Table(
            columns=columns,
            rows=tuple(_incident(one, when) for one in part.incidents),
            empty="No incident of its system was open since its end.",
        ),
        in_mail=True,
    )


def _incident(one: SinceIncident, when: Zone) -> tuple[Cell, ...]:
    suspected = (Line(text="may come of this deployment", tone="WARNING"),) if one.suspected else ()
    return (
        Cell(badge=one.severity.label),
        Cell(text=f"#{one.id} {one.check}", strong=True, below=(Line(text=one.explanation), *suspected)),
        Cell(text=when.short(one.opened_at)),
        Cell(text=when.short(one.resolved_at) or "still open"),
    )


def _left(part: DeploymentReview) -> Section:
    """What Sentinel knows to be open, and what only people can see to."""
    columns = (Column(heading="Open"), Column(heading="", weight=6))
    known = [(Cell(text="found", strong=True), Cell(text=text)) for text in part.open_points]
    asked = [(Cell(text="☐ by hand"), Cell(text=text)) for text in part.for_people]
    return Section(
        heading="What is left",
        intro=(
            f"{counted(len(part.open_points), 'open point')} that Sentinel knows of; the others are for people to see to.",
        ),
        table=Table(columns=columns, rows=(*known, *asked)),
        in_mail=True,
        brief=part.open_points,
    )

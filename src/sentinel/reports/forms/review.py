"""The part of a report that looks back at one incident, as sections."""

from collections.abc import Iterator

from sentinel.reports.forms.layout import Cell, Column, Line, Section, Table, Tile
from sentinel.reports.forms.words import Zone, amount, counted, lasted, measured
from sentinel.reports.operations import IncidentTimes
from sentinel.reports.review import Review, ReviewFigure, ReviewStep, ReviewTold


def sections(part: Review, when: Zone) -> Iterator[Section]:
    """What it was, how its check has done since, what happened, and who was told."""
    yield _course(part)
    if any(map(_known, part.figures)):
        yield _figures(part)
    yield _steps(part, when)
    if part.told:
        yield _told(part, when)


def _course(part: Review) -> Section:
    line, times = part.incident.line, part.times
    again = f"Opened again since: {_numbers(part.again)}." if part.again else "It has opened no other incident since."
    together = f"Open at the same time: {_numbers(part.together)}." if part.together else ""
    return Section(
        heading=f"Incident #{line.id}: {line.check}",
        intro=tuple(filter(None, (part.verdict, line.explanation, again, together))),
        tiles=(
            Tile(value=lasted(part.incident.duration), label="duration", tone=line.severity.label),
            *_times(times),
            Tile(value=lasted(part.after), label="since its end"),
        ),
        in_mail=True,
        brief=(part.verdict,),
    )


def _times(times: IncidentTimes) -> Iterator[Tile]:
    """How long each step took, of those that were taken."""
    steps = {
        "to detect": times.detect,
        "to tell": times.tell,
        "to acknowledge": times.acknowledge,
        "to resolve": times.resolve,
    }
    for label, took in steps.items():
        if took is not None:
            yield Tile(value=lasted(took), label=label)


def _known(figure: ReviewFigure) -> bool:
    return any(value is not None for value in (figure.before, figure.during, figure.since))


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(f"#{number}" for number in numbers)


def _figures(part: Review) -> Section:
    columns = (
        Column(heading="", weight=1),
        Column(heading="Before", number=True),
        Column(heading="During", number=True),
        Column(heading="Since", number=True),
    )
    return Section(
        heading="Before, during and since",
        table=Table(columns=columns, rows=tuple(map(_figure, filter(_known, part.figures)))),
        notes=(f"Before: {lasted(part.length)} up to its first bad result.",),
        in_mail=True,
    )


def _figure(figure: ReviewFigure) -> tuple[Cell, ...]:
    worse = (Line(text="worse than before", tone="WARNING"),) if figure.worse else ()
    return (
        Cell(text=figure.title, strong=True),
        Cell(text=measured(figure.before, figure.unit)),
        Cell(text=measured(figure.during, figure.unit)),
        Cell(text=measured(figure.since, figure.unit), below=worse),
    )


def _steps(part: Review, when: Zone) -> Section:
    columns = (
        Column(heading="When"),
        Column(heading="What"),
        Column(heading="By"),
        Column(heading="", weight=1),
    )
    left_out = (f"{counted(part.left_out, 'step')} in the middle left out.",) if part.left_out else ()
    rows = tuple(_step(step, when) for step in part.steps)
    return Section(
        heading="What happened", table=Table(columns=columns, rows=rows, empty="Nothing is recorded."), notes=left_out
    )


def _step(step: ReviewStep, when: Zone) -> tuple[Cell, ...]:
    return (
        Cell(text=when.short(step.at)),
        Cell(text=step.kind.replace("_", " "), strong=True),
        Cell(text=step.by or "Sentinel"),
        Cell(text=step.text),
    )


def _told(part: Review, when: Zone) -> Section:
    columns = (
        Column(heading="Who was told", weight=1),
        Column(heading="Messages", number=True),
        Column(heading="First taken"),
        Column(heading="Given up", number=True),
    )
    return Section(
        heading="Who was told", table=Table(columns=columns, rows=tuple(_listener(one, when) for one in part.told))
    )


def _listener(told: ReviewTold, when: Zone) -> tuple[Cell, ...]:
    below = (Line(text=told.channel),) if told.recipient else ()
    return (
        Cell(text=told.recipient or told.channel, strong=True, below=below),
        Cell(text=amount(told.messages)),
        Cell(text=when.short(told.first_at) or "never"),
        Cell(text=amount(told.dead)),
    )

"""The document of a deployment (EM-12), as sections."""

from collections.abc import Iterator
from datetime import timedelta

from sentinel.base.units import Unit, format_paced
from sentinel.core.deployment.deployment import (
    Comparison,
    Judged,
    Judgement,
    Measure,
)
from sentinel.core.rule import Severity
from sentinel.reports.deployment import (
    CriterionLine,
    DeploymentDocument,
    DeploymentLine,
    outcome,
    severity,
)
from sentinel.reports.forms import deployment_course as course
from sentinel.reports.forms.layout import Cell, Column, Figure, Line, Section, Table, Tile
from sentinel.reports.forms.words import NOTHING, Zone, amount, counted, exactly, measured, tied

#: Figures that are shown of each point but the last: the worst.
MOST_COMPARED = 20

_TONES = {Judged.PASS: "OK", Judged.FAIL: "CRITICAL", Judged.INCONCLUSIVE: "UNKNOWN"}


def sections(part: DeploymentDocument, when: Zone, figures: tuple[Figure, ...] = ()) -> Iterator[Section]:
    """What it was and what came of it, its verdict, its course, who was told; at last the lines to sign on.

    Args:
        part: the deployment.
        when: writes times.
        figures: how readings of its system went.
    """
    yield _summary(part, when)
    yield from _verdict(part, figures)
    yield _criteria(part)
    if part.rollback is not None:
        yield _rollback(part, when)
    yield course.timeline(part, when)
    yield from course.verifications(part, when)
    if part.incidents:
        yield course.incidents(part, when)
    yield course.told(part, when)
    if part.reviews:
        yield course.reviews(part, when)
    yield course.sign_off(part, when)


# --- What it was ------------------------------------------------------------------------------------------------------


def _summary(part: DeploymentDocument, when: Zone) -> Section:
    line = part.line
    facts = (
        ("System", line.system),
        ("Version", versions(line)),
        ("Ref", line.ref),
        ("Environment", line.environment),
        ("Started", f"{when(line.started_at)} by {line.by}"),
        ("Window", _window(part, when)),
        ("Expected", "down meanwhile" if part.expects_down else "up all the time"),
        ("Impact", part.impact),
        ("Seen down", exactly(part.down_for) if part.down_for else "not at all"),
        ("Watched", _watched(part, when)),
        ("Backup before it", part.backup_id),
        ("Ended", when(line.ended_at)),
        ("Outcome", _outcome(line)),
    )
    columns = (Column(heading=""), Column(heading="", weight=6))
    rows = tuple((Cell(text=name, strong=True), Cell(text=text)) for name, text in facts if text)
    return Section(
        heading=f"Deployment {line.id}: {line.label}",
        tiles=tuple(_tiles(part)),
        table=Table(columns=columns, rows=rows),
        in_mail=True,
        brief=(f"{line.label}: {_outcome(line)}.",),
    )


def versions(line: DeploymentLine) -> str:
    """Such as `2.4.0 → 2.4.1`."""
    new = line.version or "not known"
    return f"{line.from_version} → {new}" if line.from_version else new


def _outcome(line: DeploymentLine) -> str:
    word = outcome(line)
    return line.text if line.text.casefold().startswith(word) else f"{word}: {line.text}" if line.text else word


def _window(part: DeploymentDocument, when: Zone) -> str:
    """What was planned, and what it took."""
    line = part.line
    planned = f"{when.short(line.started_at)} to {when.short(line.window_ends_at)}"
    planned += f" ({exactly(line.window_ends_at - line.started_at)})"
    if part.window_ended_at is None:
        return f"{planned}; it goes on"
    took = exactly(part.window_ended_at - line.started_at)
    over = part.window_ended_at - line.window_ends_at
    return f"{planned}; it took {took}" + (f", {exactly(over)} longer than planned" if over > timedelta(0) else "")


def _watched(part: DeploymentDocument, when: Zone) -> str:
    if part.watch_began_at is None or part.watch_ends_at is None:
        return "no" if part.line.ended_at else ""
    return f"{when.short(part.watch_began_at)} to {when.short(part.watch_ends_at)}"


def _tiles(part: DeploymentDocument) -> Iterator[Tile]:
    line = part.line
    ended = line.ended_at or part.at
    yield Tile(value=outcome(line), label="outcome", tone=_tone(line))
    yield Tile(value=exactly(ended - line.started_at), label="from start to end" if line.ended_at else "so far")
    yield Tile(value=exactly(part.down_for or timedelta(0)), label="seen down")
    yield Tile(
        value=amount(len(part.incidents)),
        label="incidents that may come of it",
        tone="WARNING" if part.incidents else "",
    )


def _tone(line: DeploymentLine) -> str:
    found = severity(line)
    return "" if found is Severity.UNKNOWN else found.label


# --- The verdict ------------------------------------------------------------------------------------------------------


def _verdict(part: DeploymentDocument, figures: tuple[Figure, ...]) -> Iterator[Section]:
    """Each point of its watch, and the figures of it before and after."""
    if part.watch_began_at is None:
        if figures:
            yield Section(heading="How readings went", figures=figures)
        return
    points = tuple(_point(one) for one in part.judgements)
    yield Section(
        heading="Verdict",
        intro=(
            "At each point what was found since the watch began is compared with what was found before the deployment.",
        ),
        table=Table(
            columns=(Column(heading=""), Column(heading="After"), Column(heading="What was found", weight=6)),
            rows=points,
            empty="It has not been judged yet.",
        ),
        figures=figures,
        in_mail=True,
        brief=tuple(f"Verdict: {one.judged.value}, {one.text}." for one in part.judgements[-1:]),
    )
    for one in reversed(part.judgements):
        if one.comparisons:
            yield _comparisons(one, len(one.comparisons) if one is part.judgements[-1] else MOST_COMPARED)


def _point(one: Judgement) -> tuple[Cell, ...]:
    below = tuple(Line(text=breach.text, tone="CRITICAL") for breach in one.breaches)
    last = (Line(text="the last"),) if one.final else ()
    compared = (Line(text=f"{counted(len(one.comparisons), 'figure')} compared"),) if one.comparisons else ()
    return (
        Cell(badge=_TONES[one.judged], word=one.judged.value.upper()),
        Cell(text=tied(format_paced(one.after)), below=last),
        Cell(text=one.text or one.judged.value, below=(*below, *compared)),
    )


def _comparisons(one: Judgement, most: int) -> Section:
    """The figures of a point, the worst first; of more than so many, these."""
    columns = (
        Column(heading=""),
        Column(heading="Figure", weight=4),
        Column(heading="Before", number=True),
        Column(heading="After", number=True),
        Column(heading="Bound", number=True, in_mail=False),
        Column(heading="p", number=True, in_mail=False),
        Column(heading="Results before", number=True, in_mail=False),
        Column(heading="Results after", number=True, in_mail=False),
    )
    left = len(one.comparisons) - most
    more = (f"{counted(left, 'figure')} more that are no worse stand in the JSON.",) if left > 0 else ()
    return Section(
        heading=f"Figures after {tied(format_paced(one.after))}",
        table=Table(columns=columns, rows=tuple(map(_comparison, one.comparisons[:most]))),
        notes=(*more, _P),
        in_mail=one.final,
    )


_P = "p: how likely chance alone makes so large a difference. A figure is worse when it is beyond its bound, and p is small."

_MEASURES = {Measure.ERRORS: "share of failures", Measure.TIME: "time", Measure.LOGS: "matches in logs per minute"}


def _comparison(one: Comparison) -> tuple[Cell, ...]:
    text = (Line(text=one.text),) if one.text else ()
    return (
        Cell(badge=_TONES[one.judged], word=one.judged.value.upper()),
        Cell(text=_figure(one), strong=True, below=text),
        Cell(text=measured(one.before, one.unit)),
        Cell(text=measured(one.after, one.unit)),
        Cell(text=measured(one.bound, one.unit)),
        Cell(text=_significance(one.significance)),
        Cell(text=amount(one.before_samples)),
        Cell(text=amount(one.after_samples)),
    )


def _figure(one: Comparison) -> str:
    """Which figure it is. Times of several checks are compared as multiples of what is usual for each."""
    multiples = ", in multiples of what is usual" if one.measure is Measure.TIME and one.unit is Unit.NONE else ""
    return f"{one.check or 'all checks'}: {_MEASURES[one.measure]}{multiples}"


def _significance(p: float | None) -> str:
    if p is None:
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _criteria(part: DeploymentDocument) -> Section:
    """What fails a deployment at once, whether it did or not."""
    columns = (Column(heading=""), Column(heading="Criterion", weight=4), Column(heading="What was found", weight=4))
    return Section(
        heading="Criteria that fail a deployment at once",
        table=Table(columns=columns, rows=tuple(map(_criterion, part.criteria))),
    )


#: Criteria, in words.
CRITERIA = {
    "critical_function": "Something that people cannot do without is broken",
    "integrity": "Data contradict themselves",
    "migration": "The database does not stand where the release needs it",
    "several_services": "Several checks are critical at once",
    "said_so": "Whoever deploys says that a step of it failed",
}


def _criterion(line: CriterionLine) -> tuple[Cell, ...]:
    found = line.met or ("not met" if line.asked else "not asked: nothing is configured for it")
    badge, word = ("CRITICAL", "MET") if line.met else ("OK", "NOT MET") if line.asked else ("UNKNOWN", "NOT ASKED")
    return (Cell(badge=badge, word=word), Cell(text=CRITERIA[line.criterion.value], strong=True), Cell(text=found))


# --- The rollback -----------------------------------------------------------------------------------------------------


def _rollback(part: DeploymentDocument, when: Zone) -> Section:
    one = part.rollback
    assert one is not None, "asked for only where there is one"
    by = one.by or (f"the escalation of incident #{one.incident}" if one.incident else "Sentinel")
    proof = one.verification
    facts = (
        ("It is", one.state.value),
        ("Undone", "to the version before" if one.quick else f"to backup {one.backup_id}"),
        ("Because", one.reason),
        ("Ordered", f"{when(one.ordered_at)} by {by}"),
        ("Could be stopped until", when(one.runs_at) if one.runs_at > one.ordered_at else ""),
        ("Ended", when(one.ended_at)),
        ("Run by", one.channel),
        ("How it ended", one.text),
        ("Verified", course.judged(proof) if proof is not None else "no"),
    )
    rows = tuple((Cell(text=name, strong=True), Cell(text=text)) for name, text in facts if text)
    return Section(
        heading="Rollback",
        table=Table(columns=(Column(heading=""), Column(heading="", weight=6)), rows=rows),
        in_mail=True,
        brief=(f"Rollback: {one.state.value}, because {one.reason}.",),
    )

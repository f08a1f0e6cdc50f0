"""The parts of a report for those who audit: the questions of an audit, the lines of the checklist, and what proves them."""

from collections.abc import Iterator, Sequence

from sentinel.reports.audit import Audit, AuditQuestion, AuditSection
from sentinel.reports.forms.layout import Cell, Column, Line, Section, Table, Tile
from sentinel.reports.forms.words import NOTHING, amount, counted, per_cent
from sentinel.reports.hipaa import Hipaa, HipaaLine
from sentinel.reports.proof import Answer, ProofLine

_TONES = {Answer.YES: "OK", Answer.TROUBLE: "CRITICAL", Answer.PARTLY: "WARNING", Answer.GAP: "UNKNOWN"}

_WORDS = {Answer.YES: "YES", Answer.TROUBLE: "TROUBLE", Answer.PARTLY: "IN PART", Answer.GAP: "GAP"}

#: What is said of a section without questions.
_NOTHING_LEFT = "Nothing is left to ask: every check answers a question above."

#: Checks that one question lists; the JSON and the tables have all of them.
MOST_PROOFS = 12


def audit(part: Audit) -> Iterator[Section]:
    """The questions of an audit, section by section."""
    said = _sum_of(part.answered, part.troubles, part.partly, part.gaps)
    yield Section(
        heading=f"{part.scope.value.capitalize()} audit",
        intro=(
            f"A question is answered by checks that were judged for {per_cent(part.enough)} of the period and failed never.",
        ),
        tiles=_tiles("answered with yes", part.answered, part.troubles, part.partly, part.gaps),
        in_mail=True,
        brief=(f"{part.scope.value.capitalize()} audit: {said} of {counted(part.questions, 'question')}.",),
    )
    yield from map(_audit_section, part.sections)


def _audit_section(section: AuditSection) -> Section:
    rows = tuple(row for question in section.questions for row in _question(question))
    return Section(
        heading=section.title,
        intro=(section.asks,),
        table=Table(columns=_COLUMNS, rows=rows, empty=_NOTHING_LEFT),
        in_mail=True,
    )


def _question(question: AuditQuestion) -> Iterator[tuple[Cell, ...]]:
    text = Cell(text=question.question, strong=True, below=(Line(text=question.why, tone=_tone(question.answer)),))
    yield _row(question.answer, text, question.proofs, question.coverage)


def hipaa(part: Hipaa) -> Iterator[Section]:
    """The lines of the checklist."""
    said = _sum_of(part.proven, part.troubles, part.partly, part.gaps)
    yield Section(
        heading="HIPAA checklist",
        intro=(part.note,),
        tiles=_tiles("proven", part.proven, part.troubles, part.partly, part.gaps),
        table=Table(columns=_COLUMNS, rows=tuple(map(_line, part.lines))),
        notes=(f"A line counts as proven from {per_cent(part.enough)} coverage of the period on.",),
        in_mail=True,
        brief=(f"HIPAA checklist: {said} of {counted(len(part.lines), 'line')}.",),
    )


def _line(line: HipaaLine) -> tuple[Cell, ...]:
    below = (
        Line(text=line.paragraph),
        Line(text=line.requires),
        Line(text=line.why, tone=_tone(line.answer)),
        Line(text=f"Checks chosen by {line.chosen}."),
    )
    return _row(line.answer, Cell(text=line.title, strong=True, below=below), line.proofs, line.coverage)


_COLUMNS = (
    Column(heading="Answer"),
    Column(heading="Question", weight=3),
    Column(heading="Checks that answer it", weight=3, in_mail=False),
    Column(heading="Coverage", number=True),
    Column(heading="Failed", number=True),
    Column(heading="Incidents", weight=1, in_mail=False),
)


def _row(answer: Answer, text: Cell, proofs: Sequence[ProofLine], coverage: float | None) -> tuple[Cell, ...]:
    runs, failures = sum(proof.runs for proof in proofs), sum(proof.failures for proof in proofs)
    numbers = sorted({number for proof in proofs for number in proof.incidents})
    return (
        Cell(badge=_tone(answer), word=_WORDS[answer]),
        text,
        Cell(text="" if proofs else "none", below=tuple(_proofs(proofs))),
        Cell(text=per_cent(coverage)),
        Cell(text=amount(failures) if proofs else NOTHING, below=(Line(text=f"of {amount(runs)}"),) if proofs else ()),
        Cell(text=", ".join(f"#{number}" for number in numbers[:MOST_PROOFS]) or NOTHING),
    )


def _proofs(proofs: Sequence[ProofLine]) -> Iterator[Line]:
    """Each check that found something or was judged in part; the others together, by what they look at."""
    marked = [proof for proof in proofs if proof.severity.urgency]
    for proof in marked[:MOST_PROOFS]:
        found = f"{amount(proof.failures)} of {amount(proof.runs)} failed, {per_cent(proof.coverage)} judged"
        yield Line(text=f"{proof.title}: {found}", tone=proof.severity.label)
    if len(marked) > MOST_PROOFS:
        yield Line(text=f"and {len(marked) - MOST_PROOFS} more of these")
    good: dict[str, list[str]] = {}
    for proof in proofs:
        if not proof.severity.urgency:
            good.setdefault(f"{proof.kind}, {proof.proves}", []).append(proof.title)
    for what, titles in good.items():
        more = f" and {len(titles) - MOST_PROOFS} more" if len(titles) > MOST_PROOFS else ""
        yield Line(text=f"{', '.join(titles[:MOST_PROOFS])}{more} ({what})")


def _tone(answer: Answer) -> str:
    return _TONES[answer]


def _tiles(good: str, yes: int, troubles: int, partly: int, gaps: int) -> tuple[Tile, ...]:
    return (
        Tile(value=amount(yes), label=good),
        Tile(value=amount(troubles), label="with failures", tone="CRITICAL" if troubles else ""),
        Tile(value=amount(partly), label="judged in part", tone="WARNING" if partly else ""),
        Tile(value=amount(gaps), label="gaps: nothing answers them", tone="UNKNOWN" if gaps else ""),
    )


def _sum_of(yes: int, troubles: int, partly: int, gaps: int) -> str:
    return f"{yes} proven, {troubles} with failures, {partly} in part, {counted(gaps, 'gap')}"

"""What happened in a deployment, as sections: its timeline, what was verified, incidents, who was told, and lines to sign on."""

from collections.abc import Iterator

from sentinel.core.deployment.deployment import Verification, VerifiedCheck
from sentinel.core.result import Outcome
from sentinel.core.rule import Severity
from sentinel.reports.deployment import (
    DeploymentDocument,
    DeploymentLine,
    EntryLine,
    SuspectLine,
    ToldLine,
)
from sentinel.reports.deployment_text import since_start
from sentinel.reports.forms.layout import Cell, Column, Line, Section, Table
from sentinel.reports.forms.words import Zone, counted, exactly, tied

#: Who signs (EM), and how a deployment may have ended for them.
ROLES = ("Dev lead", "QA lead", "DevOps lead", "Product manager")
STATUSES = ("Success", "Partial", "Rolled back")

#: Lines for notes by hand.
_NOTES = 3

# --- What happened ----------------------------------------------------------------------------------------------------


def timeline(part: DeploymentDocument, when: Zone) -> Section:
    columns = (
        Column(heading="", number=True),
        Column(heading="When"),
        Column(heading="What"),
        Column(heading="", weight=4),
        Column(heading="By"),
        Column(heading="Took", number=True),
    )
    rows = tuple(_entry(entry, part.line, when) for entry in part.timeline)
    return Section(
        heading="Timeline",
        table=Table(columns=columns, rows=rows, empty="Nothing is recorded."),
        notes=("T+7: seven minutes after its start.",),
    )


def _entry(entry: EntryLine, line: DeploymentLine, when: Zone) -> tuple[Cell, ...]:
    return (
        Cell(text=since_start(entry.at, line.started_at)),
        Cell(text=when.to_the_second(entry.at)),
        Cell(text=entry.kind.replace("_", " "), strong=True),
        Cell(text=entry.text),
        Cell(text=entry.by or "Sentinel"),
        Cell(text=exactly(entry.took) if entry.took is not None else ""),
    )


def verifications(part: DeploymentDocument, when: Zone) -> Iterator[Section]:
    """Each verification with every check of it."""
    proof = part.rollback.verification if part.rollback is not None else None
    for one in part.verifications:
        yield _verification(one, when, f"Verified: {', '.join(one.tags) or 'all checks'}")
    if proof is not None:
        yield _verification(proof, when, "Verified after the rollback")


def _verification(one: Verification, when: Zone, heading: str) -> Section:
    columns = (
        Column(heading=""),
        Column(heading="Check", weight=3),
        Column(heading="What was found", weight=4),
        Column(heading="Took", number=True),
    )
    by = f", asked for by {one.by}" if one.by else ""
    return Section(
        heading=heading,
        intro=(f"{when(one.began_at)}: {judged(one)}{by}.",),
        table=Table(columns=columns, rows=tuple(map(_verified, one.checks)), empty="No check was run."),
        brief=(f"{heading}: {judged(one)}.",),
    )


def judged(one: Verification) -> str:
    """Such as `pass, 12 of 12 checks, in 4 s`."""
    took = f", in {exactly(one.ended_at - one.began_at)}" if one.ended_at and one.ended_at > one.began_at else ""
    return tied(
        f"{one.judged.value}, {one.passed} of {counted(max(one.planned, len(one.checks) + one.left_out), 'check')}{took}"
    )


_WORDS = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.UNKNOWN: "UNKNOWN"}


def _verified(check: VerifiedCheck) -> tuple[Cell, ...]:
    bad = check.outcome is Outcome.FAIL or check.severity is Severity.CRITICAL
    tone = "UNKNOWN" if check.outcome is Outcome.UNKNOWN else "CRITICAL" if bad else check.severity.label
    hint = (Line(text=check.hint),) if check.hint and tone != "OK" else ()
    known = check.kind if check.title == check.name else f"{check.name} · {check.kind}"
    return (
        Cell(badge=tone, word=_WORDS[check.outcome]),
        Cell(text=check.title, strong=True, below=(Line(text=known),)),
        Cell(text=check.explanation or "well", below=hint),
        Cell(text=exactly(check.took)),
    )


def incidents(part: DeploymentDocument, when: Zone) -> Section:
    columns = (
        Column(heading=""),
        Column(heading="Incident", weight=4),
        Column(heading="Opened"),
        Column(heading="Resolved"),
    )
    return Section(
        heading="Incidents that may come of it",
        table=Table(columns=columns, rows=tuple(_suspect(one, part, when) for one in part.incidents)),
        in_mail=True,
        brief=(f"{counted(len(part.incidents), 'incident')} may come of it.",),
    )


def _suspect(one: SuspectLine, part: DeploymentDocument, when: Zone) -> tuple[Cell, ...]:
    # What becomes of it later is no more part of the document than what opens later.
    still = "open when it ended" if part.line.ended_at else "still open"
    return (
        Cell(badge=one.severity.label),
        Cell(text=f"#{one.id} {one.check}", strong=True, below=(Line(text=one.explanation),)),
        Cell(text=when.short(one.opened_at)),
        Cell(text=when.short(one.resolved_at) or still),
    )


def told(part: DeploymentDocument, when: Zone) -> Section:
    columns = (
        Column(heading="When"),
        Column(heading="What", weight=2),
        Column(heading="To", weight=3),
        Column(heading="Arrived", weight=2),
    )
    arrived = sum(one.state == "sent" for one in part.told)
    whom = "Nobody was told: no channels are configured for stakeholders." if not part.channels else "Nobody was told."
    return Section(
        heading="Who was told what",
        intro=(f"{arrived} of {counted(len(part.told), 'message')} have arrived.",) if part.told else (),
        table=Table(columns=columns, rows=tuple(_listener(one, when) for one in part.told), empty=whom),
    )


_STATES = {"sent": ("yes", ""), "dead": ("no, given up", "CRITICAL"), "dropped": ("no, dropped by a person", "WARNING")}


def _listener(one: ToldLine, when: Zone) -> tuple[Cell, ...]:
    words, tone = _STATES.get(one.state, ("not yet", "WARNING"))
    below = (Line(text=one.channel),) if one.recipient else ()
    why = (Line(text=one.reason, tone=tone),) if one.reason and tone else ()
    return (
        Cell(text=when.short(one.at)),
        Cell(text=one.kind.replace("_", " ")),
        Cell(text=one.recipient or one.channel, strong=True, below=below),
        Cell(text=words, below=why),
    )


# --- By hand ----------------------------------------------------------------------------------------------------------


def reviews(part: DeploymentDocument, when: Zone) -> Section:
    """What looks back at it have found since."""
    columns = (
        Column(heading=""),
        Column(heading="After"),
        Column(heading="As of"),
        Column(heading="What was found", weight=5),
    )
    rows = tuple(
        (Cell(badge=one.severity.label), Cell(text=one.due), Cell(text=when.short(one.at)), Cell(text=one.verdict))
        for one in part.reviews
    )
    return Section(heading="Looked back at", table=Table(columns=columns, rows=rows))


def sign_off(part: DeploymentDocument, when: Zone) -> Section:
    """Lines that people sign on: whether it is done is theirs to say."""
    columns = (
        Column(heading="Role"),
        Column(heading="Name", weight=3),
        Column(heading="Date", weight=2),
        Column(heading="Signature", weight=3),
    )
    line = part.line
    rows = tuple((Cell(text=role, strong=True, below=(Line(text=" "),)), Cell(), Cell(), Cell()) for role in ROLES)
    boxes = "   ".join(f"☐ {status}" for status in STATUSES)
    return Section(
        heading="Sign-off",
        intro=(f"Deployed on {when(line.started_at)}: {line.label}. Status: {boxes}",),
        table=Table(columns=columns, rows=rows),
        notes=("Notes:", *("." * 200 for _ in range(_NOTES))),
    )

"""Which checks prove which line of the HIPAA checklist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel.core.check import Check
from sentinel.core.safeguards import Safeguard
from sentinel.reports.hipaa import Hipaa, HipaaLine
from sentinel.reports.past import Account
from sentinel.reports.proof import Answer
from sentinel.reports.proving import ENOUGH, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the checklist, and which checks prove it unless the configuration names others."""

    safeguard: Safeguard
    title: str
    paragraph: str
    requires: str
    kinds: frozenset[str]
    tags: frozenset[str]

    def means(self, check: Check) -> bool:
        return check.kind in self.kinds or bool(self.tags & check.tags)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: The healthcare guide's checklist, and the backups that it wants verified each day.
LINES = (
    Line(
        safeguard=Safeguard.ENCRYPTION_IN_TRANSIT,
        title="Encryption in transit",
        paragraph="45 CFR 164.312(e)(1), (e)(2)(ii)",
        requires="Data that are sent are guarded against access on the way, by encryption where that is appropriate.",
        kinds=_words("tls hardening"),
        tags=_words("encryption-in-transit"),
    ),
    Line(
        safeguard=Safeguard.ENCRYPTION_AT_REST,
        title="Encryption at rest",
        paragraph="45 CFR 164.312(a)(2)(iv)",
        requires="Stored data can be encrypted and decrypted.",
        kinds=frozenset(),
        tags=_words("encryption-at-rest"),
    ),
    Line(
        safeguard=Safeguard.ACCESS_CONTROL,
        title="Access control",
        paragraph="45 CFR 164.312(a)(1)",
        requires="Only those persons and programs have access that were granted it.",
        kinds=_words("roles"),
        tags=_words("access-control"),
    ),
    Line(
        safeguard=Safeguard.AUDIT_LOGGING,
        title="Audit logging",
        paragraph="45 CFR 164.312(b)",
        requires="What happens in systems with health information is recorded, and can be examined.",
        kinds=_words("audit"),
        tags=_words("audit-logging"),
    ),
    Line(
        safeguard=Safeguard.AUTHENTICATION,
        title="Authentication",
        paragraph="45 CFR 164.312(d)",
        requires="Whoever seeks access is who they say they are.",
        kinds=_words("auth"),
        tags=_words("authentication"),
    ),
    Line(
        safeguard=Safeguard.DATA_INTEGRITY,
        title="Data integrity",
        paragraph="45 CFR 164.312(c)(1), (c)(2)",
        requires="Health information is guarded against improper alteration and destruction.",
        kinds=_words("sqlite"),
        tags=_words("integrity"),
    ),
    Line(
        safeguard=Safeguard.BACKUPS,
        title="Backups",
        paragraph="45 CFR 164.308(a)(7)(ii)(A), (B)",
        requires="There are exact copies of health information, and lost data can be restored.",
        kinds=_words("backup"),
        tags=_words("restore"),
    ),
)

_CONFIGURED = "configuration"
_USUAL = "kinds and tags"


def build(now: Sequence[Account], configured: Mapping[str, Sequence[str]]) -> Hipaa:
    """The checklist over a period.

    Args:
        now: accounts of the checks that the report is about.
        configured: names of checks by line; a line that is not there goes by kinds and tags.
    """
    lines = tuple(_line(line, now, configured.get(line.safeguard.value)) for line in LINES)
    answers = [line.answer for line in lines]
    return Hipaa(
        lines=lines,
        proven=answers.count(Answer.YES),
        troubles=answers.count(Answer.TROUBLE),
        partly=answers.count(Answer.PARTLY),
        gaps=answers.count(Answer.GAP),
        enough=ENOUGH,
    )


def _line(line: Line, now: Sequence[Account], names: Sequence[str] | None) -> HipaaLine:
    chosen = [one for one in now if (line.means(one.check) if names is None else one.check.name in names)]
    found = judge(chosen)
    return HipaaLine(
        id=line.safeguard.value,
        title=line.title,
        paragraph=line.paragraph,
        requires=line.requires,
        chosen=_USUAL if names is None else _CONFIGURED,
        answer=found.answer,
        why=found.why if found.proofs else f"{found.why} {_how_to_close(line)}",
        coverage=found.coverage,
        severity=found.severity,
        failures=sum(proof.failures for proof in found.proofs),
        incidents=tuple(sorted({number for proof in found.proofs for number in proof.incidents})),
        proofs=found.proofs,
    )


def _how_to_close(line: Line) -> str:
    return f"Name checks under reports.hipaa.{line.safeguard.value}, or give them the tag {min(line.tags)}."

"""The questions of an audit, and which checks answer them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sentinel.core.check import Check
from sentinel.reports.audit import Audit, AuditQuestion, AuditSection, Scope
from sentinel.reports.past import Account
from sentinel.reports.proof import Answer
from sentinel.reports.proving import ENOUGH, is_timed, judge, prove, prove_speed

#: The longest period that an audit of a scope is for.
_LENGTHS = ((timedelta(days=2), Scope.DAILY), (timedelta(days=10), Scope.WEEKLY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question, and which checks answer it: those of any of these kinds or with any of these tags."""

    id: str
    question: str
    kinds: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    timed: bool = False  # those with a bound on a time, whatever their kind; answered by how the times kept it

    def means(self, check: Check) -> bool:
        return check.kind in self.kinds or bool(self.tags & check.tags) or (self.timed and is_timed(check))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What the guide asks for in one line of its audit procedures."""

    title: str
    asks: str
    scopes: frozenset[Scope]
    questions: tuple[Ask, ...]


def _kinds(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DAILY = frozenset({Scope.DAILY, Scope.MONTHLY})
_WEEKLY = frozenset({Scope.WEEKLY, Scope.MONTHLY})
_MONTHLY = frozenset({Scope.MONTHLY})

#: The audit procedures of the healthcare guide, in its order. A month's audit asks everything.
CHAPTERS = (
    Chapter(
        title="Access logs",
        asks="Daily: review access logs",
        scopes=_DAILY,
        questions=(
            Ask(id="records", question="Is every access logged, in time and completely?", kinds=_kinds("audit")),
            Ask(id="logins", question="Are bad, expired and ended credentials refused?", kinds=_kinds("auth")),
            Ask(id="roles", question="Is every role kept to what it may do?", kinds=_kinds("roles")),
            Ask(
                id="attempts",
                question="Do the logs stay free of attempts to get in, and of errors?",
                kinds=_kinds("logs"),
            ),
        ),
    ),
    Chapter(
        title="System health",
        asks="Daily: check system health",
        scopes=_DAILY,
        questions=(
            Ask(
                id="services",
                question="Did the services answer as they have to?",
                kinds=_kinds("http health tcp browser openapi ping dns scenario"),
            ),
            Ask(
                id="databases",
                question="Did the databases answer, with sound data?",
                kinds=_kinds("sql sqlite postgres redis"),
            ),
            Ask(id="hosts", question="Did hosts and processes have what they need?", kinds=_kinds("host service")),
        ),
    ),
    Chapter(
        title="Backups",
        asks="Daily: verify backup integrity",
        scopes=_DAILY,
        questions=(
            Ask(id="backups", question="Is there a fresh and whole backup in every place?", kinds=_kinds("backup")),
        ),
    ),
    Chapter(
        title="Performance",
        asks="Weekly: performance review",
        scopes=_WEEKLY,
        questions=(
            Ask(id="times", question="Did response times and queries keep their targets?", timed=True),
            Ask(id="resources", question="Did memory, processors and disks suffice?", kinds=_kinds("host")),
            Ask(id="load", question="Did work get done in time?", kinds=_kinds("metrics jobs heartbeat")),
        ),
    ),
    Chapter(
        title="Security",
        asks="Weekly: security assessment",
        scopes=_WEEKLY,
        questions=(
            Ask(id="transport", question="Is everything encrypted on its way?", kinds=_kinds("tls")),
            Ask(id="hardening", question="Are there no doors left ajar?", kinds=_kinds("hardening")),
            Ask(id="access", question="Are logins and roles enforced?", kinds=_kinds("auth roles")),
            Ask(id="security", question="What else was marked as security held?", tags=frozenset({"security"})),
        ),
    ),
    Chapter(
        title="Compliance",
        asks="Weekly: compliance validation",
        scopes=_WEEKLY,
        questions=(
            Ask(id="trail", question="Is the audit log whole, and kept long enough?", kinds=_kinds("audit")),
            Ask(id="compliance", question="What else was marked as compliance held?", tags=frozenset({"compliance"})),
        ),
    ),
    Chapter(
        title="Recovery",
        asks="Monthly: disaster recovery testing",
        scopes=_MONTHLY,
        questions=(
            Ask(
                id="restores",
                question="Can the backups be restored?",
                kinds=_kinds("backup"),
                tags=frozenset({"restore"}),
            ),
        ),
    ),
    Chapter(
        title="Documentation",
        asks="Monthly: documentation updates",
        scopes=_MONTHLY,
        questions=(
            Ask(id="documentation", question="Is the documentation up to date?", tags=frozenset({"documentation"})),
        ),
    ),
)


def scope_of(length: timedelta) -> Scope:
    """Which audit a period is long enough for."""
    return next((scope for longest, scope in _LENGTHS if length <= longest), Scope.MONTHLY)


def build(now: Sequence[Account], length: timedelta) -> Audit:
    """The audit of a period.

    Args:
        now: accounts of the checks that the report is about.
        length: of the period; it says which audit is due.
    """
    scope = scope_of(length)
    chapters = [chapter for chapter in CHAPTERS if scope in chapter.scopes]
    sections = [_section(chapter, now) for chapter in chapters]
    if scope is Scope.MONTHLY:
        sections.append(_rest(now, chapters))
    answers = [question.answer for section in sections for question in section.questions]
    return Audit(
        scope=scope,
        sections=tuple(sections),
        questions=len(answers),
        answered=answers.count(Answer.YES),
        troubles=answers.count(Answer.TROUBLE),
        partly=answers.count(Answer.PARTLY),
        gaps=answers.count(Answer.GAP),
        enough=ENOUGH,
    )


def _section(chapter: Chapter, now: Sequence[Account]) -> AuditSection:
    questions = tuple(_question(ask, [one for one in now if ask.means(one.check)]) for ask in chapter.questions)
    return AuditSection(title=chapter.title, asks=chapter.asks, questions=questions)


def _rest(now: Sequence[Account], chapters: Iterable[Chapter]) -> AuditSection:
    """What no other question looked at: a review of the whole system leaves no check out."""
    asked = [ask for chapter in chapters for ask in chapter.questions]
    others = [one for one in now if not any(ask.means(one.check) for ask in asked)]
    ask = Ask(id="whole", question="Did everything else that is watched hold?")
    questions = (_question(ask, others),) if others else ()
    return AuditSection(title="Everything else", asks="Monthly: full system review", questions=questions)


def _question(ask: Ask, chosen: Iterable[Account]) -> AuditQuestion:
    found = judge(chosen, prove_speed if ask.timed else prove)
    return AuditQuestion(
        id=ask.id,
        question=ask.question,
        answer=found.answer,
        why=found.why,
        coverage=found.coverage,
        severity=found.severity,
        proofs=found.proofs,
    )

"""From accounts of checks to evidence, and from evidence to an answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sentinel.base.units import Unit, format_value
from sentinel.core.check import Check
from sentinel.core.rule import Severity
from sentinel.reports.operations import QuantileTarget
from sentinel.reports.past import Account
from sentinel.reports.proof import Answer, ProofLine
from sentinel.reports.rounding import rounded_share, rounded_time
from sentinel.reports.targets import quantiles
from sentinel.reports.text import share

#: A question counts as answered when each of its checks judged so much of the period.
ENOUGH = 0.95

#: What a check of a kind looks at, as an auditor reads it.
_PROVES: Mapping[str, str] = {
    "audit": "does what has to be logged, and finds its record in the audit log, in time and complete",
    "auth": "logs in; bad, expired and ended credentials are refused",
    "backup": "fresh backups lie in every place, are whole, and can be restored where that is asked for",
    "browser": "the page loads in a browser and shows what it has to",
    "dns": "names resolve to what they have to",
    "hardening": "answers only over https, with the headers it has to have, and no open doors",
    "health": "every component says that it is well",
    "heartbeat": "jobs report that they ran",
    "host": "disks, memory, load and processes stay within their bounds",
    "http": "answers as it has to, in time",
    "jobs": "no job is stuck, late or failed",
    "logs": "the log goes on, and patterns in it stay rare",
    "metrics": "figures of the service stay within their bounds",
    "openapi": "the endpoints are those that are known",
    "ping": "the host answers",
    "postgres": "sessions, locks, replication and schema are as they have to be",
    "redis": "answers, saves and does not evict",
    "roles": "every role may do what it may, and is refused everything else",
    "scenario": "a whole course of business works from end to end",
    "service": "runs, and was not restarted again and again",
    "sql": "the database answers, and its counts of broken rows are zero",
    "sqlite": "the database file is whole and has its tables",
    "tcp": "the port accepts connections",
    "tls": "the certificate is valid, trusted and not about to end; old TLS versions are refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What some proofs come to."""

    answer: Answer
    why: str
    coverage: float | None
    severity: Severity
    proofs: tuple[ProofLine, ...]  # the worst first


Prover = Callable[[Account], ProofLine]


def prove(one: Account) -> ProofLine:
    """What one check says over the period, its windows left out."""
    return ProofLine(
        check=one.check.name,
        title=one.check.label,
        kind=one.check.kind,
        proves=_PROVES.get(one.check.kind, "what it is configured to look at is as it has to be"),
        runs=one.counted.samples,
        failures=one.counted.failures,
        unknowns=one.counted.unknowns,
        coverage=rounded_share(one.coverage) or 0.0,
        down=rounded_time(one.counted.down),
        incidents=tuple(sorted(incident.id for incident in one.incidents)),
        severity=_severity(one),
    )


def prove_speed(one: Account) -> ProofLine:
    """The same, with how its times kept their targets."""
    proof = prove(one)
    targets = [target for line in quantiles([one], {}) for target in line.targets]
    missed = [target for target in targets if target.kept is False]
    if not targets or proof.severity is Severity.UNKNOWN:
        return proof
    severity = max((_missed(target) for target in missed), default=Severity.OK)
    worst = missed[0] if missed else targets[0]
    return replace(proof, severity=max(proof.severity, severity), found=_in_words(one.check, worst))


def is_timed(check: Check) -> bool:
    """Whether a check has a bound on how long something takes."""
    return check.main_unit is Unit.SECONDS and any(getattr(rule, "reading", "") == check.main for rule in check.rules)


def judge(chosen: Iterable[Account], prover: Prover = prove) -> Judgement:
    """What the proofs of some checks come to."""
    proofs = sorted(map(prover, chosen), key=lambda one: (-one.severity.urgency, one.coverage, one.check))
    judged = [one for one in proofs if one.severity is not Severity.UNKNOWN]
    coverage = min((one.coverage for one in proofs), default=None)
    answer = _answer(judged, coverage)
    severity = max((one.severity for one in proofs), key=lambda one: one.urgency, default=Severity.UNKNOWN)
    return Judgement(
        answer=answer, why=_why(answer, proofs, judged), coverage=coverage, severity=severity, proofs=tuple(proofs)
    )


def _severity(one: Account) -> Severity:
    if not one.judged:
        return Severity.UNKNOWN
    failed = Severity.WARNING if one.counted.failures else Severity.OK
    return max([failed, *(incident.severity for incident in one.incidents)])


def _answer(judged: Sequence[ProofLine], coverage: float | None) -> Answer:
    if not judged:
        return Answer.GAP
    if any(one.severity is not Severity.OK for one in judged):
        return Answer.TROUBLE
    return Answer.YES if coverage is not None and coverage >= ENOUGH else Answer.PARTLY


def _why(answer: Answer, proofs: Sequence[ProofLine], judged: Sequence[ProofLine]) -> str:
    match answer:
        case Answer.GAP if not proofs:
            return "No check answers this."
        case Answer.GAP:
            return f"{_names(proofs)} could not be judged in this period."
        case Answer.TROUBLE:
            bad = [one for one in judged if one.severity is not Severity.OK]
            others = (
                f"; {len(judged) - len(bad)} of {len(proofs)} checks were good throughout" if len(proofs) > 1 else ""
            )
            return f"{_names(bad)} had trouble{others}."
        case Answer.PARTLY:
            thin = [one for one in proofs if one.coverage < ENOUGH]
            return f"Nothing failed, but {_names(thin)} judged less than {share(ENOUGH)} of the period."
        case Answer.YES:
            runs = sum(one.runs for one in proofs)
            return (
                f"{runs:,} runs of {len(proofs)} checks, none failed."
                if len(proofs) > 1
                else f"{runs:,} runs, none failed."
            )


def _names(proofs: Sequence[ProofLine]) -> str:
    named = ", ".join(one.check for one in proofs[:5])
    return f"{named} and {len(proofs) - 5} more" if len(proofs) > 5 else named


def _missed(target: QuantileTarget) -> Severity:
    critical, value = target.critical, target.value
    beyond = value is not None and target.direction.breached(value, critical)
    return Severity.CRITICAL if beyond else Severity.WARNING


def _in_words(check: Check, target: QuantileTarget) -> str:
    aim = target.warning if target.warning is not None else target.critical
    assert target.value is not None, "whether it was kept is known of what was measured"
    assert aim is not None, "a rule has a bound"
    value = f"p{target.quantile * 100:.3g} of {check.main} {format_value(target.value, check.main_unit)}"
    return f"{value}, target {format_value(aim, check.main_unit)}"

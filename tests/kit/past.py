"""A past for reports: weeks of roll-ups with incidents, messages and windows, drawn from a seed, put into a store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from sentinel.core.histogram import Histogram
from sentinel.core.incident import Address, EffectKind, Incident, Phase
from sentinel.core.judge import Finding, Reason, Verdict
from sentinel.core.matcher import Matcher
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.core.slo import Rollup
from sentinel.core.timeline import TimelineEntry
from tests.kit.scene import MINUTE, POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentinel.core.check import Check
    from sentinel.store.database import Store, Transaction

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which a check was down, and what came of it."""

    check: str
    at: datetime
    lasted: timedelta
    why: str = "connection refused by 127.0.0.1 port 8443"
    taken_by: str = ""  # empty: nobody took it
    severity: Severity = Severity.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened to some checks from one moment to another."""

    checks: Sequence[Check]
    since: datetime  # a full hour, as is `until`
    until: datetime
    outages: Sequence[Outage] = ()
    usual: dict[str, float] = field(default_factory=dict)  # seconds of the main reading by check; else 0.2
    seed: int = 7


async def tell(store: Store, story: Story) -> None:
    """Put a story into a store: hourly roll-ups, which count as condensed, and incidents with their timelines."""
    await store.write(lambda tx: tx.rollups.add(list(_rollups(story))))
    for number in range((story.until - story.since) // HOUR):
        await store.write(partial(_condense, at=story.since + number * HOUR))
    await store.write(lambda tx: _incidents(tx, story))


def _condense(tx: Transaction, at: datetime) -> None:
    tx.rollups.condense(at)


def _rollups(story: Story) -> Iterator[Rollup]:
    rng = Random(story.seed)
    for check in story.checks:
        usual = story.usual.get(check.name, 0.2)
        outages = [one for one in story.outages if one.check == check.name]
        for number in range((story.until - story.since) // HOUR):
            at = story.since + number * HOUR
            yield _hour(check, at, _down(outages, at), usual * _load(at, rng), rng)


def _load(at: datetime, rng: Random) -> float:
    """Busier by day than by night."""
    return (1.0 + 0.5 * (8 <= at.hour < 18)) * rng.uniform(0.85, 1.15)


def _down(outages: Sequence[Outage], at: datetime) -> float:
    return sum(max((min(one.at + one.lasted, at + HOUR) - max(one.at, at)).total_seconds(), 0.0) for one in outages)


def _hour(check: Check, at: datetime, down: float, usual: float, rng: Random) -> Rollup:
    every = check.interval.total_seconds()
    samples, failures = int(3600 / every), round(down / every)
    histogram, total = Histogram(), 0.0
    for _ in range(samples - failures):
        value = usual * rng.lognormvariate(0.0, 0.25)
        histogram.add(value)
        total += value
    return Rollup(
        check=check.name,
        start=at,
        span=HOUR,
        up=3600.0 - down,
        down=down,
        samples=samples,
        failures=failures,
        histogram=histogram.encode(),
        counted=samples - failures,
        total=total,
    )


def _incidents(tx: Transaction, story: Story) -> None:
    for number, outage in enumerate(sorted(story.outages, key=lambda one: one.at), 1):
        incident = _incident(number, outage, story.until)
        tx.incidents.save(incident)
        for entry in _timeline(incident, outage):
            tx.incidents.note([entry])
    end = story.until - 20 * HOUR
    muted = Matcher(checks=(story.checks[0].name,))
    silence = Silence(
        id=1, matcher=muted, by="ann", why="new certificate", starts_at=end, ends_at=end + 2 * HOUR, created_at=end
    )
    tx.silences.save([silence])


def _incident(number: int, outage: Outage, until: datetime) -> Incident:
    over = outage.at + outage.lasted < until
    verdict = Verdict(
        severity=outage.severity,
        findings=(Finding(severity=outage.severity, reason=Reason.FAILED, explanation=outage.why),),
        point=outage.severity,
    )
    return Incident(
        id=number,
        check=outage.check,
        policy=POLICY,
        began_at=outage.at,
        opened_at=outage.at + 2 * MINUTE,
        resolved_at=outage.at + outage.lasted if over else None,
        phase=Phase.RESOLVED if over else Phase.OPEN,
        severity=outage.severity,
        verdict=verdict,
        levels=(1, 2) if outage.lasted > 15 * MINUTE else (1,),
        sequence=4,
        told=(Address("mail", "ops@example.org"), Address("chat")),
    )


def _timeline(incident: Incident, outage: Outage) -> Iterator[TimelineEntry]:
    opened = incident.opened_at
    assert opened is not None
    yield TimelineEntry(incident=incident.id, at=opened, kind=EffectKind.OPENED.value, by="", text=outage.why)
    if outage.taken_by:
        at = opened + 6 * MINUTE
        yield TimelineEntry(
            incident=incident.id, at=at, kind=EffectKind.ACKNOWLEDGED.value, by=outage.taken_by, text="on it"
        )
    if incident.resolved_at:
        yield TimelineEntry(
            incident=incident.id, at=incident.resolved_at, kind=EffectKind.RESOLVED.value, by="", text=""
        )

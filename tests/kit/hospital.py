"""A hospital on a day with some trouble, as somebody would see it who opens its pages: for the pictures of the documentation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from sentinel.core.access import Access, Role, User
from sentinel.core.calendar import Period
from sentinel.core.component import Component, ComponentGroup, Condition, Share, StatusPagePlan
from sentinel.core.histogram import Histogram
from sentinel.core.incident import Acknowledge, Address
from sentinel.core.life import step
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Kind, Message, Notification, State
from sentinel.core.posting import Stage, threads
from sentinel.core.recurrence import Repeating
from sentinel.core.result import FailureClass, failed
from sentinel.core.slo import SPAN, Rollup, Sums
from sentinel.core.timeline import TimelineEntry
from sentinel.core.window import Window
from sentinel.reports import past as known
from sentinel.reports.check import Past
from sentinel.reports.figures import Lately
from sentinel.reports.overview import LastDay
from sentinel.reports.report import build
from tests.kit.hospital_releases import releases
from tests.kit.monitor import StillMonitor
from tests.kit.public import WORDS, StillPage, posted
from tests.kit.scene import MINUTE, NOW, RESPONSE, check, history, plan, well

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sentinel.core.check import Check
    from sentinel.core.history import History
    from sentinel.core.result import Measurement
    from sentinel.reports.report import ReportDocument

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PORTAL = 41  # number of the incident of the patient portal
SLOW = failed(
    FailureClass.WRONG_STATUS,
    "status is 503, expected 200 (after 96 ms)",
    hint="The service answers, but says that it cannot work: look at its health page and at what it depends on",
)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One check of the hospital, and how its last day was."""

    name: str
    title: str
    system: str
    usual: float = 0.2  # seconds
    bad: tuple[float, ...] = ()  # hours ago in which something was wrong
    now: Measurement | None = None  # how it is now, where something is wrong

    @property
    def check(self) -> Check:
        return check(self.name, title=self.title, system=self.system, tags=frozenset({self.system.split()[0].lower()}))


EVERY = (
    Watched(
        name="portal-login",
        title="Patient portal: sign-in",
        system="Patient portal",
        usual=0.4,
        bad=(0.3, 9.2),
        now=SLOW,
    ),
    Watched(
        name="lab-results",
        title="Laboratory results",
        system="Laboratory",
        usual=1.3,
        bad=(1.2, 0.7, 0.2),
        now=well(2.34),
    ),
    Watched(name="portal-letters", title="Patient portal: letters", system="Patient portal", usual=0.31),
    Watched(name="records-api", title="Records: patients", system="Records", usual=0.12),
    Watched(name="records-roles", title="Records: who may read what", system="Records", usual=0.62, bad=(17.0,)),
    Watched(name="records-audit", title="Records: audit trail is whole", system="Records", usual=0.22),
    Watched(name="lab-orders", title="Laboratory orders", system="Laboratory", usual=0.24),
    Watched(name="appointments", title="Appointments", system="Patient portal", usual=0.18, bad=(5.5,)),
    Watched(name="staff-login", title="Sign-in of staff", system="Staff", usual=0.35),
    Watched(name="payroll", title="Payroll", system="Staff", usual=0.44),
    Watched(name="pharmacy", title="Pharmacy stock", system="Pharmacy", usual=0.15),
    Watched(name="prescriptions", title="Prescriptions", system="Pharmacy", usual=0.27),
)


def hospital(folder: Path) -> StillMonitor:
    """Its monitor: one incident that nobody has taken, one that somebody has, and a window at night."""
    pasts = [_past(one) for one in EVERY]
    whole = plan(*(past.check for past in pasts), folder=folder, port=0)
    users = {"robin": User(name="robin", role=Role.OPERATOR, password=whole.store.url)}
    web = replace(whole.web, dashboard=True, access=Access(users=users))
    monitor = StillMonitor(replace(whole, name="Northgate", web=web), pasts, _rows())
    monitor.timeline = _timeline()
    monitor.faces.started_at = NOW - 41 * DAY
    for one, past in zip(EVERY, pasts, strict=True):
        _remember(monitor, one, past)
    days = {one.name: _sum(one.name, monitor.faces.days[one.name].pieces) for one in EVERY}
    monitor.faces.lately = Lately(
        now=days, before={name: replace(day, down=day.down / 2, failures=3) for name, day in days.items()}
    )
    nightly = Repeating(line="0 22 * * SUN", zone="UTC", duration=2 * HOUR)
    window = Window(id="release", title="Release of the records", matcher=Matcher(), when=nightly, configured=True)
    monitor.keeper.windows = monitor.keeper.windows.including(window, NOW)
    releases(monitor, PORTAL)
    return monitor


def _past(one: Watched) -> History:
    runs = [one.now] * 18 if one.now is not None else [well(one.usual)] * 18
    past = history(one.check, [well(one.usual), *runs])
    if past.incident is not None:
        number = PORTAL if one.now is SLOW else PORTAL - 1
        past.incident = replace(past.incident, id=number)
        if number != PORTAL:
            taken = Acknowledge(by="robin", why="Long queries on the replica; stopping them")
            past.incident, _, _ = step(past.incident, taken, NOW - 4 * MINUTE)
    return past


def _remember(monitor: StillMonitor, one: Watched, past: History) -> None:
    rng = Random(one.name)
    fine = list(_pieces(one, SPAN, 288, rng))
    coarse = list(_pieces(one, HOUR / 2, 48, rng))
    monitor.faces.days[one.name] = LastDay(whole=_sum(one.name, coarse), pieces=coarse)
    results = [(past.last, past.verdict.severity)] * 3 if past.last is not None and past.verdict is not None else []
    monitor.faces.pasts[one.name] = Past(
        day=_sum(one.name, coarse),
        pieces=fine,
        whole=coarse,
        before=list(_pieces(one, HOUR / 2, 48, rng)),
        results=results,
        incidents=[past.incident] if past.incident and past.incident.id else [],
    )


def _pieces(one: Watched, span: timedelta, number: int, rng: Random) -> Iterator[Rollup]:
    first = NOW - span * number  # noon, where every span begins
    for n in range(number):
        at = first + span * n
        if at < NOW:
            yield _piece(one, at, min(span, NOW - at), span, rng)


def _piece(one: Watched, at: datetime, known: timedelta, span: timedelta, rng: Random) -> Rollup:
    ago = (NOW - at) / HOUR
    bad = any(abs(ago - hour) < 0.3 for hour in one.bad)
    slow = one.now is not None and one.now is not SLOW
    mean = one.usual * (1 + 0.35 * math.sin((at.hour + at.minute / 60 - 7) / 24 * math.tau)) * rng.uniform(0.92, 1.08)
    mean *= 1.4 if bad else 1.0
    seconds, wrong = known.total_seconds(), known.total_seconds() * (0.6 if bad else 0.0)
    histogram = Histogram()
    for _ in range(20):
        histogram.add(mean * rng.lognormvariate(0, 0.2))
    return Rollup(
        check=one.name,
        start=at,
        span=span,
        up=seconds - wrong,
        degraded=wrong if slow else 0.0,
        down=0.0 if slow else wrong,
        samples=20,
        failures=0 if slow or not bad else 12,
        counted=20,
        total=mean * 20,
        histogram=histogram.encode(),
        readings={
            "response_time": _sums(mean),
            "first_byte": _sums(mean * 0.7),
            "connect": _sums(0.004 * rng.uniform(0.8, 1.3)),
        },
    )


def _sums(mean: float) -> Sums:
    return Sums(20, mean * 20, mean * 0.7, mean * 1.5, RESPONSE.unit)


def _sum(name: str, pieces: Sequence[Rollup]) -> Rollup:
    histogram = Histogram()
    for piece in pieces:
        histogram.include(Histogram.decode(piece.histogram))
    return Rollup(
        check=name,
        start=NOW - DAY,
        span=DAY,
        up=sum(piece.up for piece in pieces),
        degraded=sum(piece.degraded for piece in pieces),
        down=sum(piece.down for piece in pieces),
        samples=sum(piece.samples for piece in pieces),
        failures=sum(piece.failures for piece in pieces),
        counted=sum(piece.counted for piece in pieces),
        total=sum(piece.total for piece in pieces),
        histogram=histogram.encode(),
    )


def _timeline() -> list[TimelineEntry]:
    told = (
        (16.0, "opened", "", "CRITICAL: status is 503, expected 200 (after 96 ms)"),
        (16.0, "escalated", "", "level 1 of 3: mail"),
        (9.0, "commented", "robin", "The identity service was restarted at 11:40; its cache is still cold."),
    )
    return [
        TimelineEntry(incident=PORTAL, at=NOW - minutes * MINUTE, kind=kind, by=by, text=text)
        for minutes, kind, by, text in told
    ]


def _rows() -> list[Notification]:
    told = (("mail", "on-call@example.org"), ("mail", "lead@example.org"))
    return [
        Notification(
            key=f"k{number}",
            id=number,
            address=Address(channel, recipient),
            message=Message(kind=Kind.OPENED, at=NOW, source="Northgate"),
            created_at=NOW - 16 * MINUTE,
            incident=PORTAL,
            state=State.SENT,
            attempts=1,
        )
        for number, (channel, recipient) in enumerate(told, 1)
    ]


def daily_report() -> ReportDocument:
    """The report of that day."""
    rng = Random(9)
    rollups = {one.name: _sum(one.name, list(_pieces(one, HOUR / 2, 48, rng))) for one in EVERY}
    day = Period(key="2026-11-21", since=NOW - DAY, until=NOW)
    incidents = tuple(past.incident for past in map(_past, EVERY) if past.incident is not None)
    whole = replace(plan(*(one.check for one in EVERY)), name="Northgate")
    return build(whole, "daily", day, "UTC", known.Past(rollups=rollups, incidents=incidents, timelines={}), NOW)


# --- What people outside see ------------------------------------------------------------------------------------------


def status_page() -> StillPage:
    """The public page of the same day."""
    names = {
        "For patients": ("Patient portal", "Appointments", "Letters"),
        "For practices": ("Laboratory", "Prescriptions"),
    }
    groups = tuple(
        ComponentGroup(
            name=group,
            components=tuple(
                Component(name=name, slug=name.lower().replace(" ", "-"), checks=("x",)) for name in those
            ),
        )
        for group, those in names.items()
    )
    slugs = [component.slug for group in groups for component in group.components]
    page = StillPage(
        StatusPagePlan(title="Northgate Health", text="How our services are", groups=groups, port=0, words=WORDS)
    )
    rng = Random(4)
    begun = posted(
        1,
        ago=12,
        title="Sign-in to the patient portal fails for some",
        text="We are looking into it.",
        components=(slugs[0],),
    )
    found = posted(
        2, Stage.IDENTIFIED, ago=5, thread=1, text="A service behind it was restarted, and is slow to come back."
    )
    over = posted(3, Stage.RESOLVED, ago=3300, title="Letters were late", text="All of them have arrived by now.")
    page.known = replace(
        page.known,
        conditions=dict.fromkeys(slugs, Condition.OPERATIONAL)
        | {slugs[0]: Condition.PARTIAL_OUTAGE, "laboratory": Condition.DEGRADED},
        days={slug: {NOW.date() - n * DAY: _share(rng) for n in range(90)} for slug in slugs},
        threads=threads((over, begun, found)),
    )
    return page


def _share(rng: Random) -> Share:
    down = rng.choice((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 400, 1500, 5000)) if rng.random() < 0.35 else 0
    return Share(up=86_400.0 - down, down=float(down))

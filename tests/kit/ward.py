"""A ward where much is wrong at once, for pages that are looked at: every state, every kind of text, in every place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from sentinel.base.redact import Secret
from sentinel.core.access import Access, Role, User
from sentinel.core.component import Component, ComponentGroup, StatusPagePlan
from sentinel.core.deployment.deployment import Ending, Phase, Ran
from sentinel.core.deployment.plan import DeploymentPlan, RollbackPlan
from sentinel.core.incident import Acknowledge, Address
from sentinel.core.life import step
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Kind, Message, Notification, State
from sentinel.core.posting import threads
from sentinel.core.recurrence import Once, Repeating
from sentinel.core.result import FailureClass, Result, failed
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.core.timeline import TimelineEntry
from sentinel.core.window import Window
from sentinel.reports.channels import ChannelLine
from sentinel.reports.check import Past
from sentinel.reports.deployment import ToldLine
from sentinel.reports.figures import Lately
from sentinel.reports.overview import LastDay
from tests.kit.days import piece
from tests.kit.monitor import StillMonitor
from tests.kit.public import WORDS, posted
from tests.kit.released import entries, worded_by
from tests.kit.scene import NOW, blind, check, history, plan, well

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sentinel.core.history import History

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PASSWORD = "correct-horse-canary-1"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

#: Incidents: one that nobody has taken, one that somebody has.
OPEN, TAKEN = 12, 13

#: A deployment that is rolled back soon.
RELEASE = 21


def plainly(text: str) -> str:
    return text


def ward(folder: Path, say: Callable[[str], str] = plainly, *, source: str = "ward") -> StillMonitor:
    """The monitor of that ward. `say` is what becomes of each text that comes from outside."""
    pasts = _pasts(say)
    whole = plan(*(past.check for past in pasts), folder=folder, port=0)
    users = {"ann": User(name="ann", role=Role.OPERATOR, password=Secret(HASH))}
    web = replace(whole.web, dashboard=True, access=Access(users=users))
    monitor = StillMonitor(replace(whole, name=source, web=web, status_page=status_page(say)), pasts, _rows(say))
    monitor.timeline = _timeline(say)
    monitor.channels.lines = _channels(say)
    monitor.channels.waiting = {OPEN: 1}
    _remember(monitor, pasts)
    _be_quiet(monitor, say)
    _deploy(monitor, say)
    monitor.public.known = replace(
        monitor.public.known,
        threads=threads((posted(1, title=say("Payroll is slow"), text=say("Pages take up to a minute.")),)),
    )
    return monitor


def crowd(folder: Path, number: int) -> StillMonitor:
    """So many checks, each fortieth of them with an incident."""
    pasts = [
        history(
            check(
                f"check-{n:04}", title=f"Endpoint {n} of the records", system=f"System {n % 7}", tags=frozenset({"web"})
            ),
            [failed(FailureClass.REFUSED, "connection refused by 127.0.0.1 port 1")] * 3 if n % 40 == 0 else [well()],
        )
        for n in range(number)
    ]
    monitor = ward(folder)
    monitor.plan = replace(monitor.plan, checks=tuple(past.check for past in pasts))
    monitor.histories[:] = pasts
    _remember(monitor, sorted(pasts, key=lambda past: past.incident is None)[:100])  # those of the first two pages
    return monitor


def status_page(say: Callable[[str], str] = plainly) -> StatusPagePlan:
    """What the public page of the ward says."""
    payroll = Component(name=say("Payroll"), slug="payroll", checks=("login",), description=say("Slips and hours"))
    portal = Component(name=say("Portal"), slug="patient-portal", checks=("portal",))
    return StatusPagePlan(
        title=say("Example Health"),
        text=say("How our services are"),
        link="https://status.example.org",
        groups=(ComponentGroup(name=say("Staff"), components=(payroll, portal)),),
        port=0,
        words=WORDS,
    )


def _pasts(say: Callable[[str], str]) -> list[History]:
    refused = failed(FailureClass.REFUSED, say("connection refused by 127.0.0.1 port 1"), hint=say("Start the service"))
    words = {"system": say("Records"), "tags": frozenset({say("web")}), "group": say("records")}
    pasts = [
        history(
            check("login", title=say("Sign-in of nurses"), runbook=f"javascript:{say('alert(1)')}", **words),
            [refused] * 4,
        ),
        history(check(say("portal"), title="Patient portal", runbook="https://wiki.example.org/portal"), [refused] * 3),
        history(check("slow"), [well(3.1)] * 2),
        history(check("blind"), [blind()]),
        history(check("never"), []),
        *(history(check(f"ward-{n}", title=f"Ward {n}", system="Wards"), [well(0.1 + n / 50)] * 3) for n in range(8)),
    ]
    _number(pasts[0], OPEN)
    _number(pasts[1], TAKEN)
    assert pasts[1].incident is not None
    taken, _, _ = step(pasts[1].incident, Acknowledge(by=say("ben"), why=say("on it")), NOW)
    pasts[1].incident = taken
    return pasts


def _number(past: History, number: int) -> None:
    assert past.incident is not None
    past.incident = replace(past.incident, id=number)


def _remember(monitor: StillMonitor, pasts: Sequence[History]) -> None:
    """A day of these checks, with an hour of trouble, and what their own pages show."""
    for past in pasts:
        name = past.check.name
        pieces = [
            piece(name, NOW - HOUR / 2 * n, span=HOUR / 2, down=600.0 if n in (3, 4) else 0.0, value=0.1 + n % 7 / 50)
            for n in range(1, 49)
        ]
        monitor.faces.days[name] = LastDay(whole=piece(name, NOW - DAY, span=DAY, down=1200.0), pieces=pieces)
        monitor.faces.pasts[name] = Past(
            day=monitor.faces.days[name].whole,
            pieces=[piece(name, NOW - timedelta(minutes=5 * n), value=0.1 + n % 11 / 50) for n in range(288, 0, -1)],
            whole=pieces,
            before=pieces[:10],
            results=_results(past),
            incidents=[past.incident] if past.incident and past.incident.id else [],
        )
    names = [past.check.name for past in pasts]
    monitor.faces.lately = Lately(
        now={name: piece(name, NOW - DAY, span=DAY, down=60.0) for name in names},
        before={name: piece(name, NOW - 2 * DAY, span=DAY, value=0.3) for name in names},
    )


def _results(past: History) -> list[tuple[Result, Severity]]:
    return [(past.last, past.verdict.severity)] * 3 if past.last is not None and past.verdict is not None else []


def _be_quiet(monitor: StillMonitor, say: Callable[[str], str]) -> None:
    silence = Silence(
        id=1,
        matcher=Matcher(checks=(say("ward-1"),), tags=frozenset({say("web")})),
        by=say("ann"),
        why=say("A disk is replaced"),
        starts_at=NOW - HOUR,
        ends_at=NOW + HOUR,
        created_at=NOW - HOUR,
    )
    monitor.keeper.silences = monitor.keeper.silences.including(silence, NOW)
    nightly = Repeating(line="0 2 * * *", zone="UTC", duration=HOUR)
    now = Once(starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    windows = [
        Window(id="backup", title=say("Nightly backup"), matcher=Matcher(), when=nightly, configured=True),
        Window(
            id="7", title=say("Move"), matcher=Matcher(checks=("ward-2",)), when=now, by=say("ann"), why=say("New rack")
        ),
    ]
    for window in windows:
        monitor.keeper.windows = monitor.keeper.windows.including(window, NOW)
    monitor.keeper.every_silence = {2: replace(silence, id=2, starts_at=NOW - 3 * HOUR, ends_at=NOW - HOUR)}


def _deploy(monitor: StillMonitor, say: Callable[[str], str]) -> None:
    """One that goes on, one that failed and is rolled back soon, one whose rollback failed."""
    plans = {name: DeploymentPlan(system=name, rollback=RollbackPlan(channel="undo")) for name in ("records", "wards")}
    monitor.plan = replace(monitor.plan, deployments=plans)
    worded = worded_by(say)
    order = (
        replace(worded.rollback, state=Ran.ORDERED, ended_at=None, runs_at=NOW + HOUR / 12) if worded.rollback else None
    )
    running = replace(
        worded, ending=None, ended_at=None, started_at=NOW - HOUR / 4, window_ends_at=NOW + HOUR / 4, rollback=order
    )
    for one in (
        replace(running, id=RELEASE, system="records", phase=Phase.PROPOSED),
        replace(running, id=RELEASE + 1, system="wards", phase=Phase.UNDER_WAY, watch=None, rollback=None),
        replace(worded, id=RELEASE - 1, system="wards", ending=Ending.ROLLBACK_FAILED),
    ):
        monitor.deployments.put(one)
        monitor.deployments.timelines[one.id] += [replace(entry, deployment=one.id) for entry in entries(worded)]
        told = ToldLine(
            at=NOW, kind="deployment_started", channel=say("mail"), recipient=say("a@example.org"), state="sent"
        )
        monitor.deployments.told[one.id] = [told]
    for past in monitor.histories:
        if past.incident is not None and past.incident.id == OPEN:
            past.incident = replace(past.incident, suspect=RELEASE)
            monitor.deployments.incidents[RELEASE] = [replace(past.incident, opened_at=NOW)]
    monitor.faces.pasts["login"] = replace(monitor.faces.pasts["login"], deployments=(worded,))


def _timeline(say: Callable[[str], str]) -> list[TimelineEntry]:
    told = (
        ("opened", "", "CRITICAL: connection refused"),
        ("escalated", "", "level 1 of 3: mail"),
        ("commented", "ann", "?"),
    )
    return [
        TimelineEntry(incident=OPEN, at=NOW - HOUR + n * HOUR / 4, kind=kind, by=say(by) if by else "", text=say(text))
        for n, (kind, by, text) in enumerate(told)
    ]


def _rows(say: Callable[[str], str]) -> list[Notification]:
    states = (State.SENT, State.DEAD, State.QUEUED)
    return [
        Notification(
            key=f"k{number}",
            id=number,
            address=Address(say("mail"), say("a@example.org")),
            message=Message(kind=Kind.OPENED, at=NOW, source="ward"),
            created_at=NOW - HOUR,
            incident=OPEN,
            state=state,
            attempts=2,
            reason="refused" if state is not State.SENT else "",
            detail=say("550 no such user") if state is not State.SENT else "",
        )
        for number, state in enumerate(states, 1)
    ]


def _channels(say: Callable[[str], str]) -> list[ChannelLine]:
    well = ChannelLine(
        name=say("mail"),
        kind="email",
        last_success=NOW - HOUR,
        failing_since=None,
        why="",
        doubt="",
        paused_until=None,
        budget_left=3,
        fallback=say("chat"),
        canary="every day at 08:00",
        veto="",
    )
    return [
        well,
        replace(well, name="chat", failing_since=NOW - HOUR, why=say("refused"), paused_until=NOW + HOUR),
        replace(well, name="hook", doubt=say("has taken nothing for 3 h")),
        replace(well, name="rollback", veto="2 min", canary=""),
    ]

"""What a command does by itself, without a daemon: run checks once, send a test, read the store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from sentinel.app import leftovers
from sentinel.app.counting import last_day
from sentinel.app.eyes import Eyes
from sentinel.app.ledger import StoredLedger
from sentinel.app.reporting import WrittenReport, report_message, silent, write_document, write_report
from sentinel.app.reviewing import order, review
from sentinel.app.shelving import Step
from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreError
from sentinel.channels.base import ChannelTools
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.channels.wording import Wording
from sentinel.core.calendar import Period
from sentinel.core.check import Check
from sentinel.core.form import Form
from sentinel.core.history import History
from sentinel.core.incident import Address
from sentinel.core.judge import Verdict
from sentinel.core.notification import Kind, Message, Notification, Outcome
from sentinel.core.plan import ChannelPlan, Plan, ReportPlan
from sentinel.core.result import Note, Result
from sentinel.core.silence import Silences
from sentinel.core.window import Windows
from sentinel.engine.runner import Runner
from sentinel.probes.base import Probe, ProbeTools
from sentinel.probes.catalogue import CATALOGUE as PROBES
from sentinel.probes.ledger import Ledger, Unkept
from sentinel.probes.wire import Resolver, Transport
from sentinel.reports import deployment, status
from sentinel.reports.documents import DeploymentLine, LeftLine, StatusDocument
from sentinel.reports.quiet import Quiet
from sentinel.store.database import Patience, Store, Transaction

#: Probes at once when checks are run by hand.
AT_ONCE = 20


#: Seconds that a run by hand waits for the store, and then does without.
NOTES_WITHIN = 3.0


class Ran(NamedTuple):
    """One check that was run by hand."""

    check: Check
    result: Result
    verdict: Verdict


class Told(NamedTuple):
    """One address that a message was sent to by hand."""

    channel: str
    recipient: str
    outcome: Outcome


def _unseen(_share: float) -> None:
    """Nobody looks at how much is done."""


def choose(plan: Plan, names: Collection[str], tags: Collection[str]) -> list[Check]:
    """The checks that are meant.

    Args:
        plan: has the checks.
        names: which of them; all when empty.
        tags: only those that carry one of these; all when empty.
    """
    return [c for c in plan.checks if (not names or c.name in names) and (not tags or c.tags & set(tags))]


def makes(check: Check) -> bool:
    """Whether its run makes something in the target and has to take it away again."""
    return check.options is not None and PROBES[check.kind].makes(check.options)


async def check_once(plan: Plan, chosen: Sequence[Check], advance: Callable[[float], None] = _unseen) -> list[Ran]:
    """Run checks once, now, and judge each by itself.

    Of the store only what probes noted is read, so that they compare with what a daemon saw last. Nothing is written but by a
    check that makes something: it writes down there what is to be cleaned up, so that the next run can do so if this one is
    killed. `advance` hears how much is done, from 0 to 1.

    Raises:
        AlreadyRunning, StoreError: there is such a check, and the store cannot be had.
    """
    notes = await _notes(plan)
    async with _ledger(plan, needed=any(map(makes, chosen))) as ledger:
        return await _run_once(plan, chosen, ledger, notes, advance)


async def _notes(plan: Plan) -> Mapping[str, Note]:
    """What probes noted in their last runs; nothing where there is no store, or it cannot be read."""
    try:
        store = await Store.open_readonly(plan.store, Patience(open=NOTES_WITHIN))
    except StoreError:
        return {}
    try:
        return await store.read(lambda tx: tx.notes.all(), within=NOTES_WITHIN)
    except StoreError:
        return {}
    finally:
        await store.close()


@asynccontextmanager
async def _ledger(plan: Plan, *, needed: bool) -> AsyncIterator[Ledger]:
    if not needed:
        yield Unkept()
        return
    store = await Store.open(plan.store, SystemClock())
    try:
        yield StoredLedger(store)
    finally:
        await store.close()


async def _run_once(
    plan: Plan,
    chosen: Sequence[Check],
    ledger: Ledger,
    notes: Mapping[str, Note],
    advance: Callable[[float], None],
) -> list[Ran]:
    clock = SystemClock()
    results: list[Result] = []

    def take(result: Result) -> None:
        results.append(result)
        advance(len(results) / len(chosen))

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="probe") as threads:
        resolver = Resolver()
        tools = ProbeTools(clock=clock, transport=Transport(resolver), threads=threads, ledger=ledger)
        probes = {check.name: _build(check, replace(tools, note=notes.get(check.name))) for check in chosen}
        eyes = Eyes(clock, resolver)
        eyes.plan(plan.connectivity)
        runner = Runner(clock, take, plan.limits, eyes.sight)
        runner.equip(probes, plan.limits)
        runner.submit(chosen, clock.now())
        longest = max((check.timeout for check in chosen), default=timedelta(0))
        one = (longest + plan.connectivity.longest).total_seconds()
        await runner.finish(one * (1 + len(chosen) // plan.limits.per_host) + 1)
        for probe in probes.values():
            await probe.close()
        await eyes.beacons.close()
        resolver.close()
    by_name = {result.check: result for result in results}
    return [_judged(plan, check, by_name[check.name]) for check in chosen if check.name in by_name]


def _build(check: Check, tools: ProbeTools) -> Probe:
    return PROBES[check.kind].build(check.options, replace(tools, check=check.name, interval=check.interval))


def _judged(plan: Plan, check: Check, result: Result) -> Ran:
    history = History(check, plan.policies[check.policy])
    return Ran(check, result, history.take(result).verdict)


async def left_behind(plan: Plan) -> list[LeftLine]:
    """What runs of scenarios have not taken away yet. Raises StoreError."""
    store = await Store.open_readonly(plan.store)
    try:
        return await leftovers.left_behind(store)
    finally:
        await store.close()


async def clean_up(plan: Plan) -> list[LeftLine]:
    """Take it away now; answers what is left then, with why. Raises AlreadyRunning, StoreError."""
    store = await Store.open(plan.store, SystemClock())
    resolver = Resolver()
    try:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="probe") as threads:
            transport, ledger = Transport(resolver), StoredLedger(store)
            tools = ProbeTools(clock=SystemClock(), transport=transport, threads=threads, ledger=ledger)
            probes = {check.name: _build(check, tools) for check in plan.checks if makes(check)}
            return await leftovers.take_away(store, probes.get)
    finally:
        resolver.close()
        await store.close()


async def drop_left(plan: Plan, marks: Collection[str]) -> int:
    """Take these out of the ledger, since a person has seen to them; answers how many. Raises AlreadyRunning, StoreError."""
    store = await Store.open(plan.store, SystemClock())
    try:
        return await leftovers.drop(store, marks)
    finally:
        await store.close()


async def test_alert(plan: Plan, names: Collection[str]) -> list[Told]:
    """Send a message that is marked as a test through channels, one attempt each; all that tell people when none is named."""
    clock = SystemClock()
    message = Message(
        kind=Kind.TEST,
        at=clock.now(),
        source=plan.name,
        title="Test message",
        text=f"This is a test of Sentinel {plan.name!r}. Nothing is wrong, and nothing needs to be done.",
        link=plan.link,
    )
    chosen = [channel for channel in plan.channels if channel.name in names or (not names and channel.veto is None)]
    told: list[Told] = []
    for channel in chosen:
        told += await _tell(plan, channel, message, clock)
    return told


async def _tell(plan: Plan, channel: ChannelPlan, message: Message, clock: SystemClock) -> list[Told]:
    kind = CHANNELS[channel.kind]
    tools = ChannelTools(clock=clock, source=plan.name, wording=Wording(plan.templates))
    sender = kind.build(channel.name, channel.options, tools)
    told = []
    try:
        for recipient in channel.recipients:
            address = Address(channel.name, recipient)
            row = Notification(
                key=f"msg_{token_hex(16)}", address=address, message=message, created_at=clock.now(), attempts=1
            )
            deadline = asyncio.get_running_loop().time() + kind.timeout
            told.append(Told(channel.name, recipient, await sender.send(row, None, deadline)))
    finally:
        await sender.close()
    return told


async def status_from_store(plan: Plan) -> StatusDocument:
    """What the store remembers, for when no daemon answers.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    now = SystemClock().now()
    store = await Store.open_readonly(plan.store)
    try:
        states = await store.read(lambda tx: tx.states.all())
        last = await store.read(lambda tx: tx.results.last())
        day = await store.read(lambda tx: last_day(tx, plan.checks, now))
        counts = await store.read(lambda tx: tx.outbox.counts())
        oldest = await store.read(lambda tx: tx.outbox.oldest_queued())
        quiet = await store.read(lambda tx: _quiet(tx, plan, now))
        deployments = await store.read(_deployments)
    finally:
        await store.close()
    facts = [
        status.CheckFacts(
            check=check,
            state=states.get(check.name),
            last=last[check.name][0] if check.name in last else None,
            day=day.get(check.name),
        )
        for check in plan.checks
    ]
    outbox = status.outbox_line(counts, oldest, {}, now)
    return status.build(
        plan, facts, now=now, started_at=None, outbox=outbox, own=None, quiet=quiet, deployments=deployments
    )


def _deployments(tx: Transaction) -> list[DeploymentLine]:
    """Those that go on, and the last of each system; the newest first."""
    known = {one.id: one for one in (*tx.deployments.unfinished(), *tx.deployments.latest())}
    return [deployment.line(known[number]) for number in sorted(known, reverse=True)]


def _quiet(tx: Transaction, plan: Plan, now: datetime) -> Quiet:
    held = {one.window: one for one in tx.windows.unfinished()}
    windows = Windows(tx.windows.current(now)).replanned(plan.windows)
    return Quiet(silences=Silences(tx.silences.current(now)), windows=windows, held=held)


async def make_report(
    plan: Plan, asked: ReportPlan, period: Period, folder: Path | None = None, step: Step = silent
) -> WrittenReport:
    """Make a report from the store, whether a daemon runs or not.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    store = await Store.open_readonly(plan.store)
    try:
        return await write_report(store, plan, asked, period, SystemClock().now(), folder=folder, step=step)
    finally:
        await store.close()


async def make_review(
    plan: Plan,
    incident: int,
    after: timedelta | None,
    forms: Sequence[Form] = (),
    channels: Sequence[str] = (),
    folder: Path | None = None,
    step: Step = silent,
) -> WrittenReport:
    """Look back at an incident now, or at a time after its end, from the store.

    Raises:
        StoreError: there is no store, or it cannot be read.
        NoSuchIncident: there is none of that number.
    """
    now, usual = SystemClock().now(), order(plan)
    asked = replace(usual, channels=tuple(channels), forms=tuple(forms) or usual.forms)
    store = await Store.open_readonly(plan.store)
    try:
        document = await review(store, plan, incident, now, after)
        return await write_document(store, plan, asked, document, now, folder=folder, step=step)
    finally:
        await store.close()


async def send_report(plan: Plan, written: WrittenReport, names: Collection[str]) -> list[Told]:
    """Send a report that was made by hand through channels; one attempt each."""
    clock = SystemClock()
    message = report_message(plan, written, clock.now())
    sent: list[Told] = []
    for channel in plan.channels:
        if channel.name in names:
            sent += await _tell(plan, channel, message, clock)
    return sent

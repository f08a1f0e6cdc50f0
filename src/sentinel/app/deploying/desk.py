"""Answers what people and programs ask about deployments."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from sentinel.app.deploying import reading, rolling_back
from sentinel.app.deploying.asking import AskedRollback, AskedStart, AskedVerification
from sentinel.app.deploying.book import Book
from sentinel.app.deploying.choosing import system_of
from sentinel.app.deploying.verifying import Verifier
from sentinel.app.holding import Around
from sentinel.app.keeper import NotDone
from sentinel.core.deployment.deployment import Breach, Deployment, Ending, Phase, Verification, rollback_key
from sentinel.core.deployment.events import (
    Accepted,
    Breached,
    Event,
    Extended,
    Finished,
    Noted,
    Refusal,
    RollbackStopped,
    RollbackWanted,
    WatchBegun,
)
from sentinel.core.deployment.life import begin, step, undo_unknown
from sentinel.core.deployment.plan import Criterion, DeploymentPlan, OnFail, RollbackPlan
from sentinel.core.deployment.rolling_back import Wanted
from sentinel.core.deployment.standing import is_expected_down, standing_version
from sentinel.core.deployment.words import refuse_odd_name, refuse_odd_text
from sentinel.core.notification import State
from sentinel.reports.deployment import DeploymentDocument, DeploymentLine, DryRun, line

#: Deployments that one answer lists at most.
MOST_ROWS = 200

#: Lines of a timeline beyond which it takes no more notes; what Sentinel does stands on it in any case.
MOST_LINES = 1_000

#: Names of checks that one line of a timeline has at most.
MOST_NAMED = 5

#: A window is open no longer than this from now on.
LONGEST_WINDOW = timedelta(days=1)

#: How far back deployments are listed, and looked through for the version that stands.
PAST = timedelta(days=7 * 366)


class DeploymentDesk:
    """Fits `asking.Deployments`. What changes something is answered after its commit."""

    def __init__(self, parts: Around, book: Book, verifier: Verifier) -> None:
        self._parts = parts
        self._book = book
        self._verifier = verifier

    # --- Asking -----------------------------------------------------------------------------------------------------

    async def all(self, system: str = "") -> Sequence[DeploymentLine]:
        """The deployments of a system, or of all, the newest first; bounded."""
        return [line(one) for one in await self._past(system)]

    def current(self) -> Sequence[DeploymentLine]:
        """Those that go on, and the last of each system; from memory, at once."""
        return [line(one) for one in self._book.known]

    async def one(self, number: int) -> DeploymentDocument:
        """Everything that is known of one; raises NotDone."""
        return await self._document(await self._get(number))

    async def find(self, system: str = "", number: int = 0) -> DeploymentDocument:
        """That of a number, or else the current or last one of a system; raises NotDone."""
        if number:
            return await self.one(number)
        plan = self._plan(system)
        await self._book.recall()
        latest = self._book.latest(plan.system)
        if latest is None:
            raise NotDone(f"no deployment of {plan.system} is known", "`sentinel deploy start VERSION` begins one")
        return await self._document(latest)

    async def changed(self, number: int, seen: int, within: float) -> int:
        """Wait until a deployment is another than it was, or for so many seconds; answers its edition then."""
        return await self._book.changed(number, seen, within)

    # --- Its course -------------------------------------------------------------------------------------------------

    async def start(self, asked: AskedStart) -> DeploymentDocument:
        """Open its window, and tell the stakeholders; raises NotDone."""
        plan = self._plan(asked.system, asked.environment)
        _refuse_names(version=asked.version, ref=asked.ref, from_version=asked.from_version, backup=asked.backup_id)
        _refuse_text(asked.by, asked.impact)
        if not asked.version:
            raise NotDone("the version that is deployed is not named", "`sentinel deploy start 2.4.1`")
        lasts = plan.window if asked.window is None else asked.window
        if not timedelta(0) < lasts <= LONGEST_WINDOW:
            raise NotDone("its window has to last some time, and at most a day", "`--window 30m` is usual")
        async with self._book.changing:
            await self._book.recall()
            self._refuse_second(plan.system)
            await self._refuse_undone(plan.system)
            if not asked.anyway:
                self._refuse_unmet(plan)
            now = self._parts.clock.now()
            number = await self._parts.store.read(lambda tx: tx.deployments.last_id()) + 1
            before = asked.from_version or standing_version(await self._past(plan.system))
            started = _deployment(number, asked, plan, before, lasts, now)
            await self._book.keep(begin(started, now))
        return await self.one(number)

    async def note(self, number: int, by: str, text: str, took: timedelta | None = None) -> DeploymentDocument:
        """Put a step of it on the timeline; raises NotDone."""
        _refuse_text(by, text)
        if not text:
            raise NotDone("the note is empty")
        if await self._parts.store.read(lambda tx: tx.deployments.lines(number)) >= MOST_LINES:
            raise NotDone(f"deployment {number} has {MOST_LINES} lines on its timeline, and takes no more notes")
        return await self._meet(number, Noted(by=by, text=text, took=took))

    async def extend(self, number: int, by: str, longer: timedelta) -> DeploymentDocument:
        """Have its window end later; raises NotDone."""
        _refuse_text(by)
        known, now = await self._get(number), self._parts.clock.now()
        # One whose window is over goes on from now: to add to what has passed would leave it overrun.
        until = max(known.window_ends_at, now) + longer
        if longer <= timedelta(0) or until > now + LONGEST_WINDOW:
            raise NotDone("it has to end later than it does, by at most a day from now")
        return await self._meet(number, Extended(by=by, until=until))

    async def watch(self, number: int, by: str, lasts: timedelta | None = None) -> DeploymentDocument:
        """End its window, and begin its watch; where it is watched already, that goes on as it is. Raises NotDone."""
        _refuse_text(by)
        known = await self._get(number)
        if known.phase is Phase.WATCHING:
            return await self._document(known)
        if lasts is not None and not timedelta(0) < lasts <= LONGEST_WINDOW:
            raise NotDone("a watch lasts some time, and at most a day", "`--for 15m` is usual")
        plan = self._plan(known.system)
        await self._note_still_up(known)
        return await self._meet(number, WatchBegun(by=by, plan=plan.watch, lasts=lasts))

    async def finish(self, number: int, by: str, why: str = "") -> DeploymentDocument:
        """End it without a watch, or a watch before its end; raises NotDone."""
        _refuse_text(by, why)
        await self._note_still_up(await self._get(number))
        return await self._meet(number, Finished(by=by, why=why))

    async def fail(self, number: int, by: str, why: str) -> DeploymentDocument:
        """A step of it failed: whoever deploys says so; raises NotDone."""
        _refuse_text(by, why)
        return await self._meet(number, Breached(breach=Breach(criterion=Criterion.SAID_SO, text=why), by=by))

    async def accept(self, number: int, by: str, why: str) -> DeploymentDocument:
        """Take one that failed as it is: its incident ends; raises NotDone."""
        _refuse_text(by, why)
        known = await self._get(number)
        if known.ending is Ending.ACCEPTED:
            lines = await self._parts.store.read(lambda tx: tx.deployments.timeline(number))
            who = next((f" by {line.by}" for line in reversed(lines) if line.kind == "accepted" and line.by), "")
            raise NotDone(f"deployment {known.id} of {known.label}: it was accepted already{who}")
        return await self._meet(number, Accepted(by=by, why=why))

    # --- The rollback -----------------------------------------------------------------------------------------------

    async def veto(self, number: int, by: str, why: str) -> DeploymentDocument:
        """Stop a rollback that has not begun; raises NotDone."""
        _refuse_text(by, why)
        return await self._meet(number, RollbackStopped(by=by, why=why))

    async def rollback(self, asked: AskedRollback) -> DeploymentDocument:
        """Order the one rollback of a deployment; raises NotDone."""
        plan = await self._plan_of_rollback(asked)
        undo, now = _undo(plan), self._parts.clock.now()
        wanted = Wanted(reason=asked.reason, quick=asked.quick, backup_id=asked.backup_id, by=asked.by)
        event = RollbackWanted(wanted=wanted, undo=undo)
        async with self._book.changing:
            one = await self._undone(asked, plan)
            if one is not None:
                taken = await self._book.apply(one.id, event)
            else:
                number = await self._parts.store.read(lambda tx: tx.deployments.last_id()) + 1
                unknown = _unknown(number, asked, plan, now)
                taken = await self._book.keep(undo_unknown(unknown, event, now, self._book.setting))
        if taken.refusal is not None:
            _refuse(taken.deployment, taken.refusal)
        return await self._document(taken.deployment)

    async def dry_run(self, asked: AskedRollback) -> DryRun:
        """What that would run. Changes nothing; raises NotDone."""
        plan = await self._plan_of_rollback(asked)
        undo, now, setting = _undo(plan), self._parts.clock.now(), self._book.setting
        wanted = Wanted(reason=asked.reason, quick=asked.quick, backup_id=asked.backup_id, by=asked.by)
        one, refused = await self._undone(asked, plan), ""
        if one is None:
            number = await self._parts.store.read(lambda tx: tx.deployments.last_id()) + 1
            one = _unknown(number, asked, plan, now)
        elif refusal := step(one, RollbackWanted(wanted=wanted, undo=undo), now, setting).refusal:
            refused = _WORDS[refusal][0]
        checks = self._book.checks_of(plan.system)
        return rolling_back.dry_run(self._parts, one, wanted, undo, checks, setting, now, refused)

    async def _plan_of_rollback(self, asked: AskedRollback) -> DeploymentPlan:
        _refuse_names(backup=asked.backup_id)
        _refuse_text(asked.by, asked.reason)
        if asked.quick == bool(asked.backup_id):
            raise NotDone("whither it is rolled back is not said", "either `--quick` or `--backup-id ID`")
        # A number says which system is meant.
        of = (await self._get(asked.deployment)).system if asked.deployment and not asked.system else asked.system
        return self._plan(of, asked.environment)

    async def _undone(self, asked: AskedRollback, plan: DeploymentPlan) -> Deployment | None:
        """The deployment that is undone; None where Sentinel knows of none."""
        await self._book.recall()
        latest = self._book.latest(plan.system)
        if not asked.deployment or (latest is not None and latest.id == asked.deployment):
            return latest
        known = await self._get(asked.deployment)
        if known.system != plan.system:
            raise NotDone(f"deployment {known.id} is one of {known.system}", f"`--system {known.system}` names it")
        after = f": deployment {latest.id} of {latest.label} came after it" if latest is not None else ""
        raise NotDone(f"deployment {known.id} is not the last of {known.system}{after}")

    # --- Verifications ----------------------------------------------------------------------------------------------

    async def verify(self, asked: AskedVerification) -> Verification:
        """Begin to run checks once; raises NotDone."""
        await self._book.recall()
        return self._verifier.begin(asked)

    def verification(self, number: int) -> Verification:
        """How far one of the last verifications has come; raises NotDone."""
        return self._verifier.look(number)

    # --- Parts ------------------------------------------------------------------------------------------------------

    def _plan(self, system: str, environment: str = "") -> DeploymentPlan:
        return system_of(self._parts.plan, system, environment)

    async def _note_still_up(self, one: Deployment) -> None:
        """While its system should be down, up is worth a line (EM-13)."""
        held = self._parts.held.get(one.window)
        if not is_expected_down(one) or held is None or not held.still_up:
            return
        more = f" and {len(held.still_up) - MOST_NAMED} more" if len(held.still_up) > MOST_NAMED else ""
        text = f"down was expected, and never seen: {', '.join(held.still_up[:MOST_NAMED])}{more}"
        await self._meet(one.id, Noted(kind="never_down", text=text))

    def _refuse_second(self, system: str) -> None:
        for one in self._book.going_on(system):
            hint = f"wait for its end (`sentinel deploy status {one.id}`), or end it with `sentinel deploy finish {one.id}`"
            since = f"{one.started_at:%Y-%m-%d %H:%M} UTC"
            raise NotDone(f"deployment {one.id} of {one.label} goes on since {since}, started by {one.by}", hint)

    async def _refuse_undone(self, system: str) -> None:
        """A level may have ordered to undo the one before, which has not heard of it yet."""
        one = self._book.latest(system)
        key = rollback_key(self._parts.store.instance, one.id) if one is not None else ""
        row = (await self._parts.store.read(lambda tx: tx.orders.get([key]))).get(key)
        if one is not None and row is not None and row.state in (State.QUEUED, State.SENDING):
            hint = f"`sentinel rollback --status` says how far it is, `sentinel deploy veto {one.id}` stops it before it begins"
            raise NotDone(f"the rollback of deployment {one.id} of {one.label} is ordered, and not over", hint)

    def _refuse_unmet(self, plan: DeploymentPlan) -> None:
        """The conditions that `sentinel deploy verify --tag pre` asks hold for whoever skips that, too."""
        if unmet := self._verifier.unmet(plan):
            text = "; ".join(f"{one.name}: {one.explanation}" for one in unmet)
            raise NotDone(text, f"{unmet[0].hint}; or say --anyway")

    async def _past(self, system: str) -> Sequence[Deployment]:
        now = self._parts.clock.now()
        # One that began this very moment counts, too.
        until = now + timedelta(seconds=1)
        return await self._parts.store.read(lambda tx: tx.deployments.between(now - PAST, until, system, MOST_ROWS))

    async def _get(self, number: int) -> Deployment:
        await self._book.recall()
        found = self._book.get(number) or await self._parts.store.read(lambda tx: tx.deployments.get(number))
        if found is None:
            raise NotDone(f"there is no deployment {number}", "`sentinel deploy list` lists them")
        return found

    async def _meet(self, number: int, event: Event) -> DeploymentDocument:
        await self._get(number)
        async with self._book.changing:
            taken = await self._book.apply(number, event)
        if taken.refusal is not None:
            _refuse(taken.deployment, taken.refusal)
        return await self._document(taken.deployment)

    async def _document(self, one: Deployment) -> DeploymentDocument:
        plan, now = self._parts.plan, self._parts.clock.now()
        return await self._parts.store.read(lambda tx: reading.read(tx, plan, one, now))


def _deployment(
    number: int, asked: AskedStart, plan: DeploymentPlan, before: str, lasts: timedelta, now: datetime
) -> Deployment:
    undo = plan.rollback
    return Deployment(
        id=number,
        system=plan.system,
        version=asked.version,
        ref=asked.ref,
        from_version=before,
        environment=plan.environment,
        backup_id=asked.backup_id,
        by=asked.by,
        started_at=now,
        window_ends_at=now + lasts,
        expects_down=asked.expects_down,
        impact=asked.impact or plan.impact,
        public=plan.public,
        channels=plan.channels,
        on_fail=undo.on_fail if undo is not None else OnFail.TELL,
        undo=undo,
    )


def _unknown(number: int, asked: AskedRollback, plan: DeploymentPlan, now: datetime) -> Deployment:
    """What stands for a release that Sentinel was told nothing of, when that is undone."""
    return Deployment(
        id=number,
        system=plan.system,
        version="",
        environment=plan.environment,
        by=asked.by,
        started_at=now,
        window_ends_at=now + plan.window,
        impact=plan.impact,
        public=plan.public,
        channels=plan.channels,
    )


def _undo(plan: DeploymentPlan) -> RollbackPlan:
    if plan.rollback is None:
        hint = f"`deployments.{plan.system}.rollback` names the channel that does so"
        raise NotDone(f"nothing is configured that could roll {plan.system} back", hint)
    return plan.rollback


def _refuse_names(**names: str) -> None:
    for what, name in names.items():
        if why := refuse_odd_name(name):
            raise NotDone(f"the {what.replace('_', ' ')} cannot be taken: {why}", "such as 2.4.1 or v2026.11")


def _refuse_text(*texts: str) -> None:
    for text in texts:
        if why := refuse_odd_text(text):
            raise NotDone(f"what is said cannot be taken: {why}")


#: Why an event was refused, and what can be done, in words.
_WORDS: dict[Refusal, tuple[str, str]] = {
    Refusal.OVER: ("it is over", "`sentinel deploy start` begins another one"),
    Refusal.NOT_UNDER_WAY: ("it has come further than that", "`sentinel deploy status` says how far"),
    Refusal.NOT_WATCHED: ("it is not watched", ""),
    Refusal.ALREADY_WATCHED: ("it is watched already", ""),
    Refusal.NOT_IN_TROUBLE: ("it did not fail, so there is nothing to accept", ""),
    Refusal.NO_ROLLBACK: ("no rollback of it was ordered", ""),
    Refusal.ALREADY_ROLLED_BACK: ("its rollback was ordered already, and there is only one", "deploy another version"),
    Refusal.BEGUN: ("its rollback has begun, or is over", "`sentinel deploy status` says how it goes"),
    Refusal.NO_LATER: ("its window ends no earlier than that", ""),
    Refusal.NO_NEWS: ("that is known already", ""),
}


#: Why one that goes on cannot be taken as it is.
_NOT_ACCEPTED: dict[Phase, tuple[str, str]] = {
    Phase.UNDER_WAY: ("it goes on, and has not failed", "`sentinel deploy finish` ends it without a watch"),
    Phase.WATCHING: ("it is watched, and has not failed", "`sentinel deploy finish` ends its watch"),
    Phase.PROPOSED: ("its rollback is proposed: stop that first", "`sentinel deploy veto` keeps it as it is"),
    Phase.ROLLING_BACK: (
        "its rollback has been ordered: wait for its end",
        "`sentinel deploy status` says how far it is",
    ),
    Phase.VERIFYING: ("its rollback is being proven: wait for it", "`sentinel deploy status` says how far it is"),
}


def _refuse(one: Deployment, refusal: Refusal) -> NoReturn:
    why, hint = (_NOT_ACCEPTED.get(one.phase) if refusal is Refusal.NOT_IN_TROUBLE else None) or _WORDS[refusal]
    raise NotDone(f"deployment {one.id} of {one.label}: {why}", hint)

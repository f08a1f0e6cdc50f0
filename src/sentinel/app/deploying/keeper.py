"""Looks after deployments while they go on: their windows, their watch, their rollback, and what is told of them.

Everything that it decides by stands in the store, so after any crash the next look goes on from there.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from sentinel.app.deploying.asking import AskedVerification
from sentinel.app.deploying.book import Book
from sentinel.app.deploying.looking import FasterLooks
from sentinel.app.deploying.verifying import Verifier
from sentinel.app.deploying.watching import judged
from sentinel.app.holding import Around
from sentinel.app.journal import Journal
from sentinel.base.errors import SentinelError, StoreError
from sentinel.base.units import format_duration
from sentinel.core.access import Via
from sentinel.core.check import Check
from sentinel.core.deployment.check import INTERVAL
from sentinel.core.deployment.criteria import breach, opened
from sentinel.core.deployment.deployment import (
    Deployment,
    Judged,
    Judgement,
    Phase,
    Rollback,
    Verification,
    Watch,
    rollback_key,
)
from sentinel.core.deployment.events import (
    Breached,
    Coursed,
    Event,
    Overran,
    PointJudged,
    Proven,
    RollbackAdopted,
    RollbackMoved,
    SeenDown,
    SeenUp,
)
from sentinel.core.deployment.plan import DeploymentPlan, RollbackPlan
from sentinel.core.deployment.rolling_back import adopted, begins, followed, has_news, is_accepted, moved
from sentinel.core.deployment.standing import is_expected_down, seen
from sentinel.core.incident import Incident
from sentinel.core.journal import Deed
from sentinel.core.notification import State
from sentinel.core.plan import Plan
from sentinel.core.progress import LAST_STRETCH, steps
from sentinel.core.result import Result
from sentinel.engine.commands import close_order
from sentinel.store.database import Transaction

log = structlog.get_logger()

#: A point of a watch that is judged so much later says so.
LATE = timedelta(seconds=30)

#: Seconds that a point waits for the results before it to be committed.
FLUSH_WITHIN = 8.0

#: Faster looks that an incident may need to be over which what was found in the window has opened.
SETTLING = 3

#: Between two tries to prove a rollback, in seconds.
AGAIN_AFTER = 5.0

#: Names of checks that one line of a timeline has at most.
MOST_NAMED = 5


class DeploymentKeeper:
    """What a running Sentinel does about deployments, each second."""

    def __init__(self, parts: Around, book: Book, verifier: Verifier, journal: Journal) -> None:
        self._parts = parts
        self._book = book
        self._verifier = verifier
        self._journal = journal
        self._faster = FasterLooks(parts)
        self._settled = False  # whether windows are as the deployments of the last start say
        self._fed: dict[str, datetime] = {}  # when the check of a system's deployments had its last result
        self._proofs: dict[int, asyncio.Task[Verification]] = {}  # under way, by deployment
        self._prove_at: dict[int, float] = {}  # not before, by deployment; by the steady clock

    async def look(self) -> None:
        """Follow each deployment that goes on: its window, what is seen of its system, its watch, and what is told.

        Raises:
            StoreError: what was not decided yet is decided by the next look.
        """
        await self._book.recall()
        if not self._settled:  # a window may be open of one that was over when Sentinel died
            for one in self._book.known:
                await self._book.heed_window(one)
            self._settled = True
        failed: StoreError | None = None
        for one in self._book.going_on():
            # What goes wrong about one of them, here or in the store, must not keep the others from being looked after.
            try:
                await self._book.heed_window(one)
                await self._follow(one)
            except StoreError as error:
                failed = error
            except Exception:
                log.exception("deployment.not_followed", deployment=one.id)
        if failed is not None:
            raise failed

    async def keep_pace(self) -> None:
        """Have checks of watched systems run sooner, and give the checks of deployments their results; raises StoreError."""
        await self._book.recall()
        self._faster.look([pace for one in self._book.going_on() if (pace := self._pace(one)) is not None])
        self._feed()

    def _pace(self, one: Deployment) -> tuple[Sequence[Check], timedelta] | None:
        """Which checks are looked at faster, and how fast: a short time in which something is down would else be missed."""
        if one.phase is Phase.WATCHING and one.watch is not None:
            return self._book.checks_of(one.system), one.watch.plan.interval
        plan = self._book.plan_of(one.system)
        if plan is not None and is_expected_down(one):
            return self._book.stopping(one), plan.watch.interval
        return None

    async def close(self) -> None:
        """Let go of proofs that go on; after the next start they are begun anew."""
        for task in self._proofs.values():
            task.cancel()
        await asyncio.gather(*self._proofs.values(), return_exceptions=True)

    async def _apply(self, one: Deployment, event: Event) -> None:
        async with self._book.changing:
            await self._book.apply(one.id, event)

    # --- While it goes on -------------------------------------------------------------------------------------------

    async def _follow(self, one: Deployment) -> None:
        now = self._parts.clock.now()
        await self._see(one)
        if one.phase is Phase.UNDER_WAY and not one.overrun and now >= one.window_ends_at:
            await self._apply(one, Overran())
        if one.phase is Phase.WATCHING and one.watch is not None:
            await self._watch(one, one.watch, now)
        if one.phase is Phase.VERIFYING and one.rollback is not None:
            await self._prove(one, one.rollback, now)
        await self._tell_course(one, now)

    async def _see(self, one: Deployment) -> None:
        """Note when its system was seen down while whoever deploys was at work, and when it was up again.

        What fails later is the watch's to judge: a release of which three looks in a hundred fail would fill its timeline.
        """
        found = seen(one, self._known(self._book.stopping(one)))
        at_work = one.phase is Phase.UNDER_WAY
        if at_work and found.down and one.down_since is None and found.since is not None:
            more = f" and {len(found.down) - MOST_NAMED} more" if len(found.down) > MOST_NAMED else ""
            await self._apply(one, SeenDown(since=found.since, text=f"{', '.join(found.down[:MOST_NAMED])}{more}"))
        elif one.down_since is not None and not found.down and found.up_at is not None:
            await self._apply(one, SeenUp(at=found.up_at))

    async def _tell_course(self, one: Deployment, now: datetime) -> None:
        """Tell how it goes, if it is time: of several times that were missed only the latest, and not shortly before the end."""
        plan = self._book.plan_of(one.system)
        step = steps(one.started_at, plan.update_every, now) if plan is not None else 0
        if step <= one.step or not one.channels or _ends_soon(one, now):
            return
        await self._apply(one, Coursed(step))

    # --- Its watch --------------------------------------------------------------------------------------------------

    async def _watch(self, one: Deployment, watch: Watch, now: datetime) -> None:
        plan = self._book.plan_of(one.system)
        troubles = [found for found in self._troubles(one.system) if not _may_pass(found[0], watch, now)]
        if plan is not None and (broken := breach(plan.criteria, troubles, watch.began_at, one.started_at)):
            await self._apply(one, Breached(breach=broken))
            return
        point = watch.next_point
        if point is None or now < point:
            return
        with suppress(TimeoutError):  # what is not committed is missing in the judgement, and in the next one is not
            async with asyncio.timeout(FLUSH_WITHIN):
                await self._parts.pipeline.flush()
        judgement = await judged(
            self._parts.store,
            one,
            watch.plan,
            self._book.checks_of(one.system),
            now,
            opened=opened((found[0] for found in self._troubles(one.system)), watch.began_at, one.started_at),
            zone=ZoneInfo(_zone(self._parts.plan, plan)),
        )
        if now - point > LATE:
            judgement = _late(judgement, now - point)
        await self._apply(one, PointJudged(judgement=judgement))

    def _troubles(self, system: str) -> Sequence[tuple[Incident, Check]]:
        names = {check.name for check in self._book.checks_of(system)}
        histories = self._parts.pipeline.open_histories()
        return [(one.incident, one.check) for one in histories if one.incident is not None and one.check.name in names]

    # --- Its rollback -----------------------------------------------------------------------------------------------

    async def follow_rollbacks(self) -> None:
        """See how far the orders of rollbacks have come; one that a level of escalation gave among them. Raises StoreError."""
        await self._book.recall()
        now, instance = self._parts.clock.now(), self._parts.store.instance
        asked = {rollback_key(instance, one.id): one for one in followed(self._book.known, now)}
        if not asked:
            return
        rows = await self._parts.store.read(lambda tx: tx.orders.get(asked.keys()))
        for key, row in rows.items():
            if not has_news(asked[key], row, now):
                continue
            try:
                await self._follow_order(asked[key].id, key)
            except StoreError:
                raise
            except Exception:
                # As in `look`: the rollbacks of others go on.
                log.exception("rollback.not_followed", deployment=asked[key].id)

    async def _follow_order(self, number: int, key: str) -> None:
        """Go by an order as it is now: somebody may have given it anew, or stopped it, since it was looked at."""
        async with self._book.changing:
            row = (await self._parts.store.read(lambda tx: tx.orders.get([key]))).get(key)
            one, now = self._book.get(number), self._parts.clock.now()
            if one is None or row is None or not has_news(one, row, now):
                return
            if one.rollback is not None:
                after = moved(one.rollback, row, now)
                await self._book.apply(number, RollbackMoved(rollback=after))
                if begins(one.rollback, after) and not after.by:
                    await self._take_down(one, after, now)
            elif is_accepted(one) and row.state is State.QUEUED:
                await self._call_off(one, key, now)
            elif undo := self._undo_of(one):
                await self._book.apply(number, RollbackAdopted(rollback=adopted(row), undo=undo))

    async def _take_down(self, one: Deployment, rollback: Rollback, now: datetime) -> None:
        """Write a rollback into the journal that Sentinel ordered by itself; whoever else orders one is in there already."""
        why = (
            f"the escalation of incident {rollback.incident}"
            if rollback.incident
            else "what was agreed on at its start"
        )
        detail = f"system {one.system}; channel {rollback.channel}; by {why}"
        action, subject = "deployment.rollback", f"deployment {one.id}"
        try:
            await self._journal.note(Deed(at=now, by="", via=Via.HOST, action=action, subject=subject, detail=detail))
        except Exception as error:
            # It runs already: that nobody can write it down must not keep it from being followed.
            log.error("journal.not_written", action=action, deployment=one.id, why=type(error).__name__)

    async def _call_off(self, one: Deployment, key: str, now: datetime) -> None:
        """Stop what a level ordered in the moment in which somebody accepted a deployment, and tell whoever heard of it."""

        def stop(tx: Transaction) -> None:
            if (row := tx.orders.call_off(key)) is not None:
                close_order(tx, row, now, "", f"somebody has accepted deployment {one.id} as it is")

        await self._parts.store.write(stop)
        self._parts.dispatcher.wake(self._parts.dispatcher.lines)

    def _undo_of(self, one: Deployment) -> RollbackPlan | None:
        plan = self._book.plan_of(one.system)
        return one.undo or (plan.rollback if plan is not None else None)

    async def _prove(self, one: Deployment, rollback: Rollback, now: datetime) -> None:
        """Run the checks that prove a rollback until they pass, or their time is over."""
        under_way = self._proofs.get(one.id)
        if under_way is None:
            if self._parts.clock.monotonic() >= self._prove_at.get(one.id, 0.0):
                self._proofs[one.id] = asyncio.create_task(self._verify(one), name=f"proof of rollback {one.id}")
            return
        if not under_way.done():
            return
        del self._proofs[one.id]
        self._prove_at[one.id] = self._parts.clock.monotonic() + AGAIN_AFTER
        found = under_way.result()
        within = one.undo.verify_within if one.undo is not None else timedelta(0)
        if found.judged is Judged.PASS or now - (rollback.ended_at or now) >= within:
            self._prove_at.pop(one.id, None)
            await self._apply(one, Proven(verification=found))

    async def _verify(self, one: Deployment) -> Verification:
        wanted = frozenset(one.undo.verify if one.undo is not None else ())
        # Where no check carries one of the tags, all of them have to do: nothing would be no proof.
        tagged = any(check.tags & wanted for check in self._book.checks_of(one.system))
        tags = tuple(sorted(wanted)) if tagged else ()
        try:
            return await self._verifier.run(AskedVerification(by="", system=one.system, tags=tags))
        except SentinelError as error:
            log.warning("rollback.not_verified", deployment=one.id, why=str(error))
        except Exception:
            # A fault of ours proves nothing either; it must not leave the deployment without an end.
            log.exception("rollback.not_verified", deployment=one.id)
        now = self._parts.clock.now()
        return Verification(tags=tags, began_at=now, ended_at=now, system=one.system)

    # --- What is always done ----------------------------------------------------------------------------------------

    def _feed(self) -> None:
        now = self._parts.clock.now()
        for system in self._parts.plan.deployments:
            fed = self._fed.get(system)
            if fed is None or not fed <= now < fed + INTERVAL:
                self._book.feed(system)
                self._fed[system] = now

    def _known(self, checks: Sequence[Check]) -> list[Result]:
        """The last results that say something: what was down and cannot be looked at now is not up again."""
        histories = self._parts.pipeline.histories
        every = (histories.get(check.name) for check in checks)
        return [history.known for history in every if history is not None and history.known is not None]


def _ends_soon(one: Deployment, now: datetime) -> bool:
    """Whether something else is told soon anyway."""
    if one.phase is Phase.WATCHING and one.watch is not None:
        return now >= one.watch.ends_at - LAST_STRETCH
    if one.phase is Phase.UNDER_WAY:
        return one.window_ends_at - LAST_STRETCH <= now < one.window_ends_at
    return one.phase in (Phase.ROLLING_BACK, Phase.VERIFYING)


def _may_pass(incident: Incident, watch: Watch, now: datetime) -> bool:
    """Whether an incident opened with the end of the window, by what was found in it, and may be over in a moment.

    A service that comes up a second after its watch began must not be rolled back for that.
    """
    return bool(incident.excused) and now < watch.began_at + SETTLING * watch.plan.interval


def _zone(plan: Plan, system: DeploymentPlan | None) -> str:
    """By whose clocks people say "the same time": those of the agreed hours, or of reports."""
    agreed = [one.zone for one in system.agreed] if system is not None else []
    return next(iter((*agreed, *(one.zone for one in plan.reports))), "UTC")


def _late(judgement: Judgement, by: timedelta) -> Judgement:
    """One that came after its time says so."""
    said = f"judged {format_duration(by)} late, since Sentinel did not run in time"
    return replace(judgement, text=f"{judgement.text}; {said}" if judgement.text else said)

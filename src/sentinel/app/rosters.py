"""Who is on call in a running Sentinel: the schedules of the plan, calendar files as they are now, and who stands in for whom."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import SentinelError
from sentinel.config.ical import BadCalendar
from sentinel.config.people import reread
from sentinel.config.problems import did_you_mean
from sentinel.core.oncall import OnCall, Override, Shifts
from sentinel.core.plan import Plan
from sentinel.reports.on_call import OnCallDocument, document
from sentinel.store.database import Store

log = structlog.get_logger()

#: A calendar file is read again after so long though it did not change: it is followed a bounded time ahead.
READ_EVERY = timedelta(hours=24)

#: Seconds that reading one may take: it may lie on a disk of another host that is down.
READ_WITHIN = 20.0

#: Nobody stands in for longer: what lasts longer belongs into the configuration.
LONGEST = timedelta(days=366)


class NotArranged(SentinelError):
    """Something was asked about who is on call that makes no sense as things are; nothing was changed."""

    exit_code = 1

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What a person arranges."""

    schedule: str
    person: str
    starts_at: datetime | None  # local to the zone of the schedule unless it is aware; None: now
    ends_at: datetime  # likewise
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class _Read:
    """When a calendar file was read, and what marks it as it was then."""

    at: datetime
    mark: tuple[int, int, int] | None  # None: there was none


class Rosters:
    """Knows who is on call. Everything but reading files happens on the event loop."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self._planned: dict[str, OnCall] = {}  # without what was arranged by command
        self._overrides: list[Override] = []
        self._reads: dict[str, _Read] = {}
        self._reading: asyncio.Task[OnCall] | None = None
        self.schedules: dict[str, OnCall] = {}  # as they are now; the same object for as long as this Sentinel runs
        self.problems: dict[str, str] = {}  # by schedule: why its calendar file cannot be used as it is

    async def recall(self) -> None:
        """Take in what was arranged before this Sentinel started."""
        now = self._clock.now()
        self._overrides = await self._store.read(lambda tx: tx.on_call.current(now))
        self._renew()

    def adopt(self, plan: Plan) -> Mapping[str, OnCall]:
        """Go by another plan, whose files were just read; answers the schedules, which go on to change."""
        self._planned = dict(plan.on_call)
        self._reads = {}
        self.problems.clear()
        self._renew()
        return self.schedules

    def _renew(self) -> None:
        self.schedules.clear()
        self.schedules |= {name: one.with_overrides(self._overrides) for name, one in self._planned.items()}

    # --- What people ask --------------------------------------------------------------------------------------------

    def document(self) -> OnCallDocument:
        """Who is on call now and next."""
        return document(self.schedules, self._overrides, self.problems, self._clock.now())

    async def arrange(self, asked: StandIn) -> Override:
        """Have somebody stand in; answers after the commit.

        Raises:
            NotArranged: there is no such schedule or person, or the times make no sense.
        """
        now = self._clock.now()
        override = _override(asked, self._schedule(asked), now)
        made = await self._store.write(lambda tx: tx.on_call.add(override, now))
        self._overrides.append(made)
        self._renew()
        log.info("on_call.arranged", schedule=made.schedule, override=made.id)
        return made

    async def end(self, number: int, by: str) -> Override:
        """End what was arranged before its time; answers after the commit.

        Raises:
            NotArranged: there is none of that number, or it is over.
        """
        now = self._clock.now()
        known = next((one for one in self._overrides if one.id == number), None)
        if known is None or not await self._store.write(lambda tx: tx.on_call.end(number, now, by)):
            raise NotArranged(f"there is no override {number} that lasts", "`sentinel oncall` lists them")
        self._overrides = [one for one in self._overrides if one.id != number]
        self._renew()
        log.info("on_call.ended", schedule=known.schedule, override=number)
        return replace(known, ends_at=now)

    def _schedule(self, asked: StandIn) -> OnCall:
        schedule = self._planned.get(asked.schedule)
        if schedule is None:
            known = ", ".join(self._planned) or "none; they stand under `on_call` in the configuration"
            hint = did_you_mean(asked.schedule, self._planned) or f"there are: {known}"
            raise NotArranged(f"no schedule is called {asked.schedule!r}", hint)
        if asked.person not in schedule.people:
            hint = did_you_mean(asked.person, schedule.people) or f"there are: {', '.join(schedule.people)}"
            raise NotArranged(f"nobody in `people` is called {asked.person!r}", hint)
        return schedule

    # --- Calendar files ---------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Read again what changed, or was read long ago. A file that cannot be used changes nothing."""
        now = self._clock.now()
        self._overrides = [one for one in self._overrides if one.ends_at > now]
        for name, schedule in list(self._planned.items()):
            if isinstance(schedule.plan, Shifts) and schedule.plan.file:
                await self._look_at(name, schedule, schedule.plan.file)
        self._renew()

    async def _look_at(self, name: str, schedule: OnCall, file: str) -> None:
        now = self._clock.now()
        mark = await asyncio.to_thread(_mark, Path(file))
        before = self._reads.get(name)
        if before is not None and before.mark == mark and now - before.at < READ_EVERY:
            return
        try:
            found = await self._read(schedule, now)
        except BadCalendar as error:
            self._refused(name, error)
        else:
            if self._planned.get(name) is schedule:  # a reload may have come between
                self._planned[name] = found
                if self.problems.pop(name, ""):
                    log.info("on_call.file_mended", schedule=name)
        self._reads[name] = _Read(now, mark)

    async def _read(self, schedule: OnCall, now: datetime) -> OnCall:
        if self._reading is not None and not self._reading.done():
            raise BadCalendar("a file that takes very long to read", "a file on a disk of this host")
        self._reading = asyncio.create_task(asyncio.to_thread(reread, schedule, now), name="calendar-file")
        self._reading.add_done_callback(_look_away)
        done, _ = await asyncio.wait({self._reading}, timeout=READ_WITHIN)
        if not done:
            raise BadCalendar(f"a file that was not read within {READ_WITHIN:g} s", "a file on a disk of this host")
        return self._reading.result()

    def _refused(self, name: str, error: BadCalendar) -> None:
        if name not in self.problems:
            log.error("on_call.file_refused", schedule=name, found=error.found, expected=error.expected)
        self.problems[name] = str(error)


def _look_away(task: asyncio.Task[OnCall]) -> None:
    """What a reading that was given up ends with is nobody's concern; asyncio would complain that nobody asked."""
    if not task.cancelled():
        task.exception()


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        about = os.stat(file)
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def _override(asked: StandIn, schedule: OnCall, now: datetime) -> Override:
    starts_at = _utc(asked.starts_at, schedule) if asked.starts_at else now
    ends_at = _utc(asked.ends_at, schedule)
    if ends_at <= starts_at:
        raise NotArranged("it would end before it starts", "--to has to be after --from")
    if ends_at <= now:
        raise NotArranged(f"it would be over already: it ends at {ends_at:%Y-%m-%d %H:%M} UTC")
    if ends_at > now + LONGEST:
        raise NotArranged(
            "it would last too long", "at most 366 days from now; what lasts longer belongs into the configuration"
        )
    return Override(
        schedule=asked.schedule, person=asked.person, starts_at=starts_at, ends_at=ends_at, by=asked.by, why=asked.why
    )


def _utc(moment: datetime, schedule: OnCall) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(schedule.plan.zone))).astimezone(UTC)

"""What people can ask about silences: which there are, to add one, to end one early, to extend one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from sentinel.app.asking import LONGEST, Asked, check_meant, check_times
from sentinel.app.keeper import Keeper, NotDone
from sentinel.base.clock import Clock
from sentinel.core.matcher import Matcher
from sentinel.core.rule import Severity
from sentinel.core.silence import Course, Silence
from sentinel.reports.documents import SilenceLine
from sentinel.reports.quiet import silence_line

log = structlog.get_logger()

#: How far back those that are over are listed.
PAST = timedelta(days=90)

_ORDER = (Course.ACTIVE, Course.FUTURE, Course.OVER)


class SilenceVerbs:
    """The questions about silences and their answers. Changes are committed when they are answered."""

    def __init__(self, keeper: Keeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._changing = asyncio.Lock()  # two at once would get the same number

    async def all(self, *, past: bool = False) -> Sequence[SilenceLine]:
        """Those that are active or to come, and with `past` also those that ended within 90 days."""
        now = self._clock.now()
        found = {silence.id: silence for silence in self._keeper.silences if silence.course(now) is not Course.OVER}
        if past:
            found = {one.id: one for one in await self._keeper.past_silences(now - PAST, now)} | found
        lines = [self._line(silence, now) for silence in found.values()]
        return sorted(lines, key=lambda line: (_ORDER.index(line.course), line.ends_at, line.id))

    async def add(self, asked: Asked) -> SilenceLine:
        """Mute what is asked for.

        Raises:
            NotDone: its times make no sense, or it means no check.
        """
        now = self._clock.now()
        starts_at = check_times(asked, now)
        check_meant(asked, self._keeper.checks)
        async with self._changing:
            silence = Silence(
                id=await self._next_number(),
                matcher=asked.matcher,
                by=asked.by,
                why=asked.why,
                starts_at=starts_at,
                ends_at=starts_at + asked.lasts,
                created_at=now,
            )
            await self._keep(silence, "silence.added", asked.by)
        return self._line(silence, now)

    async def add_for_check(self, check: str, by: str, why: str, lasts: timedelta) -> SilenceLine:
        """Mute one check, however bad it is, such as by a button of a message about it."""
        return await self.add(Asked(matcher=Matcher(checks=(_literally(check),)), by=by, why=why, lasts=lasts))

    async def end(self, number: int, by: str) -> SilenceLine:
        """End a silence before its time; what it muted and is still bad is told now.

        Raises:
            NotDone: there is none of that number, or it is over.
        """
        async with self._changing:
            now = self._clock.now()
            ended = self._current(number, now).ended(by, now)
            await self._keep(ended, "silence.ended", by)
        return self._line(ended, now)

    async def extend(self, number: int, by: str, longer: timedelta) -> SilenceLine:
        """Have a silence end later.

        Raises:
            NotDone: there is none of that number, it is over, or it would last too long.
        """
        async with self._changing:
            now = self._clock.now()
            silence = self._current(number, now)
            if not timedelta(0) < longer <= LONGEST or silence.ends_at + longer > now + LONGEST:
                raise NotDone("it has to end later than it does, and within 366 days")
            extended = replace(silence, ends_at=silence.ends_at + longer)
            await self._keep(extended, "silence.extended", by)
        return self._line(extended, now)

    def _current(self, number: int, now: datetime) -> Silence:
        silence = self._keeper.silences.get(number)
        if silence is None or silence.course(now) is Course.OVER:
            raise NotDone(f"no silence {number} is active or to come", "`sentinel silence` lists them")
        return silence

    async def _next_number(self) -> int:
        known = max((silence.id for silence in self._keeper.silences), default=0)
        return max(known, await self._keeper.last_silence()) + 1

    async def _keep(self, silence: Silence, event: str, by: str) -> None:
        log.info(event, silence=silence.id, by=by, covers=str(silence.matcher), until=silence.ends_at.isoformat())
        await self._keeper.keep_silence(silence)

    def _line(self, silence: Silence, now: datetime) -> SilenceLine:
        return silence_line(silence, self._keeper.checks, self._keeper.troubled, now)


def _literally(name: str) -> str:
    """A pattern that matches this name alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def severities(words: Sequence[str]) -> frozenset[Severity]:
    """The severities of `warning` and `critical`.

    Raises:
        ValueError: another word.
    """
    known = {"warning": Severity.WARNING, "critical": Severity.CRITICAL}
    if unknown := [word for word in words if word not in known]:
        raise ValueError(f"{unknown[0]!r} is neither 'warning' nor 'critical'")
    return frozenset(known[word] for word in words)

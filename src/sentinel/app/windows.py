"""What people can ask about windows: which there are, to plan one or to start one now, to end one early."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from sentinel.app.asking import LONGEST, Asked, check_meant, check_times
from sentinel.app.keeper import Keeper, NotDone
from sentinel.base.clock import Clock
from sentinel.core.deployment.deployment import number_of
from sentinel.core.progress import SHORTEST
from sentinel.core.recurrence import Once
from sentinel.core.silence import Course
from sentinel.core.window import Window
from sentinel.reports.documents import HeldLine, WindowLine
from sentinel.reports.quiet import held_line, window_line

log = structlog.get_logger()

#: How far back the times that are over are listed.
PAST = timedelta(days=90)

_ORDER = (Course.ACTIVE, Course.FUTURE, Course.OVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWindow:
    """A window that a person wants."""

    asked: Asked
    title: str = ""
    expects_down: bool = False
    channels: tuple[str, ...] = ()
    before: timedelta = timedelta(0)
    update_every: timedelta = timedelta(0)
    public: bool = False  # whether the public status page announces it
    public_text: str = ""


class WindowVerbs:
    """The questions about windows and their answers. Changes are committed when they are answered."""

    def __init__(self, keeper: Keeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._changing = asyncio.Lock()  # two at once would get the same number

    async def all(self) -> Sequence[WindowLine]:
        """Those that are open or to come."""
        now = self._clock.now()
        known = [window for window in self._keeper.windows if window.course(now) is not Course.OVER]
        lines = [self._line(window, now) for window in known]
        return sorted(lines, key=lambda line: (_ORDER.index(line.course), _when(line, now), line.id))

    async def past(self) -> Sequence[HeldLine]:
        """The times that were over within 90 days, the latest first."""
        now = self._clock.now()
        held = await self._keeper.past_windows(now - PAST, now)
        return [held_line(one) for one in held if one.finished]

    async def plan(self, wanted: AskedWindow) -> WindowLine:
        """Expect trouble from now on, or from a time to come on.

        Raises:
            NotDone: its times make no sense, it means no check, or names a channel that is none.
        """
        asked, now = wanted.asked, self._clock.now()
        starts_at = check_times(asked, now)
        check_meant(asked, self._keeper.checks)
        self._check_channels(wanted)
        async with self._changing:
            window = Window(
                id=str(await self._next_number()),
                title=wanted.title,
                matcher=asked.matcher,
                when=Once(starts_at=starts_at, ends_at=starts_at + asked.lasts),
                expects_down=wanted.expects_down,
                channels=wanted.channels,
                before=wanted.before,
                update_every=wanted.update_every,
                public=wanted.public,
                public_text=wanted.public_text,
                by=asked.by,
                why=asked.why,
                created_at=now,
            )
            await self._keep(window, "window.added", asked.by)
        return self._line(window, now)

    async def end(self, name: str, by: str) -> WindowLine:
        """End a window that is open, or call one off that a person planned. A configured one comes again at its next time.

        Raises:
            NotDone: there is none of that name, or it is not open.
        """
        async with self._changing:
            now = self._clock.now()
            window = self._current(name, now)
            if window.configured and window.covering(now) is None:
                hint = "one that is to come belongs to the configuration: change it there, and `sentinel reload`"
                raise NotDone(f"the window {name} is not open", hint)
            ended = window.ended(by, now)
            await self._keep(ended, "window.ended_early", by)
        return self._line(ended, now)

    async def extend(self, name: str, by: str, longer: timedelta) -> WindowLine:
        """Have a window that a person planned end later.

        Raises:
            NotDone: there is none of that name, it is over, stands in the configuration, or would last too long.
        """
        async with self._changing:
            now = self._clock.now()
            window = self._current(name, now)
            if window.configured or not isinstance(window.when, Once):
                hint = "`sentinel window start` opens another one beside it"
                raise NotDone(f"the window {name} stands in the configuration, which says how long it takes", hint)
            if not timedelta(0) < longer <= LONGEST or window.when.ends_at + longer > now + 2 * LONGEST:
                raise NotDone("it has to end later than it does, by at most 366 days")
            extended = replace(window, when=replace(window.when, ends_at=window.when.ends_at + longer))
            await self._keep(extended, "window.extended", by)
        return self._line(extended, now)

    def _current(self, name: str, now: datetime) -> Window:
        if number := number_of(name):
            hint = f"`sentinel deploy extend {number}` has it end later, `sentinel deploy watch {number}` ends it"
            raise NotDone(f"the window {name} belongs to deployment {number}", hint)
        window = self._keeper.windows.get(name)
        if window is None or window.course(now) is Course.OVER:
            raise NotDone(f"no window {name} is open or to come", "`sentinel window` lists them")
        return window

    def _check_channels(self, wanted: AskedWindow) -> None:
        known = self._keeper.channels
        for name in wanted.channels:
            if name not in known:
                raise NotDone(
                    f"there is no channel {name} that tells people", f"there are: {', '.join(known) or 'none'}"
                )
        if (wanted.before or wanted.update_every) and not wanted.channels:
            raise NotDone("it is to be announced, but to no channel", "name one with --announce")
        if timedelta(0) < wanted.update_every < SHORTEST:
            raise NotDone("nobody is told more often than once a minute how it goes", "`--update-every 15m` is usual")

    async def _next_number(self) -> int:
        known = max((int(window.id) for window in self._keeper.windows if window.id.isdecimal()), default=0)
        return max(known, await self._keeper.last_window()) + 1

    async def _keep(self, window: Window, event: str, by: str) -> None:
        log.info(event, window=window.id, by=by, covers=str(window.matcher))
        await self._keeper.keep_window(window)

    def _line(self, window: Window, now: datetime) -> WindowLine:
        return window_line(window, self._keeper.checks, now, self._keeper.held.get(window.id))


def _when(line: WindowLine, now: datetime) -> datetime:
    if line.current is not None:
        return line.current.ends_at
    return line.next[0].starts_at if line.next else now

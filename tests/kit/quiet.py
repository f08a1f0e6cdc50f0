"""Silences and windows of a monitor that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel.core.silence import Silence, Silences
from sentinel.core.window import Window, Windows
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sentinel.core.check import Check
    from sentinel.core.history import History
    from sentinel.core.holding import Held
    from sentinel.core.incident import Incident


class StillKeeper:
    """Fits `sentinel.app.keeper.Keeper`; what it was given to keep is there at once."""

    def __init__(self, histories: Sequence[History], channels: Sequence[str] = ()) -> None:
        self.histories = histories
        self.channels = channels
        self.silences = Silences()
        self.windows = Windows()
        self.held: Mapping[str, Held] = {}
        self.every_silence: dict[int, Silence] = {}  # those that are over too
        self.past: list[Held] = []

    @property
    def checks(self) -> Sequence[Check]:
        return [history.check for history in self.histories]

    @property
    def troubled(self) -> Sequence[tuple[Check, Incident]]:
        return [(one.check, one.incident) for one in self.histories if one.incident and one.incident.is_open]

    async def keep_silence(self, silence: Silence) -> None:
        self.silences = self.silences.including(silence, NOW)
        self.every_silence[silence.id] = silence

    async def keep_window(self, window: Window) -> None:
        self.windows = self.windows.including(window, NOW)

    async def last_silence(self) -> int:
        return max(self.every_silence, default=0)

    async def last_window(self) -> int:
        return 0

    async def past_silences(self, since: datetime, until: datetime) -> Sequence[Silence]:
        return list(self.every_silence.values())

    async def past_windows(self, since: datetime, until: datetime) -> Sequence[Held]:
        return self.past

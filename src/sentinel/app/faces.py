"""What pages show of a running Sentinel."""

from datetime import timedelta

from sentinel.app.parts import Parts
from sentinel.reports.check import CheckDocument, Stretch
from sentinel.reports.figures import Figures
from sentinel.reports.overview import Filter, OverviewDocument
from sentinel.reports.own import OwnDocument


class Faces:
    """Answers what pages ask, out of memory and roll-ups."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def version(self) -> int:
        return 0

    async def changed(self, version: int, within: float) -> int:
        raise NotImplementedError

    async def overview(self, asked: Filter) -> OverviewDocument:
        raise NotImplementedError

    async def check(self, name: str, stretch: Stretch) -> CheckDocument | None:
        raise NotImplementedError

    async def figures(self, system: str, length: timedelta) -> Figures:
        raise NotImplementedError

    async def own(self) -> OwnDocument:
        raise NotImplementedError

"""A review: an incident some time after it was over. What it was, what was told, and how the check has done since."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.base.units import Unit
from sentinel.core.rule import Severity
from sentinel.reports.documents import IncidentReport
from sentinel.reports.operations import IncidentTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFigure:
    """One figure of the check before, during and after the incident."""

    name: str  # such as `uptime`
    title: str
    unit: Unit
    before: float | None
    during: float | None
    since: float | None
    worse: bool  # since then it is worse than before, by more than a tenth


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStep:
    """One thing that happened, from its timeline."""

    at: datetime
    kind: str
    by: str  # empty: Sentinel
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTold:
    """One address that was told."""

    channel: str
    recipient: str
    messages: int
    first_at: datetime | None  # when it took the first; None: it has taken none
    dead: int  # messages that it never took


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The part of a report that looks back at one incident."""

    incident: IncidentReport
    times: IncidentTimes
    after: timedelta  # since its end
    due: str  # such as `1h` where it is one of those that are made by themselves; else empty
    steps: tuple[ReviewStep, ...]
    left_out: int  # of its steps, in the middle, where there were very many
    told: tuple[ReviewTold, ...]
    figures: tuple[ReviewFigure, ...]
    length: timedelta  # before it began, for the figures before
    again: tuple[int, ...]  # incidents of the same check that opened since
    together: tuple[int, ...]  # incidents of other checks that were open at the same time
    severity: Severity  # how the check has done since: OK when it was up and opened nothing
    verdict: str  # the same in one sentence
    early: bool = False  # too early to say how the check has done since

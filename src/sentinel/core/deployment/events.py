"""What can happen to a deployment, and what comes of it. How it is decided is in `core.deployment.life`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sentinel.core.deployment.deployment import Breach, Deployment, Entry, Judgement, Rollback, Verification
from sentinel.core.deployment.plan import RollbackPlan, WatchPlan
from sentinel.core.deployment.rolling_back import Wanted
from sentinel.core.notification import Kind, Notification


class Refusal(StrEnum):
    """Why an event changed nothing."""

    OVER = "over"
    NOT_UNDER_WAY = "not_under_way"  # only while whoever deploys is at work
    NOT_WATCHED = "not_watched"
    ALREADY_WATCHED = "already_watched"
    NOT_IN_TROUBLE = "not_in_trouble"  # there is nothing to accept
    NO_ROLLBACK = "no_rollback"  # none was ordered
    ALREADY_ROLLED_BACK = "already_rolled_back"  # ordered already, whatever came of it
    BEGUN = "begun"  # the rollback has begun, or is over
    NO_LATER = "no_later"  # the window would end no later than it does
    NO_NEWS = "no_news"  # it is known already


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every order of this Sentinel has in common."""

    instance: str = ""  # identity of the store
    source: str = ""  # name of this Sentinel
    link: str = ""


#: For where no order can come of it.
NOWHERE = Setting()


# --- Events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Somebody writes down a step of it, or Sentinel something that it saw."""

    by: str = ""
    text: str
    took: timedelta | None = None
    kind: str = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """Its window ends later."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchBegun:
    """Whoever deploys is done, and it is watched from now on."""

    by: str
    plan: WatchPlan
    lasts: timedelta | None = None  # None: as planned


@dataclass(frozen=True, slots=True, kw_only=True)
class PointJudged:
    """A point of its watch has come, and was judged."""

    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Breached:
    """A criterion is met, or whoever deploys says that a step failed."""

    breach: Breach
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Somebody ends it, without a watch or before the end of its watch."""

    by: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Somebody takes one that failed as it is."""

    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackWanted:
    """Somebody has it undone."""

    wanted: Wanted
    undo: RollbackPlan  # how that is done now


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackAdopted:
    """A level of escalation has ordered its rollback: the row is there already."""

    rollback: Rollback
    undo: RollbackPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackMoved:
    """Its order has come further."""

    rollback: Rollback  # as it is now


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackStopped:
    """Somebody has stopped the order before it began: the row is called off already."""

    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Checks of its system were run once, during it."""

    verification: Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The checks that prove its rollback were run; `verification` says whether they do."""

    verification: Verification


@dataclass(frozen=True, slots=True)
class Overran:
    """Its window is over."""


@dataclass(frozen=True, slots=True)
class Coursed:
    """Stakeholders are told how it goes, for the time of this number."""

    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDown:
    """Its system was seen down while that was expected."""

    since: datetime
    text: str  # which checks, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUp:
    """All that was down is up again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review was made, so long after its end."""

    after: timedelta


Event = (
    Noted
    | Extended
    | WatchBegun
    | PointJudged
    | Breached
    | Finished
    | Accepted
    | RollbackWanted
    | RollbackAdopted
    | RollbackMoved
    | RollbackStopped
    | Verified
    | Proven
    | Overran
    | Coursed
    | SeenDown
    | SeenUp
    | Reviewed
)


class Step(NamedTuple):
    """What an event does, and what it asks for: all of it is committed together."""

    deployment: Deployment
    entries: tuple[Entry, ...] = ()  # of its timeline
    kinds: tuple[Kind, ...] = ()  # that stakeholders are told, in this order
    order: Notification | None = None  # the row that undoes it
    refusal: Refusal | None = None

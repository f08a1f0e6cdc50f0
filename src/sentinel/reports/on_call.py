"""Who is on call, as people are shown it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sentinel.core.oncall import OnCall, Override, Schedules, source
from sentinel.reports.documents import FORMAT, Document
from sentinel.reports.text import Look, clean

#: How far ahead is looked for who is next.
LOOK_AHEAD = timedelta(days=56)

#: Turns to come that are shown of each schedule.
MOST_TURNS = 3

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLine:
    """A time during which the same people are on call."""

    people: tuple[str, ...]  # nobody, where there are none
    until: datetime | None  # None: further ahead than is looked


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideLine:
    """Somebody who stands in."""

    id: int  # 0: from the configuration
    person: str
    starts_at: datetime
    ends_at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    """One schedule."""

    name: str
    source: str  # where its people come from, in words
    now: TurnLine
    next: tuple[TurnLine, ...]
    overrides: tuple[OverrideLine, ...]  # that last or are to come
    problem: str  # why its calendar file cannot be used as it is; empty: it can, or it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallDocument(Document):
    """Who is on call now and next."""

    format: int = FORMAT
    at: datetime
    schedules: tuple[ScheduleLine, ...]


def document(
    schedules: Schedules, arranged: Sequence[Override], problems: Mapping[str, str], now: datetime
) -> OnCallDocument:
    """Who is on call by these schedules.

    Args:
        arranged: what people arranged by command, part of the schedules already.
        problems: by schedule: why its calendar file cannot be used.
    """
    known = {one.id for one in arranged}
    lines = (_line(schedule, problems.get(name, ""), known, now) for name, schedule in schedules.items())
    return OnCallDocument(at=now, schedules=tuple(lines))


def _line(schedule: OnCall, problem: str, arranged: set[int], now: datetime) -> ScheduleLine:
    until = now + LOOK_AHEAD
    turns = [
        TurnLine(people=turn.people, until=turn.ends_at if turn.ends_at < until else None)
        for turn in islice(schedule.turns(now, until), MOST_TURNS + 1)
    ]
    lasting = (one for one in schedule.overrides if one.ends_at > now and (not one.id or one.id in arranged))
    return ScheduleLine(
        name=schedule.name,
        source=source(schedule.plan),
        now=turns[0],
        next=tuple(turns[1:]),
        overrides=tuple(
            OverrideLine(
                id=one.id, person=one.person, starts_at=one.starts_at, ends_at=one.ends_at, by=one.by, why=one.why
            )
            for one in lasting
        ),
        problem=problem,
    )


def on_call_text(document: Json, look: Look) -> str:
    """Who is on call, for a terminal; `document` is an OnCallDocument in its JSON form. Times are in UTC."""
    if not document["schedules"]:
        return "No schedules: they stand under `on_call` in the configuration.\n"
    return "\n".join(line for schedule in document["schedules"] for line in _schedule_lines(schedule, look)) + "\n"


def _schedule_lines(schedule: Json, look: Look) -> list[str]:
    lines = [f"{look.bold(clean(schedule['name']))}  {look.dim(clean(schedule['source']))}"]
    lines.append(f"  now   {_people(schedule['now'])}{_until(schedule['now'])}")
    lines += [f"  then  {_people(turn)}{_until(turn)}" for turn in schedule["next"]]
    lines += [_override_text(one) for one in schedule["overrides"]]
    if schedule["problem"]:
        lines += look.paragraph(
            f"its calendar file cannot be used, and the old one is in force: {schedule['problem']}", 2
        )
    return lines


def _override_text(one: Json) -> str:
    number = f" {one['id']}" if one["id"] else ""
    by = f", by {clean(one['by'])}" if one["by"] else ""
    why = f": {clean(one['why'])}" if one["why"] else ""
    return f"  override{number}  {clean(one['person'])} from {_short(one['starts_at'])} to {_short(one['ends_at'])}{by}{why}"


def _people(turn: Json) -> str:
    return clean(", ".join(turn["people"])) or "nobody"


def _until(turn: Json) -> str:
    return f"  until {_short(turn['until'])} UTC" if turn["until"] else ""


def _short(moment: str) -> str:
    return moment[:16].replace("T", " ")

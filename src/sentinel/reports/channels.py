"""How each channel does: when something last went through it, why something did not, and what it may still send."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentinel.base.units import format_duration
from sentinel.core.plan import ChannelPlan
from sentinel.core.proof import Canary, Doubt
from sentinel.reports.documents import Document
from sentinel.reports.text import Look, age, clean, columns, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine(Document):
    """One channel."""

    name: str
    kind: str
    last_success: datetime | None  # None: none is known
    failing_since: datetime | None  # None: the last attempt was a success, or there was none
    why: str  # the last attempt failed
    doubt: str  # why it may reach nobody, in words; empty: it does as far as is known
    paused_until: datetime | None  # its receiver asked for patience
    budget_left: (
        int | None
    )  # messages that the recipient with the least left may get at once; None: as many as there are
    fallback: str  # the channel that stands in for it
    canary: str  # when it is proved, in words; empty: never
    veto: str  # of a channel that runs a command: how long anybody may stop it


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What the dispatcher knows of one channel."""

    last_success: datetime | None = None
    failing_since: datetime | None = None
    why: str = ""
    paused_until: datetime | None = None
    budget_left: int | None = None


def channel_line(channel: ChannelPlan, facts: LineFacts, doubt: Doubt | None) -> ChannelLine:
    """The line of one channel."""
    return ChannelLine(
        name=channel.name,
        kind=channel.kind,
        last_success=facts.last_success,
        failing_since=facts.failing_since,
        why=facts.why,
        doubt=doubt.why if doubt else "",
        paused_until=facts.paused_until,
        budget_left=facts.budget_left,
        fallback=channel.fallback,
        canary=_rhythm(channel.canary) if channel.canary else "",
        veto="" if channel.veto is None else format_duration(channel.veto),
    )


def as_text(rows: Sequence[dict[str, Any]], now: datetime, look: Look) -> str:
    """The lines as a table, with what is wrong below it."""
    if not rows:
        return "No channels are configured.\n"
    table: list[tuple[str, ...]] = [("CHANNEL", "KIND", "LAST SUCCESS", "FAILING FOR", "BUDGET", "CANARY")]
    table += [_cells(row, now) for row in rows]
    return "".join(f"{line}\n" for line in (*columns(table, look), *_remarks(rows, now)))


def _cells(row: dict[str, Any], now: datetime) -> tuple[str, ...]:
    left = row["budget_left"]
    return (
        clean(row["name"]),
        clean(row["kind"]),
        f"{age(row['last_success'], now)} ago" if row["last_success"] else "-",
        age(row["failing_since"], now) if row["failing_since"] else "-",
        "-" if left is None else f"{left} left",
        clean(row["canary"]) or "-",
    )


def _remarks(rows: Sequence[dict[str, Any]], now: datetime) -> Iterator[str]:
    for row in rows:
        name = clean(row["name"])
        if row["doubt"]:
            yield f"{name} {clean(row['doubt'])}"
        elif row["why"]:
            yield f"{name}: the last attempt failed ({clean(row['why'])})"
        if row["paused_until"] and moment(row["paused_until"]) > now:
            yield f"{name}: its receiver asked for patience"
        if row["fallback"]:
            yield f"{name}: {clean(row['fallback'])} stands in when it takes nothing"
        if row["veto"]:
            yield f"{name}: runs a command, {clean(row['veto'])} after it was announced"


def _rhythm(canary: Canary) -> str:
    at = f" at {canary.at:%H:%M} {canary.zone}" if canary.at else ""
    return f"every {format_duration(canary.every)}{at}"

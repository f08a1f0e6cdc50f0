"""Five ways to break a promise, each as a few replacements in a copy of the source."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[2] / "src" / "sentinel"


class Change(NamedTuple):
    """One replacement. The text must be there exactly once, or the bug is not what it was."""

    file: str  # below src/sentinel
    text: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A mistake that somebody could make."""

    name: str
    changes: tuple[Change, ...] = ()
    fault: str = ""  # what the history with every trap says of it; empty: that all is well


MARK_BEFORE_SEND = Bug(
    name="mark before send",
    changes=(
        Change(
            "engine/dispatcher.py",
            "            first = await self._first_receipt(row)\n",
            "            first = await self._first_receipt(row)\n            await self._settle(line, row, Sent())\n",
        ),
    ),
    fault="counts as sent and never arrived",
)

RESEND_WITHOUT_KEY = Bug(
    name="resend without key",
    changes=(
        Change(
            "channels/webhook.py",
            "self._standard_headers(notification.key, content)",
            'self._standard_headers(f"{notification.key}{notification.attempts}", content)',
        ),
    ),
    fault="told and never committed",
)

ACK_IGNORED_BY_A_TIMER = Bug(
    name="ack ignored by a timer",
    changes=(
        Change(
            "core/life.py",
            "    if incident.phase is Phase.OPEN:\n        incident, levels = _announce_due_levels(",
            "    if incident.is_open:\n        incident, levels = _announce_due_levels(",
        ),
        Change(
            "core/escalation.py",
            "    if incident.phase is Phase.OPEN:\n        yield from",
            "    if incident.is_open:\n        yield from",
        ),
    ),
    fault="though somebody has it",
)

RECOVERY_DROPPED_IN_A_WINDOW = Bug(
    name="recovery dropped in a window",
    changes=(
        Change(
            "core/routing.py",
            "        EffectKind.RESOLVED,\n        EffectKind.WITHDRAWN,\n",
            "        EffectKind.WITHDRAWN,\n",
        ),
    ),
    fault="resolved was not put into the outbox",
)

COUNTER_RESET_BY_RESTART = Bug(
    name="counter reset by restart",
    changes=(
        Change(
            "core/history.py",
            "        self.forgotten_at, self.flapping = state.forgotten_at, state.flapping\n        self._to_forget",
            "        self.incident = self.incident if self.incident and self.incident.is_open else None\n"
            "        self.forgotten_at, self.flapping = state.forgotten_at, state.flapping\n        self._to_forget",
        ),
    ),
    fault="it began to count anew",
)

NONE = Bug(name="no bug")

BUGS = (
    MARK_BEFORE_SEND,
    RESEND_WITHOUT_KEY,
    ACK_IGNORED_BY_A_TIMER,
    RECOVERY_DROPPED_IN_A_WINDOW,
    COUNTER_RESET_BY_RESTART,
)


def sow(bug: Bug, folder: Path) -> Path:
    """A copy of the source with that bug; the folder to import it from. AssertionError when the source has become another."""
    copy = folder / bug.name.replace(" ", "_")
    shutil.copytree(SOURCE, copy / "sentinel", ignore=shutil.ignore_patterns("__pycache__"))
    for change in bug.changes:
        file = copy / "sentinel" / change.file
        whole = file.read_text()
        assert whole.count(change.text) == 1, f"{change.file} does not have this once any more: {change.text!r}"
        file.write_text(whole.replace(change.text, change.instead))
    return copy

"""Whether running jobs get on: their progress in this run against the runs before."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from sentinel.core.result import Note

_KEY: Final = 16  # characters of a job's key; ids may be a person's, so notes have none


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far one job is."""

    progress: float
    since: float  # when that was first seen, in seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far running jobs are, by a key made of their id."""

    steps: Mapping[str, Step]

    def stalled(self, after: timedelta, now: float) -> int:
        """How many have not got on for so long."""
        return sum(now - step.since > after.total_seconds() for step in self.steps.values())

    @property
    def least(self) -> float | None:
        return min((step.progress for step in self.steps.values()), default=None)

    def note(self) -> Note:
        return {"jobs": {key: [step.progress, step.since] for key, step in self.steps.items()}}


def read_progress(listed: str, note: Mapping[str, Any] | None, now: float) -> Progress:
    """The progress of jobs from a list `[[id, progress], …]`, with the time since when each is so, as far as the note knows.

    Jobs without a number are left out.
    """
    before = _steps(note)
    steps = {}
    for pair in _pairs(listed):
        key, progress = _key(pair[0]), _number(pair[1])
        if progress is None:
            continue
        known = before.get(key)
        is_same = known is not None and known.progress == progress
        steps[key] = known if known is not None and is_same else Step(progress=progress, since=now)
    return Progress(steps=steps)


def _pairs(listed: str) -> list[Sequence[Any]]:
    try:
        found = orjson.loads(listed)
    except ValueError:
        return []
    return [pair for pair in found if isinstance(pair, list) and len(pair) == 2] if isinstance(found, list) else []


def _key(job: object) -> str:
    return hashlib.sha256(str(job).encode()).hexdigest()[:_KEY]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _steps(note: Mapping[str, Any] | None) -> dict[str, Step]:
    """The steps of a note; none when it is none of ours."""
    jobs = note.get("jobs") if note is not None else None
    if not isinstance(jobs, Mapping):
        return {}
    steps = {}
    for key, step in jobs.items():
        match step:
            case [int() | float() as progress, int() | float() as since]:
                steps[key] = Step(progress=float(progress), since=float(since))
    return steps

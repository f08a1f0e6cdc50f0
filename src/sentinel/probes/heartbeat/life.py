"""What is known of a job: the fold of its reports, kept across restarts as the note of its check."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from sentinel.core.result import Note
from sentinel.probes.heartbeat.report import Report, Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A job as its reports tell it. All times are ours, taken when a report came in; UTC."""

    since: datetime  # when the check was first seen: before that, nothing was expected
    running: bool = False  # whether a run has begun and not ended
    started: datetime | None = None  # the last begin of a run
    run: str = ""  # the id that it came with
    ended: datetime | None = None  # the last end of a run, good or bad
    succeeded: datetime | None = None  # the last good end
    failing: bool = False  # whether the last end was a bad one
    status: int | None = None  # exit status of the last end, if the job gave one
    took: float | None = None  # seconds from that run's begin to its end, if it reported both
    said: str = ""  # the line to show of a failure; empty where none may be shown
    alive: datetime | None = None  # when Sentinel was last known to listen
    away_from: datetime | None = None  # the last time that it did not, for long: from then
    away_until: datetime | None = None  # and until then

    @property
    def heard(self) -> datetime | None:
        """When the job reported last."""
        return max((moment for moment in (self.started, self.ended) if moment is not None), default=None)

    def listening(self, now: datetime) -> "Life":
        """What is known while Sentinel runs."""
        return replace(self, alive=now)

    def back(self, now: datetime, patience: timedelta) -> "Life":
        """What is known after a start: away for longer than `patience`, reports may have come that nobody heard."""
        if self.alive is None or now - self.alive <= patience:
            return self
        return replace(self, alive=now, away_from=self.alive, away_until=now)

    def missed(self, since: datetime, until: datetime) -> "Life":
        """What is known after a time in which Sentinel could not hear, which may go on from the last one."""
        if self.away_from is not None and self.away_until is not None and self.away_from <= since <= self.away_until:
            since = self.away_from
        return replace(self, away_from=since, away_until=until)

    def after(self, report: Report, now: datetime, said: str) -> "Life":
        """What is known once a report came in.

        Args:
            report: what it says.
            now: when it came.
            said: a line of its output that may be shown.
        """
        match report.sign:
            case Sign.LOG:
                return self
            case Sign.START:
                return replace(self, running=True, started=now, run=report.run)
            case Sign.SUCCESS:
                ended = replace(self, ended=now, succeeded=now, failing=False, said="")
            case Sign.FAIL:
                ended = replace(self, ended=now, failing=True, said=said)
        if report.run and report.run != self.run:  # of runs side by side: the one that began last goes on
            return replace(ended, status=report.status, took=None)
        return replace(ended, running=False, status=report.status, took=self._took(now))

    def _took(self, now: datetime) -> float | None:
        if self.started is None or not self.running:
            return None
        return max((now - self.started).total_seconds(), 0.0)

    # --- As a note --------------------------------------------------------------------------------------------------

    def note(self) -> Note:
        """All of it, for the store."""
        return {
            "since": self.since.isoformat(),
            "running": self.running,
            "started": _written(self.started),
            "run": self.run,
            "ended": _written(self.ended),
            "succeeded": _written(self.succeeded),
            "failing": self.failing,
            "status": self.status,
            "took": self.took,
            "said": self.said,
            "alive": _written(self.alive),
            "away_from": _written(self.away_from),
            "away_until": _written(self.away_until),
        }

    @classmethod
    def of_note(cls, note: Note | None) -> Self | None:
        """What a note tells; None when there is none, or one of another shape."""
        try:
            return None if note is None else cls(**_read(note))
        except (KeyError, TypeError, ValueError):
            return None


_MOMENTS: Final = ("started", "ended", "succeeded", "alive", "away_from", "away_until")


def _read(note: Note) -> dict[str, Any]:
    moments = {name: _moment(note[name]) for name in _MOMENTS}
    status, took = note["status"], note["took"]
    if (note["running"] and moments["started"] is None) or (note["failing"] and moments["ended"] is None):
        raise ValueError("a run without its time")
    return {
        **moments,
        "since": datetime.fromisoformat(note["since"]).astimezone(UTC),
        "running": bool(note["running"]),
        "run": str(note["run"]),
        "failing": bool(note["failing"]),
        "status": None if status is None else int(status),
        "took": None if took is None else float(took),
        "said": str(note["said"]),
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)

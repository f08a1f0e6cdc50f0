"""The probe: one look at everything that is followed, counts over the last minutes, and silence."""

from collections.abc import Mapping
from typing import Any

from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Measurement, Note, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.local.worker import Worker
from sentinel.probes.logs.files import FilesSeen, Places, look_at_files
from sentinel.probes.logs.journal import MOST, JournalPlace, JournalSeen, look_at_journal
from sentinel.probes.logs.options import LogsOptions
from sentinel.probes.logs.tally import Tally
from sentinel.probes.logs.window import Window

_SPARE = 2.0  # seconds: a block of lines in which fifty patterns are found everywhere takes some 0.5
_ASKEW = 60.0  # seconds that what was just written may seem to come from the future
_MOST_SHOWN = 3  # values of groups that a hint has


class LogsProbe:
    """Remembers in its note how far it has read, so that a restart repeats and leaves out nothing."""

    host = ""

    def __init__(self, options: LogsOptions, tools: ProbeTools) -> None:
        note = tools.note or {}
        self._options = options
        self._clock = tools.clock
        self._worker = Worker(tools.threads)
        self._places = Places.from_note(note)
        self._journal = JournalPlace.from_note(note.get("journal"))
        self._window = Window(options.window, note.get("counts"))
        self._written = _moment(note.get("written"))  # when the last line was written, as far as is known
        self._shown: dict[str, str] = {}  # by pattern, what its groups caught last

    async def measure(self, deadline: float) -> Measurement:
        now = self._clock.now().timestamp()
        tally = Tally(self._options.patterns, self._options.json_)
        try:
            files = await self._worker.do(
                lambda halt: look_at_files(self._options, self._places, tally, now, halt), deadline, spare=_SPARE
            )
            journal = await self._look_at_journal(tally, now, deadline)
        except Finding as finding:
            return measurement([finding], [])  # nothing is counted, so that the next look counts it
        self._keep(files, journal, tally, now)
        silence = max(now - self._written, 0.0)
        findings = [*files.findings, *self._never_written(), *self._quiet(silence)]
        readings = self._readings(files, journal, tally, silence)
        return measurement(findings, readings, note=self._note(), hints=self._hints())

    async def close(self) -> None:
        """There is nothing to give back: no file stays open between two looks."""

    async def _look_at_journal(self, tally: Tally, now: float, deadline: float) -> JournalSeen | None:
        options = self._options.journal
        if options is None:
            return None
        seen = await look_at_journal(options, self._journal, self._options.from_ == "end", now, deadline)
        if seen.lines:
            await self._worker.do(lambda _halt: tally.take(seen.lines), deadline)
        return seen

    def _keep(self, files: FilesSeen, journal: JournalSeen | None, tally: Tally, now: float) -> None:
        self._places = files.places
        if journal is not None:
            self._journal = journal.place
        self._window.add(tally.counts, now)
        seen = [files.written, journal.written if journal is not None else 0.0]
        # A clock that was wrong for a while must not make silence look like news.
        self._written = max([self._written, *(min(moment, now) for moment in seen if moment < now + _ASKEW)]) or now
        for name, values in tally.shown.items():
            self._shown[name] = ", ".join(f"{value} ({count})" for value, count in values.most_common(_MOST_SHOWN))

    def _note(self) -> Note:
        journal = {} if self._journal is None else {"journal": self._journal.noted()}
        return {**self._places.noted(), **journal, "counts": self._window.noted(), "written": self._written}

    def _never_written(self) -> list[Finding]:
        options = self._options.journal
        if options is None or self._options.missing == "fine" or self._journal is None or self._journal.cursor:
            return []
        return [Finding(FailureClass.MISSING, f"the journal has no entry of {options.unit}", _NO_ENTRY)]

    def _quiet(self, silence: float) -> list[Finding]:
        allowed = self._options.quiet_after
        if allowed is None or silence <= allowed.total_seconds():
            return []
        explanation = f"nothing was written for {format_duration(silence)}, allowed are {format_duration(allowed)}"
        return [Finding(FailureClass.STALE, explanation, _QUIET)]

    def _readings(self, files: FilesSeen, journal: JournalSeen | None, tally: Tally, silence: float) -> list[Reading]:
        totals = self._window.totals()
        readings = [
            Reading("lines", tally.lines, Unit.COUNT),
            Reading("bytes", tally.bytes, Unit.BYTES),
            Reading("files", files.files, Unit.COUNT),
            Reading("behind", files.behind + (MOST if journal is not None and journal.more else 0), Unit.BYTES),
            Reading("silence", silence, Unit.SECONDS),
        ]
        for name in self._options.patterns:
            readings.append(Reading(f"patterns.{name}", totals.get(name, 0), Unit.COUNT))
            readings.append(Reading(f"rates.{name}", totals.get(name, 0) / self._window.minutes, Unit.NONE))
        if self._options.json_ is not None and tally.lines:
            readings.append(Reading("structured", tally.structured / tally.lines, Unit.RATIO))
        return readings

    def _hints(self) -> Mapping[str, str]:
        """What to do where a rule finds a count too high, or too few lines as they must be."""
        where = _where(self._options)
        hints = {}
        if self._options.json_ is not None:
            fields = ", ".join(self._options.json_.required)
            lacking = f" or lack one of {fields}" if fields else ""
            hints["structured"] = f"Some lines are no JSON{lacking}: what writes them? See the lines in {where}."
        for name in self._options.patterns:
            shown = f"{self._shown[name]}. " if name in self._shown else ""
            hints[f"patterns.{name}"] = hints[f"rates.{name}"] = f"{shown}See the lines in {where}."
        return hints


def _where(options: LogsOptions) -> str:
    places = [str(path) for path in options.files[:3]]
    if options.journal is not None:
        places.append(f"`journalctl -u {options.journal.unit}`")
    return ", ".join(places)


def _moment(noted: Any) -> float:
    return float(noted) if isinstance(noted, int | float) else 0.0


_NO_ENTRY = (
    "Compare the unit's name with `systemctl list-units`, and see whether it has ever run and logs to the journal."
)
_QUIET = (
    "Is the service running, and does it still write there? A full disk or a lost log handler looks like this, too."
)

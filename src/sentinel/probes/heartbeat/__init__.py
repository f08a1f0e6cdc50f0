"""The `heartbeat` probe: a job that reports in, over HTTP, at an address that nobody can guess."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, model_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import Duration, Options, PositiveDuration, SecretField
from sentinel.base.redact import Redactor, Secret
from sentinel.base.units import Unit
from sentinel.core.result import Measurement, Note
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.excerpt import first_line
from sentinel.probes.finding import measurement
from sentinel.probes.heartbeat.judging import Expectation, findings, readings
from sentinel.probes.heartbeat.life import Life
from sentinel.probes.heartbeat.report import Report, Sign
from sentinel.probes.heartbeat.schedule import Cron, Every, Schedule

__all__ = ["KIND", "HeartbeatProbe", "Report", "Sign"]

#: How often is noted that Sentinel listens, and how long it may be away until a missing report is held to be unheard.
#: Jobs try again for a minute or so, as `curl --retry` does.
_NOTED_EVERY: Final = timedelta(minutes=3)
_AWAY: Final = timedelta(minutes=7)

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22,128}\Z")


def _token(secret: Secret) -> Secret:
    # 22 characters of 64 are 128 bits and more.
    if not _TOKEN.match(secret.reveal()):
        raise ValueError(
            "22 to 128 letters, digits, `-` and `_`, by chance alone: "
            '`python3 -c "import secrets; print(secrets.token_urlsafe(24))"` makes one'
        )
    return secret


class HeartbeatOptions(Options):
    """Waits for the reports of a job."""

    token: Annotated[SecretField, AfterValidator(_token)]
    """The secret part of the address that the job calls: `/ping/<token>` on Sentinel's port (`web.port`)."""
    every: PositiveDuration | None = None
    """How long after a report the next one is expected. Either this or `cron`."""
    cron: str | None = None
    """When reports are expected, as in a crontab: minute, hour, day, month, day of the week."""
    zone: str = "UTC"
    """The time zone of `cron`."""
    grace: Duration = timedelta(minutes=5)
    """How late a report may be."""
    longest: PositiveDuration | None = None
    """How long a run may take, for a job that reports its start, too. Without it, until the next run is due."""
    show_output: bool = False
    """Whether the first line that comes with a report of failure is shown. It goes into alerts and reports, so it must never
    hold a person's data. What comes with other reports is never kept."""

    @model_validator(mode="after")
    def _has_one_schedule(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("either every or cron")
        if self.cron is None and self.zone != "UTC":
            raise ValueError("cron beside zone")
        self.schedule()
        return self

    def schedule(self) -> Schedule:
        return Cron(self.cron, self.zone) if self.cron is not None else Every(self.every or timedelta(0))


class HeartbeatProbe:
    """Folds reports as they come in, and judges what it knows whenever it is asked."""

    host = ""

    def __init__(self, options: HeartbeatOptions, clock: Clock, note: Note | None, interval: timedelta) -> None:
        self.token: Final = options.token
        self._clock = clock
        self._expected = Expectation(schedule=options.schedule(), grace=options.grace, longest=options.longest)
        self._redactor = Redactor([options.token]) if options.show_output else None
        self._life = _recalled(note, clock.now(), max(_AWAY, 2 * interval))
        self._noted_at: datetime | None = None  # when the note was last given away

    def report(self, report: Report, now: datetime) -> tuple[Note, bool]:
        """Take a report in.

        Args:
            report: what the job says.
            now: when it came; aware.

        Returns:
            What has to be committed before the job is told that it was heard, and whether another judgement may come of it.
        """
        before = self._life
        said = first_line(report.output, self._redactor) if self._redactor else ""
        self._life = before.after(report, now, said).listening(now)
        self._noted_at = now
        turned = report.sign is Sign.FAIL or (report.sign is not Sign.LOG and self._is_wrong(before, now))
        return self._life.note(), turned

    def missed(self, since: datetime, until: datetime) -> None:
        """Sentinel could not hear in that time: this host stood still, or had no network."""
        self._life = self._life.missed(since, until)
        self._noted_at = None  # with the next run

    async def measure(self, deadline: float) -> Measurement:  # noqa: ARG002  # there is nothing to wait for
        # Nothing is awaited here, so no report comes between what is judged and the note that goes with it.
        now = self._clock.now()
        self._life = life = self._life.listening(now)
        return measurement(
            list(findings(life, self._expected, now)), readings(life, self._expected, now), note=self._news(now)
        )

    def _news(self, now: datetime) -> Note | None:
        """What has to be noted: at first, since from then on a report is expected; then that Sentinel still listens."""
        if self._noted_at is not None and timedelta(0) <= now - self._noted_at < _NOTED_EVERY:
            return None
        self._noted_at = now
        return self._life.note()

    async def close(self) -> None:
        """There is nothing to give back: reports come through Sentinel's own port."""

    def _is_wrong(self, life: Life, now: datetime) -> bool:
        return any(findings(life, self._expected, now))


def _recalled(note: Note | None, now: datetime, patience: timedelta) -> Life:
    known = Life.of_note(note)
    return Life(since=now) if known is None else known.back(now, patience)


def _build(options: Any, tools: ProbeTools) -> HeartbeatProbe:
    return HeartbeatProbe(options, tools.clock, tools.note, tools.interval)


KIND: Final = ProbeKind(
    name="heartbeat",
    summary="Waits for a job to report in over HTTP: that it began, ended well, or failed.",
    options=HeartbeatOptions,
    readings={"age": Unit.SECONDS, "took": Unit.SECONDS, "exit_code": Unit.NONE, "late_by": Unit.SECONDS},
    main="age",
    build=_build,
)

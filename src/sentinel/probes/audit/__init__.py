"""The `audit` probe: does something that must be recorded, and looks for the record: there, in time, complete."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from pydantic import model_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import Options, PositiveDuration
from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.caller import Caller, Header, account_of
from sentinel.probes.calls.requests import RequestOptions, with_word
from sentinel.probes.calls.session import Login
from sentinel.probes.expect.assertions import JsonAssertion
from sentinel.probes.expect.patterns import JsonPath
from sentinel.probes.expect.statuses import StatusField, all_of
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.audit.records import Log, LogOptions

_WORD: Final = "correlation_id"
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4)  # seconds between the first looks for the record
_PAUSE: Final = 0.5  # seconds between all later ones
_TRIES: Final = 60  # looks at most
_RESERVE: Final = 0.2  # seconds before the deadline in which no look is begun any more


class ActionOptions(RequestOptions):
    """A request that must leave a record, such as reading one synthetic patient's data."""

    login: Login | None = None
    """Who does it; none: the request carries its own credential, or needs none."""
    accepted: StatusField = ("2xx",)
    """Statuses that mean that it was done."""
    correlation_header: str | None = "X-Correlation-ID"
    """The header that takes a fresh id with the action; null for none. `{correlation_id}` in the URL, a header, the body
    or the JSON is replaced by the same id."""


class RecordOptions(LogOptions):
    """How the action's record is found, and what it must say."""

    within: PositiveDuration = timedelta(seconds=5)
    """How long after the action the record may come."""
    who: JsonPath | None = JsonPath("actor")
    """Where the record says who acted; null: it need not."""
    what: JsonPath | None = JsonPath("action")
    """Where it says what was done."""
    when: JsonPath | None = JsonPath("at")
    """Where it says when: ISO 8601, or seconds or milliseconds since 1970."""
    where_from: JsonPath | None = JsonPath("source_ip")
    """Where it says from where."""
    which: JsonPath | None = JsonPath("resource_id")
    """Where it says on which record."""
    skew: PositiveDuration = timedelta(seconds=60)
    """How far its time may be from the action's."""
    expect: tuple[JsonAssertion, ...] = ()
    """What must stand in it, such as the action's name and its outcome."""


class FreshnessOptions(LogOptions):
    """How old the newest record of all may be."""

    when: JsonPath = JsonPath("at")
    """Where the record says when: ISO 8601, or seconds or milliseconds since 1970."""
    max_age: PositiveDuration
    """The age beyond which the log is stale."""


class AuditOptions(Options):
    """Acts and looks for the record, or looks at the newest record, or both."""

    action: ActionOptions | None = None
    """What is done in every run."""
    record: RecordOptions | None = None
    """Where its record must appear."""
    freshness: FreshnessOptions | None = None
    """How old the newest record may be; looked at before the action."""

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if (self.action is None) != (self.record is None):
            raise ValueError("action and record together")
        if self.action is None and self.freshness is None:
            raise ValueError("action and record, or freshness")
        if self.record is not None and not self.record.has_word(_WORD):
            raise ValueError("{correlation_id} in the record's request or query, to find the record by")
        return self


class AuditProbe:
    """Marks every action with an id of its own, so that no other record is taken for its record."""

    def __init__(self, options: AuditOptions, tools: ProbeTools) -> None:
        self._tools = tools
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._newest = _Newest(options.freshness, tools) if options.freshness is not None else None
        self._acting = None
        if options.action is not None and options.record is not None:
            self._acting = _Acting(options.action, options.record, self._caller, tools)
        parts = [part for part in (self._acting, self._newest) if part is not None]
        self.host = parts[0].host

    async def measure(self, deadline: float) -> Measurement:
        readings: list[Reading] = []
        findings: list[Finding] = []
        for part in (self._newest, self._acting):
            try:
                if part is not None:
                    await part.look(deadline, readings)
            except Finding as finding:
                findings.append(finding)
        return measurement(findings, readings)

    async def close(self) -> None:
        """There is nothing to give back: tokens are forgotten by themselves."""


class _Newest:
    """The age of the newest record."""

    def __init__(self, options: FreshnessOptions, tools: ProbeTools) -> None:
        self._options = options
        self._clock = tools.clock
        self._log = Log(options, tools, ())
        self.host = self._log.host

    async def look(self, deadline: float, readings: list[Reading]) -> None:
        entry = await self._log.first("freshness", deadline, {})
        if entry is None:
            raise Finding(FailureClass.STALE, "freshness: the log has no record at all", _STALE_HINT)
        at = moment(self._options.when.find(entry))
        if at is None:
            explanation = f"freshness: the newest record has no time at {self._options.when.source}"
            raise Finding(FailureClass.RECORD_INCOMPLETE, explanation, _INCOMPLETE_HINT)
        age = max((self._clock.now() - at).total_seconds(), 0.0)
        readings.append(Reading("freshness", age, Unit.SECONDS))
        if age > self._options.max_age.total_seconds():
            allowed = format_duration(self._options.max_age)
            explanation = f"freshness: the newest record is {format_duration(age)} old, at most {allowed} is allowed"
            raise Finding(FailureClass.STALE, explanation, _STALE_HINT)


class _Acting:
    """The action, and its record."""

    def __init__(self, action: ActionOptions, record: RecordOptions, caller: Caller, tools: ProbeTools) -> None:
        self._action = action
        self._record = record
        self._caller = caller
        self._clock: Clock = tools.clock
        self._accepted = all_of(action.accepted)
        self._account = account_of(action.login, tools)
        self._log = Log(record, tools, (_WORD,))
        self.host = self._account.host if self._account is not None else self._log.host

    async def look(self, deadline: float, readings: list[Reading]) -> None:
        word = f"sentinel-{uuid.uuid4().hex}"
        acted_at, began = self._clock.now(), self._clock.monotonic()
        await self._act(word, deadline, readings)
        entry = await self._awaited(word, began, deadline)
        spent = self._clock.monotonic() - began
        readings.append(Reading("record_time", spent, Unit.SECONDS))
        self._refuse_incomplete(entry, acted_at)
        if spent > self._record.within.total_seconds():
            allowed = format_duration(self._record.within)
            explanation = f"the record came after {format_duration(spent)}, at most {allowed} is allowed"
            raise Finding(FailureClass.RECORD_LATE, explanation, _LATE_HINT)

    async def _act(self, word: str, deadline: float, readings: list[Reading]) -> None:
        request = with_word(self._action, _WORD, word)
        headers: tuple[Header, ...] = ()
        if self._action.correlation_header is not None:
            headers = ((self._action.correlation_header, word),)
        exchange = await self._caller.call_as("action", self._account, request, deadline, headers=headers)
        readings.append(Reading("response_time", exchange.phases.total, Unit.SECONDS))
        if exchange.status not in self._accepted:
            explanation = f"action: status {exchange.status}, expected {' or '.join(self._action.accepted)}"
            raise Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for this request.")

    async def _awaited(self, word: str, began: float, deadline: float) -> Any:
        """The record, looked for until the time of the run is nearly over; raises Finding when it does not come."""
        loop = asyncio.get_running_loop()
        for number in range(_TRIES):
            entry = await self._log.first("record", deadline, {_WORD: word})
            if entry is not None:
                return entry
            pause = _PAUSES[number] if number < len(_PAUSES) else _PAUSE
            if loop.time() + pause > deadline - _RESERVE:
                break
            await self._clock.sleep(pause)
        waited = format_duration(self._clock.monotonic() - began)
        raise Finding(FailureClass.RECORD_MISSING, f"no record of the action after {waited}", _MISSING_HINT)

    def _refuse_incomplete(self, entry: Any, acted_at: datetime) -> None:
        fields = {name: getattr(self._record, name) for name in _FIELDS}
        missing = [
            f"{_FIELDS[name]} ({path.source})"
            for name, path in fields.items()
            if path is not None and path.find(entry) in _EMPTY
        ]
        if missing:
            explanation = f"the record does not say {', '.join(missing)}"
            raise Finding(FailureClass.RECORD_INCOMPLETE, explanation, _INCOMPLETE_HINT)
        self._refuse_wrong_time(entry, acted_at)
        for assertion in self._record.expect:
            if unmet := assertion.failing(entry):
                raise Finding(FailureClass.RECORD_INCOMPLETE, f"the record's {unmet}", _INCOMPLETE_HINT)

    def _refuse_wrong_time(self, entry: Any, acted_at: datetime) -> None:
        if self._record.when is None:
            return
        at = moment(self._record.when.find(entry))
        if at is None:
            explanation = f"the record's time at {self._record.when.source} cannot be read"
            raise Finding(FailureClass.RECORD_INCOMPLETE, explanation, _INCOMPLETE_HINT)
        skew = abs(at - acted_at)
        if skew > self._record.skew:
            explanation = (
                f"the record's time is {format_duration(skew)} off, {format_duration(self._record.skew)} is allowed"
            )
            raise Finding(FailureClass.RECORD_INCOMPLETE, explanation, _SKEW_HINT)


#: What a record of access must say (45 CFR 164.312(b) asks for the record; these are what makes one useful).
_FIELDS: Final = {
    "who": "who",
    "what": "what",
    "when": "when",
    "where_from": "from where",
    "which": "on which record",
}
_EMPTY: Final[tuple[object, ...]] = (None, "", [], {})
_LATEST_SECONDS: Final = 1e11  # a number above is in milliseconds: as seconds it would lie past the year 5000


def moment(value: Any) -> datetime | None:
    """A time as a log writes it, in UTC: ISO 8601 (without a zone: UTC), seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > _LATEST_SECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


_MISSING_HINT: Final = (
    "Access goes unrecorded: see whether the audit log is still written, and whether its disk is full."
)
_LATE_HINT: Final = "Look at the queue or disk that audit records go through."
_INCOMPLETE_HINT: Final = "See which version writes the records, and whether a proxy hides who asks and from where."
_SKEW_HINT: Final = "Compare the clocks of this host and of the service (`timedatectl`)."
_STALE_HINT: Final = "See whether the audit log is still written, and whether anybody uses the service at this hour."


def _build(options: Any, tools: ProbeTools) -> AuditProbe:
    return AuditProbe(options, tools)


READINGS: Final[Mapping[str, Unit]] = {
    "record_time": Unit.SECONDS,
    "response_time": Unit.SECONDS,
    "freshness": Unit.SECONDS,
}

KIND: Final = ProbeKind(
    name="audit",
    summary="Does something that must be recorded and sees that its record comes in time and complete.",
    options=AuditOptions,
    readings=READINGS,
    main="record_time",
    build=_build,
)

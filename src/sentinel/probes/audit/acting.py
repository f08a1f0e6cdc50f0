"""An action that must be recorded, and the look for its record: there, in time, complete."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Self

from pydantic import model_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import PositiveDuration
from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.audit.records import Log, LogOptions
from sentinel.probes.audit.times import moment
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.caller import Caller, Header, account_of
from sentinel.probes.calls.requests import RequestOptions, with_word
from sentinel.probes.calls.session import Account, Login
from sentinel.probes.expect.assertions import JsonAssertion
from sentinel.probes.expect.patterns import JsonPath
from sentinel.probes.expect.statuses import StatusField, all_of
from sentinel.probes.finding import Finding

_WORD: Final = "correlation_id"
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4)  # seconds between the first looks for the record
_PAUSE: Final = 0.5  # seconds between all later ones, at least
_SHARE: Final = 0.05  # of the time waited so far that a pause is: some 100 looks in ten minutes
_RESERVE: Final = 0.2  # seconds before the deadline in which no look is begun any more


class ActionOptions(RequestOptions):
    """A request that must leave a record, such as reading one synthetic patient's data."""

    login: Login | None = None
    """Who does it; none: the request carries its own credential, or needs none."""
    accepted: StatusField = ("2xx",)
    """Statuses that mean that it was done. For what must be refused and recorded, such as a wrong password: those of the
    refusal."""
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

    def refuse_unfindable(self) -> None:
        """ValueError when nothing in the look for the record says which one is meant."""
        if not self.has_word(_WORD):
            raise ValueError("{correlation_id} in the record's request or query, to find the record by")


class RecordedAction(ActionOptions):
    """An action with its record."""

    record: RecordOptions
    """Where its record must appear."""

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        self.record.refuse_unfindable()
        return self


class Acting:
    """One action, and its record. Marks the action with an id of its own, so that no other record is taken for its record."""

    def __init__(self, action: ActionOptions, record: RecordOptions, tools: ProbeTools) -> None:
        self._action = action
        self._record = record
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._clock: Clock = tools.clock
        self._accepted = all_of(action.accepted)
        self._account = account_of(action.login, tools)
        self._log = Log(record, tools, (_WORD,))
        self.host = self._account.host if self._account is not None else self._log.host

    @property
    def accounts(self) -> Mapping[str, Account | None]:
        """Who acts, and who reads the log."""
        return {"action": self._account, "record": self._log.account}

    async def look(self, deadline: float, readings: list[Reading]) -> None:
        """Raises Finding when the action failed, or its record is not as it must be."""
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
        pauses = iter(_PAUSES)
        while True:
            entry = await self._log.first("record", deadline, {_WORD: word})
            if entry is not None:
                return entry
            waited = self._clock.monotonic() - began
            pause = next(pauses, max(_PAUSE, waited * _SHARE))
            if loop.time() + pause > deadline - _RESERVE:
                raise self._missing(waited + pause)
            await self._clock.sleep(pause)

    def _missing(self, waited: float) -> Finding:
        explanation = f"no record of the action after {format_duration(waited)}"
        if waited < self._record.within.total_seconds():
            explanation += f", and it has {format_duration(self._record.within)}; the check's timeout was over"
            return Finding(FailureClass.MISCONFIGURED, explanation, _SHORT_HINT)
        return Finding(FailureClass.RECORD_MISSING, explanation, _MISSING_HINT)

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
        at = moment(self._record.when.find(entry), self._record.zone)
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

_MISSING_HINT: Final = (
    "Access goes unrecorded: see whether the audit log is still written, and whether its disk is full."
)
_SHORT_HINT: Final = "Raise the check's `timeout`: it has to leave room for `within` after the login and the action."
_LATE_HINT: Final = "Look at the queue or disk that audit records go through."
_INCOMPLETE_HINT: Final = "See which version writes the records, and whether a proxy hides who asks and from where."
_SKEW_HINT: Final = "Compare the clocks of this host and of the service (`timedatectl`)."

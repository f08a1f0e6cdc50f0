"""What a probe measured: a Result holds readings, a class of failure and an explanation, and never says how bad it is."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sentinel.base.units import Unit, format_value


class Outcome(StrEnum):
    """Whether the target did what was asked of it."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"  # Sentinel could not judge: its own network, resolver, credential, load


class FailureClass(StrEnum):
    """Why a result is not a pass. A closed list: alerts, metrics and tests go by these words."""

    # The way to the target
    DNS_NOT_FOUND = "dns_not_found"
    DNS_FAILED = "dns_failed"
    DNS_TIMEOUT = "dns_timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    RESET = "reset"
    TLS_FAILED = "tls_failed"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_EXPIRED = "tls_expired"
    TLS_WRONG_NAME = "tls_wrong_name"
    TLS_TIMEOUT = "tls_timeout"
    # What the target answered
    READ_TIMEOUT = "read_timeout"
    INCOMPLETE = "incomplete"
    PROTOCOL_ERROR = "protocol_error"
    BODY_TOO_LARGE = "body_too_large"
    WRONG_STATUS = "wrong_status"
    WRONG_HEADER = "wrong_header"
    WRONG_BODY = "wrong_body"
    # Databases
    QUERY_FAILED = "query_failed"
    QUERY_TIMEOUT = "query_timeout"
    WRONG_ANSWER = "wrong_answer"  # an assertion on a query's result does not hold
    # Logins, roles and audit logs
    LOGIN_FAILED = "login_failed"
    TOKEN_REFUSED = "token_refused"
    TOKEN_ACCEPTED = "token_accepted"  # one that must be refused
    ACCESS_LOST = "access_lost"
    ACCESS_GAINED = "access_gained"  # what must be refused is allowed
    RECORD_MISSING = "record_missing"
    RECORD_LATE = "record_late"
    RECORD_INCOMPLETE = "record_incomplete"
    STALE = "stale"
    RECORD_MISPLACED = "record_misplaced"  # gaps in the sequence of entries, or entries out of order
    TAMPERED = "tampered"  # entries were changed or taken out
    LOCKOUT_MISSING = "lockout_missing"  # an account takes any number of wrong passwords
    # Services, their parts, and what they have promised
    UNHEALTHY = "unhealthy"  # the target says itself that something is wrong with it
    DEGRADED = "degraded"  # it says that it works, but not as it should; never worse than a warning
    NOT_RUNNING = "not_running"  # a unit, container or process that must run does not
    MISSING = "missing"  # something that must be there is not: a table, an index, an endpoint, a file
    DRIFTED = "drifted"  # something is not as it was agreed on: a schema, a revision, a list of endpoints
    INTEGRITY = "integrity"  # data that contradicts itself
    INSECURE = "insecure"  # a setting that leaves a door ajar: a header, a cookie, a file's mode, an old protocol
    OPEN_PORT = "open_port"  # something listens where nothing may
    NO_REPLY = "no_reply"  # no echo came back
    # Work that goes on by itself
    OVERDUE = "overdue"  # a report or result that was expected by now has not come
    JOB_FAILED = "job_failed"
    JOB_STUCK = "job_stuck"  # begun, not ended, for longer than it may take
    STEP_FAILED = "step_failed"  # what was waited for did not come about
    NOT_CLEANED_UP = "not_cleaned_up"  # what a scenario made could not be taken away again
    COMMAND_WARNING = "command_warning"  # a plug-in says warning
    COMMAND_FAILED = "command_failed"
    COMMAND_UNKNOWN = "command_unknown"  # a plug-in cannot tell, or does not run as one
    UNHEARD = "unheard"  # a job may have reported while Sentinel did not run
    # Backups
    CORRUPT = "corrupt"  # it is there, and cannot be read to its end
    RESTORE_FAILED = "restore_failed"
    # Deployments (only Sentinel's checks of them say so)
    DEPLOYMENT_OVERRUN = "deployment_overrun"  # its window is over and it is not
    DEPLOYMENT_FAILED = "deployment_failed"
    ROLLBACK_FAILED = "rollback_failed"  # or nobody knows how far it came
    # Sentinel itself is in trouble (only its own check says so)
    SENTINEL_IMPAIRED = "sentinel_impaired"
    SENTINEL_AMISS = "sentinel_amiss"  # something should be put right by day; watching and telling go on
    # Sentinel could not judge
    NETWORK_DOWN = "network_down"
    RESOLVER_DOWN = "resolver_down"  # names cannot be looked up here, whichever they are
    STOOD_STILL = "stood_still"  # this host was suspended, paused or stopped while the run was under way
    OVERLOADED = "overloaded"
    CREDENTIAL_REFUSED = "credential_refused"
    NOT_PERMITTED = "not_permitted"
    NOT_INSTALLED = "not_installed"
    MISCONFIGURED = "misconfigured"  # what the check asks for makes no sense to the target
    INTERNAL_ERROR = "internal_error"


#: A failure of these classes is a hole in security: it opens an incident at once, without waiting for a second look.
SECURITY = frozenset({FailureClass.TOKEN_ACCEPTED, FailureClass.ACCESS_GAINED, FailureClass.TAMPERED})

#: A failure of these classes is a warning, however bad the check's other failures are.
MINOR = frozenset({FailureClass.SENTINEL_AMISS, FailureClass.DEGRADED, FailureClass.COMMAND_WARNING})

#: With these classes the fault is on Sentinel's side, so the result is unknown and accuses no target.
OWN_SIDE = frozenset(
    {
        FailureClass.NETWORK_DOWN,
        FailureClass.RESOLVER_DOWN,
        FailureClass.STOOD_STILL,
        FailureClass.OVERLOADED,
        FailureClass.CREDENTIAL_REFUSED,
        FailureClass.NOT_PERMITTED,
        FailureClass.NOT_INSTALLED,
        FailureClass.MISCONFIGURED,
        FailureClass.COMMAND_UNKNOWN,
        FailureClass.UNHEARD,
        FailureClass.INTERNAL_ERROR,
    }
)

#: With these Sentinel saw only a part of what it was to look at: what it did see counts.
IN_PART = frozenset(
    {
        FailureClass.CREDENTIAL_REFUSED,
        FailureClass.NOT_PERMITTED,
        FailureClass.NOT_INSTALLED,
        FailureClass.MISCONFIGURED,
    }
)

#: What a person can do now, for classes where that does not depend on the kind of check.
HINTS: dict[FailureClass, str] = {
    FailureClass.DNS_NOT_FOUND: "The name does not exist: look for a typing error or a deleted DNS record.",
    FailureClass.DNS_FAILED: "The resolver answered with an error: try the name with `getent ahosts` on this host.",
    FailureClass.DNS_TIMEOUT: "The resolver did not answer in time: see /etc/resolv.conf and the resolver's health.",
    FailureClass.REFUSED: "Nothing listens on that port: is the service running, and on that address?",
    FailureClass.UNREACHABLE: "There is no way to that host: look at routes, firewalls and whether the host is up.",
    FailureClass.CONNECT_TIMEOUT: "The host does not answer: a firewall drops the packets, or the host is down or overloaded.",
    FailureClass.RESET: "The other side cut the connection: look at the service's log and at proxies in between.",
    FailureClass.TLS_FAILED: "The TLS handshake failed: does that port speak TLS, and do versions and ciphers of both sides fit?",
    FailureClass.TLS_UNTRUSTED: "The certificate's issuer is not trusted here: is the chain complete, is the CA known?",
    FailureClass.TLS_EXPIRED: "The certificate has expired: renew it and reload the service.",
    FailureClass.TLS_WRONG_NAME: "The certificate is for another name: see which virtual host answers.",
    FailureClass.TLS_TIMEOUT: "The TLS handshake did not finish in time: the service is overloaded or speaks no TLS there.",
    FailureClass.READ_TIMEOUT: "The service took the request but did not finish its answer: see its load, locks and database.",
    FailureClass.INCOMPLETE: "The answer ended early: see the service's log for a crash or restart; or does the port want TLS?",
    FailureClass.PROTOCOL_ERROR: "The answer is not valid HTTP: does the port want TLS, or does another service listen there?",
    FailureClass.BODY_TOO_LARGE: "The answer is larger than the check allows: raise `body_limit` or ask for less.",
    FailureClass.NETWORK_DOWN: "This host has no network: look at its own interfaces and routes first.",
    FailureClass.RESOLVER_DOWN: "Names cannot be looked up on this host: see /etc/resolv.conf, and try `getent ahosts NAME`.",
    FailureClass.STOOD_STILL: "Nothing for the target. See whether this host was suspended, paused for a backup, or starved.",
    FailureClass.OVERLOADED: "This host is out of file descriptors, ports or look-up threads: see `sentinel --status`.",
    FailureClass.CREDENTIAL_REFUSED: "Sentinel's own credential was refused: renew it or grant it the access it needs.",
    FailureClass.NOT_PERMITTED: "Sentinel may not do this here: grant its user the right that is named.",
    FailureClass.NOT_INSTALLED: "Install what is named, on this host or in the target.",
    FailureClass.MISCONFIGURED: "Mend what the check asks for; the explanation says which part of it.",
    FailureClass.COMMAND_UNKNOWN: "Run the command by hand as Sentinel's user, with a bare environment, and see what it says.",
    FailureClass.UNHEARD: "See the job's own log for the time in which Sentinel did not run.",
    FailureClass.INTERNAL_ERROR: "A fault in Sentinel: its log has the details; please report it.",
}


#: What a probe remembers between runs: a small JSON object, such as how far a log file was read. Never a person's data.
Note = Mapping[str, Any]


class Reading(NamedTuple):
    """One measured value with its unit, such as `response_time` 0.21 seconds."""

    name: str
    value: float
    unit: Unit

    def __str__(self) -> str:
        return f"{self.name} {format_value(self.value, self.unit)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one run of a probe found out. Made by `passed`, `failed` or `unknown`."""

    outcome: Outcome
    readings: tuple[Reading, ...] = ()
    failure: FailureClass | None = None  # set unless the outcome is a pass
    explanation: str = ""  # names, numbers and classes only: never a body, a row, a token or a person's data
    hint: str = ""  # what a person can do now
    note: Note | None = None  # what the probe will have to know in its next run, after a restart too; None: as before
    #: By reading: what stands behind its value, and what to do when a rule finds it beyond a bound. Not stored.
    hints: Mapping[str, str] | None = field(default=None, compare=False)


def passed(
    readings: Iterable[Reading] = (), *, note: Note | None = None, hints: Mapping[str, str] | None = None
) -> Measurement:
    """The target did what was asked of it."""
    return Measurement(outcome=Outcome.PASS, readings=_finite(readings), note=note, hints=hints)


def failed(
    failure: FailureClass,
    explanation: str,
    *,
    hint: str = "",
    readings: Iterable[Reading] = (),
    note: Note | None = None,
    hints: Mapping[str, str] | None = None,
) -> Measurement:
    """The target did not do what was asked; or Sentinel could not tell, if the class says that the fault is its own."""
    return Measurement(
        outcome=Outcome.UNKNOWN if failure in OWN_SIDE else Outcome.FAIL,
        failure=failure,
        explanation=explanation,
        hint=hint or HINTS.get(failure, ""),
        readings=_finite(readings),
        note=note,
        hints=hints,
    )


def _finite(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Those that are numbers: an answer may say NaN or infinity, which can be neither compared, nor counted, nor stored."""
    return tuple(reading for reading in readings if math.isfinite(reading.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measurement of one check. Identified by (check, scheduled_at): a slot of the schedule has one result."""

    check: str  # name of the check
    scheduled_at: datetime  # the slot that was due; UTC
    finished_at: datetime  # when the probe ended; UTC
    measurement: Measurement
    extra: bool = False  # asked for between two slots, because the one before was bad: such do not count in shares

    @property
    def outcome(self) -> Outcome:
        return self.measurement.outcome

    @property
    def readings(self) -> tuple[Reading, ...]:
        return self.measurement.readings

    def reading(self, name: str) -> Reading | None:
        """The reading of that name, if this run came far enough to take it."""
        for reading in self.measurement.readings:
            if reading.name == name:
                return reading
        return None

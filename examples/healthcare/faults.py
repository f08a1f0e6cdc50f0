"""The faults that can be switched on to see what a monitor says about them."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    ERRORS = "errors"
    DATABASE_DOWN = "database_down"
    DATABASE_SLOW = "database_slow"
    ORPHANS = "orphans"
    ACCESS_GAINED = "access_gained"
    ACCESS_LOST = "access_lost"
    TAMPERED_TOKENS_ACCEPTED = "tampered_tokens_accepted"
    EXPIRED_TOKENS_ACCEPTED = "expired_tokens_accepted"
    LOGIN_BROKEN = "login_broken"
    ROLE_CHECK_SLOW = "role_check_slow"
    AUDIT_SILENT = "audit_silent"
    AUDIT_INCOMPLETE = "audit_incomplete"
    AUDIT_LATE = "audit_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """The one number a fault may take."""

    unit: str
    default: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    what: str
    parameter: Parameter | None = None


def seconds(default: float) -> Parameter:
    return Parameter(unit="seconds", default=default, maximum=60.0)


CATALOGUE: dict[Fault, Description] = {
    Fault.DOWN: Description(what="every endpoint answers 503"),
    Fault.SLOW: Description(what="every answer is delayed", parameter=seconds(6.0)),
    Fault.ERRORS: Description(
        what="a share of the requests is answered 500",
        parameter=Parameter(unit="share of requests, 0 to 1", default=0.5, maximum=1.0),
    ),
    Fault.DATABASE_DOWN: Description(what="the service has lost its database: /health and the API answer 503"),
    Fault.DATABASE_SLOW: Description(what="every query of the service is delayed", parameter=seconds(0.8)),
    Fault.ORPHANS: Description(what="role assignments without user or role appear; switching off removes them"),
    Fault.ACCESS_GAINED: Description(what="employees may read patients, nurses may read the audit log"),
    Fault.ACCESS_LOST: Description(what="doctors are refused everything that needs a role"),
    Fault.TAMPERED_TOKENS_ACCEPTED: Description(what="signatures of tokens are not verified: forged ones pass"),
    Fault.EXPIRED_TOKENS_ACCEPTED: Description(what="the expiry of tokens is not verified"),
    Fault.LOGIN_BROKEN: Description(what="login answers 500, whatever the password"),
    Fault.ROLE_CHECK_SLOW: Description(what="looking up the roles of a caller is delayed", parameter=seconds(1.1)),
    Fault.AUDIT_SILENT: Description(what="audit records are not written"),
    Fault.AUDIT_INCOMPLETE: Description(what="audit records lack actor and source address"),
    Fault.AUDIT_LATE: Description(what="audit records are written late", parameter=seconds(15.0)),
}


class Switchboard:
    """Which faults are on, and each one's number. All are off at the start."""

    def __init__(self) -> None:
        self._values: dict[Fault, float] = {}
        self._owed_errors = 0.0

    def is_on(self, fault: Fault) -> bool:
        return fault in self._values

    def value(self, fault: Fault) -> float:
        """The fault's number while it is on, 0.0 while it is off."""
        return self._values.get(fault, 0.0)

    def switch_on(self, fault: Fault, value: float | None = None) -> None:
        """ValueError when the number does not suit the fault."""
        self._values[fault] = suitable(fault, value)

    def switch_off(self, fault: Fault) -> None:
        self._values.pop(fault, None)

    def error_is_due(self) -> bool:
        """Whether this request is one of the share to be answered 500; evenly spread, not by chance."""
        self._owed_errors += self.value(Fault.ERRORS)
        if self._owed_errors < 1.0:
            return False
        self._owed_errors -= 1.0
        return True

    def listing(self) -> list[dict[str, object]]:
        return [self._line(fault, description) for fault, description in CATALOGUE.items()]

    def _line(self, fault: Fault, description: Description) -> dict[str, object]:
        line: dict[str, object] = {"name": fault.value, "what": description.what, "on": self.is_on(fault)}
        if description.parameter is not None:
            line["unit"] = description.parameter.unit
            line["value"] = self._values.get(fault, description.parameter.default)
        return line


def suitable(fault: Fault, value: float | None) -> float:
    """The number a fault is switched on with: the given one within its bounds, else its default."""
    parameter = CATALOGUE[fault].parameter
    if parameter is None:
        if value is not None:
            raise ValueError(f"{fault} takes no value")
        return 1.0
    if value is None:
        return parameter.default
    if not math.isfinite(value) or not 0.0 < value <= parameter.maximum:
        raise ValueError(f"{fault} takes a value above 0 and up to {parameter.maximum:g} ({parameter.unit})")
    return value

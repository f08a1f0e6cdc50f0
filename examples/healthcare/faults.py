"""The faults that can be switched on to see what a monitor says about them."""

from enum import StrEnum

from examples.faults import Description, General, seconds, share


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


CATALOGUE: dict[StrEnum, Description] = {
    Fault.DOWN: Description(what="every endpoint answers 503"),
    Fault.SLOW: Description(what="every answer is delayed", parameter=seconds(6.0)),
    Fault.ERRORS: Description(
        what="a share of the requests is answered 500",
        parameter=share(0.5),
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

GENERAL = General(down=Fault.DOWN, slow=Fault.SLOW, errors=Fault.ERRORS)

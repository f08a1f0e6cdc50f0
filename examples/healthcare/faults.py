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
    OBJECTS_OPEN = "objects_open"
    ENDPOINT_FORGOTTEN = "endpoint_forgotten"
    LOGOUT_IGNORED = "logout_ignored"
    REFUSALS_UNRECORDED = "refusals_unrecorded"
    AUDIT_DELETED = "audit_deleted"
    AUDIT_ALTERED = "audit_altered"
    AUDIT_PURGED = "audit_purged"
    MIGRATION_BEHIND = "migration_behind"
    LOG_ERRORS = "log_errors"
    LOG_SLOW = "log_slow"
    LOG_ATTACKS = "log_attacks"
    LOG_DATABASE = "log_database"
    MEMORY_GROWS = "memory_grows"
    CONTAINER_UNHEALTHY = "container_unhealthy"
    BACKUP_OLD = "backup_old"
    BACKUP_CORRUPT = "backup_corrupt"
    BACKUP_EMPTY = "backup_empty"
    PAGE_BROKEN = "page_broken"
    PAGE_SLOW = "page_slow"
    CERTIFICATE_ENDS = "certificate_ends"
    PLAIN_HTTP = "plain_http"
    HEADERS_GONE = "headers_gone"
    CORS_OPEN = "cors_open"


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
    Fault.OBJECTS_OPEN: Description(what="everybody with a token may read the data of every user"),
    Fault.ENDPOINT_FORGOTTEN: Description(what="an endpoint appears that no check of access knows"),
    Fault.LOGOUT_IGNORED: Description(what="a token is still good after its logout"),
    Fault.REFUSALS_UNRECORDED: Description(what="failed logins and refused requests are not recorded"),
    Fault.AUDIT_DELETED: Description(what="an old audit record is deleted"),
    Fault.AUDIT_ALTERED: Description(what="an old audit record is altered"),
    Fault.AUDIT_PURGED: Description(what="audit records older than a year are gone"),
    Fault.MIGRATION_BEHIND: Description(what="the database stands one migration behind"),
    Fault.LOG_ERRORS: Description(what="the log tells of exceptions"),
    Fault.LOG_SLOW: Description(what="the log tells of slow answers"),
    Fault.LOG_ATTACKS: Description(what="the log tells of forbidden requests"),
    Fault.LOG_DATABASE: Description(what="the log tells of lost connections to the database"),
    Fault.MEMORY_GROWS: Description(what="the service takes 400 MB more memory"),
    Fault.CONTAINER_UNHEALTHY: Description(what="the engine says that the container is unhealthy"),
    Fault.BACKUP_OLD: Description(what="the newest hourly backup is three days old"),
    Fault.BACKUP_CORRUPT: Description(what="the newest hourly backup is cut off"),
    Fault.BACKUP_EMPTY: Description(what="the daily backup has no patients in it"),
    Fault.PAGE_BROKEN: Description(what="the script of the page fails, and the page stays empty"),
    Fault.PAGE_SLOW: Description(what="what the page needs is delayed", parameter=seconds(2.5)),
    Fault.CERTIFICATE_ENDS: Description(what="the certificate is good for two days more"),
    Fault.PLAIN_HTTP: Description(what="plain HTTP is served beside HTTPS"),
    Fault.HEADERS_GONE: Description(what="answers have no security headers"),
    Fault.CORS_OPEN: Description(what="pages of every origin may read answers"),
}

GENERAL = General(down=Fault.DOWN, slow=Fault.SLOW, errors=Fault.ERRORS)

"""The faults that can be switched on to see what a monitor says about them."""

from enum import StrEnum

from examples.faults import Description, General, seconds, share


class Fault(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    ERRORS = "errors"
    DATABASE_DOWN = "database_down"
    LOGIN_BROKEN = "login_broken"
    LIST_SLOW = "list_slow"
    SEARCH_SLOW = "search_slow"
    CREATE_BROKEN = "create_broken"
    CREATE_SLOW = "create_slow"
    UPDATE_LOST = "update_lost"
    UPDATE_SLOW = "update_slow"
    DELETE_BROKEN = "delete_broken"
    SEARCH_BLIND = "search_blind"
    DEPARTMENT_LOST = "department_lost"
    EXTENDED_FIELDS_LOST = "extended_fields_lost"
    OPEN_TO_ALL = "open_to_all"
    CLERKS_MAY_HIRE = "clerks_may_hire"
    TABLE_MISSING = "table_missing"
    TABLE_EMPTY = "table_empty"
    ORPHANS = "orphans"
    FOREIGN_KEY_GONE = "foreign_key_gone"
    MIGRATION_FAILED = "migration_failed"
    STOPPED = "stopped"
    UNIT_FAILED = "unit_failed"
    PROCESS_STOPPED = "process_stopped"
    CONTAINER_EXITED = "container_exited"
    BACKEND_GONE = "backend_gone"
    PORT_CLOSED = "port_closed"
    BACKUP_COPY_GONE = "backup_copy_gone"
    BACKUP_CUT = "backup_cut"
    SETTINGS_OPEN = "settings_open"
    DEBUG_ON = "debug_on"
    HEADERS_GONE = "headers_gone"
    CORS_OPEN = "cors_open"
    PLAIN_HTTP = "plain_http"
    RATE_LIMIT_OFF = "rate_limit_off"
    CERTIFICATE_EXPIRES = "certificate_expires"
    LOG_ERRORS = "log_errors"


CATALOGUE: dict[StrEnum, Description] = {
    Fault.DOWN: Description(what="every endpoint answers 503"),
    Fault.SLOW: Description(what="every answer is delayed", parameter=seconds(3.0)),
    Fault.ERRORS: Description(what="a share of the requests is answered 500", parameter=share(0.5)),
    Fault.DATABASE_DOWN: Description(what="the service has lost its database: /health/db says so"),
    Fault.LOGIN_BROKEN: Description(what="login answers 500, whatever the password"),
    Fault.LIST_SLOW: Description(what="listing employees is delayed", parameter=seconds(1.2)),
    Fault.SEARCH_SLOW: Description(what="searching employees is delayed", parameter=seconds(1.2)),
    Fault.CREATE_BROKEN: Description(what="nobody can be hired: creating an employee answers 500"),
    Fault.CREATE_SLOW: Description(what="creating an employee is delayed", parameter=seconds(1.2)),
    Fault.UPDATE_LOST: Description(what="an update is answered and not written"),
    Fault.UPDATE_SLOW: Description(what="updating an employee is delayed", parameter=seconds(1.2)),
    Fault.DELETE_BROKEN: Description(what="deleting an employee answers 500"),
    Fault.SEARCH_BLIND: Description(what="a search finds nobody"),
    Fault.DEPARTMENT_LOST: Description(what="an employee cannot be assigned to a department"),
    Fault.EXTENDED_FIELDS_LOST: Description(what="the extended fields of an employee are not kept"),
    Fault.OPEN_TO_ALL: Description(what="employees are shown without a token"),
    Fault.CLERKS_MAY_HIRE: Description(what="clerks may do what only admins may"),
    Fault.TABLE_MISSING: Description(what="the table of departments is gone"),
    Fault.TABLE_EMPTY: Description(what="the table of schedules is empty"),
    Fault.ORPHANS: Description(what="schedules without an employee appear; switching off removes them"),
    Fault.FOREIGN_KEY_GONE: Description(what="schedules may name employees that do not exist"),
    Fault.MIGRATION_FAILED: Description(what="the last migration has not run"),
    Fault.STOPPED: Description(
        what="the service is stopped, as for a deployment: HTTPS is refused, its unit is inactive"
    ),
    Fault.UNIT_FAILED: Description(what="systemd says that the unit has failed"),
    Fault.PROCESS_STOPPED: Description(what="PM2 says that the process is stopped"),
    Fault.CONTAINER_EXITED: Description(what="the container of the scheduler has exited"),
    Fault.BACKEND_GONE: Description(what="the process that the backend's pid file names has ended"),
    Fault.PORT_CLOSED: Description(what="nothing listens on the port of the background worker"),
    Fault.BACKUP_COPY_GONE: Description(what="one of the three places has no backup"),
    Fault.BACKUP_CUT: Description(what="the newest backup is cut in half, in all places"),
    Fault.SETTINGS_OPEN: Description(what="everybody on the host may read .env"),
    Fault.DEBUG_ON: Description(what="DEBUG is on"),
    Fault.HEADERS_GONE: Description(what="answers have no security headers"),
    Fault.CORS_OPEN: Description(what="pages of every origin may use the API, with the user's credentials"),
    Fault.PLAIN_HTTP: Description(what="plain HTTP serves everything, instead of redirecting to HTTPS"),
    Fault.RATE_LIMIT_OFF: Description(what="nobody counts how often a client asks"),
    Fault.CERTIFICATE_EXPIRES: Description(what="the certificate is good for two more days"),
    Fault.LOG_ERRORS: Description(what="the log tells of errors"),
}

GENERAL = General(down=Fault.DOWN, slow=Fault.SLOW, errors=Fault.ERRORS)

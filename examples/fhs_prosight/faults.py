"""The faults that can be switched on to see what a monitor says about them."""

from enum import StrEnum

from examples.faults import Description, General, seconds, share


class Fault(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    ERRORS = "errors"
    DOCS_GONE = "docs_gone"
    SYNC_FAILS = "sync_fails"
    SYNC_SLOW = "sync_slow"
    SEARCH_SLOW = "search_slow"
    SEARCH_EMPTY = "search_empty"
    ROW_NOT_WRITTEN = "row_not_written"
    UPDATE_LOST = "update_lost"
    LOG_ERRORS = "log_errors"
    JOURNAL_ERRORS = "journal_errors"
    CONNECTIONS_LEAK = "connections_leak"
    QUERY_SLOW = "query_slow"
    TABLE_GROWS = "table_grows"
    HRS_DOWN = "hrs_down"
    COVID_DOWN = "covid_down"
    COLUMN_MISSING = "column_missing"
    INDEX_MISSING = "index_missing"
    INDEX_NOT_UNIQUE = "index_not_unique"
    MIGRATION_BEHIND = "migration_behind"
    STATEMENT_SLOW = "statement_slow"
    DEAD_ROWS = "dead_rows"
    UNIT_FAILED = "unit_failed"
    UNIT_RESTARTS = "unit_restarts"
    VARIABLE_MISSING = "variable_missing"
    BACKUP_OLD = "backup_old"
    BACKUP_CORRUPT = "backup_corrupt"
    OPEN_TO_ALL = "open_to_all"
    VIEWER_ADMITTED = "viewer_admitted"
    PLAIN_HTTP = "plain_http"
    CERTIFICATE_ENDS = "certificate_ends"
    RATE_LIMIT_OFF = "rate_limit_off"
    GRANT_TOO_WIDE = "grant_too_wide"
    AUDIT_SILENT = "audit_silent"
    BULK_SLOW = "bulk_slow"


CATALOGUE: dict[StrEnum, Description] = {
    Fault.DOWN: Description(what="every endpoint answers 503"),
    Fault.SLOW: Description(what="every answer is delayed", parameter=seconds(3.0)),
    Fault.ERRORS: Description(what="a share of the requests is answered 500", parameter=share(0.5)),
    Fault.DOCS_GONE: Description(what="the page of documentation is gone"),
    Fault.SYNC_FAILS: Description(what="synchronising an employee answers 502"),
    Fault.SYNC_SLOW: Description(what="synchronising an employee is delayed", parameter=seconds(3.5)),
    Fault.SEARCH_SLOW: Description(what="searching is delayed", parameter=seconds(1.5)),
    Fault.SEARCH_EMPTY: Description(what="a search finds nobody"),
    Fault.ROW_NOT_WRITTEN: Description(what="a synchronised employee is answered and not written"),
    Fault.UPDATE_LOST: Description(what="an update is answered and not written"),
    Fault.LOG_ERRORS: Description(what="the log tells of failed synchronisations"),
    Fault.JOURNAL_ERRORS: Description(what="the journal of the unit tells of errors"),
    Fault.CONNECTIONS_LEAK: Description(what="the service holds 20 connections to its database open"),
    Fault.QUERY_SLOW: Description(what="counting employees takes the database 0.6 s"),
    Fault.TABLE_GROWS: Description(what="the table of employees has grown by a hundred thousand rows"),
    Fault.HRS_DOWN: Description(what="the HRS API answers 503"),
    Fault.COVID_DOWN: Description(what="the COVID API answers 503"),
    Fault.COLUMN_MISSING: Description(what="the column department_code is gone"),
    Fault.INDEX_MISSING: Description(what="the index over departments is gone"),
    Fault.INDEX_NOT_UNIQUE: Description(what="the index over identity numbers is not unique any more"),
    Fault.MIGRATION_BEHIND: Description(what="the database stands one migration behind"),
    Fault.STATEMENT_SLOW: Description(what="a statement of the service takes 1.2 s"),
    Fault.DEAD_ROWS: Description(what="most rows of the employees' table are dead"),
    Fault.UNIT_FAILED: Description(what="systemd says that the unit has failed"),
    Fault.UNIT_RESTARTS: Description(what="systemd has restarted the unit five times more"),
    Fault.VARIABLE_MISSING: Description(what="SECRET_KEY is not set any more"),
    Fault.BACKUP_OLD: Description(what="the newest backup is three days old"),
    Fault.BACKUP_CORRUPT: Description(what="the newest backup is cut off"),
    Fault.OPEN_TO_ALL: Description(what="employees are shown without a token"),
    Fault.VIEWER_ADMITTED: Description(what="a role that is not admin may search employees"),
    Fault.PLAIN_HTTP: Description(what="plain HTTP is served instead of redirected"),
    Fault.CERTIFICATE_ENDS: Description(what="the certificate ends in five days"),
    Fault.RATE_LIMIT_OFF: Description(what="nobody counts how often a client synchronises"),
    Fault.GRANT_TOO_WIDE: Description(what="everybody with a database user may read employees"),
    Fault.AUDIT_SILENT: Description(what="changes of employees are not recorded"),
    Fault.BULK_SLOW: Description(what="the last bulk synchronisation took 4 s for each employee"),
}

GENERAL = General(down=Fault.DOWN, slow=Fault.SLOW, errors=Fault.ERRORS)

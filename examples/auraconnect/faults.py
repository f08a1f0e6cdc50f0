"""The faults that can be switched on to see what a monitor says about them."""

from enum import StrEnum

from examples.faults import Description, General, seconds, share


class Fault(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    ERRORS = "errors"
    DATABASE_DOWN = "database_down"
    REDIS_DOWN = "redis_down"
    QUEUE_STALLED = "queue_stalled"
    RULES_REFUSED = "rules_refused"
    CONFIG_BROKEN = "config_broken"
    JOB_STUCK = "job_stuck"
    JOB_FAILED = "job_failed"
    TOO_MANY_JOBS = "too_many_jobs"
    JOB_SLOW = "job_slow"
    REDIS_FULL = "redis_full"
    REDIS_EVICTS = "redis_evicts"
    REDIS_SAVE_FAILS = "redis_save_fails"
    CONNECTIONS_LEAK = "connections_leak"
    INSECURE_SETTINGS = "insecure_settings"
    TABLE_MISSING = "table_missing"
    INDEX_MISSING = "index_missing"
    MIGRATION_MISSING = "migration_missing"
    CERTIFICATE_EXPIRES = "certificate_expires"
    PLAIN_HTTP = "plain_http"
    BACKEND_EXPOSED = "backend_exposed"
    LOGS_UNBOUND = "logs_unbound"
    BACKUP_OLD = "backup_old"
    BACKUP_CUT = "backup_cut"
    JOB_BACKUP_GONE = "job_backup_gone"
    CONTAINER_UNHEALTHY = "container_unhealthy"
    CONTAINER_RESTARTS = "container_restarts"
    CONTAINER_ROOT = "container_root"
    RATE_LIMIT_OFF = "rate_limit_off"
    TOKENS_IGNORED = "tokens_ignored"


CATALOGUE: dict[StrEnum, Description] = {
    Fault.DOWN: Description(what="every endpoint answers 503"),
    Fault.SLOW: Description(what="every answer is delayed", parameter=seconds(6.0)),
    Fault.ERRORS: Description(what="a share of the requests is answered 500", parameter=share(0.5)),
    Fault.DATABASE_DOWN: Description(what="the service has lost its database, and says so in /health"),
    Fault.REDIS_DOWN: Description(what="the service has lost its Redis, and says so in /health"),
    Fault.QUEUE_STALLED: Description(what="the job queue does not work, and /health says so"),
    Fault.RULES_REFUSED: Description(what="the payroll rules are refused to whoever may read them"),
    Fault.CONFIG_BROKEN: Description(what="the test of the payroll configuration answers 500"),
    Fault.JOB_STUCK: Description(what="a payroll job has been running for twenty minutes"),
    Fault.JOB_FAILED: Description(what="a payroll job has failed a minute ago"),
    Fault.TOO_MANY_JOBS: Description(what="twelve payroll jobs run at once"),
    Fault.JOB_SLOW: Description(what="the last payroll took 9 s for each person"),
    Fault.REDIS_FULL: Description(what="Redis has used nearly all of its memory"),
    Fault.REDIS_EVICTS: Description(what="Redis throws keys away for want of memory"),
    Fault.REDIS_SAVE_FAILS: Description(what="Redis cannot write its file"),
    Fault.CONNECTIONS_LEAK: Description(what="the service holds 29 connections to its database open"),
    Fault.INSECURE_SETTINGS: Description(what="DEBUG is on, the secret is the default one, CORS lets everybody in"),
    Fault.TABLE_MISSING: Description(what="the table of overtime rules is gone"),
    Fault.INDEX_MISSING: Description(what="the index for calculating hours is gone"),
    Fault.MIGRATION_MISSING: Description(what="the last migration of the database has not run"),
    Fault.CERTIFICATE_EXPIRES: Description(what="the certificate is good for two more days"),
    Fault.PLAIN_HTTP: Description(what="plain HTTP serves everything instead of redirecting to HTTPS"),
    Fault.BACKEND_EXPOSED: Description(what="the backend's own port is open on the public address"),
    Fault.LOGS_UNBOUND: Description(what="log lines have lost their job and tenant"),
    Fault.BACKUP_OLD: Description(what="the newest backup of the database is three days old"),
    Fault.BACKUP_CUT: Description(what="the newest backup of the database ends in the middle"),
    Fault.JOB_BACKUP_GONE: Description(what="there is no backup of the job table"),
    Fault.CONTAINER_UNHEALTHY: Description(what="the backend's container is unhealthy"),
    Fault.CONTAINER_RESTARTS: Description(what="the backend's container has restarted four times more"),
    Fault.CONTAINER_ROOT: Description(what="the backend's container runs as root"),
    Fault.RATE_LIMIT_OFF: Description(what="nobody counts how often a client asks"),
    Fault.TOKENS_IGNORED: Description(what="whoever asks is let in, without any token"),
}

GENERAL = General(down=Fault.DOWN, slow=Fault.SLOW, errors=Fault.ERRORS)

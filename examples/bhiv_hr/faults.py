"""The faults that can be switched on to see what a monitor says about them."""

from enum import StrEnum

from examples.faults import Description, General, seconds, share


class Fault(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    ERRORS = "errors"
    MODULE_MISSING = "module_missing"
    MONOLITHIC = "monolithic"
    JOBS_BROKEN = "jobs_broken"
    RATE_LIMIT_GONE = "rate_limit_gone"
    ENDPOINTS_MISSING = "endpoints_missing"
    ENDPOINT_DRIFT = "endpoint_drift"
    USERS_WAIT = "users_wait"
    USERS_SEE_ERRORS = "users_see_errors"
    WORKFLOWS_PILE_UP = "workflows_pile_up"
    DATABASE_LOST = "database_lost"
    EXTERNAL_DEGRADED = "external_degraded"
    MEMORY_GROWS = "memory_grows"
    CONNECTIONS_GROW = "connections_grow"
    WORKFLOW_HANGS = "workflow_hangs"
    WORKFLOW_FAILS = "workflow_fails"
    TRIGGER_LOST = "trigger_lost"
    TASK_FAILED = "task_failed"
    TASK_STUCK = "task_stuck"


CATALOGUE: dict[StrEnum, Description] = {
    Fault.DOWN: Description(what="every endpoint answers 503"),
    Fault.SLOW: Description(what="every answer is delayed", parameter=seconds(0.3)),
    Fault.ERRORS: Description(what="a share of the requests is answered 500", parameter=share(0.5)),
    Fault.MODULE_MISSING: Description(what="one of the six modules is not loaded"),
    Fault.MONOLITHIC: Description(what="the old monolithic version answers"),
    Fault.JOBS_BROKEN: Description(what="the list of jobs has lost its total"),
    Fault.RATE_LIMIT_GONE: Description(what="the status of the rate limit has lost the limit"),
    Fault.ENDPOINTS_MISSING: Description(what="the OpenAPI document lists 20 endpoints"),
    Fault.ENDPOINT_DRIFT: Description(what="one endpoint was removed, another has come"),
    Fault.USERS_WAIT: Description(what="what users ask takes long", parameter=seconds(1.5)),
    Fault.USERS_SEE_ERRORS: Description(what="a share of what users ask fails", parameter=share(0.2)),
    Fault.WORKFLOWS_PILE_UP: Description(what="a hundred workflows are active"),
    Fault.DATABASE_LOST: Description(what="the detailed health says that the database is lost"),
    Fault.EXTERNAL_DEGRADED: Description(what="the detailed health says that external services are degraded"),
    Fault.MEMORY_GROWS: Description(what="the service says that it uses 3 GB of memory"),
    Fault.CONNECTIONS_GROW: Description(what="the service says that it has 120 connections"),
    Fault.WORKFLOW_HANGS: Description(what="workflows are started and never completed"),
    Fault.WORKFLOW_FAILS: Description(what="workflows end as failed"),
    Fault.TRIGGER_LOST: Description(what="a new job starts no workflow"),
    Fault.TASK_FAILED: Description(what="a background task has failed a minute ago"),
    Fault.TASK_STUCK: Description(what="a background task has been running for an hour"),
}

GENERAL = General(down=Fault.DOWN, slow=Fault.SLOW, errors=Fault.ERRORS)

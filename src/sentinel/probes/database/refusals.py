"""What PostgreSQL means when it refuses: by SQLSTATE for a statement, by the words of libpq for a session.

What is in none of the known words is told by whether a password was asked for.
"""

import re
from typing import Final

from sentinel.base import libpq
from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import FUNCTION_HINT, SCHEMA_HINT, Trouble
from sentinel.probes.wire.failure import os_failure

_OF_SESSION: Final = {
    libpq.Kind.CERTIFICATE_EXPIRED: FailureClass.TLS_EXPIRED,
    libpq.Kind.CERTIFICATE_NAME: FailureClass.TLS_WRONG_NAME,
    libpq.Kind.CERTIFICATE_UNTRUSTED: FailureClass.TLS_UNTRUSTED,
    libpq.Kind.TLS: FailureClass.TLS_FAILED,
    libpq.Kind.NOT_PERMITTED: FailureClass.NOT_PERMITTED,
    libpq.Kind.BUSY: FailureClass.REFUSED,
    libpq.Kind.OWN_LIMIT: FailureClass.OVERLOADED,
    libpq.Kind.CREDENTIAL: FailureClass.CREDENTIAL_REFUSED,
    libpq.Kind.NO_DATABASE: FailureClass.QUERY_FAILED,
    libpq.Kind.NAME: FailureClass.DNS_FAILED,
    libpq.Kind.NO_SOCKET: FailureClass.REFUSED,
    libpq.Kind.CLOSED: FailureClass.RESET,
    libpq.Kind.NO_POSTGRES: FailureClass.PROTOCOL_ERROR,
}


def of_session(said: str, *, password: bool, place: str = "") -> Trouble:
    """Why no session came about. `password`: the server had asked for one. `place`: its host and port."""
    refusal = libpq.refusal(said)
    if refusal is not None:
        return Trouble(failure=_OF_SESSION[refusal.kind], explanation=refusal.explanation, hint=refusal.hint)
    number = libpq.connect_error(said)
    if number is not None:
        known = os_failure(number).at(place)
        return Trouble(failure=known.failure, explanation=known.explanation)
    if password:
        hint = libpq.CREDENTIAL_HINT
        return Trouble(failure=FailureClass.CREDENTIAL_REFUSED, explanation="the login failed", hint=hint)
    return Trouble(
        failure=FailureClass.REFUSED,
        explanation="the server refused the session",
        hint="Try the same URL with psql; the server's log has the reason.",
    )


_READ_HINT: Final = "Use a query that reads; nothing was changed."
_RETRY_HINT: Final = "Nothing to do if it stays alone; often, look at what locks the tables."

_QUERY_HINT: Final = (
    "Mend the query of the check: psql, as the role that Sentinel logs in as, shows what is wrong with it."
)

#: SQLSTATEs (PostgreSQL, appendix A) whose meaning a person can act on.
_STATES: Final = {
    "25006": (FailureClass.NOT_PERMITTED, "the query wants to write, and checks only read", _READ_HINT),
    "57014": (FailureClass.QUERY_TIMEOUT, "the query did not finish in time",
              "Look at pg_stat_activity for locks and long queries, and at the query's plan."),
    "55P03": (FailureClass.QUERY_TIMEOUT, "a lock was not given in time", _RETRY_HINT),
    "40P01": (FailureClass.QUERY_FAILED, "the query was the victim of a deadlock", _RETRY_HINT),
    "40001": (FailureClass.QUERY_FAILED, "a replica's recovery or another transaction was in the way", _RETRY_HINT),
    "42P01": (FailureClass.NOT_INSTALLED, "a table that the query names does not exist", SCHEMA_HINT),
    "42703": (FailureClass.NOT_INSTALLED, "a column that the query names does not exist", SCHEMA_HINT),
    "42883": (FailureClass.NOT_INSTALLED, "a function or operator of the query does not exist for these types",
              FUNCTION_HINT),
    "3F000": (FailureClass.NOT_INSTALLED, "a schema that the query names does not exist", SCHEMA_HINT),
    "42601": (FailureClass.MISCONFIGURED, "the query is not one correct statement", _QUERY_HINT),
    "57P01": (FailureClass.RESET, "an administrator ended the session", ""),
    "57P02": (FailureClass.RESET, "the server crashed", "Look at the server's log."),
    "53100": (FailureClass.QUERY_FAILED, "the server's disk is full", "Make room on the server's disk."),
    "53200": (FailureClass.QUERY_FAILED, "the server is out of memory", "Look at the server's memory."),
}  # fmt: skip


_DENIED: Final = re.compile(
    r"permission denied for (table|view|materialized view|schema|sequence|function) ([\w.]{1,63})"
)


#: What is missing, in the words of an English server; the names are those of the query.
_ABSENT: Final = re.compile(r'(relation|column) "?([\w.]{1,127})"? does not exist')
_KINDS: Final = {"relation": "table", "column": "column"}


#: The class of SQLSTATEs for what is wrong with a statement before any row is looked at: syntax, names, types.
_WRONG_RULE: Final = "42"


def of_statement(state: str, said: str = "") -> Trouble:
    """Why a statement failed, by its SQLSTATE. The message `said` is looked at for names only."""
    if state == "42501":
        return _denied(_DENIED.search(said))
    known = _STATES.get(state)
    if known is not None:
        absent = known[0] is FailureClass.NOT_INSTALLED
        named = _ABSENT.search(said) if absent else None
        what = f"there is no {_KINDS[named[1]]} {named[2]}" if named else known[1]
        explanation = f"{what} (SQLSTATE {state})"
        return Trouble(failure=known[0], explanation=explanation, hint=known[2], state=state, absent=absent)
    if state[:2] == _WRONG_RULE:
        explanation = f"the query does not fit the database (SQLSTATE {state})"
        return Trouble(failure=FailureClass.MISCONFIGURED, explanation=explanation, hint=_QUERY_HINT, state=state)
    return Trouble(
        state=state,
        failure=FailureClass.QUERY_FAILED,
        explanation=f"the query failed (SQLSTATE {state or 'unknown'})",
        hint="Try the query with psql; appendix A of PostgreSQL's manual explains the code.",
    )


def _denied(found: re.Match[str] | None) -> Trouble:
    what = f"{found[1]} {found[2]}" if found else "what the query names"
    right = {"schema": "USAGE", "function": "EXECUTE"}.get(found[1] if found else "", "SELECT")
    kind = f"{found[1].upper()} " if found and right != "SELECT" else ""
    name = found[2] if found else "the tables of the query"
    return Trouble(
        failure=FailureClass.NOT_PERMITTED,
        explanation=f"the role may not use {what} (SQLSTATE 42501)",
        hint=f"GRANT {right} ON {kind}{name} TO the role that Sentinel logs in as.",
    )

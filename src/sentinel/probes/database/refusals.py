"""What PostgreSQL means when it refuses: by SQLSTATE for a statement, by the words of libpq for a session.

libpq gives no SQLSTATE for a session that did not come about, so its English words are looked for, and what is in none
of them is told by whether a password was asked for. The words themselves go nowhere: they name users and databases.
"""

import errno
import os
import re
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import Trouble
from sentinel.probes.wire.failure import os_failure

_CREDENTIAL_HINT: Final = "Renew the password in `url`, and see whether the role may log in and pg_hba.conf lets it."
_SLOTS_HINT: Final = "Look at pg_stat_activity for who holds the sessions, and at max_connections and pools."

#: Words of libpq's or the server's message, the first that is found counts.
_SESSION: Final = (
    ("certificate has expired", FailureClass.TLS_EXPIRED, "the server's certificate has expired", ""),
    ("does not match host name", FailureClass.TLS_WRONG_NAME, "the server's certificate is for another name", ""),
    ("certificate verify failed", FailureClass.TLS_UNTRUSTED, "the server's certificate is not trusted", ""),
    ("root certificate file", FailureClass.TLS_UNTRUSTED, "there is no root certificate to verify the server by",
     "Set `sslrootcert` in the URL to the authority's file, or to `system`."),
    ("server does not support SSL", FailureClass.TLS_FAILED, "the server offers no TLS", ""),
    ("SSL error", FailureClass.TLS_FAILED, "the TLS handshake failed", ""),
    ("permission denied for database", FailureClass.NOT_PERMITTED, "the role may not connect to this database",
     "GRANT CONNECT ON DATABASE … TO the role in `url`."),
    ("too many connections", FailureClass.REFUSED, "the server has no session left", _SLOTS_HINT),
    ("too many clients", FailureClass.REFUSED, "the server has no session left", _SLOTS_HINT),
    ("remaining connection slots", FailureClass.REFUSED, "the server has no session left", _SLOTS_HINT),
    ("is starting up", FailureClass.REFUSED, "the server is starting up",
     "Wait for it; if it stays so, look at the server's log for a long recovery."),
    ("is shutting down", FailureClass.REFUSED, "the server is shutting down", ""),
    ("session is not", FailureClass.REFUSED, "no server has the role that `target_session_attrs` asks for",
     "See which server is the primary, and whether a failover is under way."),
    ("password authentication failed", FailureClass.CREDENTIAL_REFUSED, "the password was refused", _CREDENTIAL_HINT),
    ("no pg_hba.conf entry", FailureClass.CREDENTIAL_REFUSED, "pg_hba.conf lets Sentinel in from nowhere here",
     "Add a line to pg_hba.conf for this host, role and database, and reload."),
    ("not permitted to log in", FailureClass.CREDENTIAL_REFUSED, "the role may not log in", _CREDENTIAL_HINT),
    ("no password supplied", FailureClass.CREDENTIAL_REFUSED, "the server wants a password, and `url` has none",
     _CREDENTIAL_HINT),
    ("authentication failed", FailureClass.CREDENTIAL_REFUSED, "the login was refused", _CREDENTIAL_HINT),
    ('FATAL:  role "', FailureClass.CREDENTIAL_REFUSED, "the role does not exist", _CREDENTIAL_HINT),
    ('FATAL:  database "', FailureClass.QUERY_FAILED, "the database does not exist",
     "Look for a typing error in `url`, or a database that was dropped or renamed."),
    ("server closed the connection", FailureClass.RESET, "the server closed the connection", ""),
    ("received invalid response", FailureClass.PROTOCOL_ERROR, "what answers there is no PostgreSQL",
     "Look which service listens on that port."),
)  # fmt: skip

_CONNECT_ERRORS: Final = (
    errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN,
    errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM,
)  # fmt: skip


def of_session(said: str, *, password: bool) -> Trouble:
    """Why no session came about. `password`: the server had asked for one."""
    for words, failure, explanation, hint in _SESSION:
        if words in said:
            return Trouble(failure=failure, explanation=explanation, hint=hint)
    for number in _CONNECT_ERRORS:
        if os.strerror(number) in said:
            known = os_failure(number)
            return Trouble(failure=known.failure, explanation=known.explanation)
    if "No such file or directory" in said:
        return Trouble(failure=FailureClass.REFUSED, explanation="there is no such Unix socket")
    if password:
        return Trouble(failure=FailureClass.CREDENTIAL_REFUSED, explanation="the login failed", hint=_CREDENTIAL_HINT)
    return Trouble(
        failure=FailureClass.REFUSED,
        explanation="the server refused the session",
        hint="Try the same URL with psql; the server's log has the reason.",
    )


_READ_HINT: Final = "Use a query that reads; nothing was changed."
_RETRY_HINT: Final = "Nothing to do if it stays alone; often, look at what locks the tables."
_SCHEMA_HINT: Final = "Compare the query's names with the schema: has a migration not run, or run twice?"

#: SQLSTATEs (PostgreSQL, appendix A) whose meaning a person can act on.
_STATES: Final = {
    "25006": (FailureClass.NOT_PERMITTED, "the query wants to write, and checks only read", _READ_HINT),
    "57014": (FailureClass.QUERY_TIMEOUT, "the query did not finish in time",
              "Look at pg_stat_activity for locks and long queries, and at the query's plan."),
    "55P03": (FailureClass.QUERY_TIMEOUT, "a lock was not given in time", _RETRY_HINT),
    "40P01": (FailureClass.QUERY_FAILED, "the query was the victim of a deadlock", _RETRY_HINT),
    "40001": (FailureClass.QUERY_FAILED, "a replica's recovery or another transaction was in the way", _RETRY_HINT),
    "42P01": (FailureClass.QUERY_FAILED, "a table that the query names does not exist", _SCHEMA_HINT),
    "42703": (FailureClass.QUERY_FAILED, "a column that the query names does not exist", _SCHEMA_HINT),
    "42883": (FailureClass.QUERY_FAILED, "a function that the query names does not exist", _SCHEMA_HINT),
    "3F000": (FailureClass.QUERY_FAILED, "a schema that the query names does not exist", _SCHEMA_HINT),
    "42601": (FailureClass.QUERY_FAILED, "the query is not one correct statement", "Try the query with psql."),
    "57P01": (FailureClass.RESET, "an administrator ended the session", ""),
    "57P02": (FailureClass.RESET, "the server crashed", "Look at the server's log."),
    "53100": (FailureClass.QUERY_FAILED, "the server's disk is full", "Make room on the server's disk."),
    "53200": (FailureClass.QUERY_FAILED, "the server is out of memory", "Look at the server's memory."),
}  # fmt: skip


_DENIED: Final = re.compile(
    r"permission denied for (table|view|materialized view|schema|sequence|function) ([\w.]{1,63})"
)


def of_statement(state: str, said: str = "") -> Trouble:
    """Why a statement failed, by its SQLSTATE. The message `said` is looked at for the name of what is not permitted only."""
    if state == "42501":
        return _denied(_DENIED.search(said))
    known = _STATES.get(state)
    if known is not None:
        return Trouble(failure=known[0], explanation=f"{known[1]} (SQLSTATE {state})", hint=known[2])
    return Trouble(
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
        hint=f"GRANT {right} ON {kind}{name} TO the role in `url`.",
    )

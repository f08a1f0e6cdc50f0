"""What SQLite means when it refuses: by its result code (sqlite.org/rescode.html), from a file or from a libSQL server."""

import re
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import CELL_CAP, FUNCTION_HINT, SCHEMA_HINT, Trouble

ONE_STATEMENT: Final = "Give the check one statement; several need a check, or an entry of `integrity`, each."
_MISSING: Final = re.compile(r"no such (table|column|view|function): ([\w.]{1,100})")
#: What SQLite says of a statement that it cannot prepare (parse.y, resolve.c and select.c in its source).
_WRONG: Final = re.compile(
    r"syntax error|incomplete input|unrecognized token|ambiguous column name|wrong number of arguments|misuse of"
    r"|no tables specified"
    r"|number of result columns|row value misused|sub-select returns|no such (collation sequence|index)"
)
_KEY: Final = re.compile(r'foreign key mismatch - "(\w{1,100})" referencing "(\w{1,100})"')


def of_code(code: str, said: str) -> Trouble:
    """Why a statement failed. The message `said` is looked at for the names of tables and columns only."""
    known = _BY_CODE.get("_".join(code.split("_")[:2]))
    if known is not None:
        explanation = f"{known[1]} ({_shown(code)})"
        return Trouble(failure=known[0], explanation=explanation, hint=known[2], large=code == "SQLITE_TOOBIG")
    missing = _MISSING.search(said)
    if missing is not None:
        return Trouble(
            failure=FailureClass.NOT_INSTALLED,
            explanation=f"there is no {missing[1]} {missing[2]}",
            hint=FUNCTION_HINT if missing[1] == "function" else SCHEMA_HINT,
            absent=True,
        )
    key = _KEY.search(said)
    if key is not None:
        return Trouble(
            failure=FailureClass.INTEGRITY,
            explanation=f"the foreign key of {key[1]} to {key[2]} fits no unique columns there",
            hint=f"Look at the two tables' definitions: has a migration changed {key[2]} alone?",
        )
    if code in _OF_SQL or _WRONG.search(said) is not None:
        return Trouble(
            failure=FailureClass.MISCONFIGURED,
            explanation=f"the query is not one correct statement ({_shown(code)})",
            hint="Mend the query of the check: the `sqlite3` program shows what is wrong with it.",
        )
    return Trouble(
        failure=FailureClass.QUERY_FAILED,
        explanation=f"the query failed ({_shown(code)})",
        hint="Try the query with the `sqlite3` program on the same file.",
    )


def _shown(code: str) -> str:
    return code if re.fullmatch(r"[A-Z_]{1,40}", code) else "no code"


#: Codes of a libSQL server for a text that is no statement (libsql-server/src/hrana/stmt.rs).
_OF_SQL: Final = frozenset({"SQL_PARSE_ERROR", "SQL_NO_STATEMENT", "SQL_INPUT_ERROR"})
_DAMAGED: Final = "Restore a backup, or save what can be read with `sqlite3 FILE .recover`."
_NO_DATABASE: Final = (
    "Does the URL name the right file? It may also be encrypted, or overwritten: then restore a backup."
)
_BY_CODE: Final = {
    "SQLITE_BUSY": (
        FailureClass.QUERY_TIMEOUT,
        "the database stayed locked",
        "Look for a long write or a stuck process that holds the file.",
    ),
    "SQLITE_INTERRUPT": (
        FailureClass.QUERY_TIMEOUT,
        "the query did not finish in time",
        "Look at its plan with EXPLAIN QUERY PLAN, and for a missing index.",
    ),
    "SQLITE_READONLY": (
        FailureClass.NOT_PERMITTED,
        "the query wants to write, and checks only read",
        "Use a query that reads; nothing was changed.",
    ),
    "SQLITE_AUTH": (
        FailureClass.NOT_PERMITTED,
        "the server does not allow this query",
        "Put a token that may read this database into its URL.",
    ),
    "SQLITE_CORRUPT": (FailureClass.INTEGRITY, "the database file is damaged", _DAMAGED),
    "SQLITE_NOTADB": (FailureClass.QUERY_FAILED, "the file is no SQLite database", _NO_DATABASE),
    "SQLITE_IOERR": (
        FailureClass.QUERY_FAILED,
        "the disk failed under the database",
        "Look at the kernel's log and the disk's health.",
    ),
    "SQLITE_TOOBIG": (
        FailureClass.QUERY_FAILED,
        f"a value has more than {CELL_CAP} bytes",
        "Ask for a length or count instead of the value.",
    ),
}

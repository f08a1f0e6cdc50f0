"""A libSQL server over a SQLite file: "Hrana over HTTP" as libSQL's own server speaks it, as far as Sentinel asks it."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from tests.kit.ports import LOOPBACK

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from pathlib import Path

READING = ("select", "with", "explain", "values")


class LibsqlServer:
    """Answers `POST /v2/pipeline` from the file; with a token, to nobody else."""

    def __init__(self, file: Path, *, token: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []  # statements that were executed
        self.described: list[str] = []
        self.token = token
        self.port = 0
        self._file = file
        self._tls = tls
        self._runner = web.ServerRunner(web.Server(self._respond), shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        """As SQLAlchemy's dialect has it, without the token."""
        return f"sqlite+libsql://{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401, text='{"error":"Unauthorized"}', content_type="application/json")
        if (request.method, request.path) != ("POST", "/v2/pipeline"):
            return web.Response(status=404)
        asked = json.loads(await request.read())
        answer = {"baton": None, "base_url": None, "results": [self._result(one) for one in asked["requests"]]}
        return web.Response(text=json.dumps(answer), content_type="application/json")

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            match request["type"]:
                case "describe":
                    response = {"type": "describe", "result": self._describe(request["sql"])}
                case "execute":
                    response = {"type": "execute", "result": self._execute(request["stmt"])}
                case kind:
                    response = {"type": kind}
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "SQL_MANY_STATEMENTS")
            code = "SQL_INPUT_ERROR" if code == "SQLITE_ERROR" else code
            return {"type": "error", "error": {"message": f"SQLite error: {error}", "code": code}}
        return {"type": "ok", "response": response}

    def _describe(self, text: str) -> dict[str, Any]:
        self.described.append(text)
        with closing(self._connect()) as connection:
            connection.execute(f"EXPLAIN {text}", [None] * len(set(re.findall(r"\?\d+", text))))
        reads = text.lower().lstrip().startswith(READING) and "insert into" not in text.lower()
        return {"params": [], "cols": [], "is_explain": False, "is_readonly": reads}

    def _execute(self, statement: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(statement["sql"])
        with closing(self._connect()) as connection:
            cursor = connection.execute(statement["sql"], [_python(value) for value in statement["args"]])
            rows = [[_hrana(cell) for cell in row] for row in cursor]
            names = [{"name": column[0], "decltype": None} for column in cursor.description or ()]
        return {"cols": names, "rows": rows, "affected_row_count": 0, "last_insert_rowid": None}

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, isolation_level=None)


def _python(value: dict[str, Any]) -> Any:
    return value.get("value")


def _hrana(cell: object) -> dict[str, Any]:
    match cell:
        case None:
            return {"type": "null"}
        case int():
            return {"type": "integer", "value": str(cell)}
        case float():
            return {"type": "float", "value": cell}
        case bytes():
            return {"type": "blob", "base64": ""}
        case _:
            return {"type": "text", "value": str(cell)}


def answer_of(rows: Sequence[Sequence[object]], *columns: str) -> bytes:
    """The body of an answer with these rows, for servers that a test makes by hand."""
    result = {"cols": [{"name": name} for name in columns], "rows": [[_hrana(cell) for cell in row] for row in rows]}
    response = {"type": "execute", "result": {**result, "is_readonly": True}}
    return json.dumps({"baton": None, "results": [{"type": "ok", "response": response}]}).encode()

"""libSQL servers, asked by "Hrana over HTTP": one request per statement, over the same way to a target as every HTTP check.

A statement runs only after the server has called it one that reads (`describe`), which it is asked for once. So nothing is
written, with whatever token. The protocol: docs/HTTP_V2_SPEC.md in the repository of libSQL.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from sentinel.base.redact import Secret
from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import (
    ROW_CAP,
    Answer,
    Asked,
    Cell,
    DatabaseError,
    Statement,
    Trouble,
    broken,
)
from sentinel.probes.database.codes import ONE_STATEMENT, of_code
from sentinel.probes.wire import (
    Exchange,
    ExchangeFailed,
    InvalidRequest,
    PreparedRequest,
    Resolver,
    TlsContexts,
    Transport,
    prepare,
)

#: Bytes of one answer. An answer in JSON takes some ten times its size in memory while it is read.
ANSWER_CAP: Final = 512 << 10

SCHEMES: Final = ("sqlite+libsql://", "libsql://")
_EXPECTED: Final = "a URL such as 'sqlite+libsql://host:8080?authToken=…&secure=true' or 'libsql://name.example.org'"
_YES: Final = frozenset({"true", "1", "yes"})
_NO: Final = frozenset({"false", "0", "no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LibsqlPlace:
    """Where a server is asked."""

    url: str  # of its pipeline
    token: Secret | None = field(default=None, repr=False)
    basic: Secret | None = field(default=None, repr=False)  # user and password, as HTTP sends them


def read_libsql_url(text: str) -> LibsqlPlace:
    """The place that a URL names; ValueError, which never shows a part of it, when it names none."""
    scheme = text.partition(":")[0]
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ValueError(_EXPECTED) from None
    settings = dict(pairs)
    if not parts.hostname or parts.fragment or len(pairs) > len(settings) or set(settings) - _PARAMETERS:
        raise ValueError(_EXPECTED)
    secure = _secure(settings, usual=scheme == "libsql")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = LibsqlPlace(
        url=f"{'https' if secure else 'http'}://{host}{port}{parts.path.rstrip('/')}/v2/pipeline",
        token=Secret(settings["authToken"]) if settings.get("authToken") else None,
        basic=_basic(parts.username, parts.password),
    )
    _look_at(place)
    return place


_PARAMETERS: Final = frozenset({"authToken", "secure", "tls"})


def _secure(settings: Mapping[str, str], *, usual: bool) -> bool:
    """Whether to speak TLS: SQLAlchemy's dialect says `secure`, libSQL's own clients say `tls`."""
    said = settings.get("secure", settings.get("tls", "")).lower()
    if said not in {"", *_YES, *_NO}:
        raise ValueError("secure=true or secure=false")
    return said in _YES if said else usual


def _basic(user: str | None, password: str | None) -> Secret | None:
    if user is None:
        return None
    return Secret(base64.b64encode(f"{user}:{password or ''}".encode()).decode())


def _look_at(place: LibsqlPlace) -> None:
    """Raises ValueError for what no request can be made to. Without TLS, as a context would cost 20 ms."""
    try:
        _prepared(LibsqlPlace(url=f"http://{place.url.partition('://')[2]}", token=place.token), [], TlsContexts())
    except InvalidRequest:
        raise ValueError(_EXPECTED) from None


def _prepared(place: LibsqlPlace, requests: list[Mapping[str, Any]], contexts: TlsContexts) -> PreparedRequest:
    """A pipeline of one stream, which the server closes at its end."""
    headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
    if place.token is not None:
        headers.append(("Authorization", f"Bearer {place.token.reveal()}"))
    elif place.basic is not None:
        headers.append(("Authorization", f"Basic {place.basic.reveal()}"))
    body = orjson.dumps({"baton": None, "requests": [*requests, {"type": "close"}]})
    return prepare("POST", place.url, headers=headers, body=body, contexts=contexts)


class LibsqlDatabase:
    """One server. Every statement has a connection and a stream of its own."""

    def __init__(self, place: LibsqlPlace, resolver: Resolver, contexts: TlsContexts) -> None:
        self._place = place
        self._transport = Transport(resolver)
        self._contexts = contexts
        self._reading: set[str] = set()  # statements that the server calls reading
        self.host = _prepared(place, [], contexts).host

    async def ask(self, statements: Sequence[Statement], deadline: float, values: Sequence[str] = ()) -> Asked:
        asked = Asked()
        try:
            for statement in statements:
                await self._see_that_it_reads(statement, deadline)
                await self._answer(asked, statement, deadline, values)
        except ExchangeFailed as error:
            asked.trouble = Trouble(failure=error.failure, explanation=error.explanation)
        except DatabaseError as error:
            asked.trouble = error.trouble
        return asked

    async def _see_that_it_reads(self, statement: Statement, deadline: float) -> None:
        text = statement.numbered("?")
        if text in self._reading:
            return
        _, result = await self._request({"type": "describe", "sql": text}, deadline)
        if result.get("is_readonly") is not True:
            raise broken(FailureClass.NOT_PERMITTED, "the query wants to write, and checks only read", _READ_HINT)
        self._reading.add(text)

    async def _answer(self, asked: Asked, statement: Statement, deadline: float, values: Sequence[str]) -> None:
        text = statement.numbered("?")
        bound = [{"type": "text", "value": value} for value in values] if statement.parameters else []
        request = {"type": "execute", "stmt": {"sql": text, "args": bound, "want_rows": True}}
        exchange, result = await self._request(request, deadline)
        phases = exchange.phases
        waited = (phases.first_byte or 0.0) + (phases.transfer or 0.0)
        if asked.connect_time is None:
            asked.connect_time = phases.total - waited
        asked.answers.append(_read_answer(result, waited))

    async def _request(self, request: Mapping[str, Any], deadline: float) -> tuple[Exchange, Mapping[str, Any]]:
        """What came back, and the result of the request. Raises ExchangeFailed or DatabaseError."""
        prepared = _prepared(self._place, [request], self._contexts)
        exchange = await self._transport.exchange(prepared, deadline=deadline, body_cap=ANSWER_CAP)
        _refuse_status(exchange.status, with_token=self._place.token is not None)
        if exchange.truncated:
            explanation = f"the answer has more than {ANSWER_CAP >> 10} KiB"
            raise broken(FailureClass.QUERY_FAILED, explanation, _LARGE_HINT, large=True)
        return exchange, _read_result(exchange.body)


_LARGE_HINT: Final = "Ask for counts, or for fewer rows with LIMIT."
_READ_HINT: Final = "Use a query that reads; nothing was changed."


def _refuse_status(status: int, *, with_token: bool) -> None:
    if status == 200:
        return
    if status in {401, 403}:
        said = "the server refused the token" if with_token else "the server wants a token"
        hint = "Put a token that may read into the URL (authToken=…), and look whether it has run out."
        raise broken(FailureClass.CREDENTIAL_REFUSED, f"{said} (status {status})", hint)
    if status == 404:
        hint = "Look whether the URL names the HTTP port of a libSQL server (sqld) of version 0.20 or later."
        raise broken(FailureClass.PROTOCOL_ERROR, "there is no libSQL server there (status 404)", hint)
    if status >= 500:
        hint = "Look at the server's log, its load and its disk."
        raise broken(FailureClass.QUERY_FAILED, f"the server could not answer (status {status})", hint)
    hint = "Look whether the URL names a libSQL server, and which proxy answers before it."
    raise broken(FailureClass.PROTOCOL_ERROR, f"the answer is not one of a libSQL server (status {status})", hint)


def _no_libsql() -> DatabaseError:
    hint = "Look whether the URL names a libSQL server, and which proxy answers before it."
    return broken(FailureClass.PROTOCOL_ERROR, "the answer is not one of a libSQL server", hint)


def _read_result(body: bytes) -> Mapping[str, Any]:
    """The result of the first request of the pipeline. Raises DatabaseError for an error, and for what has another shape."""
    try:
        answered = orjson.loads(body)
    except ValueError:
        raise _no_libsql() from None
    match answered:
        case {"results": [{"type": "ok", "response": {"result": dict(result)}}, *_]}:
            return result
        case {"results": [{"type": "error", "error": dict(error)}, *_]}:
            raise DatabaseError(_refused(error))
    raise _no_libsql()


def _refused(error: Mapping[str, Any]) -> Trouble:
    code, said = error.get("code"), error.get("message")
    return _OF_SERVER.get(str(code)) or of_code(str(code or ""), said if isinstance(said, str) else "")


#: Codes of the server itself (libsql-server/src/hrana/stmt.rs); all others are SQLite's.
_OF_SERVER: Final = {
    "BLOCKED": Trouble(
        failure=FailureClass.NOT_PERMITTED,
        explanation="the server has blocked reading (BLOCKED)",
        hint="Look at the limits of the database's plan, and whether an administrator has blocked it.",
    ),
    "SQL_MANY_STATEMENTS": Trouble(
        failure=FailureClass.MISCONFIGURED, explanation="the query is not one statement", hint=ONE_STATEMENT
    ),
    "RESPONSE_TOO_LARGE": Trouble(
        failure=FailureClass.QUERY_FAILED,
        explanation="the answer is larger than the server gives (RESPONSE_TOO_LARGE)",
        hint=_LARGE_HINT,
        large=True,
    ),
    "TRANSACTION_BUSY": Trouble(
        failure=FailureClass.QUERY_TIMEOUT,
        explanation="the server takes no more transactions (TRANSACTION_BUSY)",
        hint="Look at the server's load, and at clients that leave transactions open.",
    ),
    "TRANSACTION_TIMEOUT": Trouble(
        failure=FailureClass.QUERY_TIMEOUT,
        explanation="the query did not finish in the server's own time (TRANSACTION_TIMEOUT)",
        hint="Look at its plan with EXPLAIN QUERY PLAN, and for a missing index.",
    ),
    "PROXY_ERROR": Trouble(
        failure=FailureClass.QUERY_FAILED,
        explanation="the replica could not ask its primary (PROXY_ERROR)",
        hint="Look whether the primary runs, and at the network between the two.",
    ),
}


def _read_answer(result: Mapping[str, Any], seconds: float) -> Answer:
    """Raises DatabaseError when it is not the result of a statement."""
    try:
        columns = tuple(str(column["name"] or "") for column in result["cols"])
        rows = result["rows"]
        first = tuple(map(_cell, rows[0])) if rows else ()
        return Answer(columns=columns, rows=min(len(rows), ROW_CAP), first=first, seconds=seconds)
    except (ValueError, LookupError, TypeError):
        raise _no_libsql() from None


def _cell(value: Mapping[str, Any]) -> Cell:
    match value["type"]:
        case "null":
            return None
        case "integer":
            return int(value["value"])  # a text, as JSON's numbers lose digits
        case "float":
            return float(value["value"])
        case "text":
            return str(value["value"])
        case "blob":
            return "(binary)"
        case _:
            raise ValueError("a type that the protocol does not have")

"""Finds an entry of a log: by a request whose JSON answer has the entries, or by a query whose first row is the entry."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import model_validator

from sentinel.base.fields import Options, ZoneName
from sentinel.core.result import FailureClass
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.caller import Caller, account_of
from sentinel.probes.calls.requests import RequestOptions, with_word
from sentinel.probes.calls.session import Login
from sentinel.probes.database import Database, Statement, open_database
from sentinel.probes.database.options import DatabaseField, StatementField
from sentinel.probes.expect.patterns import JsonPath, read_json
from sentinel.probes.finding import Finding


class LogOptions(Options):
    """Where entries are found, the newest first."""

    request: RequestOptions | None = None
    """A request whose JSON answer has the entries."""
    entries: JsonPath = JsonPath("@")
    """Where the list of entries stands in that answer."""
    login: Login | None = None
    """Who sends it; none: the request carries its own credential, or needs none."""
    database: DatabaseField | None = None
    """The database that the log is in, instead of a request."""
    query: StatementField | None = None
    """The statement whose first row is the entry; its columns are the fields."""
    zone: ZoneName = "UTC"
    """The time zone of times that name none."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.request is None) == (self.query is None) or (self.query is None) != (self.database is None):
            raise ValueError("either request, or database and query")
        return self

    def has_word(self, word: str) -> bool:
        """Whether `{word}` stands somewhere in the query or request."""
        placeholder = f"{{{word}}}"
        if self.query is not None:
            return placeholder in self.query
        request = self.request
        assert request is not None
        texts = (request.url, *request.headers.values(), request.body or "", str(request.json_body))
        return any(placeholder in text for text in texts)


class Log:
    """One log to look into."""

    def __init__(self, options: LogOptions, tools: ProbeTools, words: tuple[str, ...]) -> None:
        self._options = options
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self.account = account_of(options.login, tools)
        self._words = words
        self._database: Database | None = None
        if options.database is not None:
            self._database = open_database(
                options.database, threads=tools.threads, resolver=tools.transport.resolver, contexts=tools.contexts
            )
        self._statement = Statement(name="entry", text=options.query or "", parameters=words)

    @property
    def host(self) -> str:
        if self._database is not None:
            return self._database.host
        return self.account.host if self.account is not None else ""

    async def first(self, step: str, deadline: float, values: Mapping[str, str]) -> Any:
        """The first entry, with `{word}` replaced by its value; None when there is none. Raises Finding."""
        if self._database is not None:
            return await self._queried(step, self._database, deadline, values)
        request = self._options.request
        assert request is not None
        for word, value in values.items():
            request = with_word(request, word, value)
        exchange = await self._caller.call_as(step, self.account, request, deadline)
        refuse_status(step, exchange.status)
        try:
            found = self._options.entries.find(read_json(exchange.body))
        except ValueError:
            raise Finding(FailureClass.WRONG_BODY, f"{step}: the body is not JSON") from None
        if isinstance(found, list):
            return found[0] if found else None
        return found

    async def _queried(self, step: str, database: Database, deadline: float, values: Mapping[str, str]) -> Any:
        bound = tuple(values[word] for word in self._words)
        asked = await database.ask([self._statement], deadline, bound)
        if asked.trouble is not None:
            raise Finding.of_database(step, asked.trouble)
        answer = asked.answers[0]
        return dict(zip(answer.columns, answer.first, strict=True)) if answer.rows else None


def refuse_status(step: str, status: int) -> None:
    """Raises Finding unless the status says that the log was given."""
    if 200 <= status < 300:
        return
    if status in {401, 403}:
        explanation = f"{step}: Sentinel may not read the log (status {status})"
        raise Finding(FailureClass.NOT_PERMITTED, explanation, "Give the user in `login` the right to read the log.")
    raise Finding(FailureClass.WRONG_STATUS, f"{step}: status {status}, expected 2xx", "Look at the service's log.")

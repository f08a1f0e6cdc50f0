"""Numbers that a probe reads beside its own work: by a query, or from a JSON answer."""

from collections.abc import Awaitable, Callable
from typing import Any, Self

from pydantic import model_validator

from sentinel.base.fields import Options
from sentinel.base.redact import Secret
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.database import Statement, as_number, open_database
from sentinel.probes.database.options import NameField, StatementField
from sentinel.probes.expect.patterns import JsonPath, read_json
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange

#: Sends a request as a role: role, step, request, deadline.
Ask = Callable[[str, str, RequestOptions, float], Awaitable[Exchange]]


class CountOptions(Options):
    """One number, read by a query, or by a request as a role and a path into its JSON answer."""

    name: NameField
    """What is counted, in small letters, digits and `_`; the reading is `counts.<name>`."""
    query: StatementField | None = None
    """One statement whose first value is the number."""
    request: RequestOptions | None = None
    """A request whose JSON answer has the number."""
    by: str | None = None
    """The role that sends the request."""
    path: JsonPath | None = None
    """Where the number stands in the answer, such as `length(roles)`."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        by_request = [self.request, self.by, self.path]
        given = sum(part is not None for part in by_request)
        if (self.query is None) == (given == 0) or given not in {0, 3}:
            raise ValueError("either query, or request, by and path")
        return self


class Counter:
    """Reads the same numbers in every run."""

    def __init__(self, counts: tuple[CountOptions, ...], url: Secret | None, tools: ProbeTools) -> None:
        self._queried = [count for count in counts if count.query is not None]
        self._requested = [count for count in counts if count.query is None]
        self._statements = [Statement(name=count.name, text=count.query or "") for count in self._queried]
        self._database = (
            open_database(url, threads=tools.threads, resolver=tools.transport.resolver, contexts=tools.contexts)
            if url is not None and self._queried
            else None
        )

    async def read(self, ask: Ask, deadline: float) -> list[Reading]:
        """All numbers; raises Finding for the first that cannot be read."""
        readings = await self._query(deadline)
        for count in self._requested:
            assert count.request is not None
            step = f"count {count.name}"
            exchange = await ask(count.by or "", step, count.request, deadline)
            readings.append(_reading(count.name, _found(count, step, exchange), FailureClass.WRONG_ANSWER))
        return readings

    async def _query(self, deadline: float) -> list[Reading]:
        if self._database is None:
            return []
        asked = await self._database.ask(self._statements, deadline)
        if asked.trouble is not None:
            raise Finding.of_database("counts", asked.trouble)
        return [
            _reading(count.name, answer.value, FailureClass.MISCONFIGURED)  # no data makes a number of a text
            for count, answer in zip(self._queried, asked.answers, strict=True)
        ]


def _found(count: CountOptions, step: str, exchange: Exchange) -> Any:
    if not 200 <= exchange.status < 300:
        raise Finding(FailureClass.WRONG_STATUS, f"{step}: status {exchange.status}, expected 2xx")
    assert count.path is not None
    try:
        return count.path.find(read_json(exchange.body))
    except ValueError:
        raise Finding(FailureClass.WRONG_BODY, f"{step}: the body is not JSON") from None


def _reading(name: str, value: Any, otherwise: FailureClass) -> Reading:
    """Raises Finding, of the class `otherwise`, for what is no number."""
    if (found := as_number(value)) is None:
        raise Finding(
            otherwise,
            f"count {name}: there is no number",
            "Run the query or request by hand and see where the number stands.",
        )
    return Reading(f"counts.{name}", found, Unit.COUNT)

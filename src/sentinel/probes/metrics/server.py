"""The values of a check, from a Prometheus server: one instant query for each."""

import math
from typing import Any, Final
from urllib.parse import quote

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.document import Document, DocumentSource
from sentinel.probes.expect.patterns import JsonPath, read_json
from sentinel.probes.finding import Finding
from sentinel.probes.metrics.options import MetricsOptions
from sentinel.probes.metrics.page import Read

_STEP: Final = "Prometheus server"

#: With these the server says in its answer what is wrong (https://prometheus.io/docs/prometheus/latest/querying/api/).
_READ: Final = frozenset({200, 400, 422, 503})
_ANSWER_LIMIT: Final = 262_144  # bytes of one answer; one number takes 100

_STATUS: Final = JsonPath("status")
_TYPE: Final = JsonPath("data.resultType")
_RESULT: Final = JsonPath("data.result")


class ServerReader:
    """Asks one query after the other. Checks that ask the same share the answer."""

    def __init__(self, options: MetricsOptions, tools: ProbeTools) -> None:
        self._options = options
        self._sources = {name: _source(name, options, tools) for name in options.values}
        self.host = next(iter(self._sources.values())).host

    async def read(self, deadline: float) -> Read:
        """Raises Finding when the server cannot be asked."""
        readings: list[Reading] = []
        findings: list[Finding] = []
        documents = []
        for name, value in self._options.values.items():
            documents.append(await self._sources[name].get(deadline))
            try:
                number = _number(documents[-1])
            except Finding as finding:
                if not (value.optional and finding.failure is FailureClass.MISSING):
                    findings.append(Finding(finding.failure, f"{name}: {finding.explanation}", finding.hint))
            else:
                readings.append(Reading(f"values.{name}", number, value.measures))
        return Read([*_totals(documents), *readings], findings)


def _source(name: str, options: MetricsOptions, tools: ProbeTools) -> DocumentSource:
    query = quote(options.values[name].query or "", safe="")
    asked = options.model_copy(update={"url": f"{options.url.rstrip('/')}/api/v1/query?query={query}"})
    return DocumentSource(asked, tools, name=_STEP, body_limit=_ANSWER_LIMIT, statuses=_READ)


def _number(answer: Document) -> float:
    """The number of a scalar or of a vector of one; NaN where there was nothing to divide by. Raises Finding."""
    try:
        document = read_json(answer.body)
    except ValueError:
        raise _no_prometheus(answer.status) from None
    if _STATUS.find(document) not in {"success", "error"}:
        raise _no_prometheus(answer.status)
    if answer.status == 503:
        raise Finding(FailureClass.QUERY_TIMEOUT, "the server gave the query up", _TIMEOUT_HINT)
    if answer.status != 200 or _STATUS.find(document) != "success":
        raise Finding(FailureClass.MISCONFIGURED, "the server refuses the query", _QUERY_HINT)
    return _of_result(_TYPE.find(document), _RESULT.find(document))


def _of_result(kind: Any, result: Any) -> float:
    if kind == "vector" and isinstance(result, list):
        if not result:
            raise Finding(FailureClass.MISSING, "the query finds nothing", _EMPTY_HINT)
        if len(result) > 1:
            raise Finding(FailureClass.MISCONFIGURED, f"the query finds {len(result)} series", _MANY_HINT)
        result = result[0].get("value") if isinstance(result[0], dict) else None
    elif kind != "scalar":
        raise Finding(FailureClass.MISCONFIGURED, "the query yields no single number", _MANY_HINT)
    try:
        return float(result[1])
    except (TypeError, ValueError, IndexError, KeyError):
        raise _no_prometheus(200) from None


def _no_prometheus(status: int) -> Finding:
    if status >= 300:
        return Finding(FailureClass.WRONG_STATUS, f"status {status}", _ADDRESS_HINT)
    return Finding(FailureClass.WRONG_BODY, "the answer is not that of a Prometheus server", _ADDRESS_HINT)


def _totals(answers: list[Document]) -> list[Reading]:
    return [
        Reading("response_time", math.fsum(answer.response_time for answer in answers), Unit.SECONDS),
        Reading("size", sum(len(answer.body) for answer in answers), Unit.BYTES),
    ]


_QUERY_HINT: Final = "Try the query in the server's own page and mend it; the server says there what it does not like."
_MANY_HINT: Final = "Let the query yield one number: put `sum(…)` or `max(…)` around it, or name more labels."
_EMPTY_HINT: Final = (
    "Either the series has not been written for 5 minutes (is its target up?), or the query has a typing error. Where "
    "nothing is fine, set `optional`, or end the query with `or vector(0)`."
)
_TIMEOUT_HINT: Final = (
    "The server is overloaded, or the query too broad: shorten its range, or record it by a rule there."
)
_ADDRESS_HINT: Final = "`url` is the server's own address, with its path prefix if it has one, and without `/api/v1`."

"""Takes words out of answers."""

from collections.abc import Mapping
from typing import Any, Final

from sentinel.core.result import FailureClass
from sentinel.probes.calls.cookies import set_cookies
from sentinel.probes.database import Answer
from sentinel.probes.expect.patterns import read_json
from sentinel.probes.finding import Finding
from sentinel.probes.scenario.options import Capture
from sentinel.probes.scenario.words import Value
from sentinel.probes.wire import Exchange

_LONGEST: Final = 4096  # characters of a word: ids and tokens are far shorter

Captures = Mapping[str, Capture]


def from_exchange(captures: Captures, exchange: Exchange) -> dict[str, Value]:
    """The words that the answer has; those that it has not are left out."""
    document = _document(captures, exchange)
    found = {name: _cut(capture, _place(capture, exchange, document)) for name, capture in captures.items()}
    return {name: value for name, value in found.items() if value is not None}


def from_row(captures: Captures, answer: Answer) -> dict[str, Value]:
    """The same for a query's first row."""
    row = dict(zip(answer.columns, answer.first, strict=False))
    found = {name: _cut(capture, row.get(capture.column or "")) for name, capture in captures.items()}
    return {name: value for name, value in found.items() if value is not None}


def refuse_missing(step: str, captures: Captures, found: Mapping[str, Value]) -> None:
    """Raises Finding when a word could not be taken."""
    for name, capture in captures.items():
        if name not in found:
            explanation = f"{step}: no value for {{{name}}} {_where(capture)}"
            raise Finding(FailureClass.WRONG_BODY, explanation, "Compare the answer with the step's `capture`.")


def _document(captures: Captures, exchange: Exchange) -> Any:
    if not any(capture.json_ for capture in captures.values()):
        return None
    try:
        return read_json(exchange.body)
    except ValueError:
        return None


def _place(capture: Capture, exchange: Exchange, document: Any) -> object:
    if capture.json_ is not None:
        return capture.json_.find(document)
    if capture.header is not None:
        return exchange.header(capture.header)
    if capture.cookie is not None:
        return next((cookie.value for cookie in set_cookies(exchange) if cookie.name == capture.cookie), None)
    return exchange.body.decode("utf-8", "replace")


def _cut(capture: Capture, value: object) -> Value | None:
    if capture.matches is not None:
        value = capture.matches.captured(str(value)) if isinstance(value, str | int) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value if isinstance(value, int) or 0 < len(value) <= _LONGEST else None


def _where(capture: Capture) -> str:
    if capture.json_ is not None:
        return f"at {capture.json_.source}"
    named = [f"in the {kind} {name}" for kind, name in _named(capture) if name]
    return named[0] if named else "in the body"


def _named(capture: Capture) -> list[tuple[str, str | None]]:
    return [("header", capture.header), ("cookie", capture.cookie), ("column", capture.column)]

"""What must not stand in the answer of a request that is refused."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from pydantic import StringConstraints, model_validator

from sentinel.base.fields import Options
from sentinel.probes.expect.patterns import JsonPath, Pattern, read_json

_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})
_NO_DOCUMENT: Final = object()


class Content(Options):
    """Marks of what a request gives. A refusal that has one of them in its body refuses in name only."""

    texts: tuple[Annotated[str, StringConstraints(min_length=1, max_length=1000)], ...] = ()
    """Texts, such as the name of the made-up patient. They are never shown."""
    patterns: tuple[Pattern, ...] = ()
    """Patterns (RE2)."""
    paths: tuple[JsonPath, ...] = ()
    """Places in a JSON answer, such as `patient.name` or `items[0]`, where nothing may stand."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.texts and not self.patterns and not self.paths:
            raise ValueError("texts, patterns or paths")
        return self

    def found_in(self, body: bytes) -> str:
        """The first that is in the body, told without its words: `text 1`, `the path items[0]`; empty when none is."""
        return next(self._found_in(body.decode("utf-8", "replace"), _document(body)), "")

    def _found_in(self, text: str, document: Any) -> Iterator[str]:
        yield from (f"text {number}" for number, part in enumerate(self.texts, start=1) if part in text)
        yield from (f"pattern {number}" for number, one in enumerate(self.patterns, start=1) if one.found_in(text))
        if document is not _NO_DOCUMENT:
            yield from (f"the path {path.source}" for path in self.paths if path.find(document) not in _NOTHING)


def _document(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        return _NO_DOCUMENT

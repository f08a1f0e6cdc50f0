"""What a check expects of a value, and what to say when it finds another.

An explanation names the path and the expectation. What was found is shown only when it is a number, true, false or null,
or when `reveal` is set: texts may be about people.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, JsonValue, model_validator

from sentinel.base.fields import Options
from sentinel.probes.expect.patterns import JsonPath, Pattern

_SHOWN: Final = 80  # characters of a revealed text
_LONGEST: Final = 100  # characters of an expectation in an explanation


class NumberExpectation(Options):
    """Bounds of a number, such as a count of rows. All that are given must hold."""

    equals: float | None = None
    """The number itself."""
    above: float | None = None
    """The number must be larger than this."""
    below: float | None = None
    """The number must be smaller than this."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.equals is None and self.above is None and self.below is None:
            raise ValueError("at least one of equals, above, below")
        return self

    def unmet(self, number: float) -> str:
        """What does not hold, such as `above 3`; empty when all does."""
        if self.equals is not None and number != self.equals:
            return f"{self.equals:g}"
        if self.above is not None and not number > self.above:
            return f"above {self.above:g}"
        if self.below is not None and not number < self.below:
            return f"below {self.below:g}"
        return ""


class ValueExpectation(Options):
    """What a value must be. All that is given must hold."""

    equals: JsonValue = None
    """The value itself; types count: `1` is not `"1"` and not `true`."""
    one_of: tuple[JsonValue, ...] | None = None
    """The values it may have."""
    matches: Pattern | None = None
    """A pattern (RE2) that must be found in the text."""
    contains: JsonValue = None
    """A text that the text must contain, or an element that the list must have, or a key of the object."""
    above: float | None = None
    """The number must be larger than this."""
    below: float | None = None
    """The number must be smaller than this."""
    exists: bool | None = None
    """`true`: there must be a value other than null; `false`: there must be none."""
    length: NumberExpectation | None = None
    """Of a text in characters, of a list in elements, of an object in keys."""
    reveal: bool = False
    """Show what was found, even if it is a text. Only for values that are never about a person and never secret."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set & _CONDITIONS:
            raise ValueError(f"at least one of {', '.join(sorted(_CONDITIONS))}")
        return self

    def unmet(self, found: Any) -> str:
        """The expectation that does not hold, such as `"healthy"` or `above 3`; empty when all hold."""
        for condition in self._given():
            if not _HOLDS[condition](found, getattr(self, condition)):
                return _worded(condition, getattr(self, condition), found)
        return ""

    def shown(self, found: Any) -> str:
        """What was found, as far as it may be shown."""
        if found is None or isinstance(found, bool):
            return {None: "nothing", True: "true", False: "false"}[found]
        if isinstance(found, int | float):
            return f"{found:.12g}"
        if isinstance(found, str):
            return f'"{_clipped(found, _SHOWN)}"' if self.reveal else "another text"
        return f"a list of {len(found)}" if isinstance(found, list) else "an object"

    def _given(self) -> list[str]:
        return [name for name in _HOLDS if name in self.model_fields_set]


class JsonAssertion(ValueExpectation):
    """An expectation of one place in a JSON document."""

    path: JsonPath
    """Where to look, in JMESPath's syntax: `status`, `components.database`, `items[0].id`, `length(items)`."""

    def failing(self, document: Any) -> str:
        """What to say when it does not hold; empty when it does."""
        found = self.path.find(document)
        unmet = self.unmet(found)
        return f"{self.path.source}: expected {unmet}, found {self.shown(found)}" if unmet else ""


class HeaderExpectation(Options):
    """What a header of the answer must be. A text stands for `equals`."""

    equals: str | None = None
    """The whole value."""
    matches: Pattern | None = None
    """A pattern (RE2) that must be found in the value."""
    exists: bool | None = None
    """Whether the header must be there, with any value, or must not."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.equals is None and self.matches is None and self.exists is None:
            raise ValueError("at least one of equals, matches, exists")
        return self

    def unmet(self, value: str | None) -> str:
        """The expectation that does not hold; empty when all hold. Never the value, which may be a cookie."""
        if value is None:
            return "" if self.exists is False else "it to be there"
        if self.exists is False:
            return "it not to be there"
        if self.equals is not None and value != self.equals:
            return f'"{_clipped(self.equals, _LONGEST)}"'
        if self.matches is not None and not self.matches.found_in(value):
            return f"a match of '{_clipped(self.matches.source, _LONGEST)}'"
        return ""


def _from_text(value: object) -> object:
    return {"equals": value} if isinstance(value, str) else value


HeaderField = Annotated[HeaderExpectation, BeforeValidator(_from_text, json_schema_input_type=str | HeaderExpectation)]
HeaderExpectations = Mapping[str, HeaderField]


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]


class TextExpectation(Options):
    """What the body, read as text, must have in it. A text stands for `contains`."""

    contains: Texts = ()
    """Texts that must all be in it; one text or a list."""
    matches: Pattern | None = None
    """A pattern (RE2) that must be found in it."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.contains and self.matches is None:
            raise ValueError("at least one of contains, matches")
        return self

    def unmet(self, text: str) -> str:
        """The first that is not found; empty when all are."""
        for part in self.contains:
            if part not in text:
                return f'"{_clipped(part, _LONGEST)}"'
        if self.matches is not None and not self.matches.found_in(text):
            return f"a match of '{_clipped(self.matches.source, _LONGEST)}'"
        return ""

    def met_by(self, text: str) -> str:
        """The first that is found, where none may be; empty when none is."""
        for part in self.contains:
            if part in text:
                return f'"{_clipped(part, _LONGEST)}"'
        if self.matches is not None and self.matches.found_in(text):
            return f"a match of '{_clipped(self.matches.source, _LONGEST)}'"
        return ""


def _text_from(value: object) -> object:
    return {"contains": (value,)} if isinstance(value, str) else value


TextField = Annotated[TextExpectation, BeforeValidator(_text_from, json_schema_input_type=str | TextExpectation)]


def same(found: Any, expected: Any) -> bool:
    """Whether two JSON values are the same. Unlike Python's `==`, true is not 1; as in JSON, 1 is 1.0."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(same(found[key], value) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    return bool(found == expected)


def _contains(found: Any, part: Any) -> bool:
    if isinstance(found, str):
        return isinstance(part, str) and part in found
    if isinstance(found, list):
        return any(same(element, part) for element in found)
    return isinstance(found, dict) and isinstance(part, str) and part in found


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _has_length(found: Any, expected: NumberExpectation | None) -> bool:
    return expected is None or (isinstance(found, str | list | dict) and not expected.unmet(len(found)))


#: In the order in which they are looked at and told of.
_HOLDS: Final = {
    "exists": lambda found, wanted: wanted is None or (found is not None) is wanted,
    "equals": same,
    "one_of": lambda found, wanted: wanted is None or any(same(found, value) for value in wanted),
    "matches": lambda found, wanted: wanted is None or (isinstance(found, str) and wanted.found_in(found)),
    "contains": _contains,
    "above": lambda found, bound: bound is None or (_is_number(found) and found > bound),
    "below": lambda found, bound: bound is None or (_is_number(found) and found < bound),
    "length": _has_length,
}
_CONDITIONS: Final = frozenset(_HOLDS)


def _worded(condition: str, wanted: Any, found: Any) -> str:
    match condition:
        case "exists":
            return "a value" if wanted else "no value"
        case "matches":
            return f"a match of '{_clipped(wanted.source, _LONGEST)}'"
        case "above" | "below":
            return f"{condition} {wanted:g}"
        case "one_of":
            return f"one of {_clipped(', '.join(map(_written, wanted)), _LONGEST)}"
        case "length":
            has_length = isinstance(found, str | list | dict)
            return f"a length {_of(wanted.unmet(len(found)))}" if has_length else "something with a length"
        case "contains":
            return f"{_clipped(_written(wanted), _LONGEST)} within it"
        case _:
            return _clipped(_written(wanted), _LONGEST)


def _of(bound: str) -> str:
    return bound if bound[0].isalpha() else f"of {bound}"


def _written(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"

"""Secrets that do not print, and the door through which every text of ours goes out."""

import json
from collections.abc import Iterable, Iterator
from typing import NoReturn
from urllib.parse import quote

MASK = "•••"

#: Shorter values are not looked for in texts: masking every `42` would make a log unreadable and hide nothing.
_SHORTEST_MASKED = 6


class Secret:
    """A value that must not be shown. Its repr, str and format hide it; `reveal()` is the only way to it.

    Two secrets are equal when their values are, so that a reload sees whether one has changed.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the one call that needs it, never for a message."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


class Redactor:
    """Replaces every known secret in a text by a mask. The last line of defence, not the first."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._values: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Know these too from now on. None is forgotten: a text may still speak of a secret that was just replaced.

        May be called while other threads clean texts.
        """
        forms = {form for secret in secrets for form in _forms(secret.reveal()) if len(form) >= _SHORTEST_MASKED}
        # The longest first, so that a secret that contains another leaves no tail behind.
        self._values = sorted(forms.union(self._values), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without any known secret."""
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return text


def _forms(value: str) -> Iterator[str]:
    """How a value may stand in a text: as it is, as JSON and `repr` escape it, and as it is written in a URL."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield quote(value, safe="")

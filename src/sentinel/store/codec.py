"""Values as JSON and back: states, incidents and messages, which are only ever read as a whole."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Generic, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from sentinel.core.deployment.deployment import Deployment
from sentinel.core.history import CheckState
from sentinel.core.holding import Held
from sentinel.core.incident import Incident
from sentinel.core.notification import Message, Receipt
from sentinel.core.posting import Post
from sentinel.core.silence import Silence
from sentinel.core.window import Window

log = structlog.get_logger()

T = TypeVar("T")
R = TypeVar("R")


class Unreadable(Exception):
    """A stored text is no value of its type (any more)."""


class Codec(Generic[T]):
    """One type's stored form, and the version of that form."""

    def __init__(self, of: type[T], version: int = 1) -> None:
        self.of = of
        self.version = version

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self.of)

    def encode(self, value: T) -> str:
        """The value as JSON."""
        try:
            return self._adapter.dump_json(value).decode()
        except PydanticSerializationError:
            # Half of a surrogate pair, from a target or a terminal: replaced, like everywhere in the store.
            return storable(json.dumps(self._adapter.dump_python(value, mode="json"), ensure_ascii=False))

    def decode(self, body: str, version: int) -> T:
        """Read what `encode` wrote.

        Raises:
            Unreadable: of another version, or no such value. The text says where, never what stands there.
        """
        if version != self.version:
            raise Unreadable(f"form {version}, known is {self.version}")
        try:
            return self._adapter.validate_json(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise Unreadable(f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['type']}") from None


STATE = Codec(CheckState)
INCIDENT = Codec(Incident)
MESSAGE = Codec(Message)
RECEIPT: Codec[Receipt] = Codec(Receipt)
SILENCE = Codec(Silence)
WINDOW = Codec(Window)
HELD = Codec(Held)
POST = Codec(Post)
DEPLOYMENT = Codec(Deployment)


def storable(text: str) -> str:
    """The text without what PostgreSQL (NUL) or UTF-8 (half of a surrogate pair) cannot hold: one such letter of a target's
    answer would otherwise keep a whole batch from ever being committed."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def readable(table: str, rows: Iterable[R], name: Callable[[R], object], read: Callable[[R], T]) -> Iterator[T]:
    """What can be read of the rows. A row that cannot is reported by its name and left out: it must not stop a start."""
    for row in rows:
        try:
            value = read(row)
        except Unreadable as error:
            log.error("store.row_unreadable", table=table, row=str(name(row)), why=str(error))
            continue
        yield value

"""A log whose entries are chained: each carries a hash of itself and of the entry before it."""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256, sha512
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sentinel.base.fields import Options, SecretField
from sentinel.probes.database.identifiers import ColumnName

PREVIOUS: Final = "{previous}"
_HASHES: Final = {"sha256": sha256, "sha512": sha512}
_KEYED: Final = {"hmac-sha256": sha256, "hmac-sha512": sha512}

#: A part of the hashed text: a column, or the word that stands for the previous entry's hash.
Part = Annotated[str, StringConstraints(pattern=r"^(\{previous\}|[A-Za-z_][A-Za-z0-9_$]{0,62})$")]


class ChainOptions(Options):
    """How the log's own service makes the hash of an entry."""

    hash: ColumnName = "hash"
    """The column with it."""
    previous: ColumnName | None = None
    """The column with the previous entry's hash, where the log keeps it."""
    columns: tuple[Part, ...] = Field(default=(), max_length=50)
    """What is hashed, in order, as the database writes it as text (null as nothing): columns, and `{previous}` for the previous
    entry's hash, in hexadecimal where the column is binary."""
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^;]*$")] | None = None
    """Instead of `columns`: an SQL expression of the hashed text, where it is made in another way."""
    separator: str = "|"
    """What stands between the columns."""
    algorithm: Literal["sha256", "sha512", "hmac-sha256", "hmac-sha512"] = "sha256"
    """How the hash is made of the text, in UTF-8."""
    key: SecretField | None = None
    """The key of an HMAC. Who has it can forge the log, so prefer to watch logs that are chained without one, or verify where
    the key is already."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the hash is written."""

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if (not self.columns) == (self.text is None):
            raise ValueError("either columns or text")
        if (self.algorithm in _KEYED) != (self.key is not None):
            raise ValueError("key with an hmac algorithm, and only with one")
        if self.previous is None and PREVIOUS not in self.columns:
            raise ValueError("previous, or {previous} among the columns: without either, entries are not chained")
        return self

    def digest(self, parts: Sequence[str]) -> str:
        """The hash of an entry, as the log should have it."""
        text = self.separator.join(parts).encode("utf-8", "replace")
        if self.key is not None:
            made = hmac.digest(self.key.reveal().encode(), text, _KEYED[self.algorithm])
        else:
            made = _HASHES[self.algorithm](text).digest()
        return made.hex() if self.encoding == "hex" else base64.b64encode(made).decode()

    def written(self, value: str) -> str:
        """A hash as the database gives it, in the form of `digest`: hexadecimal in any case, binary columns as `\\x…`."""
        return value.strip().removeprefix("\\x").lower() if self.encoding == "hex" else value.strip()

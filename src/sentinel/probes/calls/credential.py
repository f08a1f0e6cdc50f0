"""A lasting credential, as HTTP's own schemes send it."""

import base64
from typing import Self

from pydantic import model_validator

from sentinel.base.fields import Options, SecretField


class BasicAuth(Options):
    """A user and password, sent as HTTP's own "Basic" scheme."""

    username: str
    """The name."""
    password: SecretField
    """The password."""


class HttpAuth(Options):
    """How Sentinel shows who it is; one of the two."""

    basic: BasicAuth | None = None
    """A user and password."""
    bearer: SecretField | None = None
    """A token."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.basic is None) == (self.bearer is None):
            raise ValueError("either basic or bearer")
        return self

    def header(self) -> tuple[str, str]:
        if self.basic is None:
            return "Authorization", f"Bearer {self.bearer.reveal() if self.bearer else ''}"
        pair = f"{self.basic.username}:{self.basic.password.reveal()}".encode()
        return "Authorization", f"Basic {base64.b64encode(pair).decode()}"

"""What a form of a page brings: few short fields. That it comes from one of our pages is seen to before (`sign_in.rules`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request

from sentinel.web.sign_in.forms import pairs


class Form:
    """The fields of a form, by name."""

    def __init__(self, fields: Sequence[tuple[str, str]] = ()) -> None:
        self._all: dict[str, list[str]] = {}
        for name, text in fields:
            self._all.setdefault(name, []).append(text)

    def text(self, name: str) -> str:
        """A field without the space around it; empty where it is missing."""
        return self._all.get(name, [""])[0].strip()

    def texts(self, name: str) -> list[str]:
        """All fields of one name, such as of boxes that were ticked."""
        return self._all.get(name, [])

    def words(self, name: str) -> list[str]:
        """The words of a field, between which commas or spaces stand."""
        return self.text(name).replace(",", " ").split()

    def given(self, *names: str) -> dict[str, Any]:
        """Of these fields those that were filled in."""
        return {name: text for name in names if (text := self.text(name))}


async def read(request: Request) -> Form:
    """The form of a request; raises HTTPException 415 or 400 where it is none."""
    return Form(await pairs(request))


def as_body(fields: Mapping[str, Any]) -> bytes:
    """Fields as programs send them, so that one reader checks both."""
    return orjson.dumps(fields)

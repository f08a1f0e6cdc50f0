"""Cookies that a service sets: what they say, and a jar that gives them back for the length of one run.

Read by the algorithm of RFC 6265, 5.2, as browsers do. `http.cookies` of the standard library follows the stricter grammar for
servers and drops the whole header at the first character that it does not like, such as a quotation mark in a value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from sentinel.probes.wire import Exchange

_PORTS: Final = {"http": 80, "https": 443}
_MOST: Final = 50  # cookies of one origin, as RFC 6265, 6.1 asks of browsers
_LONGEST: Final = 4096  # bytes of a name and value together; likewise
_AGE: Final = re.compile(r"(-?)([0-9]+)")  # of any length: a service can send what it likes


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCookie:
    """One cookie as an answer sets it."""

    name: str
    value: str = field(repr=False)
    attributes: Mapping[
        str, str
    ]  # by name in small letters; those without a value, such as `secure`, have an empty one

    @property
    def secure(self) -> bool:
        return "secure" in self.attributes

    @property
    def http_only(self) -> bool:
        return "httponly" in self.attributes

    @property
    def same_site(self) -> str:
        """`strict`, `lax` or `none`; empty when it is not said."""
        return self.attributes.get("samesite", "").lower()

    @property
    def path(self) -> str:
        path = self.attributes.get("path", "")
        return path if path.startswith("/") else "/"

    def is_over(self, now: datetime) -> bool:
        """Whether it takes the cookie away instead of setting it."""
        if found := _AGE.fullmatch(self.attributes.get("max-age", "")):
            return found[1] == "-" or not found[2].strip("0")
        try:
            expires = parsedate_to_datetime(self.attributes.get("expires", ""))
        except (ValueError, OverflowError):
            return False
        # An old way of writing, with dashes and no zone, is GMT too.
        return (expires if expires.tzinfo else expires.replace(tzinfo=now.tzinfo)) <= now


def set_cookies(exchange: Exchange) -> list[SetCookie]:
    """The cookies that an answer sets, in order."""
    lines = (value.decode("latin-1") for name, value in exchange.headers if name.lower() == b"set-cookie")
    return [cookie for cookie in map(_read, lines) if cookie is not None]


def _read(line: str) -> SetCookie | None:
    pair, *rest = line.split(";")
    name, sign, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    if not sign or not name or len(name) + len(value) > _LONGEST:
        return None
    split = (attribute.partition("=") for attribute in rest)
    return SetCookie(
        name=name, value=value, attributes={key.strip().lower(): text.strip() for key, _, text in split if key.strip()}
    )


class CookieJar:
    """The cookies of one run, by origin: a cookie goes back to the scheme, host and port that set it and nowhere else."""

    def __init__(self) -> None:
        self._cookies: dict[str, dict[tuple[str, str], SetCookie]] = {}

    def take(self, url: str, exchange: Exchange, now: datetime) -> None:
        """Keep what an answer sets, and forget what it takes away."""
        known = self._cookies.setdefault(_origin(urlsplit(url)), {})
        for cookie in set_cookies(exchange):
            key = cookie.name, cookie.path
            known.pop(key, None)
            if not cookie.is_over(now) and len(known) < _MOST:
                known[key] = cookie

    def header(self, url: str) -> tuple[tuple[str, str], ...]:
        """The header for a request to that address; empty without a cookie for it."""
        parts = urlsplit(url)
        known = self._cookies.get(_origin(parts), {}).values()
        fitting = [f"{cookie.name}={cookie.value}" for cookie in known if _within(parts.path or "/", cookie.path)]
        return (("Cookie", "; ".join(fitting)),) if fitting else ()


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS.get(parts.scheme)}"


def _within(path: str, of: str) -> bool:
    """RFC 6265, 5.1.4."""
    return path == of or path.startswith(of if of.endswith("/") else f"{of}/")

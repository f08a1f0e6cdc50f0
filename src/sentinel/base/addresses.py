"""Names of hosts and addresses of pages, looked at before anything is sent there."""

import ipaddress
import re
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from sentinel.base.redact import Secret

#: Labels of at most 63 characters (RFC 1035, 2.3.4; underscores occur in practice).
_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


def is_host(text: str) -> bool:
    """Whether the text is the name or the address of a host. Names outside of ASCII have to be written as `xn--…`."""
    with suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return is_host_name(text)


def is_host_name(text: str) -> bool:
    """Whether the text is the name of a host."""
    return _NAME.fullmatch(text) is not None


def checked_url(value: Secret) -> Secret:
    """The URL, if a request can be made to it over HTTP.

    Raises:
        ValueError: it cannot; the text does not show it.
    """
    url = value.reveal()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise ValueError("an address such as https://example.org/alerts, without spaces")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address without user and password")
    return value

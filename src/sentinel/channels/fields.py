"""Checks of options that several kinds of channels have."""

import re
from urllib.parse import urlsplit

from sentinel.base.redact import Secret


def checked_url(value: Secret) -> Secret:
    """The URL, if a message can be posted to it.

    Raises:
        ValueError: it cannot; the text does not show it.
    """
    url = value.reveal()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise ValueError("an address such as https://example.org/alerts, without spaces")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address without user and password; a header can carry them")
    return value

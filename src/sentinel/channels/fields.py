"""Checks of options that several kinds of channels have."""

import ipaddress
import re
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

from sentinel.base.fields import SecretField
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
    """The URL, if a message can be posted to it.

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
        raise ValueError("an address without user and password; a header can carry them")
    return value


def _base(value: str) -> str:
    checked_url(Secret(value))
    if "?" in value or "#" in value:
        raise ValueError("an address such as https://example.org, to which the paths of the API are added")
    return value.rstrip("/")


#: The address below which the API of a service is; no secret, since the key goes along in another place.
BaseUrl = Annotated[str, AfterValidator(_base)]


def _header(value: Secret) -> Secret:
    if not re.fullmatch(r"[\x21-\x7e]+", value.reveal()):
        raise ValueError("a key in visible ASCII characters, without spaces")
    return value


#: A key that goes into a header.
HeaderKey = Annotated[SecretField, AfterValidator(_header)]


def _authorities(file: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except ssl.SSLError:
        raise ValueError(f"certificates in PEM; {file.name} has none that can be used") from None
    except OSError as error:
        raise ValueError(f"a file that can be read; {file.name} cannot ({error.strerror})") from None
    return file


#: A file of certificate authorities in PEM, looked into when the configuration is read: later it would fail the start.
CaFile = Annotated[Path, AfterValidator(_authorities)]

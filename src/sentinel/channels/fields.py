"""Checks of options that several kinds of channels have."""

import re
import ssl
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from sentinel.base.addresses import checked_url
from sentinel.base.fields import SecretField
from sentinel.base.redact import Secret


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

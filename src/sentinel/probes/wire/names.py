"""Names of hosts, as a person writes them and as the wire wants them."""

import re
from typing import Final

import idna

from sentinel.probes.wire.address import literal_addresses

#: Labels of at most 63 characters (RFC 1035, 2.3.4; underscores occur in practice).
_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


def host_name(text: str) -> str:
    """The host in ASCII, without the dot at its end: a name or a literal address; empty when it is neither."""
    name = text.rstrip(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError:
            return ""
    return name if _NAME.fullmatch(name) or literal_addresses(name, 0) else ""

"""What Chromium calls the ways in which a page cannot be had (its net_error_list.h), in our words."""

import re
from typing import Final

from sentinel.core.result import FailureClass as Failure
from sentinel.probes.finding import Finding

_NAME: Final = re.compile(r"net::(ERR_[A-Z0-9_]{1,60})")

_KNOWN: Final[dict[str, Failure]] = {
    "ERR_NAME_NOT_RESOLVED": Failure.DNS_NOT_FOUND,
    "ERR_NAME_RESOLUTION_FAILED": Failure.DNS_FAILED,
    "ERR_DNS_MALFORMED_RESPONSE": Failure.DNS_FAILED,
    "ERR_DNS_SERVER_FAILED": Failure.DNS_FAILED,
    "ERR_DNS_TIMED_OUT": Failure.DNS_TIMEOUT,
    "ERR_CONNECTION_REFUSED": Failure.REFUSED,
    "ERR_CONNECTION_RESET": Failure.RESET,
    "ERR_CONNECTION_ABORTED": Failure.RESET,
    "ERR_CONNECTION_CLOSED": Failure.INCOMPLETE,
    "ERR_EMPTY_RESPONSE": Failure.INCOMPLETE,
    "ERR_CONTENT_LENGTH_MISMATCH": Failure.INCOMPLETE,
    "ERR_INCOMPLETE_CHUNKED_ENCODING": Failure.INCOMPLETE,
    "ERR_CONNECTION_TIMED_OUT": Failure.CONNECT_TIMEOUT,
    "ERR_TIMED_OUT": Failure.CONNECT_TIMEOUT,
    "ERR_ADDRESS_UNREACHABLE": Failure.UNREACHABLE,
    "ERR_CONNECTION_FAILED": Failure.UNREACHABLE,
    "ERR_INTERNET_DISCONNECTED": Failure.NETWORK_DOWN,
    "ERR_NETWORK_CHANGED": Failure.NETWORK_DOWN,
    "ERR_INSUFFICIENT_RESOURCES": Failure.OVERLOADED,
    "ERR_OUT_OF_MEMORY": Failure.OVERLOADED,
    "ERR_CERT_AUTHORITY_INVALID": Failure.TLS_UNTRUSTED,
    "ERR_CERT_COMMON_NAME_INVALID": Failure.TLS_WRONG_NAME,
    "ERR_CERT_DATE_INVALID": Failure.TLS_EXPIRED,
    "ERR_TOO_MANY_REDIRECTS": Failure.WRONG_STATUS,
    "ERR_UNSAFE_PORT": Failure.MISCONFIGURED,
    "ERR_ABORTED": Failure.WRONG_STATUS,  # an answer without a page: 204, or a download
}
_GROUPS: Final = (
    ("ERR_CERT_", Failure.TLS_UNTRUSTED),
    ("ERR_SSL_", Failure.TLS_FAILED),
    ("ERR_DNS_", Failure.DNS_FAILED),
)


def finding_of(error: str) -> Finding:
    """Why there is no page, from the text of Chromium's error; what else stands in it goes no further."""
    named = _NAME.match(error)
    name = named[1] if named is not None else "an unknown error"
    for start, failure in _GROUPS:
        if name.startswith(start) and name not in _KNOWN:
            return Finding(failure, f"no page: {name}")
    failure = _KNOWN.get(name, Failure.PROTOCOL_ERROR)
    return Finding(failure, f"no page: {name}", _HINTS.get(failure, ""))


_HINTS: Final = {
    Failure.WRONG_STATUS: "Open the address in a browser: it leads in circles, or to a file instead of a page.",
    Failure.MISCONFIGURED: "Browsers refuse this port, whatever listens there: use another one.",
}

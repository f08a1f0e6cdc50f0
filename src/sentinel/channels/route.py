"""How a mail goes to its server: the values that the email channel hands to the SMTP client."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel.base.redact import Secret


class Tls(StrEnum):
    """When a connection becomes TLS."""

    IMPLICIT = "implicit"  # from the first byte (RFC 8314)
    REQUIRED = "required"  # by STARTTLS, or there is no mail
    OFFERED = "offered"  # by STARTTLS where it is offered, whatever the certificate (RFC 7435)
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The server and how to talk to it."""

    host: str
    port: int
    tls: Tls
    context: ssl.SSLContext | None = field(repr=False)  # None where TLS is never used
    hello: str  # the name that Sentinel gives itself
    username: str = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message to one recipient."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """The server says before the mail that it takes none of this size (RFC 1870); nothing was sent."""

    most: int  # bytes that it takes

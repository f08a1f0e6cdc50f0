"""Where Sentinel answers, and who may ask it there."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator

from sentinel.base.addresses import is_host
from sentinel.base.fields import Options, PositiveDuration, SecretField
from sentinel.base.redact import Secret
from sentinel.config.schema.fields import Line, Name

#: As `sentinel user hash` prints it: the PHC string format of argon2id.
_ARGON2ID = re.compile(r"\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,6}),p=(\d{1,5})\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{21,}")

#: More memory (KiB), passes and lanes than anybody needs would let a sign-in stop the host.
_MOST_MEMORY, _MOST_PASSES, _MOST_LANES = 1_048_576, 32, 64

_LONGEST_SESSION = timedelta(days=30)

RoleName = Literal["viewer", "operator", "admin"]


def _proxy(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError("an address or a network, such as '10.0.0.7' or '10.0.0.0/8'") from None
    return value


def _issuer(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("an address such as 'https://login.example.org/realms/staff'")
    return value


def _session(value: timedelta) -> timedelta:
    if value > _LONGEST_SESSION:
        raise ValueError("at most 30d")
    return value


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("a day such as '2027-06-30'") from None


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class UserEntry(Options):
    """Somebody who signs in with a password."""

    role: RoleName
    """`viewer` looks; `operator` also acknowledges, comments, silences, plans windows and runs checks; `admin` may everything."""
    password: SecretField
    """The argon2id hash of the password, as `sentinel user hash` prints it, or a reference to it."""

    @field_validator("password")
    @classmethod
    def _password(cls, value: Secret) -> Secret:
        found = _ARGON2ID.fullmatch(value.reveal())
        if found is None:
            raise ValueError("an argon2id hash, as `sentinel user hash` prints it")
        memory, passes, lanes = (int(number) for number in found.groups())
        if memory > _MOST_MEMORY or not 0 < passes <= _MOST_PASSES or not 0 < lanes <= _MOST_LANES:
            raise ValueError(
                f"an argon2id hash of at most {_MOST_MEMORY} KiB, {_MOST_PASSES} passes and {_MOST_LANES} lanes"
            )
        return value


class TokenEntry(Options):
    """A program that asks with `Authorization: Bearer …`."""

    role: RoleName = "viewer"
    """What it may, as of a user."""
    hash: SecretField
    """What `sentinel token new` prints, or a reference to it; the token itself stands nowhere."""
    until: Day | None = None
    """The last day on which it is good, UTC, such as `2027-06-30`; for good when not given."""
    scopes: tuple[Literal["metrics", "status", "read", "deploy", "act"], ...] = ()
    """What it may ask: `metrics`, `status` (how everything is now), `read` (all else that can be looked at), `deploy`
    (deployments and windows), `act` (all else that changes something). Everything that its role may, when not given."""

    @field_validator("hash")
    @classmethod
    def _hash(cls, value: Secret) -> Secret:
        # People put the token itself here: it must not be shown.
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", value.reveal()):
            raise ValueError("`sha256:` and 64 hexadecimal digits, as `sentinel token new` prints them")
        return value


class OidcRoles(Options):
    """Which groups have which role. Who is in none of them does not come in."""

    claim: Line = "groups"
    """The claim of the ID token that lists a person's groups."""
    admin: tuple[Line, ...] = ()
    """Groups whose people may everything."""
    operator: tuple[Line, ...] = ()
    """Groups whose people may act."""
    viewer: tuple[Line, ...] = ()
    """Groups whose people may look."""


class OidcEntry(Options):
    """Signing in with an account that stands elsewhere (OpenID Connect)."""

    issuer: Annotated[str, AfterValidator(_issuer)]
    """The address of the provider; its `/.well-known/openid-configuration` says the rest. With https, unless it is this host."""
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    """What the provider calls this Sentinel."""
    client_secret: SecretField | None = None
    """What Sentinel shows the provider; none for a public client."""
    title: Line = "Sign in with your account"
    """On the button."""
    name: Line = "preferred_username"
    """The claim of the ID token that names a person, on timelines and in the journal; `email` or `sub` stand in for it."""
    scopes: tuple[Line, ...] = ("openid", "profile", "email")
    """What is asked of the provider."""
    roles: OidcRoles
    """Which groups have which role."""


class TlsEntry(Options):
    """A certificate for the TCP port. Files that change are read again."""

    certificate: Annotated[str, Field(min_length=1)]
    """File of the certificate and those that lead to its authority, PEM."""
    key: Annotated[str, Field(min_length=1)]
    """File of its private key, PEM, without a password."""


class SessionEntry(Options):
    """How long people stay signed in."""

    idle: Annotated[PositiveDuration, AfterValidator(_session)] = Field(default="8h", validate_default=True)
    """A session that is not used ends after this."""
    longest: Annotated[PositiveDuration, AfterValidator(_session)] = Field(default="24h", validate_default=True)
    """Every session ends after this."""


class WebEntry(Options):
    """Where Sentinel answers, and who may ask it there."""

    socket: str | None = None
    """Path of the Unix socket that `sentinel --status` asks. Default: `sentinel.sock` in the runtime or state folder."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on over TCP; only with `port`."""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """TCP port of status, health, metrics and the dashboard; none when not given."""
    dashboard: bool = False
    """Whether the port has pages for people. Where others can reach them, or behind a proxy, they need `users` or `oidc`."""
    users: Mapping[Name, UserEntry] = {}
    """Who signs in with a password, by name. Without users, tokens and `oidc` nobody signs in: what can be looked at is open
    to whoever can connect, and what changes something needs the socket."""
    tokens: Mapping[Name, TokenEntry] = {}
    """Programs, by name."""
    oidc: OidcEntry | None = None
    """Signing in with an account that stands elsewhere."""
    tls: TlsEntry | None = None
    """The certificate of the TCP port; plain HTTP when not given."""
    proxies: tuple[Annotated[str, AfterValidator(_proxy)], ...] = ()
    """Addresses of proxies in front of the port: their `X-Forwarded-For` and `-Proto` count, those of others do not."""
    session: SessionEntry = SessionEntry()
    """How long people stay signed in."""
    metrics: Literal["open", "signed_in"] = "open"
    """Who may have `/metrics`: everybody who can connect, or only who signed in or shows a token."""
    insecure: bool = False
    """Whether people may sign in over plain HTTP on an address that others can reach: passwords then cross the network openly."""

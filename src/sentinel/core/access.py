"""Who may do what with a running Sentinel: roles of people, scopes of programs, and how they say who they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, IntEnum, StrEnum
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network

from sentinel.base.redact import Secret


class Role(IntEnum):
    """What a person may do. A higher one may do everything that a lower one may."""

    VIEWER = 1  # look
    OPERATOR = 2  # acknowledge, comment, silence, plan and end windows, deploy, run a check, post to the status page
    ADMIN = 3  # reload, see the journal, redrive and drop messages

    @property
    def label(self) -> str:
        return self.name.lower()


class Scope(StrEnum):
    """A part of what can be asked. A role says how much somebody may do, a scope where."""

    METRICS = "metrics"  # metrics for Prometheus
    STATUS = "status"  # how everything is now: status, incidents, silences and windows in lists
    READ = "read"  # everything else that can be looked at
    DEPLOY = "deploy"  # start, watch, end and undo deployments; start, extend and end windows
    ACT = "act"  # everything else that changes something


#: What people may, as far as their role goes.
EVERYTHING = frozenset(Scope)


class Via(Enum):
    """How somebody came in."""

    SOCKET = "socket"  # the local socket: whoever may open the file
    PASSWORD = "password"
    OIDC = "oidc"
    TOKEN = "token"  # a program
    SLACK = "slack"  # a button of a message, which Slack signed
    HOOK = "hook"  # an incoming webhook, whose sender signed it
    HOST = "host"  # on this host: a start, or a signal such as SIGHUP
    NOBODY = "nobody"  # without signing in


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody, or some program, that asks."""

    name: str  # stands on timelines and in the journal; of the local socket empty: the request names who it is
    role: Role
    via: Via
    scopes: frozenset[Scope] = EVERYTHING

    def may(self, role: Role, scope: Scope | None = None) -> bool:
        """Whether it may do what that role may, in that scope; None: in any."""
        return self.role >= role and (scope is None or scope in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in with a password."""

    name: str
    role: Role
    password: Secret  # its argon2id hash

    @property
    def stamp(self) -> str:
        """Changes with the role and the password: what was begun under another one is over."""
        return sha256(f"{self.role.label}\n{self.password.reveal()}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What a program shows that it may."""

    name: str
    role: Role
    digest: str  # SHA-256 of the token, hexadecimal
    until: date | None = None  # the last day on which it is good, UTC; None: for good
    scopes: frozenset[Scope] = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcPlan:
    """Where people sign in who have their account elsewhere (OpenID Connect)."""

    issuer: str  # without a slash at its end
    client_id: str
    client_secret: Secret | None
    title: str  # on the button
    name_claim: str  # which claim names a person
    roles_claim: str  # which claim lists their groups
    roles: Mapping[Role, tuple[str, ...]]  # the groups that have each role
    scopes: tuple[str, ...]

    @property
    def stamp(self) -> str:
        """Changes with everything that decides who may: what was begun under another configuration is over."""
        groups = [(role.label, self.roles.get(role, ())) for role in Role]
        return sha256(
            repr((self.issuer, self.client_id, self.name_claim, self.roles_claim, groups)).encode()
        ).hexdigest()

    def role_of(self, groups: frozenset[str]) -> Role | None:
        """The highest role that one of the groups has; None: they may not come in."""
        return max((role for role, named in self.roles.items() if groups & frozenset(named)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may come in over TCP. A reload makes it new at once."""

    users: Mapping[str, User] = field(default_factory=dict)
    tokens: tuple[ApiToken, ...] = ()
    oidc: OidcPlan | None = None
    idle: timedelta = timedelta(hours=8)  # a session that is not used ends after this
    longest: timedelta = timedelta(hours=24)  # a session ends after this
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()  # whose X-Forwarded-… headers count
    anonymous: frozenset[Scope] = frozenset({Scope.METRICS, Scope.STATUS})  # what may be looked at without signing in

    @property
    def people(self) -> bool:
        """Whether people can sign in."""
        return bool(self.users) or self.oidc is not None

    @property
    def closed(self) -> bool:
        """Whether nothing is shown to those who have not said who they are."""
        return self.people or bool(self.tokens)

    @property
    def visitor(self) -> Principal:
        """Somebody who has not said who they are."""
        return Principal(name="", role=Role.VIEWER, via=Via.NOBODY, scopes=self.anonymous)

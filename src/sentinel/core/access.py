"""Who may do what with a running Sentinel: roles of people, scopes of programs."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class Role(IntEnum):
    """What a person may do. A higher one may do everything that a lower one may."""

    VIEWER = 1  # look
    OPERATOR = 2  # acknowledge, comment, silence, plan windows, run a check, post to the status page
    ADMIN = 3  # reload, end what others planned, see the journal, redrive and drop messages

    @property
    def label(self) -> str:
        return self.name.lower()


class Via(Enum):
    """How somebody came in."""

    SOCKET = "socket"  # the local socket: whoever may open the file
    PASSWORD = "password"
    OIDC = "oidc"
    TOKEN = "token"  # a program
    NOBODY = "nobody"  # without signing in, where the configuration has no users and only this host can connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody, or some program, that asks."""

    name: str  # stands on timelines and in the journal; of the local socket empty: the request names who it is
    role: Role
    via: Via

    def may(self, role: Role) -> bool:
        """Whether it may do what that role may."""
        return self.role >= role

"""What libpq means when there is no session with a PostgreSQL server.

It gives no SQLSTATE for a session that did not come about, so its English words and the server's are looked for. They
themselves go nowhere, as they name users and databases: what is answered is in words of ours.
"""

import errno
import os
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What a person would have to look at."""

    CERTIFICATE_EXPIRED = auto()
    CERTIFICATE_NAME = auto()
    CERTIFICATE_UNTRUSTED = auto()
    TLS = auto()
    NOT_PERMITTED = auto()
    BUSY = auto()  # the server is there and takes no session now
    OWN_LIMIT = auto()  # the role that Sentinel logs in as has all the sessions that it may have
    CREDENTIAL = auto()
    NO_DATABASE = auto()
    NAME = auto()  # of the host
    NO_SOCKET = auto()
    CLOSED = auto()
    NO_POSTGRES = auto()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no session."""

    kind: Kind
    explanation: str
    hint: str = ""


CREDENTIAL_HINT: Final = (
    "Renew the password in the database's URL, and see whether the role may log in and pg_hba.conf lets it."
)
_SLOTS_HINT: Final = "Look at pg_stat_activity for who holds the sessions, and at max_connections and pools."
_LIMIT_HINT: Final = (
    "`ALTER ROLE … CONNECTION LIMIT 20` for the role that Sentinel logs in as (each check that looks into a database takes a "
    "session while it runs), or have fewer checks due at once."
)
_REJECT_HINT: Final = "Change the `reject` line of pg_hba.conf that fits this host, role and database, and reload."
_ROLE_HINT: Final = "See which server is the primary, and whether a failover is under way."
_NAME_HINT: Final = "Look for a typing error in the database's URL, and whether this host's resolver works."

#: Words of libpq's, psycopg's or the server's message; the first that is found counts.
_WORDS: Final = (
    ("certificate has expired", Refusal(Kind.CERTIFICATE_EXPIRED, "the server's certificate has expired")),
    ("does not match host name", Refusal(Kind.CERTIFICATE_NAME, "the server's certificate is for another name")),
    ("certificate verify failed", Refusal(Kind.CERTIFICATE_UNTRUSTED, "the server's certificate is not trusted")),
    ("root certificate file", Refusal(
        Kind.CERTIFICATE_UNTRUSTED, "there is no root certificate to verify the server by",
        "Set `sslrootcert` in the URL to the authority's file, or to `system`.")),
    ("server does not support SSL", Refusal(Kind.TLS, "the server offers no TLS")),
    ("SSL error", Refusal(Kind.TLS, "the TLS handshake failed")),
    ("permission denied for database", Refusal(
        Kind.NOT_PERMITTED, "the role may not connect to this database",
        "GRANT CONNECT ON DATABASE … TO the role that Sentinel logs in as.")),
    ("too many connections for role", Refusal(
        Kind.OWN_LIMIT, "the role that Sentinel logs in as has no session left (its CONNECTION LIMIT)", _LIMIT_HINT)),
    ("too many connections", Refusal(Kind.BUSY, "the server has no session left", _SLOTS_HINT)),
    ("too many clients", Refusal(Kind.BUSY, "the server has no session left", _SLOTS_HINT)),
    ("remaining connection slots", Refusal(Kind.BUSY, "the server has no session left", _SLOTS_HINT)),
    ("is starting up", Refusal(
        Kind.BUSY, "the server is starting up",
        "Wait for it; if it stays so, look at the server's log for a long recovery.")),
    ("is shutting down", Refusal(Kind.BUSY, "the server is shutting down")),
    ("session is ", Refusal(
        Kind.BUSY, "no server has the role that `target_session_attrs` asks for", _ROLE_HINT)),
    ("password authentication failed", Refusal(Kind.CREDENTIAL, "the password was refused", CREDENTIAL_HINT)),
    ("pg_hba.conf rejects", Refusal(Kind.NOT_PERMITTED, "pg_hba.conf rejects Sentinel", _REJECT_HINT)),
    ("no pg_hba.conf entry", Refusal(
        Kind.CREDENTIAL, "pg_hba.conf lets Sentinel in from nowhere here",
        "Add a line to pg_hba.conf for this host, role and database, and reload.")),
    ("not permitted to log in", Refusal(Kind.CREDENTIAL, "the role may not log in", CREDENTIAL_HINT)),
    ("no password supplied", Refusal(
        Kind.CREDENTIAL, "the server wants a password, and the URL has none", CREDENTIAL_HINT)),
    ("authentication failed", Refusal(Kind.CREDENTIAL, "the login was refused", CREDENTIAL_HINT)),
    ('FATAL:  role "', Refusal(Kind.CREDENTIAL, "the role does not exist", CREDENTIAL_HINT)),
    ('FATAL:  database "', Refusal(
        Kind.NO_DATABASE, "the database does not exist",
        "Look for a typing error in the database's URL, or a database that was dropped or renamed.")),
    ("failed to resolve host", Refusal(Kind.NAME, "the host's name cannot be resolved", _NAME_HINT)),
    ("could not translate host name", Refusal(Kind.NAME, "the host's name cannot be resolved", _NAME_HINT)),
    ("server closed the connection", Refusal(Kind.CLOSED, "the server closed the connection")),
    ("received invalid response", Refusal(
        Kind.NO_POSTGRES, "what answers there is no PostgreSQL", "Look which service listens on that port.")),
    ("No such file or directory", Refusal(
        Kind.NO_SOCKET, "there is no such Unix socket", "See whether the server runs, and where it has its socket.")),
)  # fmt: skip

#: What connect(2) says of a server that cannot be reached, and of a host that cannot reach it.
_CONNECT_ERRORS: Final = (
    errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN,
    errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM,
)  # fmt: skip


def refusal(said: str) -> Refusal | None:
    """Why there is no session, by what libpq said of it; None when nothing is known by these words."""
    return next((known for words, known in _WORDS if words in said), None)


def connect_error(said: str) -> int | None:
    """The number of the operating system's error that libpq tells of; None when it tells of none."""
    return next((number for number in _CONNECT_ERRORS if os.strerror(number) in said), None)

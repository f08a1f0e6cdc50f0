"""What a check of Redis can say."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import AfterValidator, StringConstraints

from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.probes.calls.requests import TlsOptions
from sentinel.probes.database.options import NameField
from sentinel.probes.wire.names import host_name

_EXPECTED: Final = "a URL such as 'redis://user:password@host:6379/0', or 'rediss://…' for TLS"
_MOST_QUEUES: Final = 50

#: The command that tells how long a key of that type is.
LENGTHS: Final = {"list": "LLEN", "stream": "XLEN", "sorted_set": "ZCARD", "set": "SCARD"}


class Place(NamedTuple):
    """What a URL says."""

    host: str
    port: int
    tls: bool
    user: str  # empty: the default user
    password: Secret | None
    database: int


def read_redis_url(url: Secret) -> Place:
    """The place that a URL names; ValueError, which never shows a part of it, when it names none."""
    try:
        parts = urlsplit(url.reveal())
        host, port = host_name(parts.hostname or ""), parts.port or 6379
    except ValueError:
        raise ValueError(_EXPECTED) from None
    database = parts.path.strip("/") or "0"
    is_whole = host and parts.scheme in {"redis", "rediss"} and not parts.query and not parts.fragment
    if not is_whole or not database.isascii() or not database.isdigit() or len(database) > 4:
        raise ValueError(_EXPECTED)
    return Place(host, port, parts.scheme == "rediss", *_credential(parts), int(database))


def _credential(parts: SplitResult) -> tuple[str, Secret | None]:
    password = Secret(unquote(parts.password)) if parts.password else None
    user = unquote(parts.username or "")
    if user and password is None:
        raise ValueError(f"{_EXPECTED}; a user needs a password")
    return user, password


def _known(url: Secret) -> Secret:
    read_redis_url(url)
    return url


class QueueOptions(Options):
    """One key whose length is measured."""

    name: NameField
    """What it is called here, in small letters, digits and `_`; the reading is `queue.<name>`."""
    key: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """The key."""
    type: Literal["list", "stream", "sorted_set", "set"] = "list"
    """What stands there. A key that is not there has the length 0."""


def _apart(queues: Sequence[QueueOptions]) -> Sequence[QueueOptions]:
    names = {queue.name for queue in queues}
    if len(names) < len(queues) or len(queues) > _MOST_QUEUES:
        raise ValueError(f"at most {_MOST_QUEUES} queues, with different names")
    return queues


class RedisOptions(Options):
    """Asks a Redis server how it is: PING, INFO and the lengths of queues. It writes nothing."""

    url: Annotated[SecretField, AfterValidator(_known)]
    """`redis://user:password@host:6379/0`, or `rediss://…` for TLS. A secret, as it may hold a password."""
    tls: TlsOptions = TlsOptions()
    """How to speak TLS. Counts for `rediss://` only."""
    queues: Annotated[tuple[QueueOptions, ...], AfterValidator(_apart)] = ()
    """Keys whose lengths are measured."""
    cache: bool = False
    """Keys may be evicted, as in a cache: full memory and evictions are as they should be, and no usual rule looks at them."""
    role: Literal["master", "replica"] | None = None
    """What the server must be; after a failover it is something else."""

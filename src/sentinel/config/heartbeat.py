"""The sign of life to the outside: from its section to its plan."""

from collections.abc import Iterator

from sentinel.base.redact import Secret
from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.read import read
from sentinel.config.schema.heartbeat import HeartbeatEntry
from sentinel.config.secrecy import secrets_in
from sentinel.core.plan import HeartbeatPlan

HEARTBEAT_AT: KeyPath = ("heartbeat",)


def heartbeat_plan(loaded: Loaded) -> HeartbeatPlan | None:
    """The heartbeat that the file asks for; None when it asks for none, or for one that is wrong, which is noted."""
    given = loaded.tree.get("heartbeat")
    if given is None:
        return None
    entry = read(HeartbeatEntry, given, HEARTBEAT_AT, loaded.problems)
    return None if entry is None else HeartbeatPlan(url=entry.url, every=entry.every, timeout=entry.timeout)


def heartbeat_secrets(loaded: Loaded) -> Iterator[tuple[KeyPath, Secret]]:
    """Its secrets, each with its place."""
    for path, secret in secrets_in(loaded.tree.get("heartbeat", {}), HeartbeatEntry):
        yield (*HEARTBEAT_AT, *path), secret

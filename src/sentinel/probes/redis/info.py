"""What `INFO` says, as readings and findings (redis.io/docs/latest/commands/info)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Note, Reading
from sentinel.probes.finding import Finding
from sentinel.probes.redis.refusals import LOADING_HINT, SAVE_HINT

#: Below that memory the ratio says nothing: the program itself takes more than the data.
_FRAGMENTATION_FROM: Final = 64 << 20  # bytes
_RATE_FROM: Final = 100  # lookups; fewer say little, and those of our own for queues are among them
_COUNTERS: Final = ("evicted_keys", "rejected_connections", "keyspace_hits", "keyspace_misses")


class Info:
    """One answer of `INFO`. What is not there, as in older servers, gives no reading."""

    def __init__(self, text: bytes) -> None:
        lines = (line.partition(":") for line in text.decode("utf-8", "replace").splitlines())
        self._fields = {name: value.strip() for name, sign, value in lines if sign}

    def text(self, name: str) -> str:
        return self._fields.get(name, "")

    def number(self, name: str) -> float | None:
        """A number that is not negative; None when there is none."""
        value = self._fields.get(name, "")
        return float(value) if re.fullmatch(r"\d{1,20}(\.\d{1,10})?", value) else None

    def parts(self, prefix: str) -> Iterator[Mapping[str, str]]:
        """Fields such as `slave0:ip=…,lag=1` and `db0:keys=2,…`."""
        for name, value in self._fields.items():
            if re.fullmatch(rf"{prefix}\d+", name):
                yield dict(part.split("=", 1) for part in value.split(",") if "=" in part)

    @property
    def is_replica(self) -> bool:
        return self.text("role") == "slave"


def readings(info: Info, now: float) -> Iterator[Reading]:
    """Everything but rates. `now`: seconds since 1970."""
    used, limit = info.number("used_memory"), info.number("maxmemory")
    yield from _reading("memory", used, Unit.BYTES)
    yield from _share("memory_share", used, limit)
    if (info.number("used_memory_rss") or 0) >= _FRAGMENTATION_FROM:
        yield from _reading("fragmentation", info.number("mem_fragmentation_ratio"), Unit.NONE)
    clients = info.number("connected_clients")
    yield from _reading("clients", clients, Unit.COUNT)
    yield from _share("client_share", clients, info.number("maxclients"))
    yield from _reading("blocked_clients", info.number("blocked_clients"), Unit.COUNT)
    yield from _reading("operations", info.number("instantaneous_ops_per_sec"), Unit.COUNT)
    yield Reading("keys", sum(_count(part.get("keys", "")) for part in info.parts("db")), Unit.COUNT)
    yield from _reading("uptime", info.number("uptime_in_seconds"), Unit.SECONDS)
    yield from _persistence(info, now)
    yield from _replication(info)


def _persistence(info: Info, now: float) -> Iterator[Reading]:
    saved, changes = info.number("rdb_last_save_time"), info.number("rdb_changes_since_last_save")
    if saved is None or changes is None:
        return
    said = info.number("server_time_usec")  # since Redis 6; its own clock, as the time of saving is of that
    yield Reading("last_save_age", max((said / 1e6 if said else now) - saved, 0.0) if changes else 0.0, Unit.SECONDS)
    yield Reading("unsaved_changes", changes, Unit.COUNT)


def _replication(info: Info) -> Iterator[Reading]:
    if info.is_replica:
        yield from _reading("replication_lag", info.number("master_last_io_seconds_ago"), Unit.SECONDS)
        return
    replicas = [part for part in info.parts("slave") if part.get("state") == "online"]
    yield Reading("replicas", len(replicas), Unit.COUNT)
    if replicas:
        yield Reading("replication_lag", max(_count(part.get("lag", "")) for part in replicas), Unit.SECONDS)


def _reading(name: str, value: float | None, unit: Unit) -> Iterator[Reading]:
    if value is not None:
        yield Reading(name, value, unit)


def _share(name: str, value: float | None, limit: float | None) -> Iterator[Reading]:
    if value is not None and limit:
        yield Reading(name, value / limit, Unit.RATIO)


def _count(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,18}", text) else 0


def counters(info: Info, now: float) -> Note:
    """What the next run has to know for its rates."""
    run = info.text("run_id")
    counted = {name: info.number(name) or 0.0 for name in _COUNTERS}
    return {"run": run if re.fullmatch(r"[0-9a-f]{1,64}", run) else "", "at": now, **counted}


def rates(info: Info, before: Mapping[str, Any] | None, now: float) -> Iterator[Reading]:
    """What happened since the run before; nothing when there was none."""
    known = _counted(before)
    if known is None:
        return
    counted = counters(info, now)
    # After a restart, or CONFIG RESETSTAT, counters begin at 0 again.
    is_same = counted["run"] == before["run"] if before else False
    grown = {name: counted[name] - known[name] for name in _COUNTERS}
    if not is_same or min(grown.values()) < 0:
        grown = {name: counted[name] for name in _COUNTERS}
    seconds = now - known["at"] if is_same else min(now - known["at"], info.number("uptime_in_seconds") or 1.0)
    if seconds > 0:
        yield Reading("eviction_rate", grown["evicted_keys"] / seconds, Unit.COUNT)
    yield Reading("rejected_connections", grown["rejected_connections"], Unit.COUNT)
    looked = grown["keyspace_hits"] + grown["keyspace_misses"]
    if looked >= _RATE_FROM:
        yield Reading("hit_rate", grown["keyspace_hits"] / looked, Unit.RATIO)


def _counted(note: Mapping[str, Any] | None) -> Mapping[str, float] | None:
    """The numbers of a note; None when it is none of ours."""
    names = ("at", *_COUNTERS)
    if note is None or "run" not in note:
        return None
    numbers = {name: note[name] for name in names if isinstance(note.get(name), int | float)}
    return numbers if len(numbers) == len(names) else None


def findings(info: Info, role: str | None, now: float) -> Iterator[Finding]:
    """What the server itself says is wrong with it, the gravest first."""
    if info.text("loading") == "1":
        left = info.number("loading_eta_seconds")
        more = f", and says that it takes another {format_duration(left)}" if left is not None else ""
        yield Finding(FailureClass.UNHEALTHY, f"the server is loading its data{more}", LOADING_HINT)
    yield from _unsaved(info, now)
    yield from _of_role(info, role)


def _unsaved(info: Info, now: float) -> Iterator[Finding]:
    if info.text("rdb_last_bgsave_status") == "err":
        saved = info.number("rdb_last_save_time")
        ago = f"; the last that succeeded is {format_duration(max(now - saved, 0.0))} old" if saved else ""
        yield Finding(FailureClass.UNHEALTHY, f"the last save to disk failed{ago}", SAVE_HINT)
    if info.text("aof_enabled") == "1" and info.text("aof_last_write_status") == "err":
        explanation = "the append-only file cannot be written, and the server takes no writes"
        yield Finding(FailureClass.UNHEALTHY, explanation, SAVE_HINT)
    if info.text("aof_enabled") == "1" and info.text("aof_last_bgrewrite_status") == "err":
        explanation = "the append-only file could not be made smaller, and grows on"
        yield Finding(FailureClass.DEGRADED, explanation, SAVE_HINT)


def _of_role(info: Info, role: str | None) -> Iterator[Finding]:
    found = "replica" if info.is_replica else "master"
    if role is not None and found != role:
        explanation = f"the server is a {found}, and should be a {role}"
        hint = "Was there a failover? If it is meant to stay, change `role`, and see where the services write to."
        yield Finding(FailureClass.DRIFTED, explanation, hint)
    if info.is_replica and info.text("master_link_status") != "up":
        since = info.number("master_link_down_since_seconds")
        for_long = f" for {format_duration(since)}" if since is not None else ""
        if info.text("master_sync_in_progress") == "1":
            explanation = "the replica is being filled by its master"
        else:
            explanation = f"the replica has had no link to its master{for_long}"
        hint = (
            "Look whether the master runs and takes the replica's password (`masterauth`), and at both servers' logs."
        )
        yield Finding(FailureClass.UNHEALTHY, explanation, hint)

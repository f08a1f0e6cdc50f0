"""The `redis` probe: PING, what the server says of its memory, persistence and replication, and how long its queues are."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Note, Reading
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.calls.laps import Laps
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.redis.info import Info, counters, findings, rates, readings
from sentinel.probes.redis.options import LENGTHS, QueueOptions, RedisOptions, read_redis_url
from sentinel.probes.redis.refusals import refused
from sentinel.probes.redis.resp import Conversation, Refusal, Reply, no_redis
from sentinel.probes.wire.address import place_of
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.link import Link, addresses_of


class RedisProbe:
    """Has one connection in every run."""

    def __init__(self, options: RedisOptions, tools: ProbeTools) -> None:
        self._place = read_redis_url(options.url)
        self._queues = options.queues
        self._role = options.role
        self._tools = tools
        self._context = tools.contexts.get(options.tls.setting) if self._place.tls else None
        self._server_name = options.tls.server_name or self._place.host
        self._note: Note | None = tools.note
        self._hints = {**_HINTS, **{f"queue.{queue.name}": _QUEUE_HINT for queue in options.queues}}
        self.host = self._place.host

    async def measure(self, deadline: float) -> Measurement:
        laps = Laps(place=place_of(self._place.host, self._place.port))
        found = _Found()
        try:
            async with asyncio.timeout_at(deadline):
                await self._visit(laps, found, deadline)
        except TimeoutError:
            found.findings.append(_of_wire(laps.too_slow()))
        except WireError as error:
            found.findings.append(_of_wire(error))
        except Finding as finding:
            found.findings.append(finding)
        times = laps.readings()
        if found.whole:
            times.append(Reading("response_time", laps.total, Unit.SECONDS))
        return measurement(found.findings, [*times, *found.readings], note=found.note, hints=self._hints)

    async def close(self) -> None:
        """There is nothing to give back: every run has a connection of its own."""

    async def _visit(self, laps: Laps, found: "_Found", deadline: float) -> None:
        place = self._place
        addresses = await addresses_of(self._tools.transport.resolver, place.host, place.port, deadline)
        laps.begin("connect")
        with await Link.to(addresses) as link:
            if self._context is not None:
                laps.begin("tls")
                await link.secure(self._context, self._server_name)
            conversation = Conversation(link)
            await self._log_in(conversation, laps)
            laps.begin("ping_time")
            pong = await conversation.ask("PING")
            laps.begin("info_time")
            await self._look(conversation, found, pong)
            laps.end()
            found.whole = True

    async def _log_in(self, conversation: Conversation, laps: Laps) -> None:
        user, password = self._place.user, self._place.password
        if password is not None:
            laps.begin("login_time")
            words = (user, password.reveal()) if user else (password.reveal(),)
            _refuse("login", await conversation.ask("AUTH", *words), asked="AUTH")
        if self._place.database:
            _refuse("login", await conversation.ask("SELECT", str(self._place.database)), asked="SELECT")

    async def _look(self, conversation: Conversation, found: "_Found", pong: Reply) -> None:
        if isinstance(pong, Refusal):
            finding = refused("PING", pong, asked="PING")
            if finding.failure is not FailureClass.UNHEALTHY:
                raise finding
            if pong.code != "LOADING":  # of which INFO says more, for how long for instance
                found.findings.append(finding)
        elif pong != b"PONG":
            raise no_redis()
        commands = [(LENGTHS[queue.type], queue.key) for queue in self._queues]
        said, *lengths = await conversation.ask_all([("INFO",), *commands])
        self._read_info(found, said)
        for queue, length in zip(self._queues, lengths, strict=True):
            _read_length(found, queue, length)

    def _read_info(self, found: "_Found", said: Reply) -> None:
        if not isinstance(said, bytes):
            _add_refusal(found, "INFO", said, asked="INFO")
            return
        info, now = Info(said), self._tools.clock.now().timestamp()
        found.readings += [*readings(info, now), *rates(info, self._note, now)]
        found.findings += findings(info, self._role, now)
        self._note = found.note = counters(info, now)


class _Found:
    """What one run has come to know."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.readings: list[Reading] = []
        self.note: Note | None = None
        self.whole = False  # whether it came to its end


def _of_wire(error: WireError) -> Finding:
    """A connection that failed."""
    hint = _PROTOCOL_HINT if error.failure in _NOT_UNDERSTOOD else ""
    return Finding(error.failure, error.explanation, hint)


#: How a server of another protocol takes what Redis understands: PostgreSQL hangs up.
_NOT_UNDERSTOOD: Final = frozenset({FailureClass.PROTOCOL_ERROR, FailureClass.INCOMPLETE, FailureClass.RESET})
_PROTOCOL_HINT: Final = (
    "Does another service listen on that port, or one that wants TLS (`rediss://`)? If it is Redis, "
    "look at its log for a crash or restart."
)


def _refuse(step: str, reply: Reply, *, asked: str) -> None:
    if isinstance(reply, Refusal):
        raise refused(step, reply, asked=asked)


def _add_refusal(found: _Found, step: str, reply: Reply, *, asked: str) -> None:
    """Notes a refusal, unless it is for a reason that was told already, as of a server that is loading."""
    if not isinstance(reply, Refusal):
        raise no_redis()
    finding = refused(step, reply, asked=asked)
    if all(finding.hint != known.hint for known in found.findings):
        found.findings.append(finding)


def _read_length(found: _Found, queue: QueueOptions, length: Reply) -> None:
    if isinstance(length, int):
        found.readings.append(Reading(f"queue.{queue.name}", length, Unit.COUNT))
    else:
        _add_refusal(found, f"queue {queue.name}", length, asked=LENGTHS[queue.type])


def _build(options: Any, tools: ProbeTools) -> RedisProbe:
    return RedisProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"queue.{queue.name}": Unit.COUNT for queue in options.queues}


#: What a person can do when a reading is beyond its bound.
_HINTS: Final = {
    "memory_share": "Find what fills it with `redis-cli --bigkeys` and `MEMORY STATS`; set times to live, or raise `maxmemory`.",
    "eviction_rate": "Keys are dropped before their time, as memory is full: find what fills it, or raise `maxmemory`.",
    "rejected_connections": "Clients were sent away: see who has so many connections with `CLIENT LIST`, or raise `maxclients`.",
    "client_share": "Find who keeps so many connections with `CLIENT LIST`: a pool that is too large, or one that leaks.",
    "fragmentation": "`MEMORY DOCTOR` explains; `CONFIG SET activedefrag yes` or a restart gives the memory back.",
    "replication_lag": "Look at the replica's load and log, and at the network between the two.",
    "last_save_age": "See `LASTSAVE`, the `save` lines of the configuration, and the server's log.",
    "ping_time": "`SLOWLOG GET` and `LATENCY DOCTOR` name slow commands; one of them holds all others up.",
}

_QUEUE_HINT: Final = "Do the workers run that take from it? See their logs, and `CLIENT LIST` for who is connected."


def _idle(options: Any) -> Mapping[str, str]:
    return idle_unless(options.queues, "`queues`", "queue.*")


def _usual_rules(options: Any) -> list[Mapping[str, Any]]:
    rules: list[Mapping[str, Any]] = [
        {"reading": "ping_time", "warning": "100ms", "critical": "1s"},
        {"reading": "rejected_connections", "warning": 0},
        {"reading": "client_share", "warning": "80%", "critical": "95%"},
        {"reading": "fragmentation", "warning": 2},
        {"reading": "replication_lag", "warning": "10s", "critical": "60s"},
    ]
    if not options.cache:
        rules += [
            {"reading": "memory_share", "warning": "80%", "critical": "95%"},
            {"reading": "eviction_rate", "warning": 0},
        ]
    return rules


KIND: Final = ProbeKind(
    name="redis",
    summary="Asks a Redis server how it is: answer, memory, evictions, saving, replication, and how long queues are.",
    options=RedisOptions,
    readings={
        "ping_time": Unit.SECONDS,
        "response_time": Unit.SECONDS,
        "resolve": Unit.SECONDS,
        "connect": Unit.SECONDS,
        "tls": Unit.SECONDS,
        "login_time": Unit.SECONDS,
        "info_time": Unit.SECONDS,
        "memory": Unit.BYTES,
        "memory_share": Unit.RATIO,
        "fragmentation": Unit.NONE,
        "eviction_rate": Unit.COUNT,
        "hit_rate": Unit.RATIO,
        "keys": Unit.COUNT,
        "clients": Unit.COUNT,
        "client_share": Unit.RATIO,
        "blocked_clients": Unit.COUNT,
        "rejected_connections": Unit.COUNT,
        "operations": Unit.COUNT,
        "last_save_age": Unit.SECONDS,
        "unsaved_changes": Unit.COUNT,
        "replicas": Unit.COUNT,
        "replication_lag": Unit.SECONDS,
        "uptime": Unit.SECONDS,
        "queue.*": Unit.COUNT,
    },
    lower_is_worse=frozenset({"hit_rate", "replicas", "uptime"}),
    main="ping_time",
    build=_build,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
)

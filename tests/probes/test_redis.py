"""The `redis` probe against real Redis servers, broken in real ways, and servers that only look like one."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import redis

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.wire import TlsSetting
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.raw_server import Connection, RawServer
from tests.kit.redis import RedisServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import trustme

    from sentinel.core.result import Measurement, Note
    from tests.kit.postgres import PostgresServer


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    """A server without data, and as it was started."""
    shared.say("FLUSHALL")
    shared.say("CONFIG", "SET", "maxmemory", 0)
    return shared


async def test_a_good_server_gives_its_readings(bench: Bench, server: RedisServer) -> None:
    server.say("SET", "a", 1)
    found = await bench.measure("redis", url=server.url)
    numbers = readings(found)
    assert found.outcome is Outcome.PASS, found.explanation
    assert 0 < numbers["ping_time"] < numbers["response_time"] < 2
    assert numbers["memory"] > 100_000
    assert (numbers["keys"], numbers["replicas"], numbers["unsaved_changes"] > 0) == (1, 0, True)
    assert not {"memory_share", "eviction_rate", "login_time", "tls"} & set(numbers)


async def test_queues_of_every_type_are_measured(bench: Bench, server: RedisServer) -> None:
    server.say("RPUSH", "mails", "a", "b")
    server.say("XADD", "events", "*", "k", "v")
    server.say("ZADD", "delayed", 1, "a", 2, "b", 3, "c")
    server.say("SADD", "workers", "w")
    types = {"mails": "list", "events": "stream", "delayed": "sorted_set", "workers": "set", "none": "list"}
    queues = [{"name": name, "key": name, "type": type_} for name, type_ in types.items()]
    numbers = readings(await bench.measure("redis", url=server.url, queues=queues))
    assert [numbers[f"queue.{name}"] for name in types] == [2, 1, 3, 1, 0]


async def test_a_key_of_another_type_is_told_and_the_rest_is_measured(bench: Bench, server: RedisServer) -> None:
    server.say("SET", "mails", "Mary Canary")
    server.say("RPUSH", "calls", "a")
    queues = [{"name": "mails", "key": "mails"}, {"name": "calls", "key": "calls"}]
    found = await bench.measure("redis", url=server.url, queues=queues)
    assert found.failure is FailureClass.MISCONFIGURED
    assert found.explanation == "queue mails: something of another type stands there"
    assert readings(found)["queue.calls"] == 1


async def test_another_database_is_asked(bench: Bench, server: RedisServer) -> None:
    with server.client() as client:
        client.execute_command("SELECT", 3)
        client.execute_command("RPUSH", "mails", "a")
    queue = {"name": "mails", "key": "mails"}
    there = await bench.measure("redis", url=f"{server.url}/3", queues=[queue])
    nowhere = await bench.measure("redis", url=f"{server.url}/99")
    assert readings(there)["queue.mails"] == 1
    assert (nowhere.failure, nowhere.explanation) == (
        FailureClass.MISCONFIGURED,
        "login: there is no database of that number",
    )


async def test_memory_is_a_share_of_its_limit(bench: Bench, server: RedisServer) -> None:
    server.say("CONFIG", "SET", "maxmemory", "100mb")
    server.say("SET", "large", "x" * (10 << 20))
    numbers = readings(await bench.measure("redis", url=server.url))
    assert 0.1 < numbers["memory_share"] < 0.3
    assert numbers["memory_share"] == pytest.approx(numbers["memory"] / (100 << 20))


async def test_evictions_and_hits_are_counted_since_the_run_before(bench: Bench, server: RedisServer) -> None:
    server.say("CONFIG", "SET", "maxmemory", "4mb")
    server.say("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    probe = bench.build("redis", url=server.url)
    first = readings(await run(probe))
    for number in range(60):
        server.say("SET", f"k{number}", "x" * 100_000)
    with server.client() as client:
        for _ in range(100):
            client.get("k59")
            client.get("none")
    second = readings(await run(probe))
    assert "eviction_rate" not in first
    assert second["eviction_rate"] > 0
    assert (second["hit_rate"], second["rejected_connections"]) == (0.5, 0)


async def test_rates_go_on_after_a_restart_of_sentinel_and_of_the_server(bench: Bench, server: RedisServer) -> None:
    note = (await bench.measure("redis", url=server.url)).note
    assert note is not None
    with server.client() as client:
        for _ in range(100):
            client.get("none")
    same = await after(bench, note, server)
    other = await after(bench, {**note, "run": "0" * 40, "keyspace_misses": 1e9}, server)
    strange = await after(bench, {"run": 1, "at": "soon"}, server)
    assert readings(same)["hit_rate"] == 0
    assert readings(other)["eviction_rate"] >= 0
    assert "eviction_rate" not in readings(strange)
    assert "server" not in str(note)


async def after(bench: Bench, note: Note, server: RedisServer) -> Measurement:
    """A run of a probe that is built with a note."""
    kind = CATALOGUE["redis"]
    return await run(kind.build(kind.options.model_validate({"url": server.url}), replace(bench.tools, note=note)))


async def test_a_password_is_given_and_a_wrong_one_is_sentinels_own_fault(bench: Bench) -> None:
    with RedisServer("--requirepass", "correct-canary") as server:
        where = server.url.removeprefix("redis://")
        good = await bench.measure("redis", url=f"redis://:correct-canary@{where}")
        wrong = await bench.measure("redis", url=f"redis://:wrong-canary@{where}")
        none = await bench.measure("redis", url=server.url)
    assert (good.outcome, "login_time" in readings(good)) == (Outcome.PASS, True)
    assert (wrong.outcome, wrong.failure) == (Outcome.UNKNOWN, FailureClass.CREDENTIAL_REFUSED)
    assert (none.failure, none.explanation) == (FailureClass.CREDENTIAL_REFUSED, "PING: the server wants a password")
    assert "canary" not in words(wrong)


async def test_a_password_that_nobody_asked_for_is_told(bench: Bench, server: RedisServer) -> None:
    found = await bench.measure("redis", url=server.url.replace("//", "//:some-canary@"))
    assert found.explanation == "login: a password was given, and the server has none"


async def test_a_missing_right_is_named(bench: Bench, server: RedisServer) -> None:
    server.say("ACL", "SETUSER", "monitor", "on", ">word-canary", "+ping", "+info", "resetkeys")
    url = server.url.replace("//", "//monitor:word-canary@")
    found = await bench.measure("redis", url=url, queues=[{"name": "mails", "key": "mails"}])
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert found.explanation == "queue mails: the user in `url` may not use LLEN"
    assert "+llen" in found.hint
    assert "memory" in readings(found)


async def test_a_save_that_failed_is_told(bench: Bench) -> None:
    with RedisServer() as server:
        server.say("SET", "a", 1)
        await asyncio.to_thread(shutil.rmtree, server.folder)
        server.say("BGSAVE")
        found = await eventually_failing(bench, url=server.url)
        assert found.failure is FailureClass.UNHEALTHY
        assert "the last save to disk failed; the last that succeeded is" in found.explanation
        server.say("CONFIG", "SET", "save", "1 1")
        refused = await bench.measure("redis", url=server.url)
    assert refused.explanation == "PING: the server takes no writes, as it cannot save (and 1 more)"
    assert "memory" in readings(refused)


async def eventually_failing(bench: Bench, **options: Any) -> Measurement:
    """The first measurement that is not a pass."""
    for _ in range(200):
        if (found := await bench.measure("redis", **options)).outcome is not Outcome.PASS:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not fail")


async def test_a_server_that_loads_its_data_is_told(bench: Bench, server: RedisServer) -> None:
    with server.client() as client:
        client.execute_command("CONFIG", "SET", "rdbcompression", "no")
        client.mset({f"k{number}": "x" * 25_000 for number in range(600)})
        client.execute_command("SAVE")
    # A loading server answers once every 2 MB that it has read, so in each quarter of a second.
    with RedisServer("--key-load-delay", "3000", folder=server.folder) as loading:
        found = await bench.measure("redis", url=loading.url, queues=[{"name": "mails", "key": "mails"}])
    assert found.failure is FailureClass.UNHEALTHY
    assert found.explanation.startswith("the server is loading its data, and says that it takes another ")
    assert "more)" not in found.explanation


async def test_a_replica_without_its_master_and_a_changed_role_are_told(bench: Bench) -> None:
    with RedisServer() as master, RedisServer("--replicaof", "127.0.0.1", str(master.port)) as replica:
        await eventually(lambda: "'master_link_status': 'up'" in str(replica.say("INFO")))
        good = await bench.measure("redis", url=replica.url, role="replica")
        of_master = await bench.measure("redis", url=master.url, role="master")
        drifted = await bench.measure("redis", url=replica.url, role="master")
        await asyncio.to_thread(master.stop)
        lost = await eventually_failing(bench, url=replica.url)
    assert (good.outcome, "replication_lag" in readings(good)) == (Outcome.PASS, True)
    assert readings(of_master)["replicas"] == 1
    assert (drifted.failure, drifted.explanation) == (
        FailureClass.DRIFTED,
        "the server is a replica, and should be a master",
    )
    assert lost.failure is FailureClass.UNHEALTHY
    assert "no link to its master" in lost.explanation


def has_room(client: redis.Redis) -> bool:
    """Whether the server has let this client in; the connection that has seen it start may not be forgotten yet."""
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False


async def test_a_server_with_too_many_clients_refuses(bench: Bench) -> None:
    with RedisServer("--maxclients", "1") as server, server.client() as client:
        await eventually(lambda: has_room(client))
        found = await bench.measure("redis", url=server.url)
    assert (found.failure, found.explanation) == (FailureClass.REFUSED, "PING: the server takes no further client")


async def test_a_frozen_server_ends_in_read_timeout(bench: Bench, server: RedisServer) -> None:
    server.pause()
    try:
        found = await bench.measure("redis", url=server.url, within=0.4)
    finally:
        server.resume()
    assert found.failure is FailureClass.READ_TIMEOUT


# Servers that only look like one


def replying(*replies: bytes) -> Callable[[Connection], Awaitable[None]]:
    """A script that gives one of the replies for everything that arrives, and then waits."""

    async def script(connection: Connection) -> None:
        for reply in replies:
            await connection.take(8)
            await connection.send(reply)
        await connection.hung_up()

    return script


async def told(bench: Bench, *replies: bytes, within: float = 2.0, **options: Any) -> Measurement:
    async with RawServer(replying(*replies)) as server:
        return await bench.measure("redis", within=within, url=f"redis://127.0.0.1:{server.port}", **options)


def bulk(text: str) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text.encode())


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ("DENIED Redis is running in protected mode", FailureClass.NOT_PERMITTED),
        ("MASTERDOWN Link with MASTER is down", FailureClass.UNHEALTHY),
        ("BUSY Redis is busy running a script", FailureClass.UNHEALTHY),
        ("NOREPLICAS Not enough good replicas", FailureClass.UNHEALTHY),
        ("CLUSTERDOWN The cluster is down", FailureClass.UNHEALTHY),
        ("MOVED 3999 127.0.0.1:6381", FailureClass.MISCONFIGURED),
        ("ERR unknown command `PING`, with args Mary Canary", FailureClass.NOT_PERMITTED),
        ("ERR Mary Canary", FailureClass.QUERY_FAILED),
        ("Mary Canary", FailureClass.QUERY_FAILED),
    ],
)
async def test_a_refusal_is_told_in_our_words(bench: Bench, line: str, failure: FailureClass) -> None:
    found = await told(bench, f"-{line}\r\n".encode() * 2)
    assert found.failure is failure
    assert "Canary" not in words(found)
    assert found.hint


@pytest.mark.parametrize(
    ("fields", "failure", "said"),
    [
        (
            "loading:1\r\nloading_eta_seconds:90",
            FailureClass.UNHEALTHY,
            "loading its data, and says that it takes another",
        ),
        ("aof_enabled:1\r\naof_last_write_status:err", FailureClass.UNHEALTHY, "append-only file cannot be written"),
        ("aof_enabled:1\r\naof_last_bgrewrite_status:err", FailureClass.DEGRADED, "grows on"),
        (
            "role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1",
            FailureClass.UNHEALTHY,
            "being filled by its master",
        ),
    ],
)
async def test_what_the_server_says_is_wrong_with_it_is_told(
    bench: Bench, fields: str, failure: FailureClass, said: str
) -> None:
    found = await told(bench, b"+PONG\r\n" + bulk(fields))
    assert found.failure is failure
    assert said in found.explanation


async def test_numbers_of_a_strange_server_are_left_out(bench: Bench) -> None:
    strange = "used_memory:Mary Canary\r\nmaxmemory:-5\r\nconnected_clients:1e999\r\nrun_id:Mary Canary\r\ndb0:keys=x\r\nslave0:"
    found = await told(bench, b"+PONG\r\n" + bulk(strange))
    assert found.outcome is Outcome.PASS
    assert not {"memory", "clients"} & set(readings(found))
    assert "Canary" not in words(found) + str(found.note)


@pytest.mark.parametrize(
    "replies",
    [
        b"+PONG\r\n$999999999\r\n",
        b"+PONG\r\n$-7\r\n",
        b"+PONG\r\n$99999999999999999999\r\n",
        b"+PONG\r\n" + b"*1\r\n" * 100,
        b"+PONG\r\n:5\r\n",
        b"+" + b"x" * 10_000,
        b"+SORRY\r\n",
        b"$4\r\nGONE\r\n",
    ],
)
async def test_answers_that_no_redis_gives_are_refused(bench: Bench, replies: bytes) -> None:
    found = await told(bench, replies)
    assert found.failure is FailureClass.PROTOCOL_ERROR
    assert "rediss://" in found.hint


async def test_an_answer_that_breaks_off_is_incomplete(bench: Bench) -> None:
    async def script(connection: Connection) -> None:
        await connection.take(8)
        await connection.send(b"+PONG\r\n$100\r\nused_memory:1")

    async with RawServer(script) as server:
        found = await bench.measure("redis", url=f"redis://127.0.0.1:{server.port}")
    assert (found.failure, found.explanation) == (
        FailureClass.INCOMPLETE,
        "the connection was closed within the answer",
    )


async def test_endless_answers_are_bounded(bench: Bench) -> None:
    async def script(connection: Connection) -> None:
        await connection.take(8)
        await connection.send(b"+PONG\r\n$1000000\r\n")
        while True:
            await connection.send(b"used_memory:1\r\n" * 5000)

    async with RawServer(script) as server:
        probe = bench.build("redis", url=f"redis://127.0.0.1:{server.port}")
        with peak_growth() as growth:
            found = await run(probe)
    assert growth.bytes < 8 << 20
    assert found.failure in {FailureClass.PROTOCOL_ERROR, None}


async def test_tls_is_verified(bench: Bench, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with RawServer(replying(b"+PONG\r\n", bulk("role:master")), tls=context) as server:
        url = f"rediss://127.0.0.1:{server.port}"
        untrusted = await bench.measure("redis", url=url)
        plain = await bench.measure("redis", url=url.replace("rediss", "redis"), within=0.5)
        authority.configure_trust(bench.tools.contexts.get(TlsSetting()))
        trusted = await bench.measure("redis", url=url)
    assert untrusted.failure is FailureClass.TLS_UNTRUSTED
    assert plain.outcome is Outcome.FAIL
    assert (trusted.outcome, "tls" in readings(trusted)) == (Outcome.PASS, True)


# Options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://h"}, "a URL such as 'redis:"),
        ({"url": "redis://"}, "a URL such as 'redis:"),
        ({"url": "redis://h:99999"}, "a URL such as 'redis:"),
        ({"url": "redis://h/name"}, "a URL such as 'redis:"),
        ({"url": "redis://h?db=1"}, "a URL such as 'redis:"),
        ({"url": "redis://user@h"}, "a user needs a password"),
        ({"url": "redis://h", "queues": [{"name": "a", "key": "k"}] * 2}, "with different names"),
        ({"url": "redis://h", "role": "primary"}, "'master' or 'replica'"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    assert said in problem("redis", **options)


def test_a_cache_may_be_full() -> None:
    kind = CATALOGUE["redis"]
    store, cache = (
        {
            rule["reading"]
            for rule in kind.usual_rules(kind.options.model_validate({"url": "redis://h", "cache": cache}))
        }
        for cache in (False, True)
    )
    assert store - cache == {"memory_share", "eviction_rate"}


async def test_a_postgresql_in_its_place_is_thought_of(bench: Bench, postgres: PostgresServer) -> None:
    found = await bench.measure("redis", url=f"redis://127.0.0.1:{postgres.port}")
    assert found.failure in {FailureClass.INCOMPLETE, FailureClass.RESET}
    assert "another service" in found.hint

"""PostgreSQL by libpq's asynchronous calls: no thread waits, and the deadline holds in every step.

The session is asked by the extended protocol, which takes one statement at a time, in a transaction that the server
itself keeps read-only. When the time is up the server ends the query by its `statement_timeout`; a query that it does
not end is cancelled from here, and the connection closed in any case, so that no backend stays behind.
"""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import psycopg
from psycopg import conninfo, pq

from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import (
    ANSWER_CAP,
    ROW_CAP,
    Answer,
    Asked,
    Cell,
    DatabaseError,
    Statement,
    Trouble,
    broken,
)
from sentinel.probes.database.refusals import of_session, of_statement
from sentinel.probes.wire import Resolver
from sentinel.probes.wire.address import literal_addresses, place_of
from sentinel.probes.wire.failure import WireError

_RESERVE: Final = 0.5  # seconds before the deadline, or a tenth of the time left, in which a query is stopped
_TOO_LARGE: Final = f"the answers have more than {ANSWER_CAP >> 20} MiB"
_LARGE_HINT: Final = "Ask for counts and lengths instead of contents."
_CANCEL_WITHIN: Final = 0.5  # seconds for telling the server to drop a query
_READS: Final = (pq.PollingStatus.READING, pq.PollingStatus.WRITING)


def problem_of_conninfo(url: str) -> str:
    """What is wrong with a PostgreSQL URL; empty when libpq can read it. Never a part of the URL."""
    try:
        settings = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "a URL such as 'postgresql://user:password@host:5432/name?sslmode=verify-full'"
    hosts = str(settings.get("host", "")).split(",")
    ports = str(settings.get("port") or "5432").split(",")
    if not all(port.isascii() and port.isdigit() and 0 < int(port) < 65536 for port in ports):
        return "a port from 1 to 65535"
    return "" if len(ports) in {1, len(hosts)} else "one port for all hosts, or as many ports as hosts"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One server that the URL names; PostgreSQL's URLs may name several."""

    host: str  # a name, an address, or the folder of a Unix socket
    port: str


class PostgresDatabase:
    """One database. Every run has a session of its own."""

    def __init__(self, url: str, resolver: Resolver) -> None:
        self._settings = {key: str(value) for key, value in conninfo.conninfo_to_dict(url).items()}
        self._settings.setdefault("application_name", "sentinel")
        self._settings.setdefault("gssencmode", "disable")  # costs a round trip, and few servers offer it
        self._places = _places(self._settings)
        self._resolver = resolver
        self._where = ", ".join(place_of(place.host, place.port) for place in self._places)

    @property
    def host(self) -> str:
        return self._places[0].host

    async def ask(self, statements: Sequence[Statement], deadline: float, values: Sequence[str] = ()) -> Asked:
        asked = Asked()
        try:
            async with self.session(deadline) as session:
                asked.connect_time = session.connect_time
                for statement in statements:
                    asked.answers.append(await session.answer(statement, values))
        except DatabaseError as error:
            asked.trouble = error.trouble
        return asked

    @asynccontextmanager
    async def session(self, deadline: float) -> AsyncIterator["Session"]:
        """A session in its read-only transaction, for who asks the next question by the answer to the last one.

        Raises DatabaseError for everything that the server or the time has against it, in the body too.
        """
        loop = asyncio.get_running_loop()
        began = perf_counter()
        async with self._opened(deadline) as (session, limit):
            await session.begin(max(int((limit - loop.time()) * 1000), 1))
            session.connect_time = perf_counter() - began
            yield session

    async def execute(self, command: str, deadline: float) -> None:
        """Run one command outside of any transaction: for the databases that Sentinel itself makes and drops.

        Raises DatabaseError. A command that was under way when the time was up may have been done all the same.
        """
        async with self._opened(deadline) as (session, _):
            await session.command(command.encode())

    @asynccontextmanager
    async def _opened(self, deadline: float) -> AsyncIterator[tuple["Session", float]]:
        """A session, and by when (the loop's time) it has to have done its work. Raises DatabaseError, in the body too."""
        limit = deadline - min(_RESERVE, (deadline - asyncio.get_running_loop().time()) / 10)
        ready = False
        try:
            async with asyncio.timeout_at(limit), self._connected(limit) as session:
                ready = True
                yield session, limit
        except TimeoutError:
            raise DatabaseError(_TOO_SLOW if ready else _not_reached(self._where)) from None
        except WireError as error:
            raise broken(error.failure, error.explanation) from None
        except psycopg.OperationalError:
            raise broken(FailureClass.RESET, "the session broke") from None

    @asynccontextmanager
    async def _connected(self, limit: float) -> AsyncIterator["Session"]:
        connection = pq.PGconn.connect_start(await self._conninfo(limit))
        try:
            await _connect(connection, self._where)
            session = Session(connection)
            try:
                yield session
            finally:
                await session.drop_query()
        finally:
            connection.finish()

    async def _conninfo(self, limit: float) -> bytes:
        """The settings with every name looked up, as libpq's own look-up would stop the event loop."""
        if "hostaddr" in self._settings:
            return conninfo.make_conninfo("", **self._settings).encode()
        hosts, ports, addresses = [], [], []
        for place in self._places:
            for address in await self._addresses(place, limit):
                hosts.append(place.host)
                ports.append(place.port)
                addresses.append(address)
        found = {"host": ",".join(hosts), "port": ",".join(ports), "hostaddr": ",".join(addresses)}
        return conninfo.make_conninfo("", **{**self._settings, **found}).encode()

    async def _addresses(self, place: _Place, limit: float) -> list[str]:
        if place.host.startswith("/"):
            return [""]
        port = int(place.port)
        found = literal_addresses(place.host, port) or await self._resolver.resolve(place.host, port, limit)
        return [address.ip for address in found]


_TOO_SLOW: Final = Trouble(
    failure=FailureClass.QUERY_TIMEOUT,
    explanation="the query did not finish in time",
    hint="Look at pg_stat_activity for locks and long queries, and at the query's plan.",
)


def _not_reached(place: str) -> Trouble:
    return Trouble(
        failure=FailureClass.CONNECT_TIMEOUT,
        explanation=f"no session in time ({place})",
        hint="Look whether the server is overloaded or stopped, and whether a firewall drops the packets.",
    )


def _places(settings: dict[str, str]) -> list[_Place]:
    hosts = settings.get("host", "").split(",")
    ports = settings.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return [_Place(host=host or "localhost", port=port or "5432") for host, port in zip(hosts, ports, strict=False)]


async def _connect(connection: pq.abc.PGconn, place: str) -> None:
    while True:
        if connection.status == pq.ConnStatus.BAD:
            raise _refused(connection, place)
        step = connection.connect_poll()
        if step == pq.PollingStatus.OK:
            connection.nonblocking = 1
            return
        if step not in _READS:
            raise _refused(connection, place)
        await _ready(connection.socket, write=step == pq.PollingStatus.WRITING)


def _refused(connection: pq.abc.PGconn, place: str) -> DatabaseError:
    said = connection.error_message.decode("utf-8", "replace")
    asked = bool(connection.used_password or connection.needs_password)
    return DatabaseError(of_session(said, password=asked, place=place))


class Session:
    """A connected session, in a transaction that cannot write."""

    connect_time = 0.0  # seconds until the transaction stood

    def __init__(self, connection: pq.abc.PGconn) -> None:
        self._connection = connection
        self._begin = b""

    @property
    def version(self) -> int:
        """The server's: 150003 for 15.3."""
        return self._connection.server_version

    async def begin(self, milliseconds: int) -> None:
        """Begins the transaction that no statement can write in, and bounds each statement's time on the server."""
        # Local to the transaction, so that a pooler in between hands nothing of it to the next client.
        self._begin = b"BEGIN READ ONLY; SET LOCAL statement_timeout = %d" % milliseconds
        await self.command(self._begin)

    async def begin_anew(self) -> None:
        """Goes on after a statement that was refused, or dropped before its end: either fails the transaction."""
        await self.drop_query()
        await self.command(b"ROLLBACK")
        await self.command(self._begin)

    async def answer(self, statement: Statement, values: Sequence[str]) -> Answer:
        """What a statement answers, of which only the first row is kept."""
        began = perf_counter()
        bound = [value.encode() for value in values] if statement.parameters else None
        columns: tuple[str, ...] = ()
        first: tuple[Cell, ...] = ()
        rows = 0
        async for result in self._results(statement.numbered("$"), bound, ROW_CAP):
            columns = columns or _columns(result)
            if result.ntuples and not rows:
                first = _row(result)
            rows += result.ntuples
        return Answer(columns=columns, rows=rows, first=first, seconds=perf_counter() - began)

    async def rows(self, text: str, *values: str, cap: int = ROW_CAP) -> list[dict[str, Cell]]:
        """The first `cap` rows of an answer, by the names of its columns. `$1` and so on in the text stand for the values."""
        bound = [value.encode() for value in values]
        return [
            dict(zip(_columns(result), _row(result), strict=True))
            async for result in self._results(text, bound, cap)
            if result.ntuples
        ]

    async def _results(self, text: str, bound: list[bytes] | None, cap: int) -> AsyncIterator[pq.abc.PGresult]:
        """Row by row, and at the end one without rows, unless there are more than `cap` rows."""
        self._connection.send_query_params(text.encode(), bound)
        self._connection.set_single_row_mode()
        await self._flush()
        rows = 0
        while (result := await self._result()) is not None:
            _refuse_error(result)
            rows += result.ntuples
            yield result
            if rows >= cap:
                await self.begin_anew()
                break

    async def command(self, text: bytes) -> None:
        """Run what answers nothing. Raises DatabaseError."""
        self._connection.send_query(text)
        await self._flush()
        while (result := await self._result()) is not None:
            _refuse_error(result)

    async def drop_query(self) -> None:
        """Ends a query that is under way, on the server too; waits a bounded time, also when this run is cancelled."""
        if self._connection.transaction_status != pq.TransactionStatus.ACTIVE:
            return
        with contextlib.suppress(TimeoutError, DatabaseError, psycopg.Error):
            async with asyncio.timeout(_CANCEL_WITHIN):
                await _cancel(self._connection)
                while await self._result() is not None:
                    pass

    async def _flush(self) -> None:
        while self._connection.flush():
            await _ready(self._connection.socket, write=True)

    async def _result(self) -> pq.abc.PGresult | None:
        """The next result; None after the last. Raises DatabaseError when it is too large, or the session broke."""
        while self._connection.is_busy():
            await _ready(self._connection.socket, write=False)
            try:
                self._connection.consume_input()
            except psycopg.OperationalError:
                raise broken(FailureClass.RESET, "the server closed the session") from None
            # libpq takes in a whole row, however large, and at most doubles its memory from one look to the next.
            if _received_bytes(self._connection.socket) > ANSWER_CAP:
                raise broken(FailureClass.QUERY_FAILED, _TOO_LARGE, _LARGE_HINT, large=True)
        return self._connection.get_result()


async def _cancel(connection: pq.abc.PGconn) -> None:
    """Tells the server, over a connection of its own, to drop the query."""
    canceller = connection.cancel_conn()
    try:
        canceller.start()
        while (step := canceller.poll()) in _READS:
            await _ready(canceller.socket, write=step == pq.PollingStatus.WRITING)
    finally:
        canceller.finish()


def _refuse_error(result: pq.abc.PGresult) -> None:
    if result.status != pq.ExecStatus.FATAL_ERROR:
        return
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    said = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    raise DatabaseError(of_statement(state, said))


def _columns(result: pq.abc.PGresult) -> tuple[str, ...]:
    return tuple((result.fname(number) or b"").decode("utf-8", "replace") for number in range(result.nfields))


def _row(result: pq.abc.PGresult) -> tuple[Cell, ...]:
    return tuple(_cell(result.ftype(number), result.get_value(0, number)) for number in range(result.nfields))


#: Object ids of types (pg_type.dat), which never change.
_BOOLEAN: Final = 16
_INTEGERS: Final = frozenset({20, 21, 23, 26})
_FLOATS: Final = frozenset({700, 701, 1700})


def _cell(kind: int, raw: bytes | None) -> Cell:
    if raw is None:
        return None
    if kind == _BOOLEAN:
        return raw == b"t"
    if kind in _INTEGERS:
        return int(raw)
    if kind in _FLOATS:
        return float(raw)
    return raw.decode("utf-8", "replace")


def _received_bytes(descriptor: int) -> int:
    """Bytes that ever came in over a TCP connection, as the kernel counts them; 0 for a Unix socket."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        if connection.family is socket.AF_UNIX:
            return 0
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
    return int.from_bytes(told[_BYTES_RECEIVED], sys.byteorder)


#: `struct tcp_info` of linux/tcp.h up to and including `tcpi_bytes_received` (Linux 4.1).
_TCP_INFO_SIZE: Final = 136
_BYTES_RECEIVED: Final = slice(128, 136)


async def _ready(descriptor: int, *, write: bool) -> None:
    """Returns when libpq's socket can be read or written, or has failed."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)
    add(descriptor, _wake, ready)
    try:
        await ready
    finally:
        remove(descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)

"""The kit itself: a helper that lies would make other tests pass."""

from __future__ import annotations

import asyncio
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import aiosmtplib
import httpx2
import psutil
import psycopg
import pytest

from examples.servers.postgres import wheel_installations
from tests.kit.arrivals import Arrivals
from tests.kit.eventually import eventually
from tests.kit.http_receiver import Answer, Drop, HttpReceiver
from tests.kit.ports import LOOPBACK, free_port, refusing_port
from tests.kit.postgres import PostgresServer
from tests.kit.smtp import SmtpScript, SmtpServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import trustme

    from tests.kit.process import Children

ON_CALL = "oncall@example.org"
BOSS = "boss@example.org"


# arrivals and ports


async def test_waiting_for_arrivals_ends_when_the_last_one_came() -> None:
    arrivals: Arrivals[int] = Arrivals()
    asyncio.get_running_loop().call_soon(arrivals.add, 7)
    assert await arrivals.reach(1) == [7]


async def test_waiting_for_arrivals_is_bounded_and_names_what_did_come() -> None:
    arrivals: Arrivals[int] = Arrivals()
    arrivals.add(7)
    with pytest.raises(AssertionError, match=r"only these 1 arrived: \[7\]"):
        await arrivals.reach(2, within=0.01)


async def test_a_free_port_can_be_served() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, LOOPBACK, free_port())
    server.close()
    await server.wait_closed()


async def test_a_refusing_port_refuses() -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, port)


async def test_eventually_looks_until_there_is_something(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    asyncio.get_running_loop().call_later(0.05, flag.touch)
    assert await eventually(flag.exists)


async def test_eventually_is_bounded() -> None:
    with pytest.raises(AssertionError, match="still 0"):
        await eventually(lambda: 0, within=0.05)


# processes


async def test_a_line_of_a_child_is_found_by_its_pattern(children: Children) -> None:
    child = await children.start(sys.executable, "-c", "print('noise'); print('listening on 8080')")
    match = await child.line(r"on (\d+)")
    assert match[1] == "8080"
    assert await child.exit() == 0


async def test_a_child_that_ends_without_the_line_fails_at_once_and_shows_its_output(
    children: Children,
) -> None:
    child = await children.start(sys.executable, "-c", "import sys; sys.exit('no such file')")
    with pytest.raises(AssertionError, match=r"ended \(1\)[\s\S]*no such file"):
        await child.line("ready")


async def test_a_killed_child_tells_the_signal(children: Children) -> None:
    child = await children.start("sleep", "60")
    assert await child.kill() == -9


async def test_a_terminated_child_may_clean_up(children: Children) -> None:
    child = await children.start("sh", "-c", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done")
    await child.line("up")
    assert await child.terminate() == 3
    await child.line("bye")


async def test_reaping_ends_grandchildren_too(children: Children) -> None:
    child = await children.start("sh", "-c", "sleep 60 & echo $!; wait")
    grandchild = int((await child.line(r"\d+"))[0])
    await child.reap()
    # The kernel ends it in its own time, and whoever adopts it may leave it a zombie.
    await eventually(lambda: not psutil.pid_exists(grandchild) or _is_zombie(grandchild))


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


# PostgreSQL


@pytest.fixture(scope="module", params=["system or wheel", "wheel"])
def server(request: pytest.FixtureRequest, postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The run's server, and one of the wheel's binaries, which must work on any machine."""
    if request.param == "wheel":
        with PostgresServer(next(wheel_installations())) as wheel:
            yield wheel
    else:
        yield postgres


def test_a_fresh_database_is_empty_and_ones_own(server: PostgresServer) -> None:
    first, second = server.fresh_database(), server.fresh_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE here (id int)")
    with psycopg.connect(second) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM here")


@pytest.mark.parametrize("immediate", [False, True], ids=["fast", "immediate"])
def test_a_restart_cuts_connections_and_keeps_what_was_committed(server: PostgresServer, immediate: bool) -> None:
    dsn = server.fresh_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        server.restart(immediate=immediate)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT * FROM kept")


def test_a_paused_server_holds_connections_and_answers_when_it_goes_on(server: PostgresServer) -> None:
    with psycopg.connect(server.fresh_database()) as connection, ThreadPoolExecutor(1) as thread:
        server.pause()
        answer = thread.submit(connection.execute, "SELECT 1")
        with pytest.raises(TimeoutError):
            answer.result(0.2)
        server.resume()
        assert answer.result(5).fetchone() == (1,)


def test_a_stopped_server_is_up_again_for_the_next_test(server: PostgresServer) -> None:
    server.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn, connect_timeout=2)
    psycopg.connect(server.fresh_database()).close()


def test_a_dropped_database_is_gone_even_while_in_use(server: PostgresServer) -> None:
    dsn = server.fresh_database()
    with psycopg.connect(dsn):
        server.drop(dsn)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(dsn)


# SMTP


def _mail(*recipients: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "sentinel@example.org", ", ".join(recipients), "down"
    message.set_content("..two dots stay two dots\n")
    return message


async def _send(server: SmtpServer, *recipients: str, **options: Any) -> dict[str, aiosmtplib.SMTPResponse]:
    settings: dict[str, Any] = {
        "hostname": server.host,
        "port": server.port,
        "start_tls": False,
        "timeout": 5,
    } | options
    refused, _ = await aiosmtplib.send(_mail(*recipients), **settings)
    return dict(refused)


async def test_a_mail_arrives_byte_for_byte(smtp: SmtpServer) -> None:
    await _send(smtp, ON_CALL)
    assert smtp.messages[0].recipients == (ON_CALL,)
    assert smtp.messages[0].content.endswith(b"\r\n..two dots stay two dots\r\n")


async def test_one_refused_recipient_does_not_keep_the_mail_from_the_other(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(refused={BOSS: "550 5.1.1 No such user"})
    refused = await _send(smtp, ON_CALL, BOSS)
    assert [(address, response.code) for address, response in refused.items()] == [(BOSS, 550)]
    assert smtp.messages[0].recipients == (ON_CALL,)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (SmtpScript(greeting="421 4.3.2 Try later"), 421),
        (SmtpScript(mail="451 4.3.0 Trouble"), 451),
        (SmtpScript(data="452 4.3.1 Full"), 452),
        (SmtpScript(accepted="554 5.7.1 Spam"), 554),
    ],
)
async def test_a_scripted_refusal_reaches_the_client(smtp: SmtpServer, script: SmtpScript, code: int) -> None:
    smtp.next_scripts.append(script)
    with pytest.raises((aiosmtplib.SMTPResponseException, aiosmtplib.SMTPConnectError)) as refusal:
        await _send(smtp, ON_CALL)
    assert str(code) in str(refusal.value)
    assert await _send(smtp, ON_CALL) == {}


async def test_a_reset_after_the_message_leaves_it_recorded(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(reset_after_message=True)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await _send(smtp, ON_CALL)
    assert smtp.messages[0].reply is None


async def test_the_reply_to_a_message_can_wait(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(accept_after=asyncio.Event())
    with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
        await _send(smtp, ON_CALL, timeout=0.2)
    assert len(smtp.messages) == 1


async def test_a_server_may_never_greet(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(greeting=None)
    with pytest.raises(aiosmtplib.SMTPConnectTimeoutError):
        await _send(smtp, ON_CALL, timeout=0.2)


async def test_quit_can_hang_after_an_accepted_message(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(hang_on_quit=True)
    await _send(smtp, ON_CALL, timeout=0.2)
    assert smtp.connections[0].commands[-1] == "QUIT"


async def test_login_is_asked_for_and_checked(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(credentials=("sentinel", "canary"))
    with pytest.raises(aiosmtplib.SMTPSenderRefused):
        await _send(smtp, ON_CALL)
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await _send(smtp, ON_CALL, username="sentinel", password="wrong")
    await _send(smtp, ON_CALL, username="sentinel", password="canary")
    assert [message.user for message in smtp.messages] == ["sentinel"]


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
async def test_mail_travels_encrypted(authority: trustme.CA, implicit: bool) -> None:
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(LOOPBACK).configure_cert(theirs)
    authority.configure_trust(ours)
    async with SmtpServer(tls=theirs, implicit_tls=implicit) as server:
        await _send(server, ON_CALL, start_tls=not implicit, use_tls=implicit, tls_context=ours)
        assert server.messages[0].encrypted


# HTTP


async def test_requests_are_recorded_in_order_and_answered_as_scripted(receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Answer(status=429, headers={"Retry-After": "3"}, body=b"slow down"))
    async with httpx2.AsyncClient() as client:
        first = await client.post(f"{receiver.url}/hook?x=1", json={"id": 1})
        second = await client.post(f"{receiver.url}/hook", json={"id": 2})
    assert (first.status_code, first.headers["retry-after"], first.text) == (429, "3", "slow down")
    assert second.status_code == 200
    assert [request.json() for request in receiver.requests] == [{"id": 1}, {"id": 2}]
    assert (receiver.requests[0].method, receiver.requests[0].target) == ("POST", "/hook?x=1")


@pytest.mark.parametrize(
    ("drop", "seen"),
    [(Drop(), httpx2.RemoteProtocolError), (Drop(reset=True), httpx2.ReadError)],
    ids=["FIN", "RST"],
)
async def test_a_dropped_request_is_recorded_and_unanswered(
    receiver: HttpReceiver, drop: Drop, seen: type[Exception]
) -> None:
    receiver.answer = drop
    async with httpx2.AsyncClient() as client:
        with pytest.raises(seen):
            await client.post(receiver.url, content=b"accepted")
    assert receiver.requests[0].body == b"accepted"


async def test_an_answer_can_wait_for_an_event(receiver: HttpReceiver) -> None:
    gate = asyncio.Event()
    receiver.answer = Answer(after=gate)
    async with httpx2.AsyncClient() as client:
        waiting = asyncio.create_task(client.get(receiver.url))
        await receiver.requests.reach(1)
        assert not waiting.done()
        gate.set()
        assert (await waiting).status_code == 200


async def test_the_receiver_speaks_tls(authority: trustme.CA) -> None:
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(LOOPBACK).configure_cert(theirs)
    authority.configure_trust(ours)
    async with HttpReceiver(tls=theirs) as server, httpx2.AsyncClient(verify=ours) as client:
        assert (await client.get(server.url)).status_code == 200

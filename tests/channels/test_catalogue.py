"""What every kind of channel must do, whichever it is."""

import asyncio
import logging
import time
from pathlib import Path

import pytest

from sentinel.channels.base import ChannelKind
from sentinel.channels.catalogue import CATALOGUE
from sentinel.core.notification import Ambiguous, Cause, Failed, Outcome
from tests.channels.ways import HTTP, KINDS, NAMES, PEOPLE, RECIPIENT, SECRETS, channel, options
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.memory import peak_growth
from tests.kit.messages import notification
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Connection, RawServer
from tests.kit.smtp import SmtpScript, SmtpServer

DOCS = Path(__file__).parents[2] / "docs" / "channels.md"
every_kind = pytest.mark.parametrize("kind", CATALOGUE.values(), ids=list(CATALOGUE))
every_way = pytest.mark.parametrize("way", NAMES)


async def send(way: str, port: int, *, within: float = 5.0) -> Outcome:
    return await channel(way, port).send(notification(to=RECIPIENT), None, asyncio.get_running_loop().time() + within)


def test_every_kind_has_a_way_here() -> None:
    # One sends nothing anywhere, the other answers only yes or no: see test_command.py and test_apprise.py.
    assert set(CATALOGUE) - {"command", "apprise"} == KINDS


@every_kind
def test_every_kind_and_every_option_is_documented(kind: ChannelKind) -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert kind.summary
    assert (kind.options.__doc__ or "").strip()
    assert f"## {kind.name}\n" in page
    section = page.partition(f"## {kind.name}\n")[2].partition("\n## ")[0]
    for name, field in kind.options.model_fields.items():
        assert field.description, name
        assert f"`{name}`" in section


@every_way
async def test_silence_ends_at_the_deadline(way: str) -> None:
    async def silent(connection: Connection) -> None:
        await connection.hung_up()

    async with RawServer(silent) as server:
        began = time.perf_counter()
        outcome = await send(way, server.port, within=0.3)
    assert isinstance(outcome, Failed | Ambiguous)
    assert outcome.cause is Cause.TIMEOUT
    assert time.perf_counter() - began < 3.0


@every_way
async def test_an_endless_answer_takes_little_time_and_memory(way: str) -> None:
    """H27."""

    async def endless(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" if way in HTTP else b"220-")
        while True:
            await connection.send(b"x" * 65_536)

    async with RawServer(endless) as server:
        with peak_growth() as growth:
            await send(way, server.port, within=1.0)
    assert growth.bytes < 5_000_000


@every_way
async def test_a_connection_that_is_cut_is_tried_again(way: str) -> None:
    async def cut(connection: Connection) -> None:
        connection.reset()

    async with RawServer(cut) as server:
        outcome = await send(way, server.port)
    assert isinstance(outcome, Ambiguous) or (isinstance(outcome, Failed) and not outcome.permanent)


@every_way
async def test_nobody_listening_is_tried_again(way: str) -> None:
    with refusing_port() as port:
        outcome = await send(way, port)
    assert outcome == Failed(cause=Cause.UNREACHABLE, detail="connection refused")


@every_way
async def test_a_cancelled_attempt_leaves_nothing_behind(way: str) -> None:
    reached, left = asyncio.Event(), asyncio.Event()

    async def waiting(connection: Connection) -> None:
        reached.set()
        await connection.hung_up()
        left.set()

    async with RawServer(waiting) as server:
        before = asyncio.all_tasks()
        attempt = asyncio.create_task(send(way, server.port))
        async with asyncio.timeout(2):
            await reached.wait()
            attempt.cancel()
            await asyncio.wait({attempt})
            await left.wait()
        assert attempt.cancelled()
    assert asyncio.all_tasks() <= before


@pytest.mark.parametrize("way", HTTP)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(receiver: HttpReceiver, way: str, status: int) -> None:
    """H24."""
    async with HttpReceiver() as elsewhere:
        receiver.answer = Answer(status=status, headers={"Location": elsewhere.url})
        outcome = await send(way, receiver.port)
        assert len(elsewhere.requests) == 0
    assert outcome == Failed(cause=Cause.REFUSED, detail=f"answered {status}: redirect not followed")


# --- Nothing leaks ---------------------------------------------------------------------------------------------------


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged on the sending side; the receiver's server runs in this process and logs its requests."""
    return "\n".join(
        r.getMessage() for r in caplog.records if r.name.partition(".")[0] != "aiohttp" or "client" in r.name
    )


def assert_clean(*texts: object) -> None:
    for canary in (*SECRETS, *PEOPLE):
        for text in texts:
            assert canary not in str(text)
            assert canary not in repr(text)


@pytest.mark.parametrize("way", HTTP)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 410, 429, 500])
async def test_what_an_http_receiver_says_and_knows_stays_there(
    receiver: HttpReceiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], way: str, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answer = Answer(status=status, body=" ".join((*SECRETS, *PEOPLE)).encode())
    outcome = await send(way, receiver.port)
    assert any(canary in str(receiver.requests[0]) for canary in SECRETS), "the secrets were used"
    assert_clean(outcome, logged(caplog), "".join(capsys.readouterr()))


@pytest.mark.parametrize(
    "script",
    [
        SmtpScript(greeting=f"554 5.0.0 {' '.join(PEOPLE)}"),
        SmtpScript(mail=f"550 5.1.8 {' '.join(PEOPLE)}"),
        SmtpScript(refused={RECIPIENT: f"550 5.1.1 <{RECIPIENT}> {' '.join(PEOPLE)}"}),
        SmtpScript(accepted=f"554 5.7.1 {' '.join(PEOPLE)}"),
        SmtpScript(accepted=" ".join(PEOPLE)),
        SmtpScript(credentials=("sentinel", "canary-password")),
        SmtpScript(credentials=("sentinel", "another")),
    ],
)
@pytest.mark.parametrize("way", ["email", "email with a login"])
async def test_what_a_mail_server_says_and_knows_stays_there(
    smtp: SmtpServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    way: str,
    script: SmtpScript,
) -> None:
    caplog.set_level(logging.DEBUG)
    smtp.script = script
    assert_clean(await send(way, smtp.port), logged(caplog), "".join(capsys.readouterr()))


@every_way
def test_options_and_channels_print_no_secret(way: str) -> None:
    given = options(way)
    shown = [given, given.model_dump_json(), channel(way, 9), vars(channel(way, 9))]
    for canary in SECRETS:
        for text in shown:
            assert canary not in str(text)
            assert canary not in repr(text)

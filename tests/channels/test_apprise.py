"""The apprise channel: real services of the library towards a real receiver."""

import asyncio
import logging
import subprocess
import sys
import time
from typing import Any

import pytest
from pydantic import ValidationError

from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.channels.apprise import (
    APPRISE,
    BODY_LIMIT,
    MISSING,
    READ_TIMEOUT,
    THREADS,
    AppriseChannel,
    AppriseOptions,
    service_at,
)
from sentinel.channels.base import ChannelTools
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Message, Outcome, Sent
from tests.kit.http_receiver import Answer, Drop, HttpReceiver
from tests.kit.messages import OPENED, message, notification
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Connection, RawServer

SECRETS = ("canary-password", "canary-path", "canary-token")
NOT_TAKEN = Failed(cause=Cause.REFUSED, detail="apprise could not deliver it")


def address(port: int) -> str:
    return f"json://sentinel:canary-password@127.0.0.1:{port}/canary-path?+X-Token=canary-token"


def channel(url: str) -> AppriseChannel:
    options = AppriseOptions.model_validate({"url": url})
    built = APPRISE.build("phone", options, ChannelTools(clock=SystemClock(), source="ward"))
    assert isinstance(built, AppriseChannel)
    return built


async def send(
    url: str, told: Message = OPENED, *, within: float = 5.0, to: AppriseChannel | None = None, ambiguous: int = 0
) -> Outcome:
    ours = to or channel(url)  # the first one loads the library, which is not of the attempt's time
    deadline = asyncio.get_running_loop().time() + within
    return await ours.send(notification(told, ambiguous=ambiguous), None, deadline)


async def test_a_yes_is_sent(receiver: HttpReceiver) -> None:
    assert await send(address(receiver.port)) == Sent()
    (request,) = receiver.requests
    told = request.json()
    assert told["title"].startswith("[CRITICAL] Payroll API")
    assert told["message"].startswith("What: Payroll API")
    assert told["message"].endswith("Sentinel ward, 2026-03-02 03:18:05 UTC")
    assert told["type"] == "failure"


@pytest.mark.parametrize("kind", Kind)
async def test_every_kind_of_message_can_be_told(receiver: HttpReceiver, kind: Kind) -> None:
    assert await send(f"form://127.0.0.1:{receiver.port}", message(kind)) == Sent()
    assert len(receiver.requests[0].body) < 4 * BODY_LIMIT


async def test_a_repeat_is_marked(receiver: HttpReceiver) -> None:
    await send(address(receiver.port), ambiguous=1)
    assert receiver.requests[0].json()["title"].endswith(" (repeat)")


@pytest.mark.parametrize("status", [400, 403, 429, 500])
async def test_a_no_is_tried_again(receiver: HttpReceiver, status: int) -> None:
    receiver.answer = Answer(status=status)
    assert await send(address(receiver.port)) == NOT_TAKEN


async def test_nobody_listening_is_tried_again() -> None:
    with refusing_port() as port:
        assert await send(address(port)) == NOT_TAKEN


async def test_a_cut_connection_is_tried_again(receiver: HttpReceiver) -> None:
    receiver.answer = Drop()
    assert await send(address(receiver.port)) == NOT_TAKEN


async def test_no_redirect_is_followed_though_the_address_asks_for_it(receiver: HttpReceiver) -> None:
    async with HttpReceiver() as elsewhere:
        receiver.answer = Answer(status=307, headers={"Location": elsewhere.url})
        assert await send(f"{address(receiver.port)}&redirect=yes") == NOT_TAKEN
        assert len(elsewhere.requests) == 0


async def test_an_address_cannot_ask_for_retries_or_for_failures_to_look_like_successes(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=500)
    assert await send(f"{address(receiver.port)}&retry=3&wait=0&optional=yes") == NOT_TAKEN
    assert len(receiver.requests) == 1


async def test_no_answer_in_time_is_ambiguous(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(after=asyncio.Event())
    began = time.perf_counter()
    outcome = await send(address(receiver.port), within=0.3)
    assert outcome == Ambiguous(cause=Cause.TIMEOUT, detail="no answer in time")
    assert time.perf_counter() - began < 3.0


@pytest.mark.parametrize(("more", "waited"), [("", READ_TIMEOUT), ("&rto=7", 7.0)])
def test_an_answer_is_waited_for_longer_than_by_default(more: str, waited: float) -> None:
    assert service_at(Secret(address(9) + more)).socket_read_timeout == waited


async def test_attempts_that_hang_are_bounded() -> None:
    reached = asyncio.Semaphore(0)

    async def silent(connection: Connection) -> None:
        reached.release()
        await connection.hung_up()

    async with RawServer(silent) as server:
        ours = channel(address(server.port))
        hanging = [asyncio.create_task(send("", to=ours, within=0.5)) for _ in range(THREADS)]
        async with asyncio.timeout(5):
            for _ in range(THREADS):
                await reached.acquire()
        outcome = await send("", to=ours)
        await asyncio.gather(*hanging)
    assert outcome == Failed(cause=Cause.TIMEOUT, detail="earlier attempts still wait for the service")
    assert server.accepted == THREADS


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_no_secret_is_told_or_logged(
    receiver: HttpReceiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    ours = channel(address(receiver.port))
    caplog.set_level(logging.DEBUG)
    receiver.answer = Answer(status=status, body=b"jane.doe@example.org")
    outcome = await send("", to=ours)
    logged = [r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp")]
    assert "canary-token" in str(receiver.requests[0]), "the secrets were used"
    for text in (str(outcome), "\n".join(logged), "".join(capsys.readouterr()), repr(vars(ours))):
        assert not any(secret in text for secret in (*SECRETS, "jane.doe"))


@pytest.mark.parametrize(
    "options",
    [
        {"url": "nowhere"},
        {"url": "no-such-service://canary-token"},
        {"url": "json://127.0.0.1 , json://127.0.0.1:81"},
        {"url": "json://"},
    ],
)
def test_unusable_addresses_are_refused_without_showing_them(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        AppriseOptions.model_validate(options)
    assert "canary-token" not in str(refused.value)


WITHOUT_IT = """
import asyncio, sys
sys.modules["apprise"] = None  # as Python remembers a package that cannot be imported
from sentinel.base.clock import SystemClock
from sentinel.channels.apprise import APPRISE, AppriseOptions
from sentinel.channels.base import ChannelTools
options = AppriseOptions.model_validate({"url": "ntfys://example.org/alerts"})
print(APPRISE.lacks(options))
channel = APPRISE.build("phone", options, ChannelTools(clock=SystemClock(), source="ward"))
print(type(channel).__name__)
"""


def test_without_the_library_it_is_said_how_to_install_it() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_IT], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [MISSING, "NotInstalled"]

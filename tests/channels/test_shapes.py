"""What all channels do that post JSON in the shape of one service, for every kind of message and for texts that mean harm."""

import asyncio
import json
from dataclasses import replace

import pytest

from sentinel.channels.poster import REPLY_LIMIT
from sentinel.core.notification import AT_MOST_ONCE, Ambiguous, Cause, Failed, Kind, Message, Outcome, Sent
from tests.channels.hostile import hostile, storm
from tests.channels.ways import RECIPIENT, SECRETS, channel
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.memory import peak_growth
from tests.kit.messages import OPENED, message, notification
from tests.kit.raw_server import Connection, RawServer

SHAPES = ("webhook", "pagerduty", "opsgenie", "teams", "discord")
MOST = {"webhook": 50_000, "pagerduty": 512_000, "opsgenie": 100_000, "teams": 20_000, "discord": 30_000}  # bytes

every_shape = pytest.mark.parametrize("way", SHAPES)
#: An order comes too late here: it is of another day.
every_kind = pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in AT_MOST_ONCE])


async def send(way: str, port: int, told: Message = OPENED, *, within: float = 5.0) -> Outcome:
    deadline = asyncio.get_running_loop().time() + within
    return await channel(way, port).send(notification(told, to=RECIPIENT), None, deadline)


@every_shape
@every_kind
async def test_every_kind_of_message_is_taken_and_small(receiver: HttpReceiver, way: str, kind: Kind) -> None:
    for told in (message(kind), hostile(kind, times=10)):
        assert await send(way, receiver.port, told) == Sent()
    check_size(way, receiver)


@every_shape
@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.RESOLVED, Kind.DIGEST])
async def test_a_storm_is_taken_and_small(receiver: HttpReceiver, way: str, kind: Kind) -> None:
    assert await send(way, receiver.port, storm(kind)) == Sent()
    check_size(way, receiver)


def check_size(way: str, receiver: HttpReceiver) -> None:
    for request in receiver.requests:
        assert isinstance(json.loads(request.body), dict)
        assert len(request.body) <= MOST[way]
        assert request.headers["content-type"] == "application/json"


@every_shape
async def test_a_success_that_comes_too_late_is_ambiguous(receiver: HttpReceiver, way: str) -> None:
    """H23: it was taken, and nobody here knows."""
    answered = asyncio.Event()
    receiver.answer = Answer(after=answered)
    outcome = await send(way, receiver.port, within=0.2)
    answered.set()
    assert outcome == Ambiguous(cause=Cause.TIMEOUT, detail="no answer in time")


@every_shape
async def test_a_huge_answer_is_not_read(way: str) -> None:
    """H27: a gigabyte is announced, and as much of it sent as anybody takes."""

    async def huge(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            await connection.send(b"x" * 65_536)

    async with RawServer(huge) as server:
        with peak_growth() as growth:
            assert await send(way, server.port) == Sent()
    assert growth.bytes < 2_000_000


@every_shape
async def test_a_huge_refusal_is_not_read_either(way: str) -> None:
    async def huge(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 429 Slow down\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            await connection.send(b"9" * 65_536)

    async with RawServer(huge) as server:
        with peak_growth() as growth:
            outcome = await send(way, server.port)
    assert isinstance(outcome, Failed)
    assert (outcome.cause, outcome.retry_after) == (Cause.RATE_LIMITED, None)
    assert growth.bytes < 2_000_000 + REPLY_LIMIT


@every_shape
async def test_how_long_to_wait_is_taken_from_the_header(receiver: HttpReceiver, way: str) -> None:
    receiver.answer = Answer(status=429, headers={"Retry-After": "7"}, body=b'{"retry_after": 60}')
    outcome = await send(way, receiver.port)
    assert isinstance(outcome, Failed)
    assert outcome.retry_after is not None
    assert outcome.retry_after.total_seconds() == 7


@every_shape
@pytest.mark.parametrize(("status", "final"), [(401, False), (403, False), (404, False), (422, True), (503, False)])
async def test_what_somebody_can_mend_is_tried_again(
    receiver: HttpReceiver, way: str, status: int, final: bool
) -> None:
    receiver.answer = Answer(status=status)
    outcome = await send(way, receiver.port)
    assert isinstance(outcome, Failed)
    assert outcome.permanent is final


@pytest.mark.parametrize("way", ["pagerduty", "opsgenie", "discord"])
async def test_a_request_that_the_service_does_not_understand_is_final(receiver: HttpReceiver, way: str) -> None:
    receiver.answer = Answer(status=400)
    assert await send(way, receiver.port) == Failed(cause=Cause.REFUSED, detail="answered 400", permanent=True)


@every_shape
@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.RESOLVED, Kind.REPORT, Kind.CANARY])
async def test_no_secret_no_recipient_and_no_path_stands_in_what_is_sent(
    receiver: HttpReceiver, way: str, kind: Kind
) -> None:
    await send(way, receiver.port, replace(message(kind), files=(f"/canary-path/{RECIPIENT}/day.html",)))
    for request in receiver.requests:
        told = json.loads(request.body)
        told.pop("routing_key", None)  # PagerDuty wants its key there
        assert not any(canary in json.dumps(told) for canary in (*SECRETS, RECIPIENT))

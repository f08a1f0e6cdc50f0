"""Logins: what a service's answer to one means, how often Sentinel tries, and how long it uses a token."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.calls.tokens import foreign, tampered
from tests.kit.bench import Bench, problem, run, words
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = jwt.encode({"sub": "monitor", "jti": "1"}, "k" * 32, algorithm="HS256")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def bench(clock: FakeClock) -> AsyncIterator[Bench]:
    async with Bench(clock) as ready:
        yield ready


def with_token(token: object = TOKEN, **more: object) -> Answer:
    return Answer(body=json.dumps({"access_token": token, **more}).encode())


def login(receiver: HttpReceiver, **more: object) -> dict[str, Any]:
    return {"url": f"{receiver.url}/login", "username": "monitor", "password": "pass-canary", **more}


def auth(receiver: HttpReceiver, **more: object) -> dict[str, Any]:
    """Options that do no more than log in and use the token."""
    refuse = {"missing": False, "tampered": False, "foreign": False}
    return {"login": login(receiver, **more), "protected": {"url": f"{receiver.url}/me"}, "refuse": refuse}


def roles(receiver: HttpReceiver) -> dict[str, Any]:
    """Options of a matrix of one."""
    return {
        "login": {"url": f"{receiver.url}/login"},
        "roles": {"nurse": {"username": "nurse", "password": "pass-canary", "allow": ["read"]}},
        "requests": {"read": {"url": f"{receiver.url}/read"}},
    }


def targets(receiver: HttpReceiver) -> list[str]:
    return [request.target for request in receiver.requests]


async def test_a_login_goes_out_as_json_or_as_a_form(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = with_token()
    await bench.measure("auth", **auth(receiver, more_fields={"realm": "r"}))
    await bench.measure("auth", **auth(receiver, send="form", username_field="user"))
    first, _, second, _ = receiver.requests
    assert first.json() == {"realm": "r", "username": "monitor", "password": "pass-canary"}
    assert (first.headers["content-type"], first.method) == ("application/json", "POST")
    assert second.body == b"user=monitor&password=pass-canary"
    assert second.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_the_token_goes_where_the_service_wants_it(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = with_token("opaque")
    await bench.measure("auth", **auth(receiver, token_header="X-Session", scheme=""))
    assert receiver.requests[1].headers["x-session"] == "opaque"


@pytest.mark.parametrize("status", [400, 401, 403, 422, 423, 429])
async def test_a_refused_login_is_not_tried_again_for_half_an_hour(
    bench: Bench, receiver: HttpReceiver, clock: FakeClock, status: int
) -> None:
    receiver.answer = Answer(status=status)
    probe = bench.build("auth", **auth(receiver))
    first, second = await run(probe), await run(probe)
    await clock.advance(minutes=29)
    third = await run(probe)
    assert (first.outcome, first.failure) == (Outcome.FAIL, FailureClass.LOGIN_FAILED)
    assert (second.outcome, second.failure) == (Outcome.FAIL, FailureClass.LOGIN_FAILED)
    assert third.explanation == "login: refused before, tried again in 1 min, so that the account is not locked"
    assert len(receiver.requests) == 1


async def test_in_a_day_a_wrong_password_is_tried_a_few_times_only(
    bench: Bench, receiver: HttpReceiver, clock: FakeClock
) -> None:
    receiver.answer = Answer(status=401)
    probe = bench.build("auth", **auth(receiver))
    for _ in range(24 * 12):
        await run(probe)
        await clock.advance(minutes=5)
    assert len(receiver.requests) == 25  # after 0, 0.5, 1.5, 2.5 … hours


async def test_a_login_that_works_again_ends_the_pause(bench: Bench, receiver: HttpReceiver, clock: FakeClock) -> None:
    receiver.next_answers.append(Answer(status=401))
    receiver.answer = with_token()
    probe = bench.build("auth", **auth(receiver))
    await run(probe)
    await clock.advance(minutes=31)
    assert (await run(probe)).outcome is Outcome.PASS
    assert (await run(probe)).outcome is Outcome.PASS


async def test_probes_of_one_user_share_its_pause(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=401)
    first, second = bench.build("auth", **auth(receiver)), bench.build("auth", **auth(receiver))
    await run(first)
    assert (await run(second)).explanation.startswith("login: refused before")
    assert len(receiver.requests) == 1


async def test_a_check_that_is_changed_does_not_repeat_a_refused_login(
    receiver: HttpReceiver, clock: FakeClock
) -> None:
    """Each plan has tools of its own, with certificates read anew; the pause after a refusal goes on."""
    receiver.answer = Answer(status=401)
    async with Bench(clock) as first, Bench(clock, sessions=first.tools.sessions) as reloaded:
        await first.measure("auth", **auth(receiver))
        other = {**auth(receiver), "protected": {"url": f"{receiver.url}/elsewhere"}}
        assert (await reloaded.measure("auth", **other)).explanation.startswith("login: refused before")
    assert targets(receiver) == ["/login"]


async def test_a_new_password_is_tried_at_once(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=401)
    await bench.measure("auth", **auth(receiver))
    receiver.answer = with_token()
    await bench.measure("auth", **auth(receiver, password="renewed-canary"))
    assert targets(receiver) == ["/login", "/login", "/me"]


@pytest.mark.parametrize("status", [302, 404, 500, 503])
async def test_a_service_in_trouble_is_asked_every_time(bench: Bench, receiver: HttpReceiver, status: int) -> None:
    receiver.answer = Answer(status=status)
    probe = bench.build("auth", **auth(receiver))
    assert [(await run(probe)).failure for _ in range(3)] == [FailureClass.LOGIN_FAILED] * 3
    assert len(receiver.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [Answer(body=b"<html>"), Answer(body=b"{}"), with_token(7), with_token("two words"), with_token("a\r\nb: c")],
)
async def test_an_answer_without_a_usable_token_is_told(bench: Bench, receiver: HttpReceiver, answer: Answer) -> None:
    receiver.answer = answer
    found = await bench.measure("auth", **auth(receiver))
    assert (found.failure, found.explanation) == (
        FailureClass.LOGIN_FAILED,
        "login: the answer has no token at access_token",
    )


async def test_a_token_without_a_signature_that_is_accepted_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    """Where tokens are signed by nothing (`alg: none`), anybody can make one."""
    receiver.next_answers.append(with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiJtb25pdG9yIn0."))
    options = {**auth(receiver), "refuse": {"missing": False, "foreign": False}}
    found = await bench.measure("auth", **options)
    assert (found.failure, found.explanation) == (
        FailureClass.TOKEN_ACCEPTED,
        "tampered token: accepted with status 200",
    )


async def test_a_good_token_that_is_refused_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([with_token(), Answer(status=401)])
    found = await bench.measure("auth", **auth(receiver))
    assert (found.failure, found.explanation) == (FailureClass.TOKEN_REFUSED, "good token: refused with status 401")
    assert TOKEN not in words(found)


async def test_every_bad_token_that_is_accepted_counts(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = with_token()
    found = await bench.measure("auth", login=login(receiver), protected={"url": receiver.url})
    assert found.failure is FailureClass.TOKEN_ACCEPTED
    assert found.explanation == "missing token: accepted with status 200 (and 2 more)"
    assert "authorization" not in receiver.requests[2].headers
    assert len({request.headers.get("authorization") for request in receiver.requests}) == 4


async def test_a_token_is_used_again_until_four_fifths_of_its_life(
    bench: Bench, receiver: HttpReceiver, clock: FakeClock
) -> None:
    receiver.answer = with_token(expires_in=600)
    probe = bench.build("roles", **roles(receiver))
    await run(probe)
    await clock.advance(seconds=479)
    await run(probe)
    await clock.advance(seconds=2)
    await run(probe)
    assert targets(receiver) == ["/login", "/read", "/read", "/login", "/read"]


async def test_a_jwt_says_itself_how_long_it_holds(bench: Bench, receiver: HttpReceiver, clock: FakeClock) -> None:
    ends = int(clock.now().timestamp()) + 100
    receiver.answer = with_token(jwt.encode({"exp": ends}, "k" * 32, algorithm="HS256"))
    probe = bench.build("roles", **roles(receiver))
    await run(probe)
    await clock.advance(seconds=81)
    await run(probe)
    assert targets(receiver).count("/login") == 2


async def test_a_kept_token_that_is_refused_is_renewed_once(
    bench: Bench, receiver: HttpReceiver, clock: FakeClock
) -> None:
    receiver.answer = with_token()
    probe = bench.build("roles", **roles(receiver))
    await run(probe)
    await clock.advance(seconds=60)
    receiver.next_answers.append(Answer(status=401))
    assert (await run(probe)).outcome is Outcome.PASS
    assert targets(receiver) == ["/login", "/read", "/read", "/login", "/read"]


async def test_refusals_by_401_are_no_reason_to_log_in_for_each(bench: Bench, receiver: HttpReceiver) -> None:
    """A matrix of 100 such refusals asked 200 times and logged in for dozens of them, in every run."""
    receiver.next_answers.append(with_token())
    receiver.answer = Answer(status=401)
    options = roles(receiver)
    options["requests"] = {name: {"url": f"{receiver.url}/read"} for name in "abcdefgh"}
    options["roles"]["nurse"]["allow"] = []
    probe = bench.build("roles", **options)
    assert (await run(probe)).outcome is Outcome.PASS
    assert targets(receiver) == ["/login", *["/read"] * 8]


async def test_many_requests_that_find_the_token_over_log_in_once(
    bench: Bench, receiver: HttpReceiver, clock: FakeClock
) -> None:
    receiver.answer = with_token()
    options = roles(receiver)
    options["requests"] = {name: {"url": f"{receiver.url}/read"} for name in "abcd"}
    options["roles"]["nurse"]["allow"] = list("abcd")
    probe = bench.build("roles", **options)
    await run(probe)
    await clock.advance(seconds=60)
    receiver.next_answers.extend([Answer(status=401)] * 4)
    assert (await run(probe)).outcome is Outcome.PASS
    assert targets(receiver).count("/login") == 2


async def test_two_runs_at_once_log_in_once(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=401)
    probe = bench.build("auth", **auth(receiver))
    await asyncio.gather(run(probe), run(probe), run(probe))
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("token", [TOKEN, "opaque-token-of-a-session", "x"])
def test_a_tampered_token_differs_in_one_place_of_its_last_part(token: str) -> None:
    changed = tampered(token)
    assert sum(a != b for a, b in zip(token, changed, strict=True)) == 1
    assert changed.rpartition(".")[0] == token.rpartition(".")[0]


def test_a_foreign_token_says_the_same_under_another_signature() -> None:
    made = foreign(TOKEN)
    assert made.rpartition(".")[0] == TOKEN.rpartition(".")[0]
    assert len(made) == len(TOKEN)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(made, "k" * 32, algorithms=["HS256"])


@pytest.mark.parametrize("token", ["opaque", "a.b.c", f"{jwt.encode({}, 'k' * 48, algorithm='HS384')}"])
def test_a_foreign_token_can_be_made_of_anything(token: str) -> None:
    assert foreign(token) != token
    assert len(foreign(token)) == len(token)


def test_a_login_has_no_body_of_its_own() -> None:
    said = problem(
        "auth",
        login={"url": "http://x/", "username": "u", "password": "p", "body": "b"},
        protected={"url": "http://x/"},
    )
    assert "more_fields" in said

"""A login's life against a small real service, and what a restart has to remember of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.calls.session import Sessions
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock
from tests.kit.office import Office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sentinel.core.result import Measurement

DAY = 86_400


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def bench(clock: FakeClock) -> AsyncIterator[Bench]:
    async with Bench(clock) as ready:
        yield ready


@pytest.fixture
async def office(clock: FakeClock) -> AsyncIterator[Office]:
    async with Office(clock) as ready:
        yield ready


def auth(office: Office, **more: object) -> dict[str, Any]:
    login = {"url": f"{office.url}/login", "username": "monitor", "password": "pass-canary"}
    return {"login": login, "protected": {"url": f"{office.url}/me"}, **more}


def by_cookie(office: Office, **more: object) -> dict[str, Any]:
    login = {
        "url": f"{office.url}/form",
        "username": "monitor",
        "password": "pass-canary",
        "send": "form",
        "cookie": "session",
    }
    return {"login": login, "protected": {"url": f"{office.url}/me"}, **more}


def refresh(office: Office, **more: object) -> dict[str, Any]:
    return auth(office, refresh={"url": f"{office.url}/refresh", **more})


def logout(office: Office) -> dict[str, Any]:
    return auth(office, logout={"url": f"{office.url}/logout"})


def lockout(office: Office, **more: object) -> dict[str, Any]:
    return auth(office, lockout={"account": "victim", **more})


def leaks(found: Measurement) -> list[str]:
    return [canary for canary in ("canary", "eyJ") if canary in f"{words(found)} {found.note}"]


async def restarted(bench: Bench, found: Measurement) -> None:
    """The probes that are built next have the note, and nothing else, of the one before."""
    bench.tools = replace(bench.tools, sessions=Sessions(), note=found.note)


# --- Cookies and claims ---------------------------------------------------------------------------------------------


async def test_a_session_cookie_is_used_like_a_token(bench: Bench, office: Office) -> None:
    found = await bench.measure("auth", **by_cookie(office, cookie={}, logout={"url": f"{office.url}/logout"}))
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("cookie_plain", "session cookie session: without Secure, it goes over plain HTTP too"),
        ("cookie_script", "session cookie session: without HttpOnly, scripts of a page can read it"),
    ],
)
async def test_a_cookie_without_its_flags_is_insecure(bench: Bench, office: Office, fault: str, said: str) -> None:
    office.faults.add(fault)
    found = await bench.measure("auth", **by_cookie(office, cookie={}))
    assert (found.failure, found.explanation) == (FailureClass.INSECURE, said)
    assert leaks(found) == []


async def test_a_cookie_that_goes_along_too_far_is_insecure(bench: Bench, office: Office) -> None:
    found = await bench.measure("auth", **by_cookie(office, cookie={"same_site": ["strict"]}))
    assert found.explanation == "session cookie session: SameSite=lax, expected strict"


async def test_a_form_that_shows_itself_again_counts_as_a_refusal(bench: Bench, office: Office) -> None:
    options = by_cookie(office)
    options["login"]["password"] = "another"
    probe = bench.build("auth", **options)
    first, second = await run(probe), await run(probe)
    assert first.explanation == "login: the answer does not set the cookie session"
    assert second.explanation.startswith("login: refused before")


async def test_a_token_that_says_what_it_must_passes(bench: Bench, office: Office) -> None:
    found = await bench.measure("auth", **auth(office, claims={"lifetime": "15m", "present": ["sub"]}))
    assert (found.outcome, readings(found)["token_lifetime"]) == (Outcome.PASS, 900)


@pytest.mark.parametrize(
    ("fault", "claims", "said"),
    [
        ("long_tokens", {"lifetime": "1h"}, "token: holds for 10 d 10 h, expected 1 h at most"),
        ("other_algorithm", {"algorithms": ["HS256"]}, "token: signed by HS512, expected HS256"),
        ("", {"present": ["aud", "sub"]}, "token: without aud"),
    ],
)
async def test_a_token_that_says_something_else_is_insecure(
    bench: Bench, office: Office, fault: str, claims: dict[str, Any], said: str
) -> None:
    office.faults.add(fault)
    found = await bench.measure("auth", **auth(office, claims=claims))
    assert (found.failure, found.explanation) == (FailureClass.INSECURE, said)
    assert leaks(found) == []


async def test_a_token_of_long_ago_is_not_what_a_login_gives(clock: FakeClock, office: Office) -> None:
    other = FakeClock()
    await other.advance(minutes=5)
    async with Bench(other) as bench:
        found = await bench.measure("auth", **auth(office, claims={}))
    assert found.explanation == "token: issued 5 min ago, and the login was just now"


# --- Refresh and logout ---------------------------------------------------------------------------------------------


async def test_a_token_is_renewed_and_the_session_ended(bench: Bench, office: Office) -> None:
    options = {**refresh(office, old_token_refused=True, once=True), "logout": {"url": f"{office.url}/logout"}}
    found = await bench.measure("auth", **options)
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    assert {"refresh_time", "logout_time", "response_time"} <= set(readings(found))


@pytest.mark.parametrize(
    ("fault", "failure", "said"),
    [
        ("refresh_refused", FailureClass.TOKEN_REFUSED, "refresh: refused with status 401"),
        ("refresh_useless", FailureClass.TOKEN_REFUSED, "token of the refresh: refused with status 401"),
        (
            "refresh_keeps_old",
            FailureClass.TOKEN_ACCEPTED,
            "token of before the refresh: accepted with status 200 (and 1 more)",
        ),
        ("post refresh fails", FailureClass.WRONG_STATUS, "refresh: status 500, expected 2xx"),
    ],
)
async def test_a_broken_refresh_is_found(
    bench: Bench, office: Office, fault: str, failure: FailureClass, said: str
) -> None:
    office.faults.add(fault)
    found = await bench.measure("auth", **refresh(office, old_token_refused=True, once=True))
    assert (found.failure, found.explanation) == (failure, said)
    assert leaks(found) == []


async def test_a_token_that_outlives_its_logout_is_found(bench: Bench, office: Office) -> None:
    office.faults.add("logout_keeps")
    found = await bench.measure("auth", **logout(office))
    assert (found.failure, found.explanation) == (
        FailureClass.TOKEN_ACCEPTED,
        "token after the logout: accepted with status 200",
    )


async def test_a_session_that_was_ended_is_not_handed_to_other_checks(bench: Bench, office: Office) -> None:
    await bench.measure("auth", **logout(office))
    steps = [{"name": "me", "request": {"url": f"{office.url}/me"}}]
    await bench.measure("scenario", login=auth(office)["login"], steps=steps)
    assert list(office.requests)[-2:] == ["POST /login", "GET /me"]


# --- Wrong passwords ------------------------------------------------------------------------------------------------


async def test_a_wrong_password_is_refused_and_tried_once_an_hour(
    bench: Bench, office: Office, clock: FakeClock
) -> None:
    probe = bench.build("auth", **auth(office, wrong_password={}))
    assert [(await run(probe)).outcome for _ in range(3)] == [Outcome.PASS] * 3
    assert office.wrong == {"monitor": 0, "sentinel-nobody": 1}
    await clock.advance(minutes=61)
    await run(probe)
    assert office.wrong["sentinel-nobody"] == 2


async def test_a_wrong_password_that_gets_in_is_found_in_every_run(bench: Bench, office: Office) -> None:
    office.faults.add("any_password")
    probe = bench.build("auth", **auth(office, wrong_password={"account": "victim"}))
    first, second = await run(probe), await run(probe)
    assert {first.failure, second.failure} == {FailureClass.ACCESS_GAINED}
    assert first.explanation == "wrong password for the account victim: the login works, with status 200"


async def test_the_time_of_the_last_wrong_password_outlives_a_restart(bench: Bench, office: Office) -> None:
    found = await bench.measure("auth", **auth(office, wrong_password={}))
    await restarted(bench, found)
    await bench.measure("auth", **auth(office, wrong_password={}))
    assert office.wrong["sentinel-nobody"] == 1


async def test_an_account_that_locks_passes_and_is_left_alone_for_a_day(
    bench: Bench, office: Office, clock: FakeClock
) -> None:
    probe = bench.build("auth", **lockout(office))
    assert (await run(probe)).outcome is Outcome.PASS
    tries = list(office.requests).count("POST /login")
    await clock.advance(hours=23)
    await run(probe)
    assert list(office.requests).count("POST /login") == tries + 1


async def test_an_account_that_never_locks_is_told_until_it_does(
    bench: Bench, office: Office, clock: FakeClock
) -> None:
    office.faults.add("never_locks")
    probe = bench.build("auth", **lockout(office))
    first, second = await run(probe), await run(probe)
    assert (first.failure, second.failure) == (FailureClass.LOCKOUT_MISSING, FailureClass.LOCKOUT_MISSING)
    assert first.explanation == "the account victim took 6 wrong passwords in a row and was not locked"
    assert office.wrong["victim"] == 6
    office.faults.clear()
    await clock.advance(minutes=61)
    assert (await run(probe)).outcome is Outcome.PASS


async def test_a_missing_lockout_is_still_told_after_a_restart(bench: Bench, office: Office) -> None:
    office.faults.add("never_locks")
    found = await bench.measure("auth", **lockout(office))
    await restarted(bench, found)
    assert (await bench.measure("auth", **lockout(office))).failure is FailureClass.LOCKOUT_MISSING
    assert office.wrong["victim"] == 6


async def test_where_a_lock_is_not_told_the_right_password_proves_it(bench: Bench, office: Office) -> None:
    options = {"attempts": 5, "locked": 418, "password": "pass-canary"}
    assert (await bench.measure("auth", **lockout(office, **options))).outcome is Outcome.PASS
    office.wrong.clear()
    office.faults.add("never_locks")
    assert (await bench.measure("auth", **lockout(office, **options))).failure is FailureClass.LOCKOUT_MISSING


async def test_a_service_in_trouble_is_spared_wrong_passwords(bench: Bench, office: Office) -> None:
    office.faults.add("post login fails")
    probe = bench.build("auth", **lockout(office))
    for _ in range(3):
        assert (await run(probe)).failure is FailureClass.LOGIN_FAILED
    assert list(office.requests).count("POST /login") == 4


async def test_a_restart_does_not_try_a_refused_login_again(bench: Bench, office: Office, clock: FakeClock) -> None:
    options = auth(office)
    options["login"]["password"] = "another"
    found = await bench.measure("auth", **options)
    await clock.advance(minutes=10)
    await restarted(bench, found)
    later = await bench.measure("auth", **options)
    assert later.explanation == "login: refused before, tried again in 20 min, so that the account is not locked"
    assert office.wrong == {"monitor": 1}
    assert leaks(found) == []


async def test_after_a_restart_a_new_password_is_tried_at_once(bench: Bench, office: Office) -> None:
    options = auth(office)
    options["login"]["password"] = "another"
    await restarted(bench, await bench.measure("auth", **options))
    assert (await bench.measure("auth", **auth(office))).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "note",
    [
        {"logins": 7},
        {"logins": {"login": {"mark": "", "not_before": 7, "refusals": "many"}}},
        {"lockout_at": "2026-01-01"},
        {"lockout_missing": "many"},
        {"x": []},
    ],
)
async def test_a_note_of_another_shape_counts_as_none(bench: Bench, office: Office, note: dict[str, Any]) -> None:
    bench.tools = replace(bench.tools, note=note)
    assert (await bench.measure("auth", **auth(office))).outcome is Outcome.PASS


# --- The age of a configured token ----------------------------------------------------------------------------------


async def test_the_age_of_a_configured_token_is_read_from_it_or_from_its_day(
    bench: Bench, office: Office, clock: FakeClock
) -> None:
    issued = int(clock.now().timestamp()) - 30 * DAY
    token = jwt.encode({"iat": issued}, "k" * 32, algorithm="HS256")
    of_token = await bench.measure("auth", **auth(office, static_token={"token": token}))
    of_day = await bench.measure("auth", **auth(office, static_token={"issued": "2026-01-31"}))
    assert readings(of_token)["token_age"] == pytest.approx(30)
    assert readings(of_day)["token_age"] == pytest.approx(30.125)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"wrong_password": {"account": "monitor"}}, "another account for wrong passwords"),
        ({"wrong_password": {"user": "monitor"}}, "another account for wrong passwords"),
        ({"lockout": {"account": "monitor"}}, "another account for wrong passwords"),
        ({"lockout": {"account": "victim", "attempts": 100}}, "20"),
        ({"cookie": {}}, "login.cookie"),
        ({"static_token": {}}, "either token or issued"),
        ({"refresh": {"url": "http://x/", "body": "b"}}, "more_fields"),
    ],
)
def test_options_that_would_do_harm_or_nothing_are_refused(more: dict[str, Any], said: str) -> None:
    login = {"url": "http://x/", "username": "monitor", "password": "p"}
    assert said in problem("auth", login=login, protected={"url": "http://x/"}, **more)

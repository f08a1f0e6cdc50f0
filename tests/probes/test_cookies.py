"""Cookies as browsers read them, and a jar that gives them back to nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sentinel.probes.calls.cookies import CookieJar, set_cookies
from sentinel.probes.wire import Exchange, Phases

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def answer(*lines: str) -> Exchange:
    headers = tuple((b"Set-Cookie", line.encode("latin-1")) for line in lines)
    return Exchange(
        status=200,
        http_version="1.1",
        headers=headers,
        body=b"",
        truncated=False,
        phases=Phases(),
        peer="",
        certificate=None,
        chain_ok=None,
    )


def jar(*lines: str, url: str = "http://example.org/") -> CookieJar:
    filled = CookieJar()
    filled.take(url, answer(*lines), NOW)
    return filled


def test_flags_are_read_in_any_case() -> None:
    [cookie] = set_cookies(answer("session=abc; Path=/; SECURE; httponly; SameSite=Strict"))
    assert (cookie.name, cookie.value, cookie.secure, cookie.http_only) == ("session", "abc", True, True)
    assert cookie.same_site == "strict"


@pytest.mark.parametrize("line", ["", "novalue", "=x", "a" * 5000 + "=b"])
def test_what_is_no_cookie_is_left_out(line: str) -> None:
    assert set_cookies(answer(line)) == []


def test_a_value_may_have_any_character() -> None:
    assert jar('prefs={"a":1,"b":"x=y"}; Path=/').header("http://example.org/") == (
        ("Cookie", 'prefs={"a":1,"b":"x=y"}'),
    )


@pytest.mark.parametrize(
    "url",
    ["https://example.org/", "http://example.org:8080/", "http://other.example.org/", "http://example.org.evil.test/"],
)
def test_a_cookie_goes_to_its_own_origin_only(url: str) -> None:
    """Whatever its Domain says: scenarios have no need of more, and a wrong one would hand a session to somebody else."""
    assert jar("session=abc; Domain=.org").header(url) == ()


@pytest.mark.parametrize(("path", "fits"), [("/app", True), ("/app/x", True), ("/apple", False), ("/", False)])
def test_a_cookie_of_a_path_goes_there_and_beneath(path: str, fits: bool) -> None:
    assert bool(jar("session=abc; Path=/app").header(f"http://example.org{path}")) is fits


@pytest.mark.parametrize(
    "ending",
    [
        "Max-Age=0",
        "Max-Age=000",
        "Max-Age=-1",
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Expires=Thu, 01-Jan-1970 00:00:00 GMT",
    ],
)
def test_a_cookie_that_is_over_is_taken_away(ending: str) -> None:
    both = jar("session=abc", f"session=; {ending}")
    assert both.header("http://example.org/") == ()


@pytest.mark.parametrize(
    "ending",
    [
        "Max-Age=60",
        "Max-Age=soon",
        "Max-Age=\u00b2",
        f"Max-Age={'9' * 5000}",
        "Expires=never",
        "Expires=Thu, 01 Jan 2099 00:00:00 GMT",
        f"Expires=Thu, 01 Jan 1970 00:00:00 +{'9' * 20}",
    ],
)
def test_a_cookie_that_is_not_over_stays(ending: str) -> None:
    assert jar(f"session=abc; {ending}").header("http://example.org/") == (("Cookie", "session=abc"),)


def test_a_service_that_sets_cookies_without_end_is_bounded() -> None:
    [(_, value)] = jar(*(f"c{number}=x" for number in range(500))).header("http://example.org/")
    assert value.count("=") == 50

"""The `http` probe against real servers."""

from __future__ import annotations

import json
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.clock import SystemClock
from sentinel.core.result import FailureClass, Outcome
from tests.kit.bench import Bench, problem, readings, words
from tests.kit.http_receiver import Answer, Drop, HttpReceiver
from tests.kit.ports import refusing_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import trustme

PERSON = "Mary Canary"


def answering(document: object, **headers: str) -> Answer:
    return Answer(body=json.dumps(document).encode(), headers={"X-Version": "7", **headers})


async def test_a_good_answer_gives_every_phase(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = answering({"status": "healthy"})
    found = await bench.measure("http", url=receiver.url)
    numbers = readings(found)
    assert found.outcome is Outcome.PASS
    assert list(numbers) == ["resolve", "connect", "first_byte", "transfer", "response_time", "status", "size"]
    phases = sum(numbers[name] for name in ("resolve", "connect", "first_byte", "transfer"))
    assert numbers["response_time"] == pytest.approx(phases, abs=1e-3)
    assert (numbers["status"], numbers["size"]) == (200, len('{"status": "healthy"}'))


async def test_the_request_goes_out_as_configured(bench: Bench, receiver: HttpReceiver) -> None:
    await bench.measure(
        "http",
        method="post",
        url=f"{receiver.url}/things?q=1",
        headers={"X-Trace": "t"},
        secret_headers={"X-Key": "key-canary"},
        json={"a": [1, None]},
        auth={"basic": {"username": "monitor", "password": "pass-canary"}},
    )
    request = receiver.requests[0]
    assert (request.method, request.target, request.json()) == ("POST", "/things?q=1", {"a": [1, None]})
    assert request.headers["x-trace"] == "t"
    assert request.headers["x-key"] == "key-canary"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Basic bW9uaXRvcjpwYXNzLWNhbmFyeQ=="


async def test_a_bearer_token_is_sent(bench: Bench, receiver: HttpReceiver) -> None:
    await bench.measure("http", url=receiver.url, auth={"bearer": "token-canary"})
    assert receiver.requests[0].headers["authorization"] == "Bearer token-canary"


@pytest.mark.parametrize(
    ("status", "failure"), [(401, FailureClass.CREDENTIAL_REFUSED), (403, FailureClass.NOT_PERMITTED)]
)
@pytest.mark.parametrize(
    "shown", [{"auth": {"bearer": "token-canary"}}, {"secret_headers": {"X-Api-Key": "key-canary"}}]
)
async def test_a_refused_credential_accuses_no_target(
    bench: Bench, receiver: HttpReceiver, shown: dict[str, Any], status: int, failure: FailureClass
) -> None:
    receiver.answer = Answer(status=status)
    found = await bench.measure("http", url=receiver.url, **shown)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, failure)
    assert (await bench.measure("http", url=receiver.url)).failure is FailureClass.WRONG_STATUS
    expected = await bench.measure("http", url=receiver.url, expect={"status": status}, **shown)
    assert expected.outcome is Outcome.PASS


async def test_a_wrong_status_fails_with_a_hint(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=503, body=PERSON.encode())
    found = await bench.measure("http", url=receiver.url)
    assert (found.outcome, found.failure) == (Outcome.FAIL, FailureClass.WRONG_STATUS)
    assert found.explanation == "status 503, expected 2xx"
    assert "load" in found.hint
    assert readings(found)["status"] == 503


@pytest.mark.parametrize(
    ("status", "expected", "passes"),
    [(204, "2xx", True), (404, [404], True), (301, ["200-204", 301], True), (205, "200-204", False), (200, 404, False)],
)
async def test_statuses_are_numbers_classes_and_spans(
    bench: Bench, receiver: HttpReceiver, status: int, expected: object, passes: bool
) -> None:
    receiver.answer = Answer(status=status)
    found = await bench.measure("http", url=receiver.url, expect={"status": expected})
    assert (found.outcome is Outcome.PASS) is passes


DOCUMENT = {
    "status": "healthy",
    "count": 3,
    "ready": True,
    "owner": PERSON,
    "items": [{"id": 1}, {"id": 2}],
    "nothing": None,
}


@pytest.mark.parametrize(
    "assertion",
    [
        {"path": "status", "equals": "healthy"},
        {"path": "status", "matches": "^heal"},
        {"path": "status", "one_of": ["degraded", "healthy"]},
        {"path": "status", "contains": "alt", "length": {"equals": 7}},
        {"path": "count", "above": 2, "below": 4},
        {"path": "count", "equals": 3.0},
        {"path": "ready", "equals": True},
        {"path": "items", "length": {"equals": 2}},
        {"path": "items", "contains": {"id": 2}},
        {"path": "length(items)", "equals": 2},
        {"path": "nothing", "equals": None},
        {"path": "nothing", "exists": False},
        {"path": "@", "contains": "ready"},
    ],
)
async def test_assertions_that_hold(bench: Bench, receiver: HttpReceiver, assertion: dict[str, object]) -> None:
    receiver.answer = answering(DOCUMENT)
    found = await bench.measure("http", url=receiver.url, expect={"json": [assertion]})
    assert found.explanation == ""


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ({"path": "status", "equals": "sick"}, 'status: expected "sick", found another text'),
        ({"path": "status", "equals": "sick", "reveal": True}, 'status: expected "sick", found "healthy"'),
        ({"path": "count", "above": 3}, "count: expected above 3, found 3"),
        ({"path": "count", "equals": "3"}, 'count: expected "3", found 3'),
        ({"path": "ready", "equals": 1}, "ready: expected 1, found true"),
        ({"path": "owner", "equals": "Bo"}, 'owner: expected "Bo", found another text'),
        ({"path": "gone.deep", "exists": True}, "gone.deep: expected a value, found nothing"),
        ({"path": "items", "length": {"above": 2}}, "items: expected a length above 2, found a list of 2"),
        ({"path": "status", "above": 1}, "status: expected above 1, found another text"),
        ({"path": "sum(status)", "above": 1}, "sum(status): expected above 1, found nothing"),
        ({"path": "@", "equals": 1}, "@: expected 1, found an object"),
    ],
)
async def test_assertions_that_do_not_hold(
    bench: Bench, receiver: HttpReceiver, assertion: dict[str, object], said: str
) -> None:
    receiver.answer = answering(DOCUMENT)
    found = await bench.measure("http", url=receiver.url, expect={"json": [assertion]})
    assert (found.failure, found.explanation) == (FailureClass.WRONG_BODY, said)
    assert PERSON not in words(found)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": NaN}', b"[" * 5000 + b"]" * 5000, b'{"a": 1} x', b"\xff\xfe"])
async def test_a_body_that_is_no_json_fails(bench: Bench, receiver: HttpReceiver, body: bytes) -> None:
    receiver.answer = Answer(body=body)
    found = await bench.measure("http", url=receiver.url, expect={"json": [{"path": "a", "exists": True}]})
    assert (found.failure, found.explanation) == (FailureClass.WRONG_BODY, "the body is not JSON")


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"text": "in order"}, ""),
        ({"text": {"contains": ["All", "order"], "matches": "sys[a-z]+"}}, ""),
        ({"not_text": "error"}, ""),
        ({"text": "broken"}, 'the body does not contain "broken"'),
        ({"text": {"matches": "^order"}}, "the body does not contain a match of '^order'"),
        ({"not_text": {"matches": "(?i)ALL"}}, "the body contains a match of '(?i)ALL', which it must not"),
    ],
)
async def test_texts_are_looked_for(bench: Bench, receiver: HttpReceiver, expect: dict[str, object], said: str) -> None:
    receiver.answer = Answer(body=b"All systems in order, \xff")
    found = await bench.measure("http", url=receiver.url, expect=expect)
    assert found.explanation == said


async def test_a_text_made_to_stall_a_pattern_is_read_at_once(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=b"a" * 200_000 + b"!")
    found = await bench.measure("http", url=receiver.url, expect={"text": {"matches": "^(a+)+$"}}, within=2.0)
    assert found.failure is FailureClass.WRONG_BODY


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"X-Version": "7"}, ""),
        ({"x-version": {"matches": "^[0-9]$"}}, ""),
        ({"X-Gone": {"exists": False}}, ""),
        ({"X-Version": "8"}, 'header X-Version: expected "8"'),
        ({"X-Gone": {"exists": True}}, "header X-Gone: expected it to be there"),
        ({"X-Version": {"exists": False}}, "header X-Version: expected it not to be there"),
        ({"Set-Cookie": {"matches": "Secure"}}, "header Set-Cookie: expected a match of 'Secure'"),
    ],
)
async def test_headers_are_looked_at_and_not_shown(
    bench: Bench, receiver: HttpReceiver, header: dict[str, object], said: str
) -> None:
    receiver.answer = answering({}, **{"Set-Cookie": "sid=cookie-canary"})
    found = await bench.measure("http", url=receiver.url, expect={"headers": header})
    assert found.explanation == said
    assert "canary" not in words(found)


async def test_a_long_body_is_cut_and_passes_when_nobody_looks_at_it(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=b"x" * 100_000)
    found = await bench.measure("http", url=receiver.url, body_limit=1000)
    assert (found.outcome, readings(found)["size"]) == (Outcome.PASS, 1000)


async def test_a_long_body_cannot_be_asserted_on(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=b"x" * 100_000)
    found = await bench.measure("http", url=receiver.url, body_limit=1000, expect={"not_text": "y"})
    assert found.failure is FailureClass.BODY_TOO_LARGE


async def test_a_connection_that_drops_is_told_with_the_phases_reached(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Drop(reset=True)
    found = await bench.measure("http", url=receiver.url)
    assert found.failure is FailureClass.RESET
    assert set(readings(found)) == {"resolve", "connect", "first_byte"}


async def test_a_closed_port_is_refused_and_has_no_response_time(bench: Bench) -> None:
    with refusing_port() as port:
        found = await bench.measure("http", url=f"http://127.0.0.1:{port}/?token=query-canary")
    assert found.failure is FailureClass.REFUSED
    assert "response_time" not in readings(found)
    assert "canary" not in words(found)


# Redirects


def moved(to: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": to})


async def test_a_redirect_is_not_followed_by_default(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = moved("/elsewhere")
    found = await bench.measure("http", url=receiver.url)
    assert found.explanation == "status 302, expected 2xx"
    assert len(receiver.requests) == 1


async def test_redirects_on_the_same_origin_are_followed(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([moved("/a"), moved("b?c=1", 307)])
    found = await bench.measure("http", url=f"{receiver.url}/start", follow_redirects=True)
    assert found.outcome is Outcome.PASS
    assert [request.target for request in receiver.requests] == ["/start", "/a", "/b?c=1"]


async def test_a_redirect_elsewhere_is_not_followed_and_takes_no_secret_along(
    bench: Bench, receiver: HttpReceiver
) -> None:
    async with HttpReceiver() as other:
        receiver.answer = moved(f"{other.url}/trap")
        found = await bench.measure(
            "http", url=receiver.url, follow_redirects=True, secret_headers={"X-Api-Key": "key-canary"}
        )
        assert list(other.requests) == []
    assert found.explanation == "a redirect leads to another origin, which is not followed"


async def test_redirects_end_after_five(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = moved("/again")
    found = await bench.measure("http", url=receiver.url, follow_redirects=True)
    assert found.explanation == "more than 5 redirects"
    assert len(receiver.requests) == 6


@pytest.mark.parametrize("location", ["ftp://x/", "http://[", "http://a b/", "http://user:pw@127.0.0.1/"])
async def test_a_redirect_to_nonsense_is_told(bench: Bench, receiver: HttpReceiver, location: str) -> None:
    receiver.answer = moved(location)
    found = await bench.measure("http", url=receiver.url, follow_redirects=True)
    assert found.failure is FailureClass.WRONG_STATUS


async def test_a_form_that_redirects_goes_on_as_a_get(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.append(moved("/done", 303))
    await bench.measure("http", method="POST", url=receiver.url, json={"a": 1}, follow_redirects=True)
    assert [(request.method, request.body) for request in receiver.requests] == [("POST", b'{"a":1}'), ("GET", b"")]


# TLS


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
async def tls_receiver(authority: trustme.CA) -> AsyncIterator[HttpReceiver]:
    ends = SystemClock().now() + timedelta(days=20)
    async with HttpReceiver(tls=server_context(authority.issue_cert("127.0.0.1", not_after=ends))) as server:
        yield server


async def test_the_certificate_has_a_reading_of_days(bench: Bench, tls_receiver: HttpReceiver, ca_file: str) -> None:
    found = await bench.measure("http", url=tls_receiver.url, tls={"ca_file": ca_file})
    assert found.outcome is Outcome.PASS
    assert readings(found)["tls"] > 0
    assert 19 < readings(found)["certificate_days"] <= 20


async def test_a_slow_answer_comes_with_where_to_look(bench: Bench, receiver: HttpReceiver) -> None:
    found = await bench.measure("http", url=receiver.url)
    assert "`first_byte` is the service's own" in (found.hints or {})["response_time"]


async def test_an_authority_nobody_knows_is_told(bench: Bench, tls_receiver: HttpReceiver) -> None:
    found = await bench.measure("http", url=tls_receiver.url)
    assert found.failure is FailureClass.TLS_UNTRUSTED
    assert 19 < readings(found)["certificate_days"] <= 20


async def test_an_expired_certificate_is_told_with_its_days(bench: Bench, authority: trustme.CA, ca_file: str) -> None:
    ended = SystemClock().now() - timedelta(days=3)
    context = server_context(authority.issue_cert("127.0.0.1", not_before=ended - timedelta(days=9), not_after=ended))
    async with HttpReceiver(tls=context) as server:
        found = await bench.measure("http", url=server.url, tls={"ca_file": ca_file})
    assert found.failure is FailureClass.TLS_EXPIRED
    assert -4 < readings(found)["certificate_days"] < -2


# Options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "ftp://x/"}, "must begin with http"),
        ({"url": "http://user:pw-canary@x/"}, "user or password"),
        ({"url": "http://x/\r\ny"}, "control character"),
        ({"url": "http://x/", "headers": {"A b": "c"}}, "name of a header"),
        ({"url": "http://x/", "headers": {"A": "c\r\nd"}}, "control character"),
        ({"url": "http://x/", "headers": {"authorization": "Bearer word-canary"}}, "secret_headers"),
        ({"url": "http://x/", "body": "a", "json": 1}, "either body or json"),
        ({"url": "http://x/", "auth": {}}, "either basic or bearer"),
        ({"url": "http://x/", "expect": {"status": "6xx"}}, "a status such as"),
        ({"url": "http://x/", "expect": {"status": []}}, "at least one status"),
        ({"url": "http://x/", "expect": {"json": [{"path": "a["}]}}, "JMESPath"),
        ({"url": "http://x/", "expect": {"json": [{"path": "a"}]}}, "at least one of"),
        ({"url": "http://x/", "expect": {"text": {"matches": "(?<=a)b"}}}, "RE2"),
        ({"url": "http://x/", "tls": {"ca_file": "none.pem"}}, "none.pem cannot"),
        ({"url": "http://x/", "body_limit": 0}, "a number of bytes"),
        ({"url": "http://x/", "methd": "GET"}, "methd"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], said: str) -> None:
    assert said in problem("http", **options)

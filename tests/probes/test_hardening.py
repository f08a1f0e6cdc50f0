"""The `hardening` probe against real sites, files and processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Measurement, Outcome
from tests.kit.bench import Bench, problem, readings, words
from tests.kit.certificates import context_of
from tests.kit.eventually import eventually
from tests.kit.ports import refusing_port
from tests.kit.raw_server import RawServer
from tests.kit.site import Asked, Page, Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    import trustme

GOOD = [
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
]
SECRET = "Zx81-unguessable-Zx81-ygbvtfc-0451-canary"


class Lab:
    """A site over https, one over plain HTTP, and a probe that looks at them."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.site = Site(pages={"/": Page()}, headers=list(GOOD))
        self.plain = Site(answer=lambda _: Page(status=301, headers=[("Location", "https://localhost/")]))
        self.bench = bench
        self.ca_file = folder / "ca.pem"
        self.url = self.plain_url = ""

    async def look(self, within: float = 5.0, **options: Any) -> Measurement:
        given = {"url": self.url, "plain_url": self.plain_url, "tls": {"ca_file": str(self.ca_file)}, **options}
        return await self.bench.measure("hardening", within=within, **given)


@pytest.fixture
async def lab(bench: Bench, authority: trustme.CA, tmp_path: Path) -> AsyncIterator[Lab]:
    lab = Lab(bench, tmp_path)
    authority.cert_pem.write_to_path(str(lab.ca_file))
    async with AsyncExitStack() as stack:
        secure = RawServer(lab.site.serve, tls=context_of(authority.issue_cert("localhost")))
        server = await stack.enter_async_context(secure)
        plain = await stack.enter_async_context(RawServer(lab.plain.serve))
        lab.url, lab.plain_url = f"https://localhost:{server.port}/", f"http://localhost:{plain.port}/"
        yield lab


def without(name: str) -> list[tuple[str, str]]:
    return [(key, value) for key, value in GOOD if key != name]


async def test_a_careful_site_has_no_finding(lab: Lab) -> None:
    found = await lab.look(debug_paths=["/.env"])
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    numbers = readings(found)
    assert set(numbers.values()) == {0}
    assert {"findings", "findings.https", "findings.headers", "findings.debug"} <= numbers.keys()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Content-Security-Policy", "headers: the address has no good content-security-policy (and 1 more)"),
        ("X-Content-Type-Options", "headers: the address has no good x-content-type-options"),
        ("Referrer-Policy", "headers: the address has no good referrer-policy"),
        ("Strict-Transport-Security", "https: Strict-Transport-Security is missing"),
    ],
)
async def test_a_missing_header_is_named_with_what_to_write(lab: Lab, header: str, said: str) -> None:
    lab.site.headers = without(header)
    found = await lab.look()
    assert (found.failure, found.explanation) == (FailureClass.INSECURE, said)
    assert header in found.hint


async def test_old_frame_protection_and_more_pages_count(lab: Lab) -> None:
    lab.site.headers = [*without("Content-Security-Policy"), ("X-Frame-Options", "SAMEORIGIN")]
    lab.site.pages["/login"] = Page()
    only = ["frame-protection", "permissions-policy"]
    found = await lab.look(security_headers=only, paths=["/login?user=query-canary"])
    assert found.explanation == "headers: the address has no good permissions-policy (and 1 more)"
    assert readings(found)["findings.headers"] == 2
    assert "query-canary" not in words(found)


async def test_a_short_hsts_is_told(lab: Lab) -> None:
    lab.site.headers = [*without("Strict-Transport-Security"), ("Strict-Transport-Security", "max-age=300")]
    assert (await lab.look()).explanation == "https: the max-age of HSTS is too short"
    assert (await lab.look(hsts=0)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "answer",
    [
        Page(status=200),
        Page(status=301, headers=[("Location", "http://localhost/")]),
        Page(status=302),
        Page(status=500),
    ],
)
async def test_plain_http_that_serves_is_insecure(lab: Lab, answer: Page) -> None:
    lab.plain.answer = lambda _: answer
    found = await lab.look(secret_headers={"X-Key": "key-canary"})
    assert found.explanation.startswith(f"https: plain HTTP is answered with status {answer.status}")
    assert "x-key" not in lab.plain.asked[0].headers


@pytest.mark.parametrize("status", [308, 403, 426])
async def test_plain_http_that_redirects_or_refuses_is_good(lab: Lab, status: int) -> None:
    lab.plain.answer = lambda _: Page(status=status, headers=[("Location", "https://localhost/")])
    assert (await lab.look()).outcome is Outcome.PASS


async def test_plain_http_that_nobody_serves_is_good(lab: Lab) -> None:
    with refusing_port() as port:
        found = await lab.look(plain_url=f"http://localhost:{port}/")
    assert found.outcome is Outcome.PASS


async def test_an_address_of_plain_http_is_insecure(lab: Lab) -> None:
    lab.plain.answer = lambda asked: Page(headers=GOOD) if asked.method == "GET" else None
    found = await lab.look(url=lab.plain_url)
    assert found.explanation == "https: the address is one of plain HTTP"
    assert (await lab.look(url=lab.plain_url, skip=["https"])).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([("Access-Control-Allow-Origin", "{origin}")], "cors: any origin is allowed, as it is sent back"),
        (
            [("Access-Control-Allow-Origin", "{origin}"), ("Access-Control-Allow-Credentials", "true")],
            "cors: any origin is allowed, as it is sent back, with credentials",
        ),
        (
            [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true")],
            "cors: any origin is allowed together with credentials",
        ),
        ([("Access-Control-Allow-Origin", "*")], ""),
        ([("Access-Control-Allow-Origin", "https://app.example.org")], ""),
    ],
)
async def test_cors_that_is_open_to_everybody_is_told(lab: Lab, headers: Sequence[tuple[str, str]], said: str) -> None:
    def answer(asked: Asked) -> Page | None:
        origin = asked.headers.get("origin")
        return Page(headers=[(name, value.format(origin=origin)) for name, value in headers]) if origin else None

    lab.site.answer = answer
    assert (await lab.look()).explanation == said


@pytest.mark.parametrize(
    ("cookie", "said"),
    [
        ("session=pass-canary; Secure; HttpOnly; SameSite=Lax", ""),
        ("session=pass-canary; Path=/", "cookies: the cookie session of the address lacks Secure, HttpOnly, SameSite"),
        ("session=pass-canary; secure; httponly; SameSite=None", ""),
        ("session=pass-canary; HttpOnly; SameSite=None", "lacks Secure, SameSite"),
        ("csrftoken=pass-canary; Secure; SameSite=Strict", ""),
        ("Mary Canary=1; Secure; SameSite=Strict", "cookies: cookie 1 of the address lacks HttpOnly"),
    ],
)
async def test_cookies_need_their_flags(lab: Lab, cookie: str, said: str) -> None:
    lab.site.pages["/"] = Page(headers=[("Set-Cookie", cookie)])
    found = await lab.look(script_cookies=["csrftoken"])
    assert (found.failure is FailureClass.INSECURE) is bool(said)
    assert said in found.explanation
    assert "anary" not in words(found)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("Server", "nginx/1.18.0"), "banners: the header Server of the address names a version"),
        (("X-Powered-By", "header-canary"), "banners: the address has the header x-powered-by"),
        (("Server", "nginx"), ""),
    ],
)
async def test_banners_that_tell_too_much_are_told(lab: Lab, header: tuple[str, str], said: str) -> None:
    lab.site.pages["/"] = Page(headers=[header])
    found = await lab.look()
    assert found.explanation == said
    assert "canary" not in words(found)


async def test_trace_must_be_refused(lab: Lab) -> None:
    lab.site.answer = lambda asked: Page() if asked.method == "TRACE" else None
    found = await lab.look(secret_headers={"X-Key": "key-canary"})
    assert found.explanation == "methods: the method TRACE is answered"
    assert "x-key" not in next(one.headers for one in lab.site.asked if one.method == "TRACE")


async def test_debug_paths_are_asked_as_a_stranger(lab: Lab) -> None:
    lab.site.pages |= {"/.env": Page(body=b"SECRET=pass-canary"), "/admin": Page(status=403)}
    found = await lab.look(debug_paths=["/.env", "/admin"], secret_headers={"X-Key": "key-canary"})
    assert found.explanation == "debug: /.env answers a stranger with status 200"
    assert "canary" not in words(found)
    assert "x-key" not in next(one.headers for one in lab.site.asked if one.path == "/.env")


async def test_a_site_that_gives_every_path_the_same_page_shows_nothing(lab: Lab) -> None:
    lab.site.answer = lambda asked: Page(body=b"<app></app>") if asked.method == "GET" else None
    assert (await lab.look(debug_paths=["/.env"])).outcome is Outcome.PASS


async def test_an_error_page_for_developers_is_told(lab: Lab) -> None:
    body = b"<pre>Traceback (most recent call last): Mary Canary"
    lab.site.pages["/sentinel-no-such-page"] = Page(status=500, body=body)
    found = await lab.look()
    assert found.explanation == "debug: the error page shows a Python traceback"
    assert (await lab.look(error_path=None)).outcome is Outcome.PASS


def limited(allowed: int) -> Any:
    """A site that refuses what comes after that many requests for a path."""
    count = 0

    def answer(asked: Asked) -> Page | None:
        nonlocal count
        if asked.path != "/limited":
            return None
        count += 1
        return Page(status=200 if count <= allowed else 429)

    return answer


@pytest.mark.parametrize(("allowed", "passes"), [(5, True), (3, True), (6, False)])
async def test_a_rate_limit_must_be_in_force(lab: Lab, allowed: int, passes: bool) -> None:
    lab.site.answer = limited(allowed)
    found = await lab.look(rate_limit={"path": "/limited", "requests": 5})
    assert (found.outcome is Outcome.PASS) is passes
    if not passes:
        assert found.explanation == "rate_limit: 6 requests were answered, and 5 are the limit"
    assert len([one for one in lab.site.asked if one.path == "/limited"]) == min(allowed + 1, 6)


async def test_what_a_slow_site_does_not_answer_in_time_is_no_finding(lab: Lab) -> None:
    lab.site.silent_to = frozenset({"TRACE"})
    found = await lab.look(within=1.0, skip=["debug"])
    assert found.failure is FailureClass.READ_TIMEOUT
    assert {"findings", "findings.methods"}.isdisjoint(readings(found))
    assert readings(found)["findings.cors"] == 0


async def test_a_finding_is_told_before_what_could_not_be_looked_at(lab: Lab) -> None:
    lab.site.headers = without("X-Content-Type-Options")
    lab.site.silent_to = frozenset({"TRACE"})
    found = await lab.look(within=1.0, skip=["debug"])
    assert found.failure is FailureClass.INSECURE
    assert "more" not in found.explanation
    assert "Could not be looked at: TRACE" in found.hint


async def test_a_rate_limit_that_cannot_be_tried_in_time_is_no_finding(lab: Lab) -> None:
    found = await lab.look(rate_limit={"path": "/", "requests": 1000, "within": "50ms"})
    assert found.failure is FailureClass.READ_TIMEOUT
    assert "of 1001 requests could be made in time" in found.explanation


@pytest.mark.parametrize(
    ("mode", "allowed", "said"),
    [(0o600, "600", ""), (0o400, "0600", ""), (0o644, "600", "has mode 644, and 600 is the widest that is good")],
)
async def test_modes_of_files_are_compared(bench: Bench, tmp_path: Path, mode: int, allowed: str, said: str) -> None:
    file = tmp_path / ".env"
    file.touch()
    file.chmod(mode)
    found = await bench.measure("hardening", files=[{"path": str(file), "mode": allowed}])
    assert (found.failure is FailureClass.INSECURE) is bool(said)
    assert said in found.explanation
    if said:
        assert f"chmod 600 {file}" in found.hint


async def test_an_owner_whom_the_host_does_not_know_is_a_mistake_in_the_check(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "env").touch(0o600)
    found = await bench.measure("hardening", files=[{"path": str(tmp_path / "env"), "mode": "600", "owner": "no-one"}])
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert "findings" not in readings(found)


async def test_a_file_of_another_owner_and_one_that_is_missing_are_told(bench: Bench, tmp_path: Path) -> None:
    files = [{"path": str(tmp_path), "mode": "777", "owner": "daemon"}]
    found = await bench.measure("hardening", files=files)
    assert found.failure is FailureClass.INSECURE
    assert found.explanation.endswith("not to daemon")
    found = await bench.measure("hardening", files=[{"path": str(tmp_path / "x"), "mode": "600"}])
    assert found.failure is FailureClass.MISSING


ENVIRONMENT = f"""
# production
export ENVIRONMENT="production"
DEBUG=False  # never on
SECRET_KEY='{SECRET}'
DATABASE_URL=postgresql://app:pass-canary@db/app
CORS_ORIGINS=https://app.example.org
SHORT=pass-canary
KNOWN=please-change-me-please-change-me-please-change-me
FLAT=abababababababababababababababababab
LITE=sqlite:///app.db
EMPTY=
"""


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    file.write_text(ENVIRONMENT)
    return file


@pytest.mark.parametrize(
    ("wanted", "failure", "said"),
    [
        ({"required": ["ENVIRONMENT", "SECRET_KEY"]}, None, ""),
        ({"required": ["EMPTY"]}, FailureClass.MISSING, "settings: EMPTY is not set"),
        ({"required": ["NOWHERE"]}, FailureClass.MISSING, "settings: NOWHERE is not set"),
        ({"off": ["DEBUG", "NOWHERE"]}, None, ""),
        ({"off": ["ENVIRONMENT"]}, FailureClass.INSECURE, "settings: ENVIRONMENT is on"),
        ({"secrets": ["SECRET_KEY"]}, None, ""),
        ({"secrets": ["SHORT"]}, FailureClass.INSECURE, "settings: SHORT is shorter than 32 characters"),
        ({"secrets": ["KNOWN"]}, FailureClass.INSECURE, "settings: KNOWN looks like a default or an example"),
        ({"secrets": ["FLAT"]}, FailureClass.INSECURE, "settings: FLAT repeats a few characters"),
        ({"databases": ["DATABASE_URL"]}, None, ""),
        ({"databases": ["LITE"]}, FailureClass.INSECURE, "settings: LITE names an SQLite database"),
        ({"origins": ["CORS_ORIGINS"]}, None, ""),
        ({"expect": {"ENVIRONMENT": "production"}}, None, ""),
        ({"expect": {"ENVIRONMENT": "x"}}, FailureClass.INSECURE, 'settings: ENVIRONMENT: expected "x"'),
    ],
)
async def test_settings_are_judged_and_never_shown(
    bench: Bench, env_file: Path, wanted: dict[str, Any], failure: FailureClass | None, said: str
) -> None:
    found = await bench.measure("hardening", settings=[{"env_file": str(env_file), **wanted}])
    assert (found.failure, found.explanation) == (failure, said)
    assert "anary" not in words(found)


@pytest.fixture
def running() -> Iterator[subprocess.Popen[bytes]]:
    """A process with an environment of its own."""
    process = subprocess.Popen(["sleep", "60"], env={"CORS": "*", "DEBUG": "0"})
    yield process
    end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


async def test_the_environment_of_a_process_is_read(
    bench: Bench, tmp_path: Path, running: subprocess.Popen[bytes]
) -> None:
    pid_file = tmp_path / "app.pid"
    pid_file.write_text(f"{running.pid}\n")
    wanted = [{"pid_file": str(pid_file), "off": ["DEBUG"], "origins": ["CORS"]}]
    await eventually(lambda: b"CORS" in _environment(running.pid))
    found = await bench.measure("hardening", settings=wanted)
    end(running)
    gone = await bench.measure("hardening", settings=wanted)
    assert found.explanation == "settings: CORS allows any origin"
    assert gone.failure is FailureClass.NOT_RUNNING


def _environment(number: int) -> bytes:
    with open(f"/proc/{number}/environ", "rb") as environment:
        return environment.read()


@pytest.mark.parametrize(
    ("page", "failure"),
    [
        (Page(body=b'{"app": {"debug": true, "origins": ["a", "*"]}}'), FailureClass.INSECURE),
        (Page(body=b'{"app": {"debug": false, "origins": ["a"]}}'), None),
        (Page(body=b'{"other": 1}'), FailureClass.WRONG_BODY),
        (Page(body=b"Mary Canary"), FailureClass.WRONG_BODY),
        (Page(status=500), FailureClass.WRONG_STATUS),
        (Page(status=401), FailureClass.CREDENTIAL_REFUSED),
    ],
)
async def test_settings_that_an_endpoint_tells(bench: Bench, page: Page, failure: FailureClass | None) -> None:
    async with RawServer(Site(pages={"/config": page}).serve) as server:
        wanted = {"request": {"url": server.url("/config")}, "at": "app", "off": ["debug"], "origins": ["origins"]}
        found = await bench.measure("hardening", settings=[wanted])
    assert found.failure is failure
    assert "Canary" not in words(found)


def large(file: Path) -> None:
    file.write_bytes(b"A" * (1 << 20) + b"x")


@pytest.mark.parametrize(
    ("make", "failure"),
    [(large, FailureClass.BODY_TOO_LARGE), (os.mkfifo, FailureClass.MISSING), (str, FailureClass.MISSING)],
)
async def test_what_is_no_file_of_settings_is_told(
    bench: Bench, tmp_path: Path, make: Callable[[Path], object], failure: FailureClass
) -> None:
    make(tmp_path / "settings")
    found = await bench.measure("hardening", settings=[{"env_file": str(tmp_path / "settings"), "required": ["A"]}])
    assert found.failure is failure


async def test_several_findings_are_counted_and_the_first_is_told(lab: Lab, env_file: Path) -> None:
    await asyncio.to_thread(env_file.chmod, 0o666)
    lab.site.headers = without("Referrer-Policy")
    found = await lab.look(files=[{"path": str(env_file), "mode": "600"}])
    assert found.explanation == f"files: {env_file} has mode 666, and 600 is the widest that is good (and 1 more)"
    assert (readings(found)["findings"], readings(found)["findings.files"]) == (2, 1)
    assert found.hint.endswith("Also found: headers: the address has no good referrer-policy")


async def test_a_rule_about_one_group_is_told_with_what_was_found_in_it(lab: Lab) -> None:
    lab.site.headers = without("Referrer-Policy")
    hints = (await lab.look()).hints or {}
    assert hints["findings.headers"].startswith("headers: the address has no good referrer-policy. ")
    assert hints["findings"] == hints["findings.headers"]


async def test_a_service_that_is_down_has_no_doors_ajar(lab: Lab) -> None:
    """The page of a proxy whose service is down has none of its headers."""
    lab.site.pages["/"], lab.site.headers = Page(status=502), []
    found = await lab.look()
    assert (found.failure, found.explanation) == (FailureClass.WRONG_STATUS, "the address: status 502")
    assert readings(found) == {}


async def test_files_that_no_thread_is_free_for_do_not_hold_the_deadline(env_file: Path) -> None:
    released = threading.Event()
    async with Bench(threads=1) as bench:
        bench.tools.threads.submit(released.wait, 10)
        files = [{"path": str(env_file), "mode": "600"}]
        settings = [{"env_file": str(env_file), "off": ["DEBUG"]}]
        found = await bench.measure("hardening", files=files, settings=settings, within=0.2)
        released.set()
    assert (found.outcome, found.explanation) == (
        Outcome.UNKNOWN,
        "no thread became free to read files (and 1 more)",
    )


async def test_an_address_without_an_answer_has_no_number_of_findings(bench: Bench, env_file: Path) -> None:
    files = [{"path": str(env_file), "mode": "777"}]
    with refusing_port() as port:
        found = await bench.measure("hardening", url=f"https://localhost:{port}/", files=files)
    assert (found.failure, found.explanation) == (
        FailureClass.REFUSED,
        f"the address: connection refused by localhost port {port}",
    )
    assert readings(found) == {"findings.files": 0}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "at least one of url, files, settings"),
        ({"files": [{"path": "/x", "mode": "888"}]}, "three octal digits"),
        ({"url": "ftp://x"}, "must begin with"),
        ({"url": "https://x", "plain_url": "https://x"}, "begins with http://"),
        ({"url": "https://x", "debug_paths": ["//elsewhere"]}, "debug_paths"),
        ({"url": "https://x", "debug_paths": ["/a b"]}, "a space"),
        ({"url": "https://x", "secret_headers": {"X-Key": "a\nb"}}, "control character"),
        ({"settings": [{"env_file": "/x"}]}, "at least one of required"),
        ({"settings": [{"env_file": "/x", "pid_file": "/y", "off": ["D"]}]}, "one of env_file"),
        ({"files": [{"path": "/x", "mode": "600"}], "rate_limit": {"path": "/", "requests": 1}}, "url beside"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], said: str) -> None:
    assert said in problem("hardening", **options)

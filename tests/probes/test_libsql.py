"""libSQL servers, asked by the `sql` kind over real HTTP; and files that belong to one."""

from __future__ import annotations

import sqlite3
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sentinel.base.redact import Secret
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.database import file_of, problem_of_url
from sentinel.probes.wire import TlsSetting
from tests.kit.bench import Bench, readings, run, words
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.libsql import LibsqlServer, answer_of
from tests.kit.memory import peak_growth
from tests.kit.raw_server import Connection, RawServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import trustme

PERSON = "Mary Canary"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "app.db"
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("CREATE TABLE people (id integer PRIMARY KEY, name text, height real, photo blob)")
        connection.execute("INSERT INTO people VALUES (1, ?, 1.75, x'00'), (2, 'Bo', NULL, NULL)", [PERSON])
        connection.commit()
    return made


@pytest.fixture
async def server(file: Path) -> AsyncIterator[LibsqlServer]:
    async with LibsqlServer(file) as started:
        yield started


async def test_a_query_gives_its_times_rows_and_value(bench: Bench, server: LibsqlServer) -> None:
    found = await bench.measure("sql", url=server.url, query="SELECT id FROM people ORDER BY id DESC")
    numbers = readings(found)
    assert (found.outcome, numbers["rows"], numbers["value"]) == (Outcome.PASS, 2, 2)
    assert 0 < numbers["connect_time"] < 1
    assert 0 < numbers["query_time"] < 1


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT 9007199254740993", 9007199254740993),
        ("SELECT height FROM people", 1.75),
        ("SELECT name FROM people", PERSON),
        ("SELECT NULL", None),
        ("SELECT photo FROM people", "(binary)"),
    ],
)
async def test_every_type_comes_through(bench: Bench, server: LibsqlServer, query: str, value: object) -> None:
    found = await bench.measure("sql", url=server.url, query=query, expect={"value": {"equals": value}})
    assert found.outcome is Outcome.PASS


async def test_a_query_that_writes_is_never_run(bench: Bench, server: LibsqlServer) -> None:
    found = await bench.measure("sql", url=server.url, query="DELETE FROM people")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert server.asked == []


async def test_the_server_is_asked_once_whether_a_query_reads(bench: Bench, server: LibsqlServer) -> None:
    probe = bench.build("sql", url=server.url, query="SELECT 1")
    for _ in range(3):
        await run(probe)
    assert (server.described, server.asked) == (["SELECT 1"], ["SELECT 1"] * 3)


async def test_integrity_queries_are_counted(bench: Bench, server: LibsqlServer) -> None:
    nameless = {"name": "small", "query": "SELECT count(*) FROM people WHERE height IS NULL"}
    found = await bench.measure("sql", url=server.url, query="SELECT 1", integrity=[nameless])
    assert found.explanation == "expected 0 of each: small 1"


async def test_a_missing_table_comes_with_a_hint(bench: Bench, server: LibsqlServer) -> None:
    found = await bench.measure("sql", url=server.url, query="SELECT * FROM vanished")
    assert (found.failure, found.explanation) == (FailureClass.NOT_INSTALLED, "there is no table vanished")
    assert "migration" in found.hint


async def test_a_token_is_sent_and_a_wrong_one_is_sentinels_own_fault(bench: Bench, server: LibsqlServer) -> None:
    server.token = "token-canary"
    good = await bench.measure("sql", url=f"{server.url}?authToken=token-canary", query="SELECT 1")
    wrong = await bench.measure("sql", url=f"{server.url}?authToken=wrong-canary", query="SELECT 1")
    none = await bench.measure("sql", url=server.url, query="SELECT 1")
    assert good.outcome is Outcome.PASS
    assert wrong.failure is none.failure is FailureClass.CREDENTIAL_REFUSED
    assert wrong.explanation == "the server refused the token (status 401)"
    assert "canary" not in words(wrong)


async def test_tls_is_verified(bench: Bench, file: Path, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with LibsqlServer(file, tls=context) as server:
        untrusted = await bench.measure("sql", url=f"{server.url}?secure=true", query="SELECT 1")
        authority.configure_trust(bench.tools.contexts.get(TlsSetting()))
        trusted = await bench.measure("sql", url=f"{server.url}?secure=true", query="SELECT 1")
    assert untrusted.failure is FailureClass.TLS_UNTRUSTED
    assert trusted.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(status=404), FailureClass.PROTOCOL_ERROR),
        (Answer(status=302), FailureClass.PROTOCOL_ERROR),
        (Answer(status=503), FailureClass.QUERY_FAILED),
        (Answer(body=b"Mary Canary"), FailureClass.PROTOCOL_ERROR),
        (Answer(body=b"[]"), FailureClass.PROTOCOL_ERROR),
        (Answer(body=b'{"results": [{"type": "ok", "response": {"result": 5}}]}'), FailureClass.PROTOCOL_ERROR),
        (Answer(body=b'{"results": [{"type": "error", "error": "Mary Canary"}]}'), FailureClass.PROTOCOL_ERROR),
        (
            Answer(body=b'{"results": [{"type": "error", "error": {"code": "BLOCKED", "message": "Mary Canary"}}]}'),
            FailureClass.NOT_PERMITTED,
        ),
        (
            Answer(body=b'{"results": [{"type": "error", "error": {"code": "Mary Canary", "message": null}}]}'),
            FailureClass.QUERY_FAILED,
        ),
        (
            Answer(
                body=b'{"results": [{"type": "error", "error": {"code": "SQL_PARSE_ERROR", "message": "Mary Canary"}}]}'
            ),
            FailureClass.MISCONFIGURED,
        ),
        (
            Answer(body=b'{"results": [{"type": "error", "error": {"code": "SQLITE_CORRUPT_Mary Canary"}}]}'),
            FailureClass.INTEGRITY,
        ),
    ],
)
async def test_what_a_server_says_is_told_in_our_words(
    bench: Bench, receiver: HttpReceiver, answer: Answer, failure: FailureClass
) -> None:
    receiver.answer = answer
    url = receiver.url.replace("http", "sqlite+libsql")
    found = await bench.measure("sql", url=url, query="SELECT 1")
    assert found.failure is failure
    assert "Canary" not in words(found)


async def test_a_result_of_another_shape_is_no_libsql(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=answer_of([[1]], "n").replace(b'"integer"', b'"Mary Canary"'))
    found = await bench.measure("sql", url=receiver.url.replace("http", "sqlite+libsql"), query="SELECT 1")
    assert found.explanation == "the answer is not one of a libSQL server"


async def test_a_large_answer_is_not_taken_in(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Answer(body=answer_of([])))
    receiver.answer = Answer(body=answer_of([["x" * 100]] * 30_000, "name"))
    probe = bench.build("sql", url=receiver.url.replace("http", "sqlite+libsql"), query="SELECT name FROM people")
    with peak_growth() as growth:
        found = await run(probe)
    assert (found.failure, found.explanation) == (FailureClass.QUERY_FAILED, "the answer has more than 512 KiB")
    assert growth.bytes < 16 << 20  # the test's own server holds the answer, too


async def test_a_server_that_hangs_does_not_hold_the_deadline(bench: Bench) -> None:
    async def silent(connection: Connection) -> None:
        await connection.hung_up()

    async with RawServer(silent) as server:
        url = server.url("").replace("http", "sqlite+libsql")
        found = await bench.measure("sql", url=url, query="SELECT 1", within=0.4)
    assert found.failure is FailureClass.READ_TIMEOUT


async def test_the_file_of_a_replica_is_read_as_a_file(bench: Bench, file: Path) -> None:
    url = f"sqlite+libsql:///{file}?sync_url=https%3A%2F%2Fdb.example.org"
    found = await bench.measure("sql", url=url, query="SELECT count(*) FROM people")
    assert readings(found)["value"] == 2
    assert file_of(Secret(url)) == file


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+libsql://host",
        "sqlite+libsql://host:8080",
        "sqlite+libsql://host:8080/?authToken=abc&secure=true",
        "sqlite+libsql://user:word@host:8080/namespace",
        "libsql://name-org.example.org?authToken=abc",
        "libsql://127.0.0.1:8080?tls=0",
        "sqlite+libsql://[::1]:8080",
        "sqlite+libsql:///relative.db",
    ],
)
def test_urls_of_libsql_are_known(url: str) -> None:
    assert problem_of_url(Secret(url)) == ""


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+libsql://",
        "sqlite+libsql://:8080",
        "sqlite+libsql://host:99999",
        "sqlite+libsql://ho st",
        "sqlite+libsql://host?authtoken=word-canary",
        "sqlite+libsql://host?secure=perhaps",
        "sqlite+libsql://host?authToken=a&authToken=b",
        "sqlite+libsql://host?authToken=a%0Ab",
        "libsql://host#part",
        "sqlite+other://host",
    ],
)
def test_urls_that_cannot_work_are_refused_without_showing_them(url: str) -> None:
    problem = problem_of_url(Secret(url))
    assert problem.startswith(("a URL such as", "secure=true"))
    assert "canary" not in problem

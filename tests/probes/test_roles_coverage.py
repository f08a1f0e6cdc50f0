"""The `roles` probe and the endpoints that its matrix forgot."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.roles.coverage import OpenApiOptions, read_listed, uncovered
from tests.kit.bench import Bench, readings, run
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://api.example.org/api/v1"}],
    "paths": {
        "/patients": {"get": {}, "post": {}, "summary": "no method"},
        "/patients/{id}": {"get": {}, "parameters": []},
        "/reports/{id}.pdf": {"get": {}},
        "/health": {"get": {}},
    },
}


def left(*requests: str, document: dict[str, Any] = DOCUMENT, **options: Any) -> list[str]:
    """What nobody tries, when these requests are in the matrix."""
    tried = [request.split(" ") for request in requests]
    known = [RequestOptions(method=method, url=f"http://x{path}") for method, path in tried]
    chosen = OpenApiOptions.model_validate({"file": "x.json", **options})
    return [str(endpoint) for endpoint in uncovered(read_listed(json.dumps(document).encode()), known, chosen)]


def test_what_no_request_is_for_is_uncovered() -> None:
    assert left("GET /patients?limit=1", "GET /health") == [
        "POST /patients",
        "GET /patients/{id}",
        "GET /reports/{id}.pdf",
    ]


def test_parameters_stand_for_any_value() -> None:
    assert "GET /patients/{id}" not in left("GET /patients/7")
    assert "GET /patients/{id}" in left("GET /patients/")
    assert "GET /reports/{id}.pdf" not in left("GET /reports/7.pdf")
    assert "GET /reports/{id}.pdf" in left("GET /reports/7.csv")


def test_what_stands_before_the_paths_is_known_from_the_servers() -> None:
    assert "GET /health" not in left("GET /api/v1/health")
    assert "GET /health" in left("GET /other/health")
    assert "GET /health" not in left("GET /other/health", base="/other")
    swagger = {"swagger": "2.0", "basePath": "/v2", "paths": DOCUMENT["paths"]}
    assert "GET /health" not in left("GET /v2/health", document=swagger)


def test_what_is_ignored_need_not_be_tried() -> None:
    assert left(ignore=["^GET /(health|reports)", "^POST "]) == ["GET /patients", "GET /patients/{id}"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"paths": {}}', b'{"openapi": "3.1.0", "paths": 7}', b"openapi: 3.1.0", b"[" * 5000],
)
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the library's
        read_listed(content)


@pytest.mark.parametrize("odd", [{"/x": 7, "y": {"get": {}}}, {"/x": {"get": None, "servers": 7}}])
def test_odd_documents_are_read_as_far_as_they_go(odd: dict[str, Any]) -> None:
    read_listed(json.dumps({"openapi": "3", "servers": [7, {"url": "http://[x"}, {"url": 7}], "paths": odd}).encode())


def options(receiver: HttpReceiver, **openapi: Any) -> dict[str, Any]:
    return {
        "roles": {"nurse": {"token": "token-canary", "allow": ["read"]}},
        "requests": {"read": {"url": f"{receiver.url}/patients"}},
        "openapi": openapi or {"request": {"url": f"{receiver.url}/openapi.json"}},
    }


async def test_uncovered_endpoints_are_counted_and_named_in_the_hint(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Answer())
    receiver.answer = Answer(body=json.dumps(DOCUMENT).encode())
    found = await bench.measure("roles", **options(receiver))
    assert found.outcome is Outcome.PASS
    assert (readings(found)["uncovered"], readings(found)["endpoints"]) == (4, 5)
    assert found.hints is not None
    assert found.hints["uncovered"].startswith("No role tries POST /patients, GET /patients/{id},")
    assert receiver.requests[1].headers.get("authorization") is None


async def test_the_document_is_read_as_often_as_told(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=json.dumps(DOCUMENT).encode())
    clock = FakeClock()
    async with Bench(clock) as bench:
        bench.tools = replace(bench.tools, interval=timedelta(0))  # nothing asked before may serve again
        probe = bench.build("roles", **options(receiver))
        for _ in range(3):
            assert readings(await run(probe))["uncovered"] == 4
        await clock.advance(hours=1, seconds=1)
        await run(probe)
    asked = [request.target for request in receiver.requests]
    assert (asked.count("/patients"), asked.count("/openapi.json")) == (4, 2)


async def test_a_document_can_be_a_file(bench: Bench, receiver: HttpReceiver, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    missing = await bench.measure("roles", **options(receiver, file=str(file)))
    file.write_text(json.dumps(DOCUMENT))
    found = await bench.measure("roles", **options(receiver, file=str(file)))
    assert (missing.outcome, missing.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert readings(found)["uncovered"] == 4


async def test_a_page_that_is_no_document_is_told_beside_the_matrix(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=b"<html>Mary Canary</html>")
    found = await bench.measure("roles", **options(receiver))
    assert (found.failure, found.explanation) == (FailureClass.WRONG_BODY, "openapi: not an OpenAPI document in JSON")
    assert readings(found)["cells"] == 1


async def test_a_document_that_is_too_large_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Answer())
    receiver.answer = Answer(body=b" " * (4 << 20) + json.dumps(DOCUMENT).encode())
    found = await bench.measure("roles", **options(receiver))
    assert found.failure is FailureClass.BODY_TOO_LARGE


def test_uncovered_endpoints_are_a_warning_without_any_rule() -> None:
    kind = CATALOGUE["roles"]
    chosen = kind.options.model_validate(
        {
            "roles": {"a": {"anonymous": True}},
            "requests": {"r": {"url": "http://x/"}},
            "openapi": {"file": "openapi.json"},
        }
    )
    assert {"reading": "uncovered", "warning": 0} in kind.usual_rules(chosen)

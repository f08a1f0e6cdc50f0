"""The `openapi` probe against documents as frameworks make them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.openapi.listing import NotOpenApi, fingerprint, read_listing
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sentinel.core.result import Measurement, Note

JOBS = ("GET /v1/jobs", "POST /v1/jobs", "GET /v1/jobs/{job_id}")


def document(*endpoints: str, version: str = "3.1.0", **more: Any) -> dict[str, Any]:
    """A document that lists these endpoints, and says of nobody that they are Mary Canary."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        method, path = endpoint.split(" ", 1)
        operation = {"summary": "Mary Canary", "operationId": f"{method}_{path}", "responses": {"200": {}}}
        paths.setdefault(path, {})[method.lower()] = operation
    return {"openapi": version, "info": {"title": "Mary Canary"}, "paths": paths, **more}


class Service:
    """A service with a document, looked at by one check."""

    def __init__(self, bench: Bench, receiver: HttpReceiver, clock: FakeClock) -> None:
        self.bench = bench
        self.receiver = receiver
        self.clock = clock
        self.note: Note | None = None

    def watch(self, **options: Any) -> None:
        """As from a start on: with what was noted before."""
        known = CATALOGUE["openapi"]
        # No interval: each look asks anew.
        tools = replace(self.bench.tools, interval=timedelta(0), note=self.note)
        self.probe = known.build(
            known.options.model_validate({"url": f"{self.receiver.url}/openapi.json", **options}), tools
        )

    async def look(self, shown: Any) -> Measurement:
        body = shown.encode() if isinstance(shown, str) else json.dumps(shown).encode()
        self.receiver.answer = Answer(body=body)
        found = await run(self.probe)
        if found.note is not None:
            self.note = orjson.loads(orjson.dumps(found.note))
        return found

    async def changes(self, *endpoints: str) -> tuple[float, float]:
        """How many were added and removed."""
        found = readings(await self.look(document(*endpoints)))
        return found["added"], found["removed"]


@pytest.fixture
async def service(receiver: HttpReceiver) -> AsyncIterator[Service]:
    clock = FakeClock()
    async with Bench(clock) as bench:
        made = Service(bench, receiver, clock)
        made.watch()
        yield made


# What is listed


async def test_endpoints_are_counted(service: Service) -> None:
    found = await service.look(document(*JOBS))
    assert found.outcome is Outcome.PASS
    assert (readings(found)["endpoints"], readings(found)["paths"]) == (3, 2)
    assert "Mary Canary" not in words(found)


@pytest.mark.parametrize(
    "shown",
    [
        {"swagger": "2.0", "basePath": "/v1", "paths": {"/jobs": {"get": {}, "parameters": [], "x-a": {}}}},
        {"openapi": "3.0.3", "paths": {"/jobs": {"get": {}, "summary": "x"}, "x-internal": {"get": {}}}},
    ],
)
async def test_only_operations_are_endpoints(service: Service, shown: dict[str, Any]) -> None:
    assert readings(await service.look(shown))["endpoints"] == 1


async def test_a_document_of_webhooks_alone_has_no_endpoints(service: Service) -> None:
    assert readings(await service.look({"openapi": "3.1.0", "webhooks": {}}))["endpoints"] == 0


@pytest.mark.parametrize(
    ("shown", "explanation"),
    [
        ("openapi: 3.1.0\npaths: {}", "it is not JSON"),
        ("<html>Mary Canary</html>", "it is not JSON"),
        ("[]", "it is JSON, but no document of OpenAPI 3 or Swagger 2"),
        ({"openapi": "4.0"}, "it is JSON, but no document of OpenAPI 3 or Swagger 2"),
        ({"openapi": "3.1.0", "paths": []}, "its `paths` are no object"),
        (document(*(f"GET /{n}" for n in range(10_001))), "it lists more than 10000 endpoints, too many to look at"),
    ],
)
async def test_what_is_no_document_is_told(service: Service, shown: Any, explanation: str) -> None:
    found = await service.look(shown)
    assert (found.failure, found.explanation) == (FailureClass.WRONG_BODY, f"OpenAPI document: {explanation}")
    assert "YAML is not read" in found.hint


async def test_an_endpoint_that_must_be_there_is_missed(service: Service) -> None:
    service.watch(required=["get /v1/jobs", "DELETE /v1/jobs/{job_id}", "GET /v1/users"])
    found = await service.look(document(*JOBS))
    assert (found.failure, found.explanation) == (
        FailureClass.MISSING,
        "there is no DELETE /v1/jobs/{job_id}, GET /v1/users",
    )


# Changes


async def test_the_first_look_knows_of_no_change(service: Service) -> None:
    assert "added" not in readings(await service.look(document(*JOBS)))
    assert await service.changes(*JOBS) == (0, 0)


async def test_a_change_is_told_by_name(service: Service) -> None:
    await service.look(document(*JOBS))
    found = await service.look(document(*JOBS[1:], "GET /v2/jobs"))
    assert found.outcome is Outcome.PASS
    assert (readings(found)["added"], readings(found)["removed"]) == (1, 1)
    assert found.hints is not None
    told = "Gone: GET /v1/jobs; new: GET /v2/jobs (since they were last known). If that was meant"
    assert found.hints["removed"].startswith(told)
    assert found.hints["added"] == found.hints["removed"]


async def test_what_only_came_is_not_said_to_be_gone(service: Service) -> None:
    await service.look(document(*JOBS))
    found = await service.look(document(*JOBS, "GET /v2/jobs"))
    assert found.hints is not None
    assert found.hints["added"].startswith("New: GET /v2/jobs (since they were last known).")


async def test_a_change_is_told_until_it_is_known(service: Service) -> None:
    service.watch(remember="1h")
    await service.look(document(*JOBS))
    await service.clock.advance(hours=2)
    assert await service.changes(*JOBS[1:]) == (0, 1)
    await service.clock.advance(minutes=59)
    assert await service.changes(*JOBS[1:]) == (0, 1)
    await service.clock.advance(minutes=1)
    assert await service.changes(*JOBS[1:]) == (0, 0)
    assert await service.changes(*JOBS) == (1, 0)


async def test_another_change_is_told_for_as_long(service: Service) -> None:
    service.watch(remember="1h")
    await service.look(document(*JOBS))
    await service.changes(*JOBS[1:])
    await service.clock.advance(minutes=59)
    assert await service.changes(*JOBS[2:]) == (0, 2)
    await service.clock.advance(minutes=59)
    assert await service.changes(*JOBS[2:]) == (0, 2)


async def test_a_restart_does_not_forget_a_change(service: Service) -> None:
    service.watch(remember="1h")
    await service.look(document(*JOBS))
    await service.changes(*JOBS[1:])
    await service.clock.advance(minutes=30)
    service.watch(remember="1h")
    assert await service.changes(*JOBS[1:]) == (0, 1)
    await service.clock.advance(minutes=30)
    assert await service.changes(*JOBS[1:]) == (0, 0)


async def test_what_is_agreed_on_is_known_at_once(service: Service) -> None:
    await service.look(document(*JOBS))
    await service.changes(*JOBS[1:])
    service.watch(accepted=fingerprint(tuple(sorted(JOBS[1:]))))
    assert await service.changes(*JOBS[1:]) == (0, 0)


async def test_what_is_not_agreed_on_is_drift_and_stays_so(service: Service) -> None:
    service.watch(accepted=fingerprint(tuple(sorted(JOBS))))
    await service.look(document(*JOBS))
    found = await service.look(document(*JOBS[1:], "GET /debug"))
    assert (found.failure, found.explanation) == (
        FailureClass.DRIFTED,
        "the 3 endpoints are not those agreed on; gone: GET /v1/jobs; new: GET /debug",
    )
    await service.clock.advance(days=7)
    assert (await service.look(document(*JOBS[1:], "GET /debug"))).failure is FailureClass.DRIFTED


async def test_drift_tells_the_fingerprint_to_accept(service: Service) -> None:
    service.watch(accepted="000000000000")
    found = await service.look(document(*JOBS))
    assert found.explanation == "the 3 endpoints are not those agreed on"
    service.watch(accepted=found.hint.partition('set `accepted` to "')[2][:12])
    assert (await service.look(document(*JOBS))).outcome is Outcome.PASS


async def test_many_changes_are_told_in_few_words(service: Service) -> None:
    await service.look(document(*(f"GET /{'x' * 200}{n}" for n in range(500))))
    found = await service.look(document("GET /"))
    assert found.hints is not None
    assert "and 495 more" in found.hints["removed"]
    assert len(found.hints["removed"]) < 800


@pytest.mark.parametrize(("count", "kept"), [(300, "known"), (3000, "digests"), (9000, "nothing")])
async def test_what_is_kept_has_a_bound(service: Service, count: int, kept: str) -> None:
    endpoints = [f"GET /api/v1/a/rather/long/path/{n}" for n in range(count)]
    found = await service.look(document(*endpoints))
    assert found.note is not None
    assert len(orjson.dumps(found.note)) <= 60_000
    assert (kept in found.note) is (kept != "nothing")
    service.watch()
    found = await service.look(document(*endpoints[1:]))
    assert readings(found).get("removed") == (None if kept == "nothing" else 1)


@pytest.mark.parametrize(
    "note",
    [
        {"version": 0},
        {"version": 1, "seen": "x", "since": "y"},
        {"version": 1, "since": 1e99},
        {"version": 1, "seen": "", "since": 0},
    ],
)
async def test_a_note_of_another_form_is_as_none(service: Service, note: Note) -> None:
    service.note = note
    service.watch()
    assert "added" not in readings(await service.look(document(*JOBS)))


# The document itself


async def test_faults_of_the_document_are_counted_and_told(service: Service) -> None:
    shown = document(*JOBS)
    shown["paths"]["/v1/jobs"]["get"]["operationId"] = shown["paths"]["/v1/jobs"]["post"]["operationId"]
    shown["paths"]["/v1/jobs"]["get"]["responses"]["200"] = {"$ref": "#/components/schemas/Job"}
    found = await service.look(shown)
    assert readings(found)["faults"] == 2
    assert found.hints is not None
    assert found.hints["faults"].startswith(
        "1 operationId with several endpoints; references that lead nowhere: #/components/schemas/Job."
    )


@pytest.mark.parametrize(
    ("reference", "dangling"),
    [
        ("#/components/schemas/Job", 0),
        ("#/components/schemas/Nobody", 1),
        ("#/paths/~1v1~1jobs/get", 0),
        ("#/paths/~1v1~1jobs~1%7Bjob_id%7D", 0),
        ("#/servers/0", 0),
        ("#/servers/1", 1),
        ("https://example.org/job.json", 0),
        ({"type": "string"}, 0),
    ],
)
def test_references_are_followed(reference: Any, dangling: int) -> None:
    components = {"schemas": {"Job": {}, "List": {"items": {"$ref": reference}}}}
    shown = document(*JOBS, components=components, servers=[{"url": "/"}])
    assert len(read_listing(orjson.dumps(shown)).dangling) == dangling


def test_samples_of_data_refer_to_nothing() -> None:
    shown = document(*JOBS, components={"schemas": {"Job": {"example": {"$ref": "#/nowhere"}}}})
    assert read_listing(orjson.dumps(shown)).dangling == ()


@pytest.mark.parametrize(
    ("whole", "own", "unsecured"),
    [
        (None, None, 3),
        ([{"bearer": []}], None, 0),
        ([{"bearer": []}], [], 1),
        ([{"bearer": []}], [{}, {"bearer": []}], 1),
        (None, [{"bearer": []}], 2),
    ],
)
async def test_endpoints_that_need_no_credential_are_counted(
    service: Service, whole: Any, own: Any, unsecured: int
) -> None:
    shown = document(*JOBS, **({} if whole is None else {"security": whole}))
    if own is not None:
        shown["paths"]["/v1/jobs"]["post"]["security"] = own
    assert readings(await service.look(shown))["unsecured"] == unsecured


async def test_an_endpoint_that_is_open_and_must_not_be_is_insecure(service: Service) -> None:
    service.watch(public=["GET /v1/jobs"])
    shown = document(*JOBS, security=[{"bearer": []}])
    shown["paths"]["/v1/jobs"]["get"]["security"] = []
    assert (await service.look(shown)).outcome is Outcome.PASS
    shown["paths"]["/v1/jobs"]["post"]["security"] = []
    found = await service.look(shown)
    assert (found.failure, found.explanation) == (
        FailureClass.INSECURE,
        "no credential is needed for POST /v1/jobs",
    )


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["openapi", "paths", "/a", "get", "$ref", "security", "operationId", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_no_document_upsets_the_reader(shown: Any) -> None:
    whole = {**shown, "openapi": "3.1.0"} if isinstance(shown, dict) else shown
    try:
        read_listing(orjson.dumps(whole))
    except NotOpenApi:
        return


# The way there


@pytest.mark.parametrize(
    ("status", "auth", "failure"),
    [
        (404, None, FailureClass.WRONG_STATUS),
        (401, {"bearer": "token-canary"}, FailureClass.CREDENTIAL_REFUSED),
        (403, {"bearer": "token-canary"}, FailureClass.NOT_PERMITTED),
    ],
)
async def test_a_status_is_told(
    bench: Bench, receiver: HttpReceiver, status: int, auth: dict[str, str] | None, failure: FailureClass
) -> None:
    receiver.answer = Answer(status=status)
    found = await bench.measure("openapi", url=receiver.url, auth=auth)
    assert (found.failure, found.explanation) == (failure, f"OpenAPI document: status {status}")


async def test_a_login_that_fails_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=500)
    login = {"url": f"{receiver.url}/login", "username": "monitor", "password": "pass-canary"}
    found = await bench.measure("openapi", url=receiver.url, login=login)
    assert found.failure is FailureClass.LOGIN_FAILED


async def test_a_document_that_is_too_long_is_not_looked_at(service: Service) -> None:
    service.watch(body_limit=1024)
    found = await service.look(document(*(f"GET /{n}" for n in range(100))))
    assert found.failure is FailureClass.BODY_TOO_LARGE


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"required": ["/v1/jobs"]}, "a method and a path as the document has it"),
        ({"accepted": "x"}, "match pattern"),
        ({"body_limit": 99}, "greater than or equal to 1024"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any], expected: str) -> None:
    assert expected in problem("openapi", url="http://127.0.0.1/", **options)

"""The interface for programs, held against its own document: whatever is asked, the answer is as the document says (W03, W09)."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.kit.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hypothesis.strategies import SearchStrategy

    from tests.kit.stage import Stage

    Cases = SearchStrategy[Any]

Operation = Any  # of schemathesis; what it says of its types is of no use here

TOKEN = "token-canary-interface"

#: Of each kind of question.
EXAMPLES = 4

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

GENERATION = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


#: What is typed into addresses by those who look for a way in.
HOSTILE = (
    "'; DROP TABLE incidents; --",
    "1 OR 1=1",
    '" UNION SELECT url FROM notes --',
    "../../../etc/passwd",
    "..\\..\\sentinel.json",
    "%2e%2e%2fsentinel.json",
    "x\r\nset-cookie: canary=1",
    "x\0y",
    "${jndi:ldap://127.0.0.1/}",
    "{{7*7}}",
    "a" * 4_000,
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}",
)


async def test_every_answer_is_as_the_document_says(stage: Stage) -> None:
    async with asked(stage) as client:
        document = (await client.get("/api/v1/openapi.json")).json()
        found = await asyncio.to_thread(explore, document, str(client.base_url).rstrip("/"))
        assert (await client.get("/healthz")).status_code == 200
    assert not found, "\n\n".join(found)
    assert not [line for line in stage.daemon.log if line.get("event") == "web.request_failed"]


async def test_nothing_that_is_typed_into_an_address_leads_anywhere(stage: Stage) -> None:
    """W09: no statement, no path and no header is made of it."""
    async with asked(stage) as client:
        document = (await client.get("/api/v1/openapi.json")).json()
        wrong = [one for path in document["paths"] for one in await led_by(client, path, document)]
        assert (await client.get("/api/v1/incidents/1")).status_code == 200
    assert not wrong
    assert not [line for line in stage.daemon.log if line.get("event") == "web.request_failed"]


async def test_a_test_message_goes_the_way_of_all_messages(stage: Stage) -> None:
    """W07: a row of the outbox, to the address of the configuration, signed; a request can name no other address."""
    async with asked(stage) as client:
        aimed = await client.post("/api/v1/channels/hook/test", json={"url": "http://127.0.0.1:9/"})
        sent = await client.post("/api/v1/channels/hook/test", json={})
    assert (aimed.status_code, sent.status_code, sent.json()) == (400, 200, {"messages": 1})
    await stage.row(kind="test", state="sent")
    await stage.hook.requests.until(lambda _: "test" in stage.told())
    assert all("webhook-signature" in request.headers for request in stage.hook.requests)


async def led_by(client: httpx2.AsyncClient, path: str, document: dict[str, Any]) -> list[str]:
    """Answers of one route that are not as they should be."""
    wrong = []
    for method, operation in document["paths"][path].items():
        for text in HOSTILE if "{" in path else ():
            target = re.sub(r"\{[a-z]+\}", quote(text, safe=""), path)
            answer = await client.request(method, target, json={"why": text} if method == "post" else None)
            if answer.status_code not in (400, 404, 405, 409) or "set-cookie" in answer.headers:
                wrong.append(f"{method} {target}: {answer.status_code}")
        for name in (one["name"] for one in operation["parameters"] if one["in"] == "query" and "{" not in path):
            statuses = {(await client.get(path, params={name: text})).status_code for text in HOSTILE}
            wrong += [f"{path}?{name}: {statuses}"] * (not statuses <= {200, 400, 404})
    return wrong


@asynccontextmanager
async def asked(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """A daemon with an open incident, a status page and a deployment, and a program that may everything."""
    port = free_port()
    stage.daemon.config["web"] = {
        "port": port,
        "tokens": {"fuzzer": {"role": "admin", "hash": f"sha256:{sha256(TOKEN.encode()).hexdigest()}"}},
    }
    group = {"name": "All", "components": [{"name": "Records", "checks": ["api"]}]}
    stage.daemon.config["status_page"] = {"title": "Clinic", "port": free_port(), "groups": [group]}
    stage.daemon.config["deployments"] = {"payroll": {"match": {"checks": ["api"]}, "watch": {"for": "1h"}}}
    await stage.daemon.start()
    stage.target.fail()
    await stage.daemon.shows(lambda status: status["incidents"])
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10.0) as client:
        begun = await client.post("/api/v1/deployments", json={"version": "2.4.1", "anyway": True})
        assert begun.status_code == 200
        yield client


def explore(document: dict[str, Any], url: str) -> list[str]:
    """Ask for everything; what was wrong, of each operation the first thing."""
    for operation in (one for methods in document["paths"].values() for one in methods.values()):
        body = operation.get("requestBody", {"content": {"application/json": {"schema": {"properties": {}}}}})
        body["content"]["application/json"]["schema"]["properties"].pop("by", None)  # may be left out over TCP
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=url)
    schema.config.generation.update(with_security_parameters=False)
    with requests.Session() as session:
        session.headers["authorization"] = f"Bearer {TOKEN}"
        operations: list[Operation] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]  # ours is a schema
        every = (ask(operation, kind, session) for operation in operations for kind in kinds(operation))
        return [problem for problem in every if problem]


def kinds(operation: Operation) -> Iterator[Cases]:
    """What is asked of an operation: what it allows, that of something there is, and what it does not allow."""
    yield operation.as_strategy()
    if "{" in operation.path:
        yield operation.as_strategy(path_parameters=dict(known(operation.path)))
    if operation.query or operation.path_parameters or operation.body:
        yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def known(path: str) -> Iterator[tuple[str, str | int]]:
    """Something that there is."""
    there = {"channels": "hook", "checks": "api", "windows": "1", "explain": "api"}
    for name in re.findall(r"\{([a-z]+)\}", path):
        yield name, 1 if name == "number" else there.get(path.split("/")[3], "none")


def ask(operation: Operation, cases: Cases, session: requests.Session) -> str:
    @GENERATION
    @given(case=cases)
    def answers(case: Any) -> None:
        case.call_and_validate(session=session, checks=CHECKS, timeout=10)

    try:
        answers()
    except Exception as failure:  # every operation is to be asked
        return f"{operation.label}: {failure!r} {failure}"
    return ""

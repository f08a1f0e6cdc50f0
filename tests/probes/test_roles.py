"""The `roles` probe against a scripted server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.calls.session import Sessions
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from collections.abc import Sequence


def matrix(receiver: HttpReceiver, *, allow: Sequence[str] = ("read",), **more: Any) -> dict[str, Any]:
    return {
        "roles": {"nurse": {"token": "token-canary", "allow": allow}},
        "requests": {"read": {"url": f"{receiver.url}/read"}},
        **more,
    }


def assigning(receiver: HttpReceiver) -> dict[str, Any]:
    return {
        "roles": {"admin": {"token": "token-canary"}},
        "assignment": {
            "by": "admin",
            "assign": {"method": "PUT", "url": f"{receiver.url}/role"},
            "revoke": {"method": "DELETE", "url": f"{receiver.url}/role"},
        },
    }


def methods(receiver: HttpReceiver) -> list[str]:
    return [request.method for request in receiver.requests]


@pytest.mark.parametrize(
    ("status", "allow", "failure"),
    [
        (200, ["read"], None),
        (403, ["read"], FailureClass.ACCESS_LOST),
        (500, ["read"], FailureClass.WRONG_STATUS),
        (200, [], FailureClass.ACCESS_GAINED),
        (401, [], None),
        (404, [], None),
        (302, [], FailureClass.WRONG_STATUS),
    ],
)
async def test_a_cell_is_judged_by_its_status(
    bench: Bench, receiver: HttpReceiver, status: int, allow: list[str], failure: FailureClass | None
) -> None:
    receiver.answer = Answer(status=status)
    found = await bench.measure("roles", **matrix(receiver, allow=allow))
    assert found.failure is failure
    assert receiver.requests[0].headers["authorization"] == "Bearer token-canary"


async def test_a_lasting_token_that_has_run_out_is_no_lost_access(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=401)
    found = await bench.measure("roles", **matrix(receiver, allow=["read"]))
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.CREDENTIAL_REFUSED)
    assert found.explanation.endswith("its token is refused everywhere, with status 401")


async def test_a_restart_does_not_try_a_refused_login_again(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=401)
    options = matrix(receiver, login={"url": f"{receiver.url}/login"})
    options["roles"] = {"doctor": {"username": "d", "password": "p-canary"}}
    found = await bench.measure("roles", **options)
    bench.tools = replace(bench.tools, sessions=Sessions(), note=found.note)
    assert (await bench.measure("roles", **options)).failure is FailureClass.CREDENTIAL_REFUSED
    assert len(receiver.requests) == 1
    assert "canary" not in str(found.note)


async def test_a_token_that_is_good_for_something_has_not_run_out(bench: Bench, receiver: HttpReceiver) -> None:
    options = matrix(receiver, allow=["read", "list"], concurrency=1)
    options["requests"]["list"] = {"url": f"{receiver.url}/list"}
    receiver.next_answers.extend([Answer(), Answer(status=401)])
    assert (await bench.measure("roles", **options)).failure is FailureClass.ACCESS_LOST


async def test_a_role_that_cannot_log_in_does_not_hide_the_others(bench: Bench, receiver: HttpReceiver) -> None:
    options = matrix(receiver, login={"url": f"{receiver.url}/login"})
    options["roles"] = {"doctor": {"username": "d", "password": "p-canary"}, **options["roles"]}
    receiver.next_answers.append(Answer(status=500))
    found = await bench.measure("roles", **options)
    assert (found.failure, found.explanation) == (
        FailureClass.LOGIN_FAILED,
        "doctor, login: status 500, expected 2xx",
    )
    assert readings(found)["cells"] == 1


async def test_an_assignment_is_timed_and_taken_back(bench: Bench, receiver: HttpReceiver) -> None:
    found = await bench.measure("roles", **assigning(receiver))
    assert found.outcome is Outcome.PASS
    assert 0 < readings(found)["assignment_time"] < 2
    assert methods(receiver) == ["PUT", "DELETE"]


async def test_an_assignment_that_hangs_is_taken_back_all_the_same(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Answer(after=asyncio.Event()))
    found = await bench.measure("roles", **assigning(receiver), within=0.6)
    assert (found.failure, found.explanation) == (FailureClass.READ_TIMEOUT, "assignment: no answer in time")
    assert methods(receiver) == ["PUT", "DELETE"]


async def test_an_assignment_is_taken_back_when_the_run_is_cancelled(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Answer(after=asyncio.Event()))
    running = asyncio.create_task(run(bench.build("roles", **assigning(receiver))))
    await receiver.requests.reach(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert methods(receiver) == ["PUT", "DELETE"]


async def test_a_role_that_was_not_taken_back_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([Answer(), Answer(status=500)])
    found = await bench.measure("roles", **assigning(receiver))
    assert found.explanation == "revocation: status 500, expected 2xx"
    assert "by hand" in found.hint


async def test_a_refused_assignment_is_access_lost(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([Answer(status=403), Answer(status=404)])
    found = await bench.measure("roles", **assigning(receiver))
    assert found.failure is FailureClass.ACCESS_LOST


@pytest.mark.parametrize("body", [b"{}", b'{"n": "7"}', b'{"n": true}', b"nothing"])
async def test_a_count_that_is_no_number_is_told(bench: Bench, receiver: HttpReceiver, body: bytes) -> None:
    receiver.answer = Answer(body=body)
    counts = [{"name": "n", "by": "nurse", "request": {"url": receiver.url}, "path": "n"}]
    found = await bench.measure("roles", **matrix(receiver, counts=counts))
    assert found.failure in {FailureClass.WRONG_ANSWER, FailureClass.WRONG_BODY}


URL = {"url": "http://x/"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"roles": {}}, "at least 1"),
        ({"roles": {"a": {"token": "t"}}}, "requests, assignment or counts"),
        ({"roles": {"a": {"token": "t", "username": "u"}}, "requests": {"r": URL}}, "either username"),
        ({"roles": {"a": {"username": "u", "password": "p"}}, "requests": {"r": URL}}, "login, which says"),
        ({"roles": {"a": {"token": "t", "allow": ["x"]}}, "requests": {"r": URL}}, "'x' is none"),
        (
            {"roles": {"a": {"token": "t"}}, "assignment": {"by": "b", "assign": URL, "revoke": URL}},
            "'b' is none",
        ),
        ({"roles": {"a": {"token": "t"}}, "counts": [{"name": "n", "query": "SELECT 1"}]}, "database, which"),
        ({"roles": {"a": {"token": "t"}}, "counts": [{"name": "n", "by": "a"}]}, "either query"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    assert said in problem("roles", **options)


# Nobody in particular


async def test_who_is_anonymous_sends_no_credential(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=401)
    options = matrix(receiver)
    options["roles"] = {"anonymous": {"anonymous": True}}
    found = await bench.measure("roles", **options)
    assert found.outcome is Outcome.PASS
    assert "authorization" not in receiver.requests[0].headers


async def test_what_is_open_to_anybody_and_must_not_be_is_access_gained(bench: Bench, receiver: HttpReceiver) -> None:
    options = matrix(receiver)
    options["roles"] = {"anonymous": {"anonymous": True}}
    found = await bench.measure("roles", **options)
    assert (found.failure, found.explanation) == (
        FailureClass.ACCESS_GAINED,
        "anonymous, read: allowed with status 200, and must be refused",
    )


# Refused in name only

PERSON = "Mary Canary"


@pytest.mark.parametrize(
    ("marks", "body", "said"),
    [
        ({"texts": [PERSON]}, b"Sorry, Mary Canary is none of yours", "text 1"),
        ({"patterns": ["nothing", "[A-Z]ary"]}, b"Mary Canary", "pattern 2"),
        ({"paths": ["patient.name"]}, b'{"patient": {"name": "Mary Canary"}}', "the path patient.name"),
        ({"paths": ["items"]}, b'{"items": []}', ""),
        ({"paths": ["items"]}, b"no JSON", ""),
        ({"texts": [PERSON]}, b'{"detail": "forbidden"}', ""),
    ],
)
@pytest.mark.parametrize("status", [403, 404])
async def test_a_refusal_must_not_carry_the_content(
    bench: Bench, receiver: HttpReceiver, marks: dict[str, Any], body: bytes, said: str, status: int
) -> None:
    receiver.answer = Answer(status=status, body=body)
    found = await bench.measure("roles", **matrix(receiver, allow=[], refused_without=marks))
    assert found.failure is (FailureClass.ACCESS_GAINED if said else None)
    assert said in found.explanation
    assert "ary" not in words(found)


async def test_content_under_an_unexpected_status_is_access_gained_too(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=500, body=b"Mary Canary")
    options = matrix(receiver, allow=[])
    options["requests"]["read"]["refused_without"] = {"texts": [PERSON]}
    found = await bench.measure("roles", **options)
    assert found.failure is FailureClass.ACCESS_GAINED


async def test_what_is_allowed_may_have_the_content(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=b"Mary Canary")
    found = await bench.measure("roles", **matrix(receiver, refused_without={"texts": [PERSON]}))
    assert found.outcome is Outcome.PASS


# Records with an owner


def owning(receiver: HttpReceiver, **more: Any) -> dict[str, Any]:
    objects = {"request": {"url": f"{receiver.url}/files/{{object}}"}, "own": {"ann": 7, "ben": "b-9"}, **more}
    return {
        "roles": {"ann": {"token": "token-a"}, "ben": {"token": "token-b"}, "boss": {"token": "token-c"}},
        "objects": {"file": objects},
        "concurrency": 1,
    }


async def test_ones_own_record_is_given_and_anothers_refused(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([Answer(), Answer(), Answer(status=403), Answer(status=404)])
    found = await bench.measure("roles", **owning(receiver))
    asked = [(request.headers["authorization"], request.target) for request in receiver.requests]
    assert (found.outcome, readings(found)["cells"]) == (Outcome.PASS, 4)
    assert asked == [
        ("Bearer token-a", "/files/7"),
        ("Bearer token-b", "/files/b-9"),
        ("Bearer token-a", "/files/b-9"),
        ("Bearer token-b", "/files/7"),
    ]


async def test_anothers_record_that_is_given_is_access_gained(bench: Bench, receiver: HttpReceiver) -> None:
    found = await bench.measure("roles", **owning(receiver))
    assert (found.failure, found.explanation) == (
        FailureClass.ACCESS_GAINED,
        "ann, file (another's): allowed with status 200, and must be refused (and 1 more)",
    )


async def test_ones_own_record_that_is_refused_is_access_lost(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=403)
    found = await bench.measure("roles", **owning(receiver))
    assert found.failure is FailureClass.ACCESS_LOST
    assert found.explanation.startswith("ann, file (its own): refused with status 403")


async def test_who_is_unrestricted_gets_every_record(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([Answer(), Answer(), Answer(status=403)])
    options = owning(receiver, unrestricted=["boss"], foreign={"ann": ["b-9"]})
    found = await bench.measure("roles", **options)
    assert (found.outcome, readings(found)["cells"]) == (Outcome.PASS, 5)


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ({"request": URL, "own": {"a": 1, "b": 2}}, "{object} in the request"),
        ({"request": {"url": "http://x/{object}"}, "own": {"a": 1}}, "foreign, or two roles"),
        ({"request": {"url": "http://x/{object}"}, "own": {"a": 1, "z": 2}}, "'z' is none"),
        ({"request": {"url": "http://x/{object}"}, "own": {"a": "../1", "b": 2}}, "pattern"),
    ],
)
def test_records_that_cannot_be_asked_for_are_refused(objects: dict[str, Any], said: str) -> None:
    roles = {"a": {"token": "t"}, "b": {"anonymous": True}}
    assert said in problem("roles", roles=roles, objects={"file": objects})

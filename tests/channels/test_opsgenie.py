"""What Opsgenie gets for each kind of message."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import structlog.testing
from pydantic import ValidationError

from sentinel.channels import opsgenie
from sentinel.channels.opsgenie import OpsgenieOptions, requests
from sentinel.channels.plain import units
from sentinel.channels.render import words
from sentinel.core.incident import Phase
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Message, Sent
from sentinel.core.rule import Severity
from tests.channels.hostile import hostile, storm
from tests.channels.ways import channel
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.messages import INCIDENT, OPENED, message, notification

ALIAS = "/v2/alerts/sentinel-ward-12"
NEW = "POST /v2/alerts"


def todo(told: Message) -> list[str]:
    """The requests for a message, without what is the same for all."""
    made = (f"{method} {path}" for method, path, _ in requests(notification(told), words(told)))
    return [request.removesuffix("?identifierType=alias").replace(f" {ALIAS}/", " ") for request in made]


def first(told: Message) -> dict[str, Any]:
    return next(iter(requests(notification(told), words(told))))[2]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.OPENED, [NEW]),
        (Kind.ESCALATED, [NEW, "POST notes"]),
        (Kind.REMINDED, [NEW, "POST notes"]),
        (Kind.UPDATED, [NEW, "POST notes"]),
        (Kind.COMMAND_PLANNED, [NEW, "POST notes"]),
        (Kind.WORSENED, [NEW, "PUT priority", "POST notes"]),
        (Kind.EASED, [NEW, "PUT priority", "POST notes"]),
        (Kind.UNACKNOWLEDGED, [NEW, "POST unacknowledge"]),
        (Kind.ACKNOWLEDGEMENT_EXPIRED, [NEW, "POST unacknowledge"]),
        (Kind.ACKNOWLEDGED, ["POST acknowledge"]),
        (Kind.RESOLVED, ["POST close"]),
        (Kind.WITHDRAWN, ["POST close"]),
        (Kind.ASSIGNED, ["POST notes"]),
        (Kind.PROGRESS, ["POST notes"]),
        (Kind.FLAPPING, ["POST notes"]),
        (Kind.COMMAND_ENDED, ["POST notes"]),
        (Kind.STORE_DOWN, [NEW]),
        (Kind.DIGEST, [NEW]),
        (Kind.REPORT, [NEW]),
        (Kind.TEST, [NEW]),
        (Kind.WINDOW_PLANNED, [NEW]),
    ],
)
def test_each_kind_of_message_has_its_requests(kind: Kind, expected: list[str]) -> None:
    assert todo(message(kind)) == expected


@pytest.mark.parametrize(("opening", "closing"), [("window_started", "window_ended"), ("store_down", "store_up")])
def test_what_was_opened_is_closed(opening: str, closing: str) -> None:
    alias = first(message(Kind(opening)))["alias"]
    assert todo(message(Kind(closing))) == [f"POST /v2/alerts/{alias}/close"]


def test_a_canary_closes_an_alert_that_nobody_has_opened() -> None:
    [request] = todo(message(Kind.CANARY))
    assert request.endswith("/close")
    assert "sentinel-ward-12/" not in request


def test_who_takes_over_closes_the_alert_that_the_first_one_opened() -> None:
    last = replace(message(Kind.RESOLVED), incident=replace(INCIDENT, id=99, thread=12))
    assert todo(last) == ["POST close"]


def test_an_alert_says_what_how_bad_and_where_to_look() -> None:
    alert = first(OPENED)
    assert (alert["alias"], alert["priority"], alert["entity"]) == ("sentinel-ward-12", "P1", "payroll-api")
    assert alert["message"].startswith("[CRITICAL] Payroll API: response_time is 6.2 s")
    assert "How bad: critical: 6.2 s, above 5 s" in alert["description"]
    assert alert["details"]["Runbook"] == "https://example.org/runbooks/payroll"
    assert "responders" not in alert


def test_teams_are_called() -> None:
    (_, _, alert), *_ = requests(notification(), words(OPENED), ("Ops",))
    assert alert["responders"] == [{"type": "team", "name": "Ops"}]


@pytest.mark.parametrize("kind", [Kind.COMMAND_ENDED, Kind.REMINDED, Kind.ESCALATED])
def test_news_of_what_is_over_opens_no_new_alert(kind: Kind) -> None:
    assert todo(replace(message(kind), incident=replace(INCIDENT, phase=Phase.RESOLVED))) == ["POST notes"]


def test_news_that_all_is_well_open_no_new_alert() -> None:
    assert todo(replace(message(Kind.UPDATED), severity=Severity.OK)) == ["POST notes"]


@pytest.mark.parametrize("kind", Kind)
def test_the_limits_are_kept_and_nothing_is_html(kind: Kind) -> None:
    for told in (hostile(kind, times=20), storm(kind) if kind is Kind.DIGEST else message(kind)):
        for _, _, body in requests(notification(told), words(told)):
            assert "<" not in str(body)
            check_limits(body)


def check_limits(body: dict[str, Any]) -> None:
    limits = {
        "message": opsgenie.MESSAGE_LIMIT,
        "description": opsgenie.DESCRIPTION_LIMIT,
        "note": opsgenie.NOTE_LIMIT,
        "entity": opsgenie.ENTITY_LIMIT,
        "user": opsgenie.NAME_LIMIT,
        "source": opsgenie.NAME_LIMIT,
        "alias": 512,
    }
    assert all(units(body.get(name, "")) <= limit for name, limit in limits.items())
    assert all(units(tag) <= opsgenie.TAG_LIMIT for tag in body.get("tags", ()))
    assert sum(units(k) + units(v) for k, v in body.get("details", {}).items()) <= opsgenie.DETAILS_LIMIT


async def test_the_key_goes_along_in_a_header(receiver: HttpReceiver) -> None:
    soon = asyncio.get_running_loop().time() + 5
    assert await channel("opsgenie", receiver.port).send(notification(message(Kind.WORSENED)), None, soon) == Sent()
    assert [r.method for r in receiver.requests] == ["POST", "PUT", "POST"]
    assert {r.headers["authorization"] for r in receiver.requests} == {"GenieKey canary-token"}


async def test_after_a_request_that_is_not_taken_no_other_is_made(receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([Answer(status=202), Answer(status=503)])
    soon = asyncio.get_running_loop().time() + 5
    outcome = await channel("opsgenie", receiver.port).send(notification(message(Kind.WORSENED)), None, soon)
    assert outcome == Ambiguous(
        cause=Cause.SERVER_ERROR, detail="answered 503"
    )  # the alert is there: its end must be told
    assert len(receiver.requests) == 2


async def test_an_alert_that_is_not_taken_is_not_there(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=503)
    soon = asyncio.get_running_loop().time() + 5
    outcome = await channel("opsgenie", receiver.port).send(notification(message(Kind.WORSENED)), None, soon)
    assert outcome == Failed(cause=Cause.SERVER_ERROR, detail="answered 503")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 422])
async def test_what_cannot_be_added_to_an_alert_holds_up_nothing(receiver: HttpReceiver, status: int) -> None:
    """The key may only create, or the service does not have the request: the next message must not wait a day for it."""
    receiver.next_answers.extend([Answer(status=202), Answer(status=status)])
    soon = asyncio.get_running_loop().time() + 5
    with structlog.testing.capture_logs() as events:
        outcome = await channel("opsgenie", receiver.port).send(notification(message(Kind.WORSENED)), None, soon)
    assert outcome == Sent()
    assert len(receiver.requests) == 3
    assert [event["event"] for event in events] == ["channel.addition_refused"]


@pytest.mark.parametrize(
    "options", [{}, {"api_key": "a b"}, {"api_key": "k\n"}, {"api_key": "k", "url": "example.org"}]
)
def test_unusable_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OpsgenieOptions.model_validate(options)

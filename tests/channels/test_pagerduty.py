"""What PagerDuty gets for each kind of message."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from sentinel.channels.headline import WINDOW_KINDS
from sentinel.channels.pagerduty import PAGERDUTY, SUMMARY_LIMIT, Action, PagerDutyOptions, action, event
from sentinel.channels.render import words
from sentinel.core.incident import Phase
from sentinel.core.notification import OF_DEPLOYMENTS, Kind, Message, Sent
from sentinel.core.rule import Severity
from tests.channels.hostile import MANY, hostile, storm
from tests.channels.ways import channel
from tests.kit.http_receiver import HttpReceiver
from tests.kit.messages import INCIDENT, OPENED, message, notification

KEY = "0123456789abcdef0123456789ABCDEF"
OVER = replace(INCIDENT, phase=Phase.RESOLVED)


def sent(told: Message) -> dict[str, Any]:
    return event(notification(told), words(told))


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({Kind.ACKNOWLEDGED}, Action.ACKNOWLEDGE),
        ({Kind.RESOLVED, Kind.WITHDRAWN, Kind.STORE_UP, Kind.CANARY}, Action.RESOLVE),
        (
            WINDOW_KINDS | OF_DEPLOYMENTS | {Kind.ASSIGNED, Kind.PROGRESS, Kind.REPORT},
            Action.CHANGE,
        ),
    ],
)
def test_some_kinds_page_nobody(kinds: set[Kind], expected: Action) -> None:
    assert {kind for kind in Kind if action(message(kind)) is expected} == kinds


def test_a_trigger_says_what_how_bad_and_where_to_look() -> None:
    told = sent(OPENED)
    assert (told["event_action"], told["dedup_key"]) == ("trigger", "sentinel-ward-12")
    assert told["payload"]["summary"].startswith("[CRITICAL] Payroll API: response_time is 6.2 s")
    assert told["payload"]["severity"] == "critical"
    assert told["payload"]["source"] == "payroll-api"
    assert told["payload"]["timestamp"] == "2026-03-02T03:18:05.000+00:00"
    assert told["payload"]["custom_details"]["How bad"] == "critical: 6.2 s, above 5 s"
    assert {link["text"] for link in told["links"]} == {"Runbook", "Look at"}
    assert told["client_url"] == OPENED.link


def test_acknowledge_and_resolve_name_the_alert_and_nothing_else() -> None:
    assert sent(message(Kind.RESOLVED)) == {"event_action": "resolve", "dedup_key": sent(OPENED)["dedup_key"]}


def test_who_takes_over_resolves_the_alert_that_the_first_one_opened() -> None:
    last = replace(message(Kind.RESOLVED), incident=replace(OVER, id=99, thread=12))
    assert sent(last)["dedup_key"] == sent(OPENED)["dedup_key"]


def test_a_canary_resolves_an_alert_that_nobody_has_opened() -> None:
    opened = {sent(message(kind)).get("dedup_key") for kind in Kind if kind is not Kind.CANARY}
    assert event(notification(message(Kind.CANARY), key="m-canary"), words(OPENED))["dedup_key"] not in opened


@pytest.mark.parametrize("kind", [Kind.COMMAND_ENDED, Kind.UPDATED, Kind.FLAPPING, Kind.REMINDED])
def test_news_of_what_is_over_opens_no_new_alert(kind: Kind) -> None:
    assert action(replace(message(kind), incident=OVER)) is Action.CHANGE


@pytest.mark.parametrize("kind", [Kind.UPDATED, Kind.DIGEST])
def test_news_that_all_is_well_page_nobody(kind: Kind) -> None:
    assert action(replace(message(kind), severity=Severity.OK)) is Action.CHANGE


@pytest.mark.parametrize("kind", Kind)
def test_the_limits_are_kept_whatever_is_to_be_said(kind: Kind) -> None:
    for told in (sent(hostile(kind, times=20)), sent(message(kind))):
        assert len(told.get("dedup_key", "")) <= 255
        assert len(told.get("payload", {}).get("summary", "")) <= SUMMARY_LIMIT


def test_a_storm_is_listed_and_counted() -> None:
    listed = sent(storm(Kind.DIGEST))["payload"]["custom_details"]["All"]
    assert listed[-1] == f"… and {MANY - len(listed) + 1} more"


async def test_each_kind_of_event_has_its_address(receiver: HttpReceiver) -> None:
    ours, soon = channel("pagerduty", receiver.port), asyncio.get_running_loop().time() + 5
    for told in (OPENED, message(Kind.WINDOW_STARTED)):
        assert await ours.send(notification(told), None, soon) == Sent()
    assert [r.target for r in receiver.requests] == ["/gateway/v2/enqueue", "/gateway/v2/change/enqueue"]
    assert all(len(r.json()["routing_key"]) == 32 for r in receiver.requests)


def test_it_has_no_budget_so_that_each_incident_is_an_alert() -> None:
    assert PAGERDUTY.budget is None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"routing_key": "short"},
        {"routing_key": KEY, "url": "ftp://example.org"},
        {"routing_key": KEY, "url": "https://example.org/?a=b"},
    ],
)
def test_unusable_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PagerDutyOptions.model_validate(options)


def test_the_address_is_pagerdutys_own_when_none_is_given() -> None:
    assert PagerDutyOptions.model_validate({"routing_key": KEY}).url == "https://events.pagerduty.com"

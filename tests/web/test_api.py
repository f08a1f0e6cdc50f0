from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from sentinel.base.errors import StoreUnavailable
from sentinel.reports.documents import LeftLine
from tests.kit.monitor import resolved
from tests.kit.scene import CANARY, NOW

if TYPE_CHECKING:
    from tests.web.conftest import Site

TAKE = {"by": "ann", "why": "on it"}


async def test_status_is_the_document(site: Site) -> None:
    answer = await site.local.get("/api/v1/status")
    assert answer.json() == (await site.monitor.status()).to_json()


async def test_the_socket_names_the_configuration_behind_it(site: Site) -> None:
    answer = await site.local.get("/healthz")
    assert unquote(answer.headers["sentinel-config"]) == str(site.monitor.plan.file)


async def test_tcp_does_not_name_the_configuration(site: Site) -> None:
    assert "sentinel-config" not in (await site.remote.get("/healthz")).headers


async def test_many_who_ask_at_once_share_one_status(site: Site) -> None:
    answers = await asyncio.gather(*(site.local.get("/api/v1/status") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert site.monitor.asked == 1


async def test_health_is_200_while_everything_makes_progress(site: Site) -> None:
    answer = await site.remote.get("/healthz")
    assert (answer.status_code, answer.json()["healthy"]) == (200, True)


async def test_health_is_503_when_something_stands_still(site: Site) -> None:
    site.monitor.problem = "the pipeline stands still"
    answer = await site.remote.get("/healthz")
    assert (answer.status_code, answer.json()["problem"]) == (503, "the pipeline stands still")


async def test_incidents_are_the_open_ones_and_past_ones_on_request(site: Site) -> None:
    incident = site.monitor.histories[1].incident
    assert incident is not None
    site.monitor.past = [resolved(incident)]
    now = await site.local.get("/api/v1/incidents")
    since = await site.local.get("/api/v1/incidents", params={"since": "2026-11-01T00:00:00Z"})
    assert [row["phase"] for row in now.json()["incidents"]] == ["open"]
    assert [row["phase"] for row in since.json()["incidents"]] == ["open", "resolved"]


async def test_an_incident_is_acknowledged_with_who_and_why(site: Site) -> None:
    answer = await site.local.post("/api/v1/incidents/12/acknowledge", json={**TAKE, "for": "2h"})
    row = answer.json()
    assert (row["phase"], row["acknowledged_by"], row["acknowledged_why"]) == ("acknowledged", "ann", "on it")
    assert row["acknowledged_until"] == "2026-11-22T14:00:00.000Z"


async def test_acknowledging_again_takes_over_for_another_time(site: Site) -> None:
    await site.local.post("/api/v1/incidents/12/acknowledge", json=TAKE)
    longer = {"by": "bea", "why": "my shift", "for": "4h"}
    row = (await site.local.post("/api/v1/incidents/12/acknowledge", json=longer)).json()
    assert (row["acknowledged_by"], row["acknowledged_until"]) == ("bea", "2026-11-22T16:00:00.000Z")


async def test_an_unknown_incident_is_not_found(site: Site) -> None:
    answer = await site.local.post("/api/v1/incidents/99/acknowledge", json=TAKE)
    assert (answer.status_code, answer.json()["refusal"]) == (404, "no_incident")


async def test_the_outbox_shows_what_was_given_up(site: Site) -> None:
    rows = (await site.local.get("/api/v1/outbox", params={"state": "dead"})).json()["notifications"]
    assert [(row["id"], row["state"], row["channel"]) for row in rows] == [(7, "dead", "mail")]


async def test_dead_notifications_are_sent_again_by_id_or_all(site: Site) -> None:
    none = await site.local.post("/api/v1/outbox/redrive", json={"ids": [1]})
    one = await site.local.post("/api/v1/outbox/redrive", json={"all": True})
    assert (none.json(), one.json()) == ({"redriven": 0}, {"redriven": 1})


async def test_what_nobody_will_send_is_dropped_and_stays_in_the_record(site: Site) -> None:
    dropped = await site.local.post("/api/v1/outbox/drop", json={"all": True})
    kept = await site.local.get("/api/v1/outbox", params={"state": "dropped"})
    assert (dropped.json(), len(kept.json()["notifications"])) == ({"dropped": 1}, 1)


async def test_a_reload_answers_when_it_is_done(site: Site) -> None:
    answer = await site.local.post("/api/v1/reload", json={})
    assert (answer.status_code, answer.json(), site.monitor.reloads) == (200, {"reloaded": True}, 1)


async def test_a_reload_that_is_refused_says_why(site: Site) -> None:
    site.monitor.reload_problem = "checks[0].intervall: an unknown key"
    answer = await site.local.post("/api/v1/reload", json={})
    assert (answer.status_code, answer.json()["error"]) == (409, "checks[0].intervall: an unknown key")


@pytest.mark.parametrize("path", ["/api/v1/outbox", "/api/v1/outbox/redrive", "/api/v1/outbox/drop", "/api/v1/reload"])
async def test_tcp_has_nothing_that_changes_or_names_people(site: Site, path: str) -> None:
    assert (await site.remote.get(path)).status_code in (401, 405)
    assert (await site.remote.post(path, json={"all": True})).status_code in (401, 405)


async def test_an_incident_cannot_be_acknowledged_over_tcp(site: Site) -> None:
    answer = await site.remote.post("/api/v1/incidents/12/acknowledge", json=TAKE)
    assert answer.status_code == 401
    assert site.monitor.histories[1].incident is not None
    assert site.monitor.histories[1].incident.acknowledgement is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": "ann"},
        {"by": "", "why": "on it"},
        {"by": "ann", "why": "   "},
        {"by": "ann", "why": ["on it"]},
        {"by": "a" * 101, "why": "on it"},
        {**TAKE, "for": "soon"},
        {**TAKE, "for": 0},
        {**TAKE, "for": "99999999w"},
        {**TAKE, "for": {"h": 2}},
        {**TAKE, "else": 1},
        [],
        "text",
        12,
    ],
)
async def test_a_body_of_another_shape_is_refused(site: Site, body: Any) -> None:
    answer = await site.local.post("/api/v1/incidents/12/acknowledge", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"[" * 60_000,
        b'{"by":' * 9_000,
        b'{"by": ' + b"9" * 5_000 + b"}",
        b'{"by": "\xff", "why": ""}',
    ],
)
async def test_a_body_that_is_no_sane_json_is_refused(site: Site, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await site.local.post("/api/v1/incidents/12/acknowledge", content=body, headers=headers)
    assert answer.status_code == 400


async def test_a_form_of_a_foreign_page_is_refused(site: Site) -> None:
    answer = await site.local.post("/api/v1/incidents/12/acknowledge", content='{"by": "x", "why": "y"}')
    assert answer.status_code == 415


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-11-01", "since=2026-11-01T00:00:00"])
async def test_a_time_without_a_zone_is_refused(site: Site, query: str) -> None:
    assert (await site.local.get(f"/api/v1/incidents?{query}")).status_code == 400


async def test_a_time_beyond_the_calendar_is_the_clients_mistake(site: Site) -> None:
    """In UTC it lies in the year 0: that was a fault of Sentinel's, with a traceback for whoever asked over TCP."""
    assert (await site.remote.get("/api/v1/incidents?since=0001-01-01T00:00:00%2B14:00")).status_code == 400


async def test_an_unknown_state_is_refused(site: Site) -> None:
    assert (await site.local.get("/api/v1/outbox?state=lost")).status_code == 400


async def test_reasons_are_one_line_of_printable_text(site: Site) -> None:
    answer = await site.local.post(
        "/api/v1/incidents/12/acknowledge", json={"by": "ann", "why": "look\r\nBcc: x\x1b[31m"}
    )
    assert answer.json()["acknowledged_why"] == "look Bcc: x [31m"


async def test_a_lost_store_is_503_with_a_reason(site: Site) -> None:
    site.monitor.failure = StoreUnavailable("the store does not answer")
    answer = await site.local.get("/api/v1/status")
    assert (answer.status_code, answer.json()["error"]) == (503, "the store does not answer")


async def test_a_fault_of_ours_tells_the_client_nothing(site: Site) -> None:
    site.monitor.failure = RuntimeError("secret-canary")
    answer = await site.local.get("/api/v1/status")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/api/v1/status", "/nothing"])
async def test_every_answer_forbids_sniffing_framing_and_keeping(site: Site, path: str) -> None:
    headers = (await site.remote.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("host", ["evil.example.org", "localhost.evil.example.org", "a:b:c", ""])
async def test_a_foreign_name_for_this_host_is_refused(site: Site, host: str) -> None:
    assert (await site.remote.get("/api/v1/status", headers={"host": host})).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:8600", "127.0.0.1", "[::1]:8600", "192.0.2.7:80"])
async def test_an_address_or_our_own_name_is_accepted(site: Site, host: str) -> None:
    assert (await site.remote.get("/healthz", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/api/v1/status", "/api/v1/incidents", "/api/v1/outbox"])
async def test_no_answer_carries_a_secret_of_the_plan(site: Site, path: str) -> None:
    assert CANARY in site.monitor.plan.store.url.reveal()
    assert CANARY not in (await site.local.get(path)).text


async def test_a_check_is_run_on_request(site: Site) -> None:
    answer = await site.local.post("/api/v1/checks/login/run", json={})
    assert (answer.status_code, answer.json()["name"], answer.json()["severity"]) == (200, "login", "CRITICAL")


async def test_a_check_that_the_daemon_does_not_know_is_not_found(site: Site) -> None:
    answer = await site.local.post("/api/v1/checks/logn/run", json={})
    assert (answer.status_code, "reload" in answer.json()["hint"]) == (404, True)


async def test_what_scenarios_left_is_listed_cleaned_up_and_forgotten(site: Site) -> None:
    site.monitor.left = [left("one"), left("two", problem="delete: status 500")]
    listed = await site.local.get("/api/v1/cleanup")
    cleaned = await site.local.post("/api/v1/cleanup/run", json={})
    dropped = await site.local.post("/api/v1/cleanup/drop", json={"marks": ["two", "none"]})
    assert [line["id"] for line in listed.json()["left"]] == ["one", "two"]
    assert [line["problem"] for line in cleaned.json()["left"]] == ["delete: status 500"]
    assert (dropped.json(), site.monitor.left) == ({"dropped": 1}, [])


async def test_tcp_runs_and_cleans_up_nothing(site: Site) -> None:
    answers = [await site.remote.post(f"/api/v1/{path}", json={}) for path in ("checks/login/run", "cleanup/run")]
    assert [answer.status_code for answer in answers] == [401, 401]


def left(mark: str, problem: str = "") -> LeftLine:
    return LeftLine(id=mark, check="staff", at=NOW, values={"run": mark, "id": 7}, problem=problem)

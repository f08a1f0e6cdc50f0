"""What people do on pages: it is done, written down, and refused to whom it should be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.core.incident import Phase
from tests.kit.scene import NOW
from tests.web.pages.test_pages import channel

if TYPE_CHECKING:
    from sentinel.core.incident import Incident
    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard


def incident(monitor: StillMonitor) -> Incident:
    found = monitor.histories[1].incident
    assert found is not None
    return found


async def test_an_incident_is_taken_from_the_overview(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/incidents/12/acknowledge", why="on it", back="overview", **{"for": "1h"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?done=acknowledge")
    taken = incident(dashboard.monitor)
    assert taken.phase is Phase.ACKNOWLEDGED
    assert taken.acknowledgement is not None
    assert (taken.acknowledgement.by, taken.acknowledgement.why) == ("ann", "on it")
    assert "You have taken the incident" in await dashboard.ann.page("/?done=acknowledge")
    assert "taken by ann" in await dashboard.viewer.page("/")


async def test_what_is_done_stands_in_the_journal_by_who_did_it(dashboard: Dashboard) -> None:
    await dashboard.ann.send("/incidents/12/acknowledge", why="on it")
    (deed,) = dashboard.monitor.journal.deeds
    assert (deed.by, deed.action, deed.subject) == ("ann", "incident.acknowledge", "incident 12")


async def test_an_incident_is_given_back_assigned_and_resolved(dashboard: Dashboard) -> None:
    await dashboard.ann.send("/incidents/12/acknowledge", why="on it")
    for word, fields in (
        ("unacknowledge", {"why": "not mine"}),
        ("assign", {"to": "bob"}),
        ("resolve", {"why": "done"}),
    ):
        answer = await dashboard.ann.send(f"/incidents/12/{word}", **fields)
        assert answer.headers["location"] == f"/incidents/12?done={word}"
    assert incident(dashboard.monitor).phase is Phase.RESOLVED
    assert incident(dashboard.monitor).assigned_to == "bob"


async def test_a_comment_is_kept(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/incidents/12/comment", text="the disk was full")
    assert answer.status_code == 303


async def test_what_makes_no_sense_is_answered_by_the_page_with_why(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/incidents/12/acknowledge", why="on it", **{"for": "for ever"})
    assert answer.status_code == 400
    assert "has to be a duration" in answer.text
    assert "data-still" in answer.text
    assert 'action="/incidents/12/acknowledge"' in answer.text


async def test_a_refusal_says_why(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/incidents/12/unacknowledge", why="not mine")
    assert answer.status_code == 409
    assert "nobody has taken the incident" in answer.text


async def test_there_is_no_incident_of_another_number(dashboard: Dashboard) -> None:
    assert (await dashboard.ann.get("/incidents/13")).status_code == 404
    assert (await dashboard.ann.send("/incidents/13/acknowledge", why="on it")).status_code == 404
    assert (await dashboard.ann.send("/incidents/12/explode", why="on it")).status_code == 404


async def test_a_check_is_run(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/checks/health/run")
    assert answer.headers["location"] == "/checks/health?done=run"
    assert (await dashboard.ann.send("/checks/nothing/run")).status_code == 404


@pytest.mark.parametrize("path", ["/checks/login/silence", "/incidents/12/silence"])
async def test_a_check_is_silenced(dashboard: Dashboard, path: str) -> None:
    answer = await dashboard.ann.send(path, why="known", **{"for": "4h"})
    assert answer.status_code == 303
    (silence,) = dashboard.monitor.keeper.silences
    assert (str(silence.matcher), silence.by) == ("check login", "ann")
    assert silence.ends_at == NOW + timedelta(hours=4)
    (deed,) = dashboard.monitor.journal.deeds
    assert (deed.action, deed.subject, deed.detail) == ("silence.add", "silence 1", "check login; for 4h")


async def test_a_silence_is_made_extended_and_ended(dashboard: Dashboard) -> None:
    fields: dict[str, str | list[str]] = {"checks": "log*, health", "severities": ["warning"], "why": "known"}
    fields["for"] = "2h"
    assert (await dashboard.ann.send("/silences", **fields)).headers["location"] == "/quiet?done=silence"
    await dashboard.ann.send("/silences/1/extend", **{"for": "1h"})
    (silence,) = dashboard.monitor.keeper.silences
    assert str(silence.matcher) == "check log*, health; warning only"
    assert silence.ends_at == NOW + timedelta(hours=3)
    assert (await dashboard.ann.send("/silences/1/end")).headers["location"] == "/quiet?done=silence-end"
    assert not list(dashboard.monitor.keeper.silences)


async def test_a_silence_of_nothing_is_refused_and_the_form_keeps_what_was_filled_in(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/silences", checks="nowhere", why="a good reason", **{"for": "2h"})
    assert answer.status_code == 409
    assert "means none of the 2 checks" in answer.text
    assert 'value="a good reason"' in answer.text
    assert 'data-keep="new-silence" open' in answer.text


async def test_a_window_is_planned_in_utc_extended_and_ended(dashboard: Dashboard) -> None:
    fields = {
        "checks": "*",
        "title": "Move",
        "why": "new rack",
        "for": "2h",
        "from": "2026-11-23T22:00",
        "expect_down": "on",
    }
    assert (await dashboard.ann.send("/windows", **fields)).headers["location"] == "/quiet?done=window"
    (window,) = dashboard.monitor.keeper.windows
    assert (window.title, window.expects_down, window.by) == ("Move", True, "ann")
    assert window.next_occurrence(NOW) is not None
    assert "2026-11-23 22:00 UTC" in await dashboard.viewer.page("/quiet")
    assert (await dashboard.ann.send("/windows/1/extend", **{"for": "1h"})).status_code == 303
    assert (await dashboard.ann.send("/windows/1/end")).status_code == 303
    assert (await dashboard.ann.send("/windows/2/end")).status_code == 409
    assert {deed.subject for deed in dashboard.monitor.journal.deeds} == {"window 1"}


async def test_a_window_to_come_is_public_and_can_be_called_off(dashboard: Dashboard) -> None:
    fields = {"from": "2026-11-23T22:00", "for": "2h", "public": "on", "public_text": "We move the records"}
    await dashboard.ann.send("/windows", checks="health", why="new rack", **fields)
    (window,) = dashboard.monitor.keeper.windows
    assert (window.public, window.public_text) == (True, "We move the records")
    page = await dashboard.ann.page("/quiet")
    assert "Call off" in page
    assert "End now" not in page


async def test_what_is_refused_is_said_in_the_words_of_the_form(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/silences", why="x", **{"for": "2h"})
    assert "Checks, Tags or Kinds" in answer.text
    assert "--" not in answer.text.split("That was not done")[1].split("</p>")[0]


async def test_a_window_at_no_time_is_refused(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/windows", checks="*", why="x", **{"for": "2h", "from": "soon"})
    assert answer.status_code == 400
    assert "has to be a time" in answer.text


async def test_a_test_is_sent_through_a_channel(dashboard: Dashboard) -> None:
    dashboard.monitor.channels.lines = [channel()]
    answer = await dashboard.ann.send("/channels/mail/test")
    assert answer.headers["location"] == "/channels?done=test"
    assert dashboard.monitor.channels.tests == [("mail", "ann")]
    assert (await dashboard.ann.send("/channels/fax/test")).status_code == 409


async def test_a_command_is_stopped(dashboard: Dashboard) -> None:
    dashboard.monitor.channels.waiting = {12: 1, 14: 0}
    assert (await dashboard.ann.send("/incidents/12/veto", why="not now")).status_code == 303
    assert dashboard.monitor.channels.vetoes == [(12, "ann", "not now")]
    assert (await dashboard.ann.send("/incidents/12/veto", why="not now")).status_code == 404


async def test_messages_that_were_given_up_are_an_administrators(dashboard: Dashboard) -> None:
    assert (await dashboard.ann.send("/outbox/redrive")).status_code == 403
    assert "given up" not in (await dashboard.ann.page("/channels")).split("Outbox")[1].split("<table")[0]
    assert (await dashboard.root.send("/outbox/redrive")).headers["location"] == "/channels?done=redrive"
    assert (await dashboard.root.send("/outbox/drop")).status_code == 303


DOINGS = (
    "/incidents/12/acknowledge",
    "/incidents/12/resolve",
    "/incidents/12/silence",
    "/incidents/12/veto",
    "/checks/health/run",
    "/checks/health/silence",
    "/silences",
    "/silences/1/end",
    "/windows",
    "/windows/1/extend",
    "/channels/mail/test",
    "/outbox/drop",
)


@pytest.mark.parametrize("path", DOINGS)
async def test_who_only_looks_changes_nothing(dashboard: Dashboard, path: str) -> None:
    answer = await dashboard.viewer.send(path, why="because", **{"for": "1h"})
    assert answer.status_code == 403
    assert "this needs the role" in answer.text.lower()
    assert not dashboard.monitor.journal.deeds


@pytest.mark.parametrize("path", DOINGS)
async def test_a_form_without_its_token_changes_nothing(dashboard: Dashboard, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    assert (await dashboard.root.post(path, b"why=because&for=1h", {"content-type": form})).status_code == 403
    assert (await dashboard.root.post(path, b"why=because&for=1h", {"content-type": "text/plain"})).status_code == 415
    assert (await dashboard.root.get(path)).status_code in (404, 405)
    assert incident(dashboard.monitor).phase is Phase.OPEN


async def test_a_form_of_another_site_changes_nothing(dashboard: Dashboard) -> None:
    token = await dashboard.ann.token()
    path, body = "/incidents/12/acknowledge", f"csrf={token}&why=x".encode()
    form, site = {"content-type": "application/x-www-form-urlencoded"}, {"sec-fetch-site": "cross-site"}
    answer = await dashboard.ann.post(path, body, form | site)
    assert answer.status_code == 403
    assert incident(dashboard.monitor).phase is Phase.OPEN


async def test_nobody_changes_anything(dashboard: Dashboard) -> None:
    answer = await dashboard.nobody.post(
        "/checks/health/run", b"", {"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?to=%2F"


async def test_light_or_dark_is_kept_and_leads_nowhere_else(dashboard: Dashboard) -> None:
    answer = await dashboard.nobody.send_plain("/theme", theme="dark", back="/incidents?since=7d")
    assert answer.headers["location"] == "/incidents?since=7d"
    assert "sentinel-theme=dark" in answer.headers["set-cookie"]
    for elsewhere in ("//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "", "/a\r\nx: y"):
        answer = await dashboard.nobody.send_plain("/theme", theme="light", back=elsewhere)
        assert answer.headers["location"] == "/", elsewhere


async def test_the_page_looks_as_it_was_chosen(dashboard: Dashboard) -> None:
    assert "data-theme" not in await dashboard.viewer.page("/")
    answer = await dashboard.viewer.send_plain("/theme", theme="dark", back="/")
    assert answer.status_code == 303  # the client keeps the cookie
    assert '<html lang="en" data-theme="dark">' in await dashboard.viewer.page("/")

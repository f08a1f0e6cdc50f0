"""Every page, with everything that it can show."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Repeating
from sentinel.core.result import FailureClass, failed
from sentinel.core.silence import Silence
from sentinel.core.window import Window
from sentinel.reports.channels import ChannelLine
from tests.kit.scene import NOW, broken, check, history, well
from tests.web.pages.conftest import standing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard

PATHS = (
    "/",
    "/checks/login",
    "/checks/health?for=7d",
    "/incidents",
    "/incidents?since=30d",
    "/incidents/12",
    "/quiet",
    "/quiet?month=2026-12",
    "/figures",
    "/channels",
    "/sentinel",
    "/nowhere",
)

HOSTILE = "\"><img src=x onerror=alert(1)>'<script>alert(2)</script>{{7*7}}"

#: What would run, or would be refused by the policy of the pages: neither may stand in them.
_INLINE = re.compile(r"""<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=["']|javascript:""", re.IGNORECASE)


def channel(name: str = "mail", **more: object) -> ChannelLine:
    fields = {
        "name": name,
        "kind": "email",
        "last_success": None,
        "failing_since": NOW - timedelta(minutes=5),
        "why": "refused",
        "doubt": "",
        "paused_until": None,
        "budget_left": 3,
        "fallback": "",
        "canary": "",
        "veto": "",
    }
    return ChannelLine(**(fields | more))  # type: ignore[arg-type]  # whichever fields a test wants


@pytest.mark.parametrize("path", PATHS)
async def test_no_page_has_anything_inline_and_every_page_has_the_policy(dashboard: Dashboard, path: str) -> None:
    answer = await dashboard.ann.get(path)
    policy = answer.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert "default-src 'none'" in policy[0]
    assert "unsafe" not in policy[0]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not _INLINE.search(answer.text)


@pytest.mark.parametrize("path", PATHS[:-1])
async def test_every_page_says_where_it_is_and_how_to_skip_to_the_content(dashboard: Dashboard, path: str) -> None:
    page = await dashboard.viewer.page(path)
    assert '<html lang="en"' in page
    assert 'href="#main"' in page
    assert page.count("<h1") == 1
    assert page.count('aria-current="page"') == 1


async def test_the_overview_begins_with_what_is_wrong(dashboard: Dashboard) -> None:
    page = await dashboard.ann.page("/")
    assert page.index("1 open incident") < page.index("connection refused by") < page.index("Checks</h2>")
    assert 'action="/incidents/12/acknowledge"' in page


async def test_a_viewer_is_shown_no_button_that_changes_something(dashboard: Dashboard) -> None:
    for path in ("/", "/checks/login", "/incidents/12", "/quiet", "/channels"):
        page = await dashboard.viewer.page(path)
        actions = set(re.findall(r'method="post" action="([^"]+)"', page))
        assert actions <= {"/theme", "/sign-out"}, path


async def test_without_users_the_page_says_how_to_add_them(
    tmp_path: Path, open_dashboard: Callable[[StillMonitor], Awaitable[Dashboard]]
) -> None:
    dashboard = await open_dashboard(standing(tmp_path, history(check("health"), [well()]), people=False))
    assert "sentinel user hash" in await dashboard.nobody.page("/")


async def test_with_users_nobody_sees_anything_before_signing_in(dashboard: Dashboard) -> None:
    answer = await dashboard.nobody.get("/checks/login")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?to=%2Fchecks%2Flogin")


async def test_a_check_shows_its_rules_and_last_results(dashboard: Dashboard) -> None:
    page = await dashboard.viewer.page("/checks/login")
    assert "What it found" in page
    assert "what they see now" in page
    assert "policy" in page.lower()


async def test_a_stretch_can_be_chosen_and_a_wrong_one_is_a_day(dashboard: Dashboard) -> None:
    assert 'href="/checks/health?for=90d" aria-current="true"' in await dashboard.viewer.page("/checks/health?for=90d")
    assert 'href="/checks/health?for=24h" aria-current="true"' in await dashboard.viewer.page("/checks/health?for=9y")


async def test_quiet_times_stand_in_the_calendar_and_in_lists(monitor: StillMonitor, dashboard: Dashboard) -> None:
    daily = Repeating(line="0 2 * * *", zone="UTC", duration=timedelta(hours=1))
    backup = Window(id="backup", title="Nightly backup", matcher=Matcher(), when=daily, configured=True)
    monitor.keeper.windows = monitor.keeper.windows.replanned([backup])
    page = await dashboard.viewer.page("/quiet")
    assert "November 2026" in page
    assert page.count("Nightly backup") > 8
    assert "from the configuration" in page


async def test_channels_say_what_is_wrong_and_what_was_given_up(monitor: StillMonitor, dashboard: Dashboard) -> None:
    monitor.channels.lines = [channel(), channel("chat", doubt="has taken nothing for 3 h", failing_since=None)]
    page = await dashboard.viewer.page("/channels")
    assert "Failing for" in page
    assert "It has taken nothing for 3 h" in page
    assert "a@example.org" in page


async def test_sentinel_shows_the_configuration_in_force(monitor: StillMonitor, dashboard: Dashboard) -> None:
    page = await dashboard.viewer.page("/sentinel")
    assert monitor.plan.fingerprint in page
    assert str(monitor.plan.file) in page
    assert 'href="/metrics"' in page


async def test_a_store_that_does_not_answer_is_said_beside_what_is_known(
    monitor: StillMonitor, dashboard: Dashboard
) -> None:
    monitor.faces.store_problem = "the disk is full"
    page = await dashboard.viewer.page("/")
    assert "The store does not answer:" in page
    assert "connection refused by" in page


async def test_a_check_says_when_the_store_does_not_tell_its_past(monitor: StillMonitor, dashboard: Dashboard) -> None:
    monitor.faces.store_problem = "the disk is full"
    page = await dashboard.viewer.page("/checks/health")
    assert "The store does not answer:" in page
    assert "It has not run yet" not in page


async def test_hostile_text_is_text_wherever_it_stands(
    tmp_path: Path, open_dashboard: Callable[[StillMonitor], Awaitable[Dashboard]]
) -> None:
    nasty = check(
        "login",
        title=HOSTILE,
        system=HOSTILE,
        tags=frozenset({HOSTILE}),
        runbook=f"javascript:{HOSTILE}",
        group=HOSTILE,
    )
    past = history(nasty, [failed(FailureClass.REFUSED, HOSTILE, hint=HOSTILE)] * 3)
    monitor = standing(tmp_path, past)
    monitor.channels.lines = [channel(HOSTILE, doubt=HOSTILE, why=HOSTILE, kind=HOSTILE, fallback=HOSTILE)]
    silence = Silence(
        id=1,
        matcher=Matcher(checks=("login", HOSTILE)),
        by=HOSTILE,
        why=HOSTILE,
        starts_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(hours=1),
        created_at=NOW,
    )
    await monitor.keeper.keep_silence(silence)
    dashboard = await open_dashboard(monitor)
    for path in (*PATHS[:-1], "/?text=%22%3E%3Cimg+src%3Dx%3E", "/incidents?text=%3Cimg%3E", "/checks/%3Cimg%3E"):
        page = (await dashboard.ann.get(path)).text
        assert "<img" not in page, path
        assert "<script>" not in page, path
        assert 'href="javascript:' not in page, path


async def test_a_thousand_checks_are_a_small_page(
    tmp_path: Path, open_dashboard: Callable[[StillMonitor], Awaitable[Dashboard]]
) -> None:
    pasts = [history(check(f"check-{n:04}", title=f"The check number {n}"), [well()]) for n in range(1_000)]
    dashboard = await open_dashboard(standing(tmp_path, *pasts))
    answer = await dashboard.viewer.get("/")
    assert answer.text.count('scope="row"') == 50
    assert len(answer.content) < 150_000
    assert answer.headers["content-encoding"] == "gzip"


async def test_assets_are_kept_and_pages_are_not(dashboard: Dashboard) -> None:
    paths = re.findall(r'(?:href|src)="(/static/[^"]+)"', await dashboard.viewer.page("/"))
    assert len(paths) == 3
    for path in paths:
        answer = await dashboard.nobody.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_an_old_name_of_an_asset_is_not_found(dashboard: Dashboard) -> None:
    assert (await dashboard.nobody.get("/static/app.000000000000.css")).status_code == 404
    assert (await dashboard.nobody.get("/static/..%2fframe.py")).status_code == 404


async def test_programs_are_answered_as_before(dashboard: Dashboard) -> None:
    answer = await dashboard.viewer.get("/api/v1/status")
    assert answer.headers["content-type"] == "application/json"
    assert (await dashboard.viewer.post("/api/v1/status")).status_code == 405
    assert (await dashboard.nobody.get("/healthz")).json()["healthy"] is True


async def test_an_incident_shows_what_came_of_it(dashboard: Dashboard) -> None:
    page = await dashboard.ann.page("/incidents/12")
    assert "Timeline" in page
    assert "Who was told" in page
    assert 'action="/incidents/12/resolve"' in page


async def test_an_incident_that_is_over_asks_for_nothing_any_more(dashboard: Dashboard) -> None:
    await dashboard.ann.send("/incidents/12/acknowledge", why="on it", **{"for": "1h"})
    before = await dashboard.ann.page("/incidents/12")
    await dashboard.ann.send("/incidents/12/resolve", why="mended")
    page = await dashboard.ann.page("/incidents/12")
    assert "<dt>Taken by</dt>" in before
    assert "<dt>Was taken by</dt>" in page
    assert "Resolved</span>" in page
    assert 'class="hint"' not in page


async def test_incidents_stand_in_the_card_of_the_one_that_speaks_for_them(
    tmp_path: Path, open_dashboard: Callable[[StillMonitor], Awaitable[Dashboard]]
) -> None:
    pasts = [history(check(name), [broken()] * 3) for name in ("login", "slips")]
    for number, past in enumerate(pasts, 1):
        assert past.incident is not None
        past.incident = replace(past.incident, id=number, bundle=2, leads=number == 2)
    dashboard = await open_dashboard(standing(tmp_path, *pasts))
    page = await dashboard.ann.page("/")
    assert "1 open incident and 1 with it" in page
    assert "1 more told of with it" in page
    assert 'action="/incidents/1/acknowledge"' not in page


async def test_a_404_says_what_may_have_become_of_it(dashboard: Dashboard) -> None:
    assert "It may have been renamed" in (await dashboard.viewer.get("/checks/gone")).text


async def test_there_may_be_nothing_to_show(
    tmp_path: Path, open_dashboard: Callable[[StillMonitor], Awaitable[Dashboard]]
) -> None:
    dashboard = await open_dashboard(standing(tmp_path))
    assert "Nothing is watched yet" in await dashboard.viewer.page("/")
    assert "No incident is open" in await dashboard.viewer.page("/incidents")
    assert "nobody is told of anything" in await dashboard.viewer.page("/channels")


async def test_broken_and_well_are_told_apart_by_words_and_icons(dashboard: Dashboard) -> None:
    page = await dashboard.viewer.page("/")
    assert '<use href="#i-critical"/></svg>Critical' in page
    assert '<use href="#i-ok"/></svg>OK' in page
    assert broken().explanation in page

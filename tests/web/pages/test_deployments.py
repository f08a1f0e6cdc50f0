"""Deployments on the dashboard: the list, one of them as it goes on, and what people do about it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.shelving import Order, shelve
from sentinel.core.deployment.deployment import (
    Breach,
    Deployment,
    Ending,
    Entry,
    Judged,
    Phase,
    Ran,
    Rollback,
    Verification,
    Watch,
)
from sentinel.core.deployment.plan import Criterion, DeploymentPlan, RollbackPlan
from sentinel.core.form import Form
from sentinel.core.result import Result
from sentinel.reports.check import Past
from sentinel.reports.deployment import ToldLine
from tests.kit.released import PASSED, compared, judgement, verified
from tests.kit.scene import MINUTE, NOW, broken, check, history, well
from tests.reports.test_report import HEALTH, report, rollup
from tests.web.pages.conftest import standing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard

HOSTILE = '"><script>alert(1)</script><b>'
WATCHED = replace(
    PASSED,
    phase=Phase.WATCHING,
    started_at=NOW - 6 * MINUTE,
    window_ends_at=NOW + 24 * MINUTE,
    watch=Watch(began_at=NOW - 3 * MINUTE, lasts=15 * MINUTE, points=(2 * MINUTE, 15 * MINUTE)),
    ending=None,
    ended_at=None,
    ended_why="",
)
UNDER_WAY = replace(WATCHED, phase=Phase.UNDER_WAY, watch=None, verifications=())
ORDER = Rollback(
    key="k", channel="undo", quick=True, reason="it is slow", ordered_at=NOW, runs_at=NOW + timedelta(seconds=252)
)
PROPOSED = replace(WATCHED, phase=Phase.PROPOSED, rollback=ORDER)
FAILED = replace(PASSED, ending=Ending.FAILED, ended_why="failed: slower than before")


@pytest.fixture
def monitor(tmp_path: Path) -> StillMonitor:
    """A portal that is deployed, with incident 12 that may come of it."""
    made = standing(
        tmp_path, history(check("login", system="Portal"), [broken()] * 3), history(check("disk"), [well()])
    )
    plans = {"portal": DeploymentPlan(system="portal", rollback=RollbackPlan(channel="undo"))}
    made.plan = replace(made.plan, deployments=plans)
    made.deployments.systems = ("portal",)
    return made


async def test_without_deployments_there_is_no_such_page_and_no_way_to_it(
    dashboard: Dashboard, monitor: StillMonitor
) -> None:
    assert '<a href="/deployments"' in await dashboard.viewer.page("/")
    monitor.plan = replace(monitor.plan, deployments={})
    assert '<a href="/deployments"' not in await dashboard.viewer.page("/")
    assert (await dashboard.viewer.get("/deployments")).status_code == 404


async def test_a_deployment_is_started_from_its_page(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.send("/deployments", system="portal", version="2.4.2", window="45m", expect_down="on")
    assert (answer.status_code, answer.headers["location"]) == (303, "/deployments/1?done=deploy-start")
    [asked] = dashboard.monitor.deployments.started
    assert (asked.by, asked.version, asked.window, asked.expects_down) == ("ann", "2.4.2", 45 * MINUTE, True)
    page = await dashboard.viewer.page(answer.headers["location"])
    assert "its stakeholders are told" in page
    assert "45 min" in page
    [deed] = dashboard.monitor.journal.deeds
    assert (deed.by, deed.action, deed.subject) == ("ann", "deployment.start", "deployment 1")


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"version": "-rf /"}, 400, "`version` has to be a name"),
        ({"version": "2.4.2", "window": "long"}, 400, "has to be a duration"),
        ({"version": "2.4.2", "system": "payroll"}, 409, "no deployments of payroll"),
    ],
)
async def test_a_start_that_makes_no_sense_is_refused_and_keeps_what_was_filled_in(
    dashboard: Dashboard, fields: dict[str, str], status: int, says: str
) -> None:
    answer = await dashboard.ann.send("/deployments", impact="Some minutes", **fields)
    assert answer.status_code == status
    assert says in answer.text
    assert 'value="Some minutes"' in answer.text
    assert not dashboard.monitor.deployments.known


async def test_the_list_has_what_goes_on_first_and_is_narrowed_to_a_system(dashboard: Dashboard) -> None:
    monitor = dashboard.monitor
    monitor.plan = replace(monitor.plan, deployments={n: DeploymentPlan(system=n) for n in ("payroll", "portal")})
    monitor.deployments.put(replace(PASSED, id=1))
    monitor.deployments.put(replace(PASSED, id=2, system="payroll", version="7"))
    monitor.deployments.put(replace(UNDER_WAY, id=3))
    page = await dashboard.viewer.page("/deployments")
    assert page.index("Going on now") < page.index('href="/deployments/3"') < page.index('href="/deployments/2"')
    narrowed = await dashboard.viewer.page("/deployments?system=payroll")
    assert 'href="/deployments/2"' in narrowed
    assert 'href="/deployments/3"' not in narrowed


async def test_a_watch_shows_each_point_with_its_figures_and_chance(dashboard: Dashboard) -> None:
    assert PASSED.watch is not None
    dashboard.monitor.deployments.put(PASSED)
    page = await dashboard.viewer.page("/deployments/12")
    assert page.count('aria-labelledby="point-') == len(PASSED.watch.judgements)
    assert "250 ms" in page
    assert "375 ms" in page  # the bound
    assert ">0.400<" in page  # p
    assert '<rect class="before"' in page
    assert "2 of 2 passed" in page  # a verification


async def test_the_page_leads_to_the_document_in_each_of_its_forms(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(PASSED)
    assert "/reports/" not in await dashboard.viewer.page("/deployments/12")
    made = replace(report(HEALTH, rollups=(rollup(),)), name="deployment", period="12-portal-2.4.1")
    order = Order(forms=(Form.HTML, Form.JSON), folder=dashboard.monitor.plan.reports_folder)
    await shelve(made, order, NOW)
    await shelve(replace(made, period="120-portal-9"), order, NOW)
    page = await dashboard.viewer.page("/deployments/12")
    assert re.findall(r'href="/reports/(\S+)">(\w+)<', page) == [
        ("deployment-12-portal-2.4.1.html", "HTML"),
        ("deployment-12-portal-2.4.1.json", "JSON"),
    ]


@pytest.mark.parametrize(
    ("word", "fields", "done"),
    [
        ("note", {"text": "migrated", "took": "90s"}, ("note", 12, "ann", 1.5 * MINUTE)),
        ("extend", {"for": "10m"}, ("extended", 12, "ann", 10 * MINUTE)),
        ("watch", {"for": "20m"}, ("watch", 12, "ann", 20 * MINUTE)),
        ("watch", {}, ("watch", 12, "ann", "")),
        ("finish", {}, ("ended", 12, "ann", "")),
        ("fail", {"why": "the migration"}, ("failed", 12, "ann", "the migration")),
    ],
)
async def test_what_may_be_done_with_one_that_goes_on(
    dashboard: Dashboard, word: str, fields: dict[str, str], done: tuple[str, int, str, object]
) -> None:
    dashboard.monitor.deployments.put(UNDER_WAY)
    assert f'action="/deployments/12/{word}"' in await dashboard.ann.page("/deployments/12")
    answer = await dashboard.ann.send(f"/deployments/12/{word}", **fields)
    assert answer.headers["location"] == f"/deployments/12?done=deploy-{word}"
    assert dashboard.monitor.deployments.done == [done]
    [deed] = dashboard.monitor.journal.deeds
    assert (deed.action, deed.subject) == (f"deployment.{word}", "deployment 12")


async def test_one_that_failed_is_accepted_with_a_reason(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(FAILED)
    assert (await dashboard.ann.send("/deployments/12/accept")).status_code == 400
    await dashboard.ann.send("/deployments/12/accept", why="known, and small")
    assert dashboard.monitor.deployments.done == [("accepted", 12, "ann", "known, and small")]
    assert "Failed, and accepted" in await dashboard.viewer.page("/deployments/12")


async def test_a_proposed_rollback_counts_down_and_is_vetoed(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(PROPOSED)
    page = await dashboard.ann.page("/deployments/12")
    assert "4 min 12 s" in page
    assert "it is slow" in page
    assert 'action="/deployments/12/veto"' in page
    await dashboard.ann.send("/deployments/12/veto", why="it was the network")
    assert dashboard.monitor.deployments.done == [("vetoed", 12, "ann", "it was the network")]


async def test_a_rollback_shows_what_would_run_before_it_is_ordered(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(FAILED)
    wanted = {"to": "quick", "reason": "users wait"}
    assert (await dashboard.ann.send("/deployments/12/rollback", **wanted)).status_code == 400  # not looked at
    shown = await dashboard.ann.send("/deployments/12/rollback/plan", **wanted)
    assert "/usr/local/bin/undo" in shown.text
    assert "SENTINEL_REASON=users wait" in shown.text
    assert not dashboard.monitor.deployments.rollbacks
    assert [deed.detail for deed in dashboard.monitor.journal.deeds] == ["a dry run: nothing was changed"]
    answer = await dashboard.ann.send("/deployments/12/rollback", seen="yes", **wanted)
    assert answer.headers["location"] == "/deployments/12?done=deploy-rollback"
    [asked] = dashboard.monitor.deployments.rollbacks
    assert (asked.by, asked.system, asked.deployment, asked.quick) == ("ann", "portal", 12, True)


async def test_only_the_last_of_a_system_can_be_rolled_back(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(replace(FAILED, id=11))
    assert 'action="/deployments/11/rollback' in await dashboard.ann.page("/deployments/11")
    dashboard.monitor.deployments.put(FAILED)
    assert 'action="/deployments/11/rollback' not in await dashboard.ann.page("/deployments/11")


async def test_a_rollback_to_a_backup_needs_its_id(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(FAILED)
    answer = await dashboard.ann.send("/deployments/12/rollback/plan", to="backup", reason="users wait")
    assert answer.status_code == 400
    shown = await dashboard.ann.send(
        "/deployments/12/rollback/plan", to="backup", backup_id="nightly-1", reason="users wait"
    )
    assert 'name="backup_id" value="nightly-1"' in shown.text


async def test_checks_are_run_from_the_page(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(UNDER_WAY)
    answer = await dashboard.ann.send("/deployments/12/verify", tags="post, smoke")
    assert answer.headers["location"] == "/deployments/12?done=deploy-verify"


async def test_what_makes_no_sense_as_things_are_is_refused_with_why(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(FAILED)
    answer = await dashboard.ann.send("/deployments/12/note", text="too late")
    assert answer.status_code == 409
    assert "deployment 12 is over" in answer.text
    assert (await dashboard.ann.send("/deployments/99/note", text="nowhere")).status_code == 404
    assert (await dashboard.viewer.get("/deployments/99")).status_code == 404


@pytest.mark.parametrize("word", ["note", "veto", "rollback", "rollback/plan", "verify"])
async def test_who_may_only_look_does_nothing(dashboard: Dashboard, word: str) -> None:
    dashboard.monitor.deployments.put(PROPOSED)
    page = await dashboard.viewer.page("/deployments/12")
    assert 'action="/deployments' not in page
    assert (await dashboard.viewer.send(f"/deployments/12/{word}", text="x", why="x", reason="x")).status_code == 403
    assert (await dashboard.viewer.send("/deployments", version="1")).status_code == 403


async def test_a_form_of_a_foreign_page_does_nothing(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(PROPOSED)
    for path in ("/deployments", "/deployments/12/veto", "/deployments/12/rollback", "/deployments/12/rollback/plan"):
        assert (await dashboard.ann.send_plain(path, version="1", why="x", reason="x", seen="yes")).status_code == 403
    assert not dashboard.monitor.deployments.done


def hostile() -> Deployment:
    """One whose every text is meant to break out of its page."""
    assert PASSED.watch is not None
    points = [replace(one, text=HOSTILE) for one in PASSED.watch.judgements]
    comparisons = tuple(replace(one, check=HOSTILE, text=HOSTILE) for one in points[0].comparisons)
    breach = Breach(criterion=Criterion.SAID_SO, text=HOSTILE)
    points[0] = replace(points[0], comparisons=comparisons, breaches=(breach,))
    bad = replace(verified("x"), name=HOSTILE, title=HOSTILE, explanation=HOSTILE, hint=HOSTILE)
    proof = Verification(tags=(HOSTILE,), began_at=NOW, ended_at=NOW, checks=(bad,), by=HOSTILE)
    done = replace(
        ORDER, state=Ran.FAILED, text=HOSTILE, reason=HOSTILE, by=HOSTILE, channel=HOSTILE, verification=proof
    )
    return replace(
        FAILED,
        version=HOSTILE,
        ref=HOSTILE,
        from_version=HOSTILE,
        by=HOSTILE,
        impact=HOSTILE,
        ended_why=HOSTILE,
        verifications=(proof,),
        watch=replace(PASSED.watch, judgements=tuple(points)),
        broken=breach,
        rollback=done,
    )


@pytest.mark.parametrize("path", ["/deployments", "/deployments/12", "/", "/incidents/12"])
async def test_what_comes_from_outside_is_text(dashboard: Dashboard, monitor: StillMonitor, path: str) -> None:
    monitor.deployments.put(hostile())
    monitor.deployments.timelines[12].append(Entry(deployment=12, at=NOW, kind="note", by=HOSTILE, text=HOSTILE))
    monitor.deployments.told[12] = [ToldLine(at=NOW, kind="started", channel="mail", recipient=HOSTILE, state="sent")]
    suspected(monitor)
    page = await dashboard.ann.page(path)
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<b>" not in page.replace('<b class="', "")


async def test_open_and_empty_corners_are_shown(dashboard: Dashboard) -> None:
    """A verification that goes on, a point without figures, a rollback that was interrupted."""
    assert WATCHED.watch is not None
    watch = replace(WATCHED.watch, judgements=(judgement(2),))
    runs = Verification(tags=(), began_at=NOW, planned=4)
    lost = replace(ORDER, state=Ran.INTERRUPTED)
    dashboard.monitor.deployments.put(
        replace(WATCHED, watch=watch, verifications=(runs,), phase=Phase.ROLLING_BACK, rollback=lost)
    )
    page = await dashboard.viewer.page("/deployments/12")
    assert "Runs: 0 of 4" in page
    assert "nobody knows how far it came" in page


def suspected(monitor: StillMonitor) -> None:
    """Incident 12 may come of deployment 12."""
    for past in monitor.histories:
        if past.incident is not None:
            past.incident = replace(past.incident, id=12, suspect=12)
            monitor.deployments.incidents[12] = [replace(past.incident, opened_at=NOW)]


async def test_an_incident_names_its_suspect_and_the_deployment_its_incidents(
    dashboard: Dashboard, monitor: StillMonitor
) -> None:
    monitor.deployments.put(WATCHED)
    suspected(monitor)
    page = await dashboard.viewer.page("/incidents/12")
    assert '<a href="/deployments/12">deployment 12</a> (2.4.1), began' in page
    assert 'href="/incidents/12"' in await dashboard.viewer.page("/deployments/12")


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (UNDER_WAY, "Under way"),
        (replace(UNDER_WAY, overrun=True), "Under way, overdue"),
        (WATCHED, "Being watched"),
        (PROPOSED, "Rollback proposed"),
        (FAILED, "Failed"),
        (replace(FAILED, ending=Ending.ROLLBACK_FAILED), "Rollback failed"),
    ],
)
async def test_the_first_page_has_a_line_for_each_that_goes_on_or_has_failed(
    dashboard: Dashboard, one: Deployment, says: str
) -> None:
    dashboard.monitor.deployments.put(one)
    page = await dashboard.viewer.page("/")
    assert '<a href="/deployments/12">Deployment 12</a>: <strong>portal 2.4.1</strong>' in page
    assert f"{says}</b>" in page


async def test_figures_name_the_deployments_of_their_time(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(replace(PASSED, id=3, ended_at=NOW - timedelta(days=3)))
    dashboard.monitor.deployments.put(replace(PASSED, system="gone", id=4))
    dashboard.monitor.deployments.put(PASSED)
    day, week = [await dashboard.viewer.page(f"/figures?for={length}") for length in ("24h", "7d")]
    numbers = [re.findall(r'href="/deployments/(\d+)"', page) for page in (day, week)]
    assert numbers == [["12"], ["12", "3"]]
    assert 'href="/deployments/12"' in await dashboard.viewer.page("/figures?system=Portal")


@pytest.mark.parametrize("ending", [Ending.PASSED, Ending.ROLLED_BACK, Ending.ACCEPTED, Ending.UNWATCHED])
async def test_the_first_page_says_nothing_of_what_is_in_order_again(dashboard: Dashboard, ending: Ending) -> None:
    dashboard.monitor.deployments.put(replace(PASSED, ending=ending))
    assert "Deployment 12" not in await dashboard.viewer.page("/")


async def test_a_proposed_rollback_says_its_reason_once_and_may_run_now(dashboard: Dashboard) -> None:
    broken_by = Breach(criterion=Criterion.CRITICAL_FUNCTION, text="it is slow", incidents=(7,))
    dashboard.monitor.deployments.put(replace(PROPOSED, broken=broken_by))
    page = await dashboard.ann.page("/deployments/12")
    assert page.count('<p class="hint">it is slow</p>') == 1
    assert 'action="/deployments/12/rollback/plan"' in page
    assert "Roll back now" in page


async def test_incidents_in_what_broke_are_links_and_all_else_is_text(dashboard: Dashboard) -> None:
    said = f"login (#7) is broken, #8 is another{HOSTILE}"
    breach = Breach(criterion=Criterion.CRITICAL_FUNCTION, text=said, incidents=(7,))
    dashboard.monitor.deployments.put(replace(FAILED, broken=breach))
    page = await dashboard.viewer.page("/deployments/12")
    assert 'login (<a href="/incidents/7">#7</a>) is broken, #8 is another' in page
    assert HOSTILE not in page


async def test_the_list_says_how_long_a_watch_goes_on_and_why_a_release_was_undone(dashboard: Dashboard) -> None:
    undone = replace(ORDER, state=Ran.DONE, ended_at=NOW)
    over = replace(FAILED, id=11, ending=Ending.ROLLED_BACK, rollback=undone, ended_why="it was rolled back")
    dashboard.monitor.deployments.put(over)
    dashboard.monitor.deployments.put(WATCHED)
    page = await dashboard.viewer.page("/deployments")
    assert re.search(r'Watch: <span class="num" data-left="720">12 min 0 s</span> left', page)
    assert "it was rolled back. Why: it is slow" in page


async def test_checks_that_prove_a_rollback_have_until_a_moment(dashboard: Dashboard) -> None:
    ran = replace(ORDER, state=Ran.DONE, ended_at=NOW - MINUTE)
    dashboard.monitor.deployments.put(replace(WATCHED, phase=Phase.VERIFYING, rollback=ran))
    for address in ("/deployments", "/deployments/12"):
        assert 'Its checks have <span class="num" data-left="240">' in await dashboard.viewer.page(address)


async def test_the_page_draws_the_check_that_is_compared_worst(dashboard: Dashboard) -> None:
    point = judgement(2, compared("login", 0.25, 0.5, Judged.FAIL, 0.001))
    watch = replace(WATCHED.watch, judgements=(point,)) if WATCHED.watch else None
    dashboard.monitor.deployments.put(replace(WATCHED, watch=watch))
    seen = Result(check="login", scheduled_at=NOW - MINUTE, finished_at=NOW, measurement=well())
    dashboard.monitor.faces.pasts["login"] = Past(raw=[seen])
    page = await dashboard.viewer.page("/deployments/12")
    assert 'of <a href="/checks/login?for=1h">login</a></h2>' in page
    assert '<figure class="chart first">' in page


async def test_a_rollback_to_an_unknown_version_says_so_before_it_runs(dashboard: Dashboard) -> None:
    dashboard.monitor.deployments.put(replace(FAILED, from_version=""))
    shown = await dashboard.ann.send("/deployments/12/rollback/plan", to="quick", reason="users wait")
    assert "Which version was before it is not known here" in shown.text


async def test_the_incident_of_a_systems_deployments_leads_to_the_one_it_is_about(
    dashboard: Dashboard, monitor: StillMonitor
) -> None:
    troubled = history(check("deployment-portal"), [broken()] * 3)
    assert troubled.incident is not None
    troubled.incident = replace(troubled.incident, id=77)
    monitor.histories.append(troubled)
    for number, began in ((11, 90), (12, 60), (13, -60)):
        monitor.deployments.put(replace(FAILED, id=number, started_at=NOW - began * MINUTE))
    page = await dashboard.viewer.page("/incidents/77")
    assert '<a href="/deployments/12">12: portal 2.4.1</a>' in page

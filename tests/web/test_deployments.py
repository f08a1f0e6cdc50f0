"""Deployments, for programs: over the socket, and over TCP with a token."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from sentinel.core.deployment.deployment import Phase
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.reports.deployment import DryRun, document
from sentinel.web.reference import reference
from tests.kit.released import UNDONE, entries
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from sentinel.reports.documents import Document
    from tests.kit.deployments import StillDeployments
    from tests.kit.monitor import StillMonitor
    from tests.web.conftest import Site

EVERY = "/api/v1/deployments"
START = {"by": "ann", "version": "2.4.1"}


@pytest.fixture
def monitor(monitor: StillMonitor) -> StillMonitor:
    monitor.plan = replace(monitor.plan, deployments={"payroll": DeploymentPlan(system="payroll")})
    return monitor


async def post(site: Site, path: str, **body: Any) -> Any:
    answer = await site.local.post(path, json={"by": "ann"} | body)
    return answer.json() | {"status": answer.status_code}


def deployments(site: Site) -> StillDeployments:
    return site.monitor.deployments


async def test_a_deployment_starts_and_is_listed(site: Site) -> None:
    whole = {
        "system": "payroll", "environment": "production", "ref": "a1b2c3d", "from": "2.4.0", "backup_id": "b-7",
        "window": "45m", "expect_down": True, "impact": "no payslips", "anyway": True,
    }  # fmt: skip
    started = await post(site, EVERY, version="2.4.1", **whole)
    assert (started["status"], started["line"]["version"], started["expects_down"]) == (200, "2.4.1", True)
    [asked] = deployments(site).started
    assert (asked.ref, asked.from_version, asked.backup_id, asked.window) == (
        "a1b2c3d", "2.4.0", "b-7", timedelta(minutes=45),
    )  # fmt: skip
    for path in (EVERY, f"{EVERY}?system=payroll", f"{EVERY}/current", f"{EVERY}/current?system=payroll"):
        rows = (await site.local.get(path)).json()["deployments"]
        assert [(row["id"], row["phase"]) for row in rows] == [(1, "under_way")]
    assert not (await site.local.get(f"{EVERY}/current?system=clinic")).json()["deployments"]


async def test_what_is_done_to_one_is_on_its_timeline_and_in_the_journal(site: Site) -> None:
    await post(site, EVERY, version="2.4.1")
    await post(site, f"{EVERY}/1/note", text="migrated", took="40s")
    await post(site, f"{EVERY}/1/extend", **{"for": "10m"})
    await post(site, f"{EVERY}/1/watch", **{"for": "5m"})
    ended = await post(site, f"{EVERY}/1/finish", why="fine")
    assert [one["kind"] for one in ended["timeline"]] == ["started", "note", "extended", "watch", "ended"]
    assert deployments(site).done[1:4] == [
        ("note", 1, "ann", timedelta(seconds=40)),
        ("extended", 1, "ann", timedelta(minutes=10)),
        ("watch", 1, "ann", timedelta(minutes=5)),
    ]
    deeds = [(deed.action, deed.subject) for deed in site.monitor.journal.deeds]
    assert deeds == [(f"deployment.{verb}", "deployment 1") for verb in ("start", "note", "extend", "watch", "finish")]
    assert "version 2.4.1" in site.monitor.journal.deeds[0].detail


@pytest.mark.parametrize(("verb", "kind"), [("fail", "failed"), ("accept", "accepted")])
async def test_a_person_says_what_came_of_it(site: Site, verb: str, kind: str) -> None:
    await post(site, EVERY, version="2.4.1")
    said = await post(site, f"{EVERY}/1/{verb}", why="the migration stopped")
    assert (said["timeline"][-1]["kind"], said["timeline"][-1]["text"]) == (kind, "the migration stopped")


async def test_a_rollback_that_was_proposed_is_stopped(site: Site) -> None:
    await post(site, EVERY, version="2.4.1")
    assert (await post(site, f"{EVERY}/1/veto", why="not to blame"))["status"] == 409
    deployments(site).put(replace(deployments(site).known[1], phase=Phase.PROPOSED))
    assert (await post(site, f"{EVERY}/1/veto", why="not to blame"))["status"] == 200


async def test_a_dry_run_says_what_a_rollback_would_run_and_orders_nothing(site: Site) -> None:
    await post(site, EVERY, version="2.4.1")
    back = {"quick": True, "reason": "too slow"}
    dry = await post(site, "/api/v1/rollbacks", **back, dry_run=True)
    assert (dry["status"], dry["command"]) == (200, ["/usr/local/bin/undo", "2.4.1"])
    assert not deployments(site).rollbacks
    ordered = await post(site, "/api/v1/rollbacks", **back)
    assert (ordered["status"], ordered["rollback"]["reason"]) == (202, "too slow")
    again = await post(site, "/api/v1/rollbacks", backup_id="b-7", reason="once more")
    assert (again["status"], again["error"]) == (409, "deployment 1 was rolled back already")


async def test_what_makes_no_sense_is_refused_with_a_hint(site: Site) -> None:
    await post(site, EVERY, version="2.4.1")
    second = await post(site, EVERY, version="2.4.2")
    assert (second["status"], second["hint"]) == (409, "`sentinel deploy finish 1` ends it")
    assert (await post(site, f"{EVERY}/9/note", text="x"))["status"] == 409
    assert (await site.local.get(f"{EVERY}/9")).status_code == 404
    assert (await site.local.get(f"{EVERY}/9/changes")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (EVERY, {}), (EVERY, {"version": "--help"}), (EVERY, {"version": "2.4.1; rm"}), (EVERY, {"version": "v" * 101}),
        (EVERY, START | {"ref": "$(id)"}), (EVERY, START | {"window": "soon"}), (EVERY, START | {"else": 1}),
        (EVERY, START | {"from": "2.4.0\n"}), (EVERY, START | {"expect_down": "yes"}),
        (f"{EVERY}/1/note", {"text": ""}), (f"{EVERY}/1/note", {"text": "x" * 501}), (f"{EVERY}/1/extend", {}),
        (f"{EVERY}/1/fail", {}), ("/api/v1/rollbacks", {"reason": "x"}), ("/api/v1/rollbacks", {"quick": True}),
        ("/api/v1/rollbacks", {"reason": "x", "quick": True, "backup_id": "b"}),
        ("/api/v1/rollbacks", {"reason": "x", "backup_id": "../b"}),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_meant_is_refused(site: Site, path: str, body: dict[str, Any]) -> None:
    await post(site, EVERY, version="2.4.0")
    assert (await post(site, path, **body))["status"] == 400
    assert (len(deployments(site).started), deployments(site).rollbacks) == (1, [])


async def test_whoever_waits_hears_of_a_change_at_once(site: Site) -> None:
    await post(site, EVERY, version="2.4.1")
    seen = (await site.local.get(f"{EVERY}/1/changes")).json()
    waiting = asyncio.create_task(site.local.get(f"{EVERY}/1/changes?seen={seen['edition']}&within=20"))
    await post(site, f"{EVERY}/1/watch")
    async with asyncio.timeout(10):
        heard = (await waiting).json()
    assert (heard["edition"] > seen["edition"], heard["deployment"]["phase"]) == (True, "watching")


async def test_where_nothing_changes_the_wait_ends(site: Site) -> None:
    await post(site, EVERY, version="2.4.1")
    edition = (await site.local.get(f"{EVERY}/1/changes")).json()["edition"]
    answer = await site.local.get(f"{EVERY}/1/changes?seen={edition}&within=1")
    assert (answer.status_code, answer.json()["edition"]) == (200, edition)


async def test_of_a_document_that_was_not_written_it_is_said_what_writes_it(site: Site) -> None:
    answer = await site.local.get(f"{EVERY}/1/report?form=pdf")
    assert (answer.status_code, "`sentinel deploy report 1`" in answer.json()["hint"]) == (404, True)
    assert (await site.local.get(f"{EVERY}/1/report?form=csv")).status_code == 400


@pytest.mark.parametrize("query", ["seen=-1", "seen=x", f"seen={'9' * 40}", "within=26", "within=0", "within=1.5"])
async def test_a_wait_that_cannot_be_is_refused(site: Site, query: str) -> None:
    await post(site, EVERY, version="2.4.1")
    assert (await site.local.get(f"{EVERY}/1/changes?{query}")).status_code == 400


@pytest.mark.parametrize("path", ["", "/1/note", "/1/watch", "/1/finish", "/1/accept", "/1/veto"])
async def test_over_tcp_nothing_is_done_without_a_token(site: Site, path: str) -> None:
    answer = await site.remote.post(EVERY + path, json=START)
    assert (answer.status_code, deployments(site).started) == (401, [])


DRY_RUN = DryRun(
    system="payroll",
    deployment=12,
    channel="undo",
    kind="command",
    command=("/usr/local/bin/undo",),
    timeout=timedelta(minutes=5),
)
EVERYTHING = document(UNDONE, entries(UNDONE), (), (), source="ward", at=NOW)


@pytest.mark.parametrize("document", [EVERYTHING, DRY_RUN, EVERYTHING.line], ids=lambda one: type(one).__name__)
def test_what_is_answered_is_as_the_document_of_the_interface_says(document: Document) -> None:
    known = json.loads(reference())["components"]
    found = {"$ref": f"#/components/schemas/{type(document).__name__}", "components": known}
    Draft202012Validator(found).validate(document.to_json())

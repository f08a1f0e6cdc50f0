"""Where GitHub, GitLab and scripts tell of deployments: who may, what it means, and what strangers learn."""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreUnavailable
from sentinel.base.redact import Secret
from sentinel.core.access import Via
from sentinel.core.deployment.deployment import Phase
from sentinel.core.deployment.plan import DeploymentPlan, HookForm, HookPlan
from tests.kit.deployments import StillDeployments

if TYPE_CHECKING:
    import httpx2

    from tests.kit.monitor import StillMonitor
    from tests.web.conftest import Site

SECRET = "canary-hook-0123456789"
FORMS = {"payroll": HookForm.GITHUB, "portal": HookForm.GITLAB, "clinic": HookForm.PLAIN}
SHA = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"


@pytest.fixture
def monitor(monitor: StillMonitor) -> StillMonitor:
    """Three systems with a hook each, and one without."""
    plans = {
        name: DeploymentPlan(system=name, environment="production", hook=HookPlan(secret=Secret(SECRET), form=form))
        for name, form in FORMS.items()
    }
    monitor.plan = replace(monitor.plan, deployments=plans | {"till": DeploymentPlan(system="till")})
    monitor.deployments = StillDeployments(*monitor.plan.deployments)
    monitor.deployments.at = SystemClock().now() - timedelta(minutes=10)
    return monitor


def ago(**time: float) -> str:
    return f"{SystemClock().now() - timedelta(**time):%Y-%m-%dT%H:%M:%SZ}"


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


def on_github(state: str, *, ref: str = "v2.4.1", number: int = 1, at: str = "", **deployment: Any) -> bytes:
    """As GitHub documents the event; what says nothing about the deployment is left out."""
    status = {"id": number, "state": state, "environment": "production", "created_at": at or ago(seconds=1)}
    whole = {"id": 7, "sha": SHA, "ref": ref, "environment": "production", "payload": {}} | deployment
    status["environment"] = whole["environment"]
    return json.dumps({"action": "created", "deployment_status": status, "deployment": whole}).encode()


async def github(site: Site, body: bytes, event: str = "deployment_status", **headers: str) -> httpx2.Response:
    own = {"content-type": "application/json", "x-github-event": event, "x-hub-signature-256": signature(body)}
    return await site.remote.post("/hooks/deployments/payroll", content=body, headers=own | headers)


async def gitlab(site: Site, status: str, *, token: str = SECRET, **more: Any) -> httpx2.Response:
    """As GitLab documents the event."""
    event = {
        "object_kind": "deployment", "status": status, "status_changed_at": ago(seconds=1).replace("T", " ")[:-1] + " +0000",
        "deployment_id": 15, "environment": "production", "short_sha": SHA[:8], "ref": "main",
    }  # fmt: skip
    headers = {"x-gitlab-event": "Deployment Hook", "x-gitlab-token": token}
    return await site.remote.post("/hooks/deployments/portal", json=event | more, headers=headers)


async def plain(site: Site, *, secret: str = SECRET, **fields: Any) -> httpx2.Response:
    told = {"at": ago(seconds=1)} | fields
    body = json.dumps({name: value for name, value in told.items() if value is not None}).encode()
    headers = {"content-type": "application/json", "x-hub-signature-256": signature(body, secret)}
    return await site.remote.post("/hooks/deployments/clinic", content=body, headers=headers)


def done(site: Site) -> list[tuple[str, str]]:
    return [(kind, by) for kind, _, by, _ in site.monitor.deployments.done]


async def test_a_job_of_github_starts_a_deployment_and_has_it_watched(site: Site) -> None:
    started = await github(site, on_github("in_progress"))
    assert started.json() == {"done": "started", "why": "", "deployment": 1}
    [asked] = site.monitor.deployments.started
    assert (asked.system, asked.version, asked.ref, asked.by) == ("payroll", "v2.4.1", SHA, "GitHub")
    assert asked.anyway  # it goes on, whatever ought to have held before
    assert (await github(site, on_github("success", number=2))).json()["done"] == "watch"
    assert done(site) == [("started", "GitHub"), ("watch", "GitHub")]
    told = [(deed.via, deed.action, deed.subject) for deed in site.monitor.journal.deeds]
    assert told == [(Via.HOOK, "deployment.start", "deployment 1"), (Via.HOOK, "deployment.watch", "deployment 1")]


@pytest.mark.parametrize("state", ["failure", "error"])
async def test_a_job_that_fails_fails_the_deployment(site: Site, state: str) -> None:
    await github(site, on_github("in_progress"))
    assert (await github(site, on_github(state, number=2))).json()["done"] == "failed"
    assert site.monitor.deployments.known[1].ended_why == "GitHub says that it failed"


@pytest.mark.parametrize("state", ["queued", "pending", "waiting", "inactive", "made-up"])
async def test_other_states_mean_nothing(site: Site, state: str) -> None:
    answer = await github(site, on_github(state))
    assert (answer.status_code, answer.json()["done"], done(site)) == (200, "", [])


async def test_a_ping_is_answered_and_other_events_mean_nothing(site: Site) -> None:
    assert (await github(site, b'{"zen": "x", "hook_id": 1}', "ping")).status_code == 200
    assert (await github(site, on_github("in_progress"), "workflow_run")).json()["done"] == ""
    assert done(site) == []


@pytest.mark.parametrize(
    ("ref", "deployment", "version"),
    [
        ("refs/tags/v3.0", {}, "v3.0"), ("main", {}, "main@f95f852b"), ("main", {"payload": {"version": "3.1"}}, "3.1"),
        ("main", {"payload": {"version": "--help"}}, "main@f95f852b"), ("fix/ä;rm", {}, SHA),
        ("main", {"payload": "x"}, "main@f95f852b"),
    ],
)  # fmt: skip
async def test_a_version_is_a_tag_or_a_branch_with_its_commit(
    site: Site, ref: str, deployment: dict[str, Any], version: str
) -> None:
    await github(site, on_github("in_progress", ref=ref, **deployment))
    assert [asked.version for asked in site.monitor.deployments.started] == [version]


async def test_a_pipeline_of_gitlab_starts_a_deployment_and_has_it_watched(site: Site) -> None:
    assert (await gitlab(site, "running")).json()["done"] == "started"
    assert site.monitor.deployments.started[0].version == "main@f95f852b"
    assert (await gitlab(site, "success")).json()["done"] == "watch"
    assert (await gitlab(site, "created")).json()["done"] == ""
    assert done(site) == [("started", "GitLab"), ("watch", "GitLab")]


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_a_pipeline_of_gitlab_that_fails_fails_the_deployment(site: Site, status: str) -> None:
    await gitlab(site, "running")
    await gitlab(site, status)
    assert site.monitor.deployments.known[1].ended_why == f"GitLab says that it was {status}"


async def test_a_script_tells_of_each_step(site: Site) -> None:
    await plain(site, state="started", version="2.4.1", window="45m", backup_id="b-7", expect_down=True, at=ago())
    await plain(site, state="note", text="migrated", took="40s")
    await plain(site, state="watch", **{"for": "5m"})
    await plain(site, state="finished")
    assert done(site) == [(kind, "webhook") for kind in ("started", "note", "watch", "ended")]
    [asked] = site.monitor.deployments.started
    assert (asked.window, asked.backup_id, asked.expects_down, asked.anyway) == (
        timedelta(minutes=45),
        "b-7",
        True,
        False,
    )


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"state": "rolled-back"}, {"state": "started"}, {"state": "note"}, {"state": "failed"},
        {"state": "started", "version": "-x"}, {"state": "started", "version": "1", "by": "ann"},
        {"state": "started", "version": "1", "at": "noon"}, {"state": "watch", "for": "soon"},
        {"state": "watch", "at": None}, {"state": "started", "version": "1", "at": "2026-11-22T12:00:00"},
    ],
)  # fmt: skip
async def test_what_a_script_cannot_mean_is_refused(site: Site, fields: dict[str, Any]) -> None:
    assert (await plain(site, **fields)).status_code == 400
    assert done(site) == []


# --- Repeats ----------------------------------------------------------------------------------------------------------


async def test_a_delivery_that_comes_again_changes_nothing(site: Site) -> None:
    bodies = [on_github("in_progress"), on_github("success", number=2)]
    for body in [*bodies, *bodies, bodies[1], bodies[0]]:
        assert (await github(site, body)).status_code == 200
    assert done(site) == [("started", "GitHub"), ("watch", "GitHub")]


async def test_a_delivery_that_comes_again_after_the_end_begins_nothing(site: Site) -> None:
    body = on_github("in_progress")
    await github(site, body)
    await github(site, on_github("failure", number=2))
    assert (await github(site, body, **{"x-github-delivery": "another"})).json()["why"] == "it was told before"
    assert len(site.monitor.deployments.started) == 1


async def test_what_happened_before_the_last_deployment_began_begins_none(site: Site) -> None:
    """After a restart nobody knows any more which events were told: whoever overheard one cannot use it then."""
    await github(site, on_github("in_progress", ref="v2.4.2"))
    began = SystemClock().now()
    deployments = site.monitor.deployments
    deployments.put(replace(deployments.known[1], started_at=began, phase=Phase.ENDED))
    for ref in ("v2.4.1", "v2.4.2"):
        told = (await github(site, on_github("in_progress", ref=ref, number=9, at=ago(minutes=5)))).json()
        assert told == {"done": "", "why": "it happened before deployment 1 began", "deployment": 1}
    assert len(deployments.started) == 1


async def test_what_was_said_of_an_earlier_deployment_fails_none_that_came_after_it(site: Site) -> None:
    """Else whoever overheard that one had failed could have any later one rolled back."""
    await plain(site, state="started", version="2.4.1", at=ago(minutes=30))
    began = site.monitor.deployments.known[1].started_at
    told = (
        await plain(site, state="failed", text="no", at=f"{began - timedelta(minutes=3):%Y-%m-%dT%H:%M:%SZ}")
    ).json()
    assert told == {"done": "", "why": "it happened before deployment 1 began", "deployment": 1}
    assert site.monitor.deployments.known[1].phase is Phase.UNDER_WAY


async def test_what_has_not_happened_yet_means_nothing(site: Site) -> None:
    """It would be good for longer than an hour."""
    told = (await plain(site, state="started", version="2.4.1", at=ago(minutes=-30))).json()
    assert (told["done"], told["why"]) == ("", "it has not happened yet, by the clock here")


async def test_a_note_that_comes_again_stands_once(site: Site) -> None:
    await plain(site, state="started", version="2.4.1")
    at = ago(minutes=1)
    for _ in range(2):
        await plain(site, state="note", text="migrated", at=at)
    assert [kind for kind, _ in done(site)] == ["started", "note"]


async def test_deliveries_at_once_start_one_deployment(site: Site) -> None:
    bodies = [on_github("in_progress", number=number) for number in range(8)]
    answers = await asyncio.gather(*(github(site, body) for body in bodies))
    assert sorted(answer.json()["done"] for answer in answers) == [""] * 7 + ["started"]


async def test_the_same_state_again_changes_nothing_whatever_it_is_called(site: Site) -> None:
    await plain(site, state="started", version="2.4.1", id="run-1")
    await plain(site, state="started", version="2.4.1", id="run-2")
    for _ in range(2):
        await plain(site, state="watch")
    for _ in range(2):
        await plain(site, state="failed", text="no")
    assert [kind for kind, _ in done(site)] == ["started", "watch", "failed"]


async def test_the_same_version_can_be_deployed_once_more(site: Site) -> None:
    for minutes in (3, 2):
        await plain(site, state="started", version="2.4.1", at=ago(minutes=minutes))
        await plain(site, state="finished", at=ago(minutes=minutes))
    assert len(site.monitor.deployments.started) == 2


async def test_what_could_not_be_written_down_is_done_when_it_comes_again(site: Site) -> None:
    body = on_github("in_progress")
    site.monitor.journal.failure = StoreUnavailable("the store does not answer")
    assert (await github(site, body)).status_code == 503
    site.monitor.journal.failure = None
    assert (await github(site, body)).json()["done"] == "started"


# --- What does not fit ------------------------------------------------------------------------------------------------


async def test_another_environment_and_what_is_long_over_mean_nothing(site: Site) -> None:
    assert "another environment" in (await github(site, on_github("in_progress", environment="staging"))).json()["why"]
    assert "ago" in (await github(site, on_github("in_progress", at=ago(hours=2)))).json()["why"]
    assert "another environment" in (await gitlab(site, "running", environment="review/1")).json()["why"]
    assert done(site) == []


async def test_news_of_another_version_are_left_alone_and_stand_in_the_journal(site: Site) -> None:
    assert (await github(site, on_github("success"))).status_code == 409
    await github(site, on_github("in_progress"))
    other = await github(site, on_github("success", ref="v9"))
    assert (other.status_code, other.json()["done"]) == (200, "")
    assert other.json()["why"] == "payroll v2.4.1 (deployment 1) goes on, not v9"
    assert [deed.action for deed in site.monitor.journal.deeds][-1] == "hook.left_alone"
    assert (await github(site, on_github("in_progress", ref="v9", number=3))).status_code == 409
    assert site.monitor.deployments.known[1].phase is Phase.UNDER_WAY


# --- Strangers --------------------------------------------------------------------------------------------------------

UNSIGNED: list[dict[str, str]] = [
    {}, {"x-hub-signature-256": ""}, {"x-hub-signature-256": "sha256="}, {"x-hub-signature-256": "sha256=" + "0" * 64},
    {"x-hub-signature-256": signature(on_github("in_progress"), "guess")}, {"x-gitlab-token": SECRET},
    {"x-hub-signature": "sha1=" + "0" * 40}, {"authorization": f"Bearer {SECRET}"}, {"x-hub-signature-256": "\xff" * 9},
]  # fmt: skip


@pytest.mark.parametrize("headers", UNSIGNED)
async def test_what_nobody_signed_does_nothing(site: Site, headers: dict[str, str]) -> None:
    kept = {"content-type": "application/json", "x-github-event": "deployment_status"}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in (kept | headers).items()]
    answer = await site.remote.post("/hooks/deployments/payroll", content=on_github("in_progress"), headers=raw)
    assert (answer.status_code, answer.json()) == (401, {"error": "this is not signed as it has to be"})
    assert done(site) == []
    assert [(deed.action, deed.via) for deed in site.monitor.journal.deeds] == [("hook.refused", Via.HOOK)]


async def test_a_body_that_was_changed_on_its_way_is_refused(site: Site) -> None:
    body = on_github("in_progress")
    answer = await github(site, body.replace(b"v2.4.1", b"v6.6.6"), **{"x-hub-signature-256": signature(body)})
    assert (answer.status_code, done(site)) == (401, [])


@pytest.mark.parametrize("token", ["", SECRET[:-1], SECRET + "x", SECRET.upper()])
async def test_a_token_that_is_not_the_one_is_refused(site: Site, token: str) -> None:
    assert (await gitlab(site, "running", token=token)).status_code == 401
    assert done(site) == []


async def test_strangers_do_not_learn_which_systems_there_are(site: Site) -> None:
    body = on_github("in_progress")
    signed = {"x-hub-signature-256": signature(body), "content-type": "application/json"}
    empty = signed | {"x-hub-signature-256": signature(body, "")}
    answers = [
        await site.remote.post(f"/hooks/deployments/{name}", content=body, headers=headers)
        for name, headers in [("nowhere", signed), ("till", signed), ("nowhere", empty), ("payroll", empty)]
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (answers[0].status_code, answers[0].content)
    }
    assert answers[0].status_code == 401


async def test_who_guesses_has_to_wait_and_who_signs_does_not(site: Site) -> None:
    body = on_github("in_progress")
    guesses = [await github(site, body, **{"x-hub-signature-256": "sha256=00"}) for _ in range(7)]
    assert {answer.status_code for answer in guesses} == {401, 429}
    assert int(guesses[-1].headers["retry-after"]) >= 1
    assert len(site.monitor.journal.deeds) < 7
    assert (await github(site, body)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"[" * 5_000, b'{"deployment_status": 1}', b'{"deployment_status": {}, "deployment": 1}',
        b'{"deployment_status": {"state": "success"}, "deployment": {}}',
        b'{"deployment_status": {"state": "success"}, "deployment": {"ref": 1}}',
        b'{"deployment_status": {"state": "success", "created_at": "soon"}, "deployment": {"ref": "v1"}}',
    ],
)  # fmt: skip
async def test_a_signed_body_that_is_none_is_refused(site: Site, body: bytes) -> None:
    assert (await github(site, body)).status_code == 400
    assert done(site) == []


async def test_a_form_or_a_large_body_is_refused(site: Site) -> None:
    assert (
        await github(site, b"payload=%7B%7D", **{"content-type": "application/x-www-form-urlencoded"})
    ).status_code == 415
    assert (await github(site, b" " * 100_000)).status_code == 413


async def test_the_address_takes_posts_over_tcp_alone(site: Site) -> None:
    assert (await site.remote.get("/hooks/deployments/payroll")).status_code == 405
    assert (await site.local.post("/hooks/deployments/payroll", json={})).status_code == 404
    assert (await site.remote.post("/hooks/deployments/", json={})).status_code == 404


async def test_no_answer_shows_a_secret(site: Site) -> None:
    answers = [
        await github(site, on_github("in_progress")), await github(site, b"{"), await gitlab(site, "running", token="x"),
        await plain(site, state="watch"),
    ]  # fmt: skip
    assert not [answer.text for answer in answers if SECRET in answer.text]
    assert SECRET not in repr(site.monitor.journal.deeds)

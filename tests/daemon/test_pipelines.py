"""The examples for pipelines, run as they are against a real daemon: over TCP, with a token and by a signed webhook."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are no tool of ours

from sentinel.base.clock import SystemClock
from sentinel.web.api import Api
from tests.kit.command import run
from tests.kit.monitor import StillMonitor
from tests.kit.ports import free_port
from tests.kit.scene import plan
from tests.kit.stage import check

if TYPE_CHECKING:
    from tests.kit.stage import Stage

CI = Path(__file__).parents[2] / "examples" / "ci"
TOKEN, SECRET = "token-canary-pipeline", "hook-canary-0123456789"


async def ready(stage: Stage) -> dict[str, str]:
    """A daemon that watches payroll, with a watch in which there is too little to judge by; what scripts are told of it."""
    port = free_port()
    own = check("api", stage.target.url) | {"system": "payroll", "interval": "1s", "tags": ["pre"]}
    digest = f"sha256:{sha256(TOKEN.encode()).hexdigest()}"
    stage.daemon.config |= {
        "checks": [own],
        "web": {
            "port": port,
            "tokens": {"ci": {"hash": digest, "role": "operator", "scopes": ["deploy", "status"]}},
        },
        "deployments": {
            "payroll": {
                "environment": "production",
                "watch": {"for": "2s", "at": ["1s"], "every": "1s"},
                "hook": {"secret": SECRET},
            }
        },
    }
    await stage.daemon.start()
    await stage.daemon.shows(lambda status: status["checks"][0]["severity"] == "OK")
    url = f"http://127.0.0.1:{port}"
    return {"SENTINEL_URL": url, "SENTINEL_TOKEN": TOKEN, "SENTINEL_HOOK_SECRET": SECRET, "RUN": "4711"}


async def test_a_script_deploys_and_waits_for_the_verdict(stage: Stage, tmp_path: Path) -> None:
    env = await ready(stage)
    made = tmp_path / "made"
    stranger = {**env, "SENTINEL_TOKEN": "another"}
    refused = await run(CI / "deploy-with-curl.sh", "payroll", "2.4.1", "touch", made, env=stranger)
    assert (refused.code, made.exists(), "another" in refused.out + refused.err) == (3, False, False)
    ended = await run(CI / "deploy-with-curl.sh", "payroll", "2.4.1", "touch", made, env={**env, "REF": "a1b2c3d"})
    assert (ended.code, made.exists()) == (3, True), ended  # inconclusive: two results are too few
    assert "deployment 1 of payroll 2.4.1 has begun\nwatching\n" in ended.out
    failed = await run(CI / "deploy-with-curl.sh", "payroll", "2.4.2", "false", env=env)
    assert (failed.code, "deployment 2 failed" in failed.err) == (1, True), failed
    rows = (await stage.daemon.ask("/api/v1/deployments"))["deployments"]
    known = [(row["version"], row["ref"], row["ending"], row["by"]) for row in rows]
    assert known == [("2.4.2", "", "failed", "ci"), ("2.4.1", "a1b2c3d", "inconclusive", "ci")]


async def test_a_script_tells_of_each_step_by_the_webhook(stage: Stage) -> None:
    env = await ready(stage)
    for words in [
        ("started", "2.4.1"), ("started", "2.4.1"), ("note", "", "database migrated"), ("watch",), ("watch",),
    ]:  # fmt: skip
        told = await run(CI / "tell-by-webhook.sh", "payroll", *words, env=env)
        assert told.code == 0, told
    assert json.loads(told.out)["why"] == "it was told before"
    stranger = await run(CI / "tell-by-webhook.sh", "payroll", "finished", env={**env, "SENTINEL_HOOK_SECRET": "guess"})
    assert stranger.code == 22  # of curl: the answer was an error
    timeline = (await stage.daemon.ask("/api/v1/deployments/1"))["timeline"]
    assert [entry["kind"] for entry in timeline][:3] == ["started", "note", "watch"]
    assert "by hook" in (await stage.daemon.say("journal")).text
    await handed_out(stage)


async def handed_out(stage: Stage) -> None:
    """Its document is written by a command, and handed out by the interface."""
    made = await stage.daemon.say("deploy", "report", "--form", "markdown", "--json")
    assert (made.code, json.loads(made.text)["name"]) == (0, "deployment")
    text = await stage.daemon.text("/api/v1/deployments/1/report?form=markdown")
    assert "2.4.1" in text.splitlines()[0]


@pytest.mark.parametrize("name", ["github-api.yml", "github-webhook.yml", "gitlab-ci.yml"])
def test_a_pipeline_is_yaml_and_runs_what_is_there(name: str) -> None:
    text = (CI / name).read_text()
    tree: dict[str, Any] = yaml.safe_load(text)
    assert tree
    assert all((CI / script).is_file() for script in re.findall(r"deploy-with-curl\.sh", text))


@pytest.mark.parametrize("file", sorted(CI.iterdir()), ids=lambda file: file.name)
def test_examples_ask_for_routes_that_there_are(file: Path) -> None:
    made = Api(StillMonitor(plan(), []), SystemClock())
    made.close()
    known = {re.sub(r"\{[^}]+\}", "*", rule.path) for rule in (*made.rules, *made.hooks.routes())}
    text = file.read_text()
    paths = {f"/api/v1/{path}" for path in re.findall(r"(?:tell|look) \"?([a-z/$]+)", text)}
    paths |= set(re.findall(r"/hooks/deployments/[a-z$]+", text))
    assert {re.sub(r"/(payroll|\$[a-z]+)\b", "/*", path) for path in paths} <= known

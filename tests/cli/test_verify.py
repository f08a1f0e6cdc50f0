"""`sentinel deploy verify`: with a daemon, and without one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from sentinel.core.deployment.deployment import VerifiedCheck
from sentinel.core.result import Outcome
from sentinel.core.rule import Severity
from tests.kit.command import Ended, forked, sentinel
from tests.kit.ports import refusing_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.http_receiver import HttpReceiver
    from tests.kit.monitor import StillMonitor

GOOD = VerifiedCheck(
    name="login",
    title="",
    kind="http",
    outcome=Outcome.PASS,
    severity=Severity.OK,
    took=timedelta(seconds=1),
)


def written(folder: Path, receiver: HttpReceiver, gone: int = 0, **deployments: Any) -> Path:
    """A configuration with one check that is well, and one that is refused."""
    checks = [check("health", f"{receiver.url}/health", "pre", "smoke")]
    checks += [check("gone", f"http://127.0.0.1:{gone}/", "post")] if gone else []
    config = folder / "c.json"
    config.write_text(json.dumps({"name": "ward", "checks": checks, "deployments": deployments}))
    config.chmod(0o600)
    return config


def check(name: str, url: str, *tags: str) -> dict[str, Any]:
    return {"name": name, "kind": "http", "system": "payroll", "tags": list(tags), "options": {"url": url}}


async def verified(config: Path, *words: str | Path) -> Ended:
    return await forked("deploy", "verify", "--config", config, *words)


async def test_without_a_daemon_and_without_deployments_the_checks_with_the_tag_are_run(
    tmp_path: Path, receiver: HttpReceiver
) -> None:
    with refusing_port() as port:
        config = written(tmp_path, receiver, port)
        ended = await sentinel("deploy", "verify", "--config", config, "--tag", "smoke")
    assert (ended.code, "smoke of ward" in ended.out, "1 of 1 passes" in ended.out) == (0, True, True)


async def test_one_that_fails_is_1_and_stands_in_junit(tmp_path: Path, receiver: HttpReceiver) -> None:
    with refusing_port() as port:
        ended = await verified(written(tmp_path, receiver, port), "--junit", tmp_path / "verify.xml", "--json")
    assert (ended.code, ended.json()["verdict"], ended.json()["failed"]) == (1, "fail", 1)
    [failure] = ET.parse(tmp_path / "verify.xml").iter("failure")
    assert failure.get("type") == "refused"


async def test_conditions_that_nobody_can_tell_without_a_store_are_3(tmp_path: Path, receiver: HttpReceiver) -> None:
    ended = await verified(written(tmp_path, receiver, payroll={}), "--tag", "pre")
    assert (ended.code, "UNKNOWN   no-open-incident" in ended.out) == (3, True)


async def test_a_tag_that_nobody_has_runs_nothing_and_is_3(tmp_path: Path, receiver: HttpReceiver) -> None:
    ended = await verified(written(tmp_path, receiver), "--tag", "rare")
    assert (ended.code, "nothing was run: no check carries the tag rare" in ended.out) == (3, True)


async def test_another_environment_is_refused_before_anything_runs(tmp_path: Path, receiver: HttpReceiver) -> None:
    config = written(tmp_path, receiver, payroll={"environment": "staging"})
    ended = await verified(config, "--environment", "production")
    assert (ended.code, ended.out, list(receiver.requests)) == (3, "", [])
    assert "this Sentinel watches payroll in staging, not in production" in ended.err


async def test_a_daemon_does_it_and_the_command_follows(monitor: StillMonitor) -> None:
    monitor.deployments.checks = [GOOD]
    ended = await verified(monitor.plan.file, "--tag", "pre", "--by", "ann")
    assert (ended.code, "login  1.00 s" in ended.out) == (0, True)
    [asked] = monitor.deployments.asked
    assert (asked.by, asked.tags) == ("ann", ("pre",))


async def test_what_a_daemon_refuses_is_3_with_its_hint(monitor: StillMonitor) -> None:
    ended = await verified(monitor.plan.file, "--system", "hr")
    assert (ended.code, "hint: did you mean payroll?" in ended.err) == (3, True)


async def test_a_daemon_that_knows_nothing_of_it_any_more_leaves_nothing_known(monitor: StillMonitor) -> None:
    """It was restarted: a pipeline must not take that for checks that failed."""
    monitor.deployments.forgetful = True
    ended = await verified(monitor.plan.file)
    assert (ended.code, ended.out, "no verification 1 is known" in ended.err) == (3, "", True)

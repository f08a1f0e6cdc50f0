"""The configurations of the systems that can be watched in a demo can be used as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from examples.demo.__main__ import demo_environment
from examples.demo.ports import Ports
from examples.demo.system import ROOT, Stand, System, find
from examples.front import Authority
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.advice import advice
from sentinel.config.json_schema import json_schema
from sentinel.probes.catalogue import CATALOGUE as PROBES
from tests.kit.config import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.core.plan import Plan

SYSTEMS = [
    find(file.parent.name.replace("_", "-")) for file in sorted((ROOT / "examples").glob("*/monitoring_config.json"))
]
every_system = pytest.mark.parametrize("system", SYSTEMS, ids=[system.name for system in SYSTEMS])


def planned(system: System, folder: Path) -> Plan:
    """Its plan with what the demo sets; the authority that it trusts is read with it."""
    stand = Stand(ports=Ports(), data=folder, given={})
    if system.https:
        stand.service_data.mkdir()
        Authority(stand.service_data / "tls")
    return plan_of(system.config, demo_environment(system, stand))


@every_system
def test_an_example_is_as_the_schema_says(system: System) -> None:
    schema = Draft202012Validator(json_schema(PROBES, CHANNELS))
    assert [error.json_path for error in schema.iter_errors(json.loads(system.config.read_text()))] == []


@every_system
def test_nothing_is_said_against_an_example_but_what_this_host_lacks(system: System, tmp_path: Path) -> None:
    plan = planned(system, tmp_path)
    lacking = sum(bool(check.lacks) for check in plan.checks)
    assert len(list(advice(plan))) == lacking


@every_system
def test_an_example_names_no_secret_itself(system: System, tmp_path: Path) -> None:
    assert planned(system, tmp_path).secrets
    assert not any(word in system.config.read_text() for word in ("xoxb-", "whsec_", "demo-"))


@every_system
def test_who_is_woken_by_an_example_finds_where_to_read_on(system: System, tmp_path: Path) -> None:
    assert [check.name for check in planned(system, tmp_path).checks if not (check.title and check.runbook)] == []

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sentinel.base.clock import SystemClock
from sentinel.core.deployment.deployment import Breach, Comparison, Judgement, Rollback, Verification
from sentinel.core.oncall import Override
from sentinel.reports.channels import ChannelLine
from sentinel.reports.deployment import (
    CriterionLine,
    DeploymentDocument,
    DeploymentLine,
    DryRun,
    EntryLine,
    ReviewedLine,
    SuspectLine,
    ToldLine,
)
from sentinel.reports.documents import (
    CheckLine,
    HealthDocument,
    HeldLine,
    IncidentLine,
    LeftLine,
    NotificationLine,
    OutboxLine,
    OwnHealth,
    ReadingLine,
    RunLine,
    SilenceLine,
    StatusDocument,
    WindowLine,
)
from sentinel.reports.explanation import ExplanationDocument, LastRun, RuleLine
from sentinel.reports.incident import DeliveryLine, IncidentDocument, TimelineLine
from sentinel.reports.journal import JournalLine
from sentinel.reports.on_call import OnCallDocument, OverrideLine, ScheduleLine, TurnLine
from sentinel.reports.public import PostLine
from sentinel.web.api import Api
from sentinel.web.doings import DOINGS
from sentinel.web.exposition import Exposition
from sentinel.web.sign_in.rules import Rule
from tests.kit.monitor import StillMonitor
from tests.kit.scene import check, history, plan, well

PAGES = Path(__file__).parents[2] / "docs"
PAGE = (PAGES / "http.md").read_text()
EVERYTHING = OwnHealth(lateness_p50=0.1, lateness_p99=0.1, commit_p99=0.1, store_size=1, store_free=1)


@pytest.mark.parametrize(
    "document",
    [
        StatusDocument, CheckLine, ReadingLine, IncidentLine, NotificationLine, OwnHealth, SilenceLine, WindowLine, HeldLine,
        HealthDocument, RunLine, LeftLine, OutboxLine, ChannelLine, IncidentDocument, TimelineLine, DeliveryLine,
        ExplanationDocument, LastRun, RuleLine, OnCallDocument, ScheduleLine, TurnLine, OverrideLine, Override,
        JournalLine, PostLine, DeploymentLine, DeploymentDocument, DryRun, EntryLine, SuspectLine, ToldLine, CriterionLine,
        ReviewedLine, Judgement, Comparison, Breach, Rollback, Verification,
    ],
)  # fmt: skip
def test_the_page_names_every_field(document: type) -> None:
    missing = {field.name for field in fields(document) if f"`{field.name}`" not in PAGE}
    assert not missing


@pytest.mark.parametrize("doing", DOINGS)
def test_the_page_names_everything_that_people_do(doing: str) -> None:
    assert f"| `{doing}` | `{{" in PAGE


def test_the_page_names_every_route() -> None:
    assert not {route.path for route in routes() if f" {route.path.replace('number:number', 'id')}`" not in PAGE}


def test_the_page_says_who_may_ask_each_route() -> None:
    assert not [f"{route.path}: {who(route)}" for route in routes() if not is_told(route)]


def is_told(route: Rule) -> bool:
    path, method = route.path.replace("number:number", "id"), "POST" if "POST" in (route.methods or ()) else "GET"
    return (
        re.search(rf"`{method} {re.escape(path)}` \| {who(route)} \|", PAGE.replace("`GET`, `POST ", "`POST "))
        is not None
    )


def who(route: Rule) -> str:
    return "everybody" if route.least is None else f"{route.least.label}, {route.scope}"


def routes() -> list[Rule]:
    api = Api(StillMonitor(plan(), []), SystemClock())
    api.close()
    return [route for route in api.for_tcp().routes if isinstance(route, Rule)]


def test_the_page_names_every_metric() -> None:
    healthy = HealthDocument(healthy=True, version="1", probing=True, progress={})
    body, _ = Exposition().write("", [history(check("health"), [well()])], EVERYTHING, healthy)
    families = [family.name for family in text_string_to_metric_families(body.decode())]
    own = [name for name in families if name.startswith("sentinel_")]
    assert len(own) > 15
    assert not {name for name in own if f"`{name}`" not in PAGE and f"`{name}_total`" not in PAGE}


def test_the_page_of_faults_names_tests_that_there_are() -> None:
    page = (PAGES / "dashboard" / "faults.md").read_text()
    tests = PAGES.parent / "tests"
    named = {name.removeprefix("tests/") for name in re.findall(r"`([a-z_/]+\.py)`", page)}
    assert len(named) > 10
    assert not {name for name in named if not (tests / name).exists() and not (tests / "web" / name).exists()}

"""What Grafana and Prometheus are given asks for metrics that Sentinel has, by labels that they carry."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML carries no types
from prometheus_client.parser import text_string_to_metric_families

from sentinel.base.units import Unit
from sentinel.core.result import Reading, passed
from sentinel.reports.deployment import line
from sentinel.reports.documents import HealthDocument, OwnHealth
from sentinel.web.exposition import Exposition
from tests.kit.command import run
from tests.kit.released import PASSED
from tests.kit.scene import NOW, broken, check, history

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
GRAFANA = sorted((ROOT / "examples" / "grafana").glob("*.json"))
PROMETHEUS = ROOT / "examples" / "prometheus"
RULES = sorted(PROMETHEUS.glob("*_rules.yml"))

#: Prometheus adds these to every series that it scrapes, and `up` is its own.
SCRAPED = {"instance", "job"}
OWN = {"up": set(SCRAPED)}

EVERYTHING = OwnHealth(
    queues={"results": 1}, runs={"pass": 1}, skipped={"overloaded": 1}, lateness_p50=0.1, lateness_p99=0.2,
    notifications={"dead": 1}, deliveries={"mail": {"sent": 1}}, failing={"mail": 0.0}, budgets={"mail": 1},
    commits=1, commit_p99=0.1, store_size=1, store_free=1, audited_at=NOW, heartbeat_sent_at=NOW,
)  # fmt: skip

_WORDS = {"and", "or", "unless", "bool", "offset", "end"}
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")


def page() -> dict[str, set[str]]:
    """The metrics of a page of /metrics that has everything, each with its labels."""
    readings = tuple(Reading(f"one_{unit.name}".lower(), 1.0, unit) for unit in Unit)
    pasts = [history(check("a"), [passed(readings)]), history(check("b"), [broken()] * 3)]
    health = HealthDocument(healthy=True, version="1", probing=True, progress={})
    body, _ = Exposition().write("", pasts, EVERYTHING, health, [line(PASSED)])
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set(SCRAPED)).update(sample.labels)
    return found


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each rule, with the file that it stands in."""
    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield file.name, rule


def recorded() -> dict[str, set[str]]:
    """Series that recording rules make; which labels are left is not looked at."""
    return {rule["record"]: {"*"} for _, rule in rules() if "record" in rule}


METRICS = page() | OWN | recorded()


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (panel for panel in board["panels"] if panel["type"] != "row")


def expressions() -> Iterator[tuple[str, str]]:
    """Everything that is asked, with where it stands."""
    for file in GRAFANA:
        board = json.loads(file.read_text())
        for panel in panels(board):
            yield from ((f"{file.name}: {panel['title']}", target["expr"]) for target in panel["targets"])
        yield from ((f"{file.name}: marks {one['name']}", one["expr"]) for one in board["annotations"]["list"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{file.name}: ${variable['name']}", variable["query"]["query"]
    for name, rule in rules():
        yield f"{name}: {rule.get('alert') or rule['record']}", rule["expr"]


def asked_for(expression: str) -> set[str]:
    """The metrics that an expression of PromQL, or a variable of Grafana, names."""
    if listed := re.match(r"label_values\(([\w:]+)", expression):
        return {listed[1]}
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = _GROUPING.sub(" ", re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare))
    return set(re.findall(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:])(?!\s*\()", bare)) - _WORDS


def labels_asked_for(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that is picked by labels, with those."""
    for metric, selected in _SELECTOR.findall(re.sub(r'"[^"]*"', '""', expression)):
        yield metric, set(re.findall(r"(\w+)\s*(?:=|!)", selected))


def test_the_parser_finds_metrics_and_nothing_else() -> None:
    asked = 'sum by (a, b) (rate(x_total{c="d{}"}[5m])) / on (e) quantile_over_time(0.9, y:z[1h] @ end()) > 0 and up'
    assert asked_for(asked) == {"x_total", "y:z", "up"}


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_expression_asks_for_metrics_that_there_are(where: str, expression: str) -> None:
    assert asked_for(expression)
    assert asked_for(expression) - set(METRICS) == set()
    for metric, labels in labels_asked_for(expression):
        assert labels <= METRICS[metric], f"{metric} has no {labels - METRICS[metric]}"


def test_every_metric_of_sentinel_is_shown_somewhere() -> None:
    shown = {metric for _, expression in expressions() for metric in asked_for(expression)}
    own = {name for name in METRICS if name.startswith("sentinel_") and not name.endswith("_created")}
    assert own - shown == set()


@pytest.mark.parametrize("file", GRAFANA, ids=lambda file: file.name)
def test_a_dashboard_can_be_imported(file: Path) -> None:
    board = json.loads(file.read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert (board["id"], len(ids)) == (None, len(set(ids)))
    assert board["templating"]["list"][0]["type"] == "datasource"
    for panel in panels(board):
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["datasource"]["uid"] == "${datasource}", "whatever the data source is called there"


def test_dashboards_have_addresses_of_their_own_and_lead_to_each_other() -> None:
    boards = [json.loads(file.read_text()) for file in GRAFANA]
    known = {board["uid"] for board in boards}
    linked = set(re.findall(r"/d/([\w-]+)", "".join(file.read_text() for file in GRAFANA)))
    assert len(known) == len(boards)
    assert linked <= known


def test_panels_do_not_lie_on_each_other() -> None:
    for file in GRAFANA:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(file.read_text())["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert not cells & taken, f"{file.name}: {panel['title']}"
            taken |= cells


def test_every_alert_says_what_it_is_and_where_to_read_on() -> None:
    for _, rule in rules():
        if "alert" in rule:
            assert re.fullmatch(r"Sentinel[A-Z]\w+", rule["alert"])
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert re.fullmatch(r"\d+[mh]", rule["for"])
            assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}


def test_every_runbook_is_a_page_of_the_documentation() -> None:
    for _, rule in rules():
        if "alert" in rule:
            page, _, anchor = (
                rule["annotations"]["runbook_url"].removeprefix("https://example.org/sentinel/").partition("#")
            )
            headings = re.findall(r"^#+ (.*)$", (ROOT / page).read_text(), re.MULTILINE)
            assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, page


def test_no_two_rules_have_one_name() -> None:
    names = [rule.get("alert") or rule["record"] for _, rule in rules()]
    assert sorted(names) == sorted(set(names))


def test_what_prometheus_loads_is_there() -> None:
    whole = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert {PROMETHEUS / name for name in whole["rule_files"]} == set(RULES)
    [scraped] = whole["scrape_configs"]
    assert (scraped["job_name"], scraped["metrics_path"]) == ("sentinel", "/metrics")


async def test_promtool_finds_nothing_wrong() -> None:
    """Where it is installed; the tests above look at the form everywhere."""
    if promtool := shutil.which("promtool"):
        ended = await run(promtool, "check", "rules", *RULES)
        assert ended.code == 0, ended.err

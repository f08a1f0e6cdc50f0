from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from sentinel.base.clock import SystemClock
from sentinel.reports import documents
from sentinel.reports.documents import HealthDocument, OwnHealth
from sentinel.web.api import Api
from sentinel.web.exposition import Exposition
from tests.kit.monitor import StillMonitor
from tests.kit.scene import check, history, plan, well

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
EVERYTHING = OwnHealth(lateness_p50=0.1, lateness_p99=0.1, commit_p99=0.1, store_size=1, store_free=1)


@pytest.mark.parametrize(
    "name", ["StatusDocument", "CheckLine", "ReadingLine", "IncidentLine", "NotificationLine", "OwnHealth"]
)
def test_the_page_names_every_field(name: str) -> None:
    missing = {field.name for field in fields(getattr(documents, name)) if f"`{field.name}`" not in PAGE}
    assert not missing


def test_the_page_names_every_route() -> None:
    api = Api(StillMonitor(plan(), []), SystemClock())
    routes = [route for route in api.for_everything().routes if isinstance(route, Route)]
    missing = {route.path for route in routes if f" {route.path.replace('number:int', 'id')}`" not in PAGE}
    api.close()
    assert not missing


def test_the_page_names_every_metric() -> None:
    healthy = HealthDocument(healthy=True, version="1", probing=True, progress={})
    body, _ = Exposition().write("", [history(check("health"), [well()])], EVERYTHING, healthy)
    families = [family.name for family in text_string_to_metric_families(body.decode())]
    own = [name for name in families if name.startswith("sentinel_")]
    assert len(own) > 15
    assert not {name for name in own if f"`{name}`" not in PAGE and f"`{name}_total`" not in PAGE}

"""What goes wrong is said on a page, without a word of what is inside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from sentinel.base.errors import StoreUnavailable
from tests.kit.faces import StillFaces

if TYPE_CHECKING:
    from sentinel.reports.overview import Filter, OverviewDocument
    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard

SECRET = "canary-77f1"


class FailingFaces(StillFaces):
    """Fails at what it is asked."""

    failure: Exception = ZeroDivisionError(SECRET)

    async def overview(self, asked: Filter) -> OverviewDocument:
        raise self.failure


@pytest.fixture
def faces(monitor: StillMonitor) -> FailingFaces:
    monitor.faces = FailingFaces(monitor)
    return monitor.faces


@pytest.mark.parametrize("path", ["/nowhere", "/checks/none", "/incidents/99", "/incidents/x", "/figures?system=none"])
async def test_what_is_not_there_is_a_page_that_says_so(dashboard: Dashboard, path: str) -> None:
    answer = await dashboard.viewer.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/"' in answer.text


async def test_a_fault_has_a_number_that_stands_in_the_log(faces: FailingFaces, dashboard: Dashboard) -> None:
    with capture_logs() as logs:
        answer = await dashboard.viewer.get("/")
    assert answer.status_code == 500
    found = re.search(r"<code>([0-9a-f]{8})</code>", answer.text)
    assert found is not None
    assert any(line.get("number") == found.group(1) for line in logs)
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_store_that_is_away_is_said_with_what_can_be_done(faces: FailingFaces, dashboard: Dashboard) -> None:
    faces.failure = StoreUnavailable("the store did not answer in time")
    answer = await dashboard.viewer.get("/")
    assert answer.status_code == 503
    assert "The store did not answer in time" in answer.text
    assert "Checks go on meanwhile" in answer.text


async def test_a_form_that_is_none_is_refused(dashboard: Dashboard) -> None:
    answer = await dashboard.ann.post("/silences", b"{}", {"content-type": "application/json"})
    assert answer.status_code == 415
    answer = await dashboard.ann.post("/silences", b"\xff\xfe", {"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400


async def test_a_method_that_a_page_does_not_know_is_refused(dashboard: Dashboard) -> None:
    assert (await dashboard.ann.post("/sentinel")).status_code == 405

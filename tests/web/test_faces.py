"""What pages show, asked by programs: the same documents, narrowed the same way; and lists page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.rule import Severity
from sentinel.reports.channels import LineFacts, channel_line
from sentinel.reports.check import Stretch
from sentinel.reports.overview import Filter
from tests.kit.monitor import resolved
from tests.web.test_channels import MAIL

if TYPE_CHECKING:
    from tests.web.conftest import Site


async def test_the_overview_is_the_document_of_the_first_page(site: Site) -> None:
    asked = Filter(text="LOG", severities=frozenset({Severity.CRITICAL, Severity.WARNING}))
    answer = await site.local.get("/api/v1/overview?text=LOG&state=critical,WARNING")
    assert answer.json() == (await site.monitor.faces.overview(asked)).to_json()
    assert [row["line"]["name"] for row in answer.json()["rows"]] == ["login"]


async def test_a_check_is_the_document_of_its_page(site: Site) -> None:
    answer = await site.local.get("/api/v1/checks/login?for=7d")
    document = await site.monitor.faces.check("login", Stretch.WEEK)
    assert document is not None
    assert answer.json() == document.to_json()


async def test_figures_and_sentinel_itself_are_those_of_their_pages(site: Site) -> None:
    figures = await site.local.get("/api/v1/figures?for=30d")
    own = await site.local.get("/api/v1/sentinel")
    assert figures.json() == (await site.monitor.faces.figures("", timedelta(days=30))).to_json()
    assert own.json() == (await site.monitor.faces.own()).to_json()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("overview?state=bad", 400), ("overview?state=", 400), ("overview?page=0", 400), ("overview?page=two", 400),
        ("overview?text=" + "a" * 101, 400), ("checks/login?for=2d", 400), ("checks/nothing", 404),
        ("figures?system=nothing", 404), ("figures?for=1y", 400), ("incidents?page=-1", 400), ("silences?all=1", 400),
    ],
)  # fmt: skip
async def test_what_there_is_not_is_said(site: Site, path: str, status: int) -> None:
    answer = await site.local.get(f"/api/v1/{path}")
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


async def incidents(site: Site, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await site.local.get("/api/v1/incidents", params=asked)).json()
    return found


async def test_incidents_come_page_by_page_open_ones_first(site: Site) -> None:
    known = site.monitor.histories[1].incident
    assert known is not None
    site.monitor.past = [replace(resolved(known), id=100 + number) for number in range(60)]
    first, second = [await incidents(site, since="2026-11-01T00:00:00Z", page=page) for page in (1, 2)]
    assert (first["found"], first["pages"], len(first["incidents"]), len(second["incidents"])) == (61, 2, 50, 11)
    assert [line["phase"] for line in first["incidents"][:2]] == ["open", "resolved"]


async def test_incidents_are_narrowed_by_the_name_of_their_check(site: Site) -> None:
    assert (await incidents(site, text="LOGIN"))["found"] == 1
    assert (await incidents(site, text="health"))["found"] == 0


async def test_a_test_is_sent_through_a_channel(site: Site) -> None:
    site.monitor.channels.lines = [channel_line(MAIL, LineFacts(), None)]
    sent = await site.local.post("/api/v1/channels/mail/test", json={"by": "ann"})
    none = await site.local.post("/api/v1/channels/nothing/test", json={"by": "ann"})
    assert (sent.status_code, sent.json(), none.status_code) == (200, {"messages": 1}, 409)
    assert site.monitor.channels.tests == [("mail", "ann")]


async def test_over_tcp_none_of_it_is_for_everybody(site: Site) -> None:
    paths = ("overview", "checks/login", "figures", "sentinel", "openapi.json")
    assert {(await site.remote.get(f"/api/v1/{path}")).status_code for path in paths} == {401}

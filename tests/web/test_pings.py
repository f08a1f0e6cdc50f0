"""Where jobs report: the same addresses as those of healthchecks.io."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.base.errors import StoreUnavailable
from sentinel.probes.heartbeat import Report, Sign
from tests.kit.monitor import TOKEN

if TYPE_CHECKING:
    from tests.web.conftest import Site


@pytest.mark.parametrize(
    ("path", "report"),
    [
        ("", Report(sign=Sign.SUCCESS)),
        ("/start", Report(sign=Sign.START)),
        ("/fail", Report(sign=Sign.FAIL)),
        ("/log", Report(sign=Sign.LOG)),
        ("/0", Report(sign=Sign.SUCCESS, status=0)),
        ("/7", Report(sign=Sign.FAIL, status=7)),
        ("/255?rid=5c2d-1", Report(sign=Sign.FAIL, status=255, run="5c2d-1")),
    ],
)
async def test_each_address_is_a_report(site: Site, path: str, report: Report) -> None:
    answer = await site.remote.get(f"/ping/{TOKEN}{path}")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert site.monitor.reports == [(TOKEN, report)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_every_usual_method_reports(site: Site, method: str) -> None:
    assert (await site.remote.request(method, f"/ping/{TOKEN}")).status_code == 200
    assert len(site.monitor.reports) == 1


async def test_a_body_of_any_type_comes_along(site: Site) -> None:
    answer = await site.remote.post(f"/ping/{TOKEN}/fail", content=b"no room", headers={"content-type": "text/plain"})
    assert answer.status_code == 200
    assert site.monitor.reports[0][1].output == b"no room"


async def test_jobs_of_the_same_host_can_report_over_the_socket(site: Site) -> None:
    assert (await site.local.get(f"/ping/{TOKEN}")).text == "OK"


@pytest.mark.parametrize("path", ["another-token", f"{TOKEN}/stop", f"{TOKEN}/256", f"{TOKEN}/-1", f"{TOKEN}/start/x"])
async def test_an_address_that_no_check_has_is_not_found(site: Site, path: str) -> None:
    answer = await site.remote.get(f"/ping/{path}")
    assert answer.status_code == 404
    assert TOKEN not in answer.text


async def test_an_id_that_is_none_is_refused(site: Site) -> None:
    assert (await site.remote.get(f"/ping/{TOKEN}", params={"rid": "a b"})).status_code == 400
    assert not site.monitor.reports


async def test_no_success_is_answered_before_the_commit(site: Site) -> None:
    site.monitor.failure = StoreUnavailable("the report is taken, but the store has not confirmed it yet")
    assert (await site.remote.get(f"/ping/{TOKEN}")).status_code == 503


async def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    assert (await site.remote.post(f"/ping/{TOKEN}", content=b"x" * 200_000)).status_code == 413
    assert not site.monitor.reports

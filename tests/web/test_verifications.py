"""Verifications for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.deployment.deployment import VerifiedCheck
from sentinel.core.result import Outcome
from sentinel.core.rule import Severity

if TYPE_CHECKING:
    from tests.web.conftest import Site

VERIFY = "/api/v1/verifications"
LOGIN = VerifiedCheck(
    name="login", title="", kind="http", outcome=Outcome.PASS, severity=Severity.OK, took=timedelta(seconds=1)
)


async def test_one_is_begun_and_then_looked_at(site: Site) -> None:
    begun = await site.local.post(VERIFY, json={"by": "ann", "tags": ["pre", "smoke"]})
    assert (begun.status_code, begun.json()["number"], begun.json()["verdict"]) == (202, 1, None)
    [asked] = site.monitor.deployments.asked
    assert (asked.by, asked.tags, asked.system, asked.environment) == ("ann", ("pre", "smoke"), "", "")
    looked = await site.remote.get(f"{VERIFY}/1")
    assert (looked.status_code, looked.json()["verdict"], looked.json()["took"]) == (200, "inconclusive", 2.0)


async def test_how_far_it_is_can_be_asked_without_the_checks(site: Site) -> None:
    site.monitor.deployments.checks = [LOGIN]
    await site.local.post(VERIFY, json={"by": "ann"})
    brief = (await site.remote.get(f"{VERIFY}/1?brief=true")).json()
    assert (brief["done"], brief["passed"], brief["checks"]) == (1, 1, [])


async def test_what_makes_no_sense_is_refused(site: Site) -> None:
    refused = await site.local.post(VERIFY, json={"by": "ann", "system": "hr"})
    assert (refused.status_code, refused.json()["hint"]) == (409, "did you mean payroll?")
    assert (await site.local.get(f"{VERIFY}/9")).status_code == 404
    assert (await site.local.post(VERIFY, json={"by": "ann", "tags": "pre"})).status_code == 400

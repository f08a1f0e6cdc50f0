"""A real daemon, a service that breaks, and somebody who watches it happen."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from tests.kit.ports import free_port
from tests.kit.process import Children
from tests.kit.stage import Stage, check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.kit.browser import Chromium, Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "correct-horse-canary-1"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A daemon with a dashboard, an operator, and two services."""
    async with Children() as children, Stage(children, tmp_path_factory.mktemp("live")) as ready:
        users = {"ann": {"role": "operator", "password": _HASH}}
        ready.daemon.config["web"] = {"port": free_port(), "dashboard": True, "users": users}
        ready.daemon.config["deployments"] = {"records": {"match": {"checks": ["api"]}}}
        ready.checks(check("api", ready.target.url, title="Records"), check("steady", ready.slack.url, every="1s"))
        await ready.daemon.start()
        yield ready
        await ready.daemon.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(started: Stage) -> Stage:
    """The same, when everything is well."""
    started.target.recover()
    await started.daemon.shows(lambda status: status["overall"] == "OK" and not status["incidents"])
    return started


async def breaks(stage: Stage) -> None:
    """The service fails, and that is known."""
    stage.target.fail()
    await stage.daemon.shows(lambda status: status["incidents"])


@asynccontextmanager
async def signed_in(stage: Stage, chromium: Chromium, *, scripts: bool = True) -> AsyncIterator[Tab]:
    """The first page, as somebody sees it who came by the door."""
    origin = f"http://127.0.0.1:{stage.daemon.config['web']['port']}"
    async with chromium.tab(origin, scripts=scripts) as tab:
        await tab.go("/")
        await tab.one("#name").fill("ann")
        await tab.one("#password").fill(PASSWORD)
        await tab.one("form button").click()
        await tab.sees("h2:text('Checks')")
        yield tab


async def test_an_outage_and_its_end_are_seen_without_a_reload(stage: Stage, chromium: Chromium) -> None:
    async with signed_in(stage, chromium) as tab:
        await tab.sees("h1:text('All is well')")
        await tab.sees("text=This page follows what happens.")
        loads = tab.loads
        stage.target.fail()
        await tab.sees("h1:text('1 open incident')")
        await tab.sees(".incident h3 a:text('Records')")
        assert (await tab.page.title()).startswith("(1) Overview")
        assert await tab.text("#said") == "1 open incident now"
        stage.target.recover()
        await tab.sees("h1:text('All is well')")
        assert tab.loads == loads


async def test_what_somebody_types_survives_an_outage(stage: Stage, chromium: Chromium) -> None:
    async with signed_in(stage, chromium) as tab:
        await tab.go("/checks/api")
        await tab.one("summary:text('Silence')").click()
        await tab.one("#silence-why").fill("A disk is re")
        await breaks(stage)
        await tab.page.keyboard.type("placed")
        assert await tab.one("#silence-why").input_value() == "A disk is replaced"
        assert await tab.page.evaluate("document.activeElement.id") == "silence-why"
        await tab.one("text=Silence this check").click()
        await tab.sees("text=The silence is kept.")
        await tab.sees(".verdict")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_an_incident_is_taken_by_a_form_and_everybody_sees_it(
    stage: Stage, chromium: Chromium, scripts: bool
) -> None:
    await breaks(stage)
    async with signed_in(stage, chromium, scripts=scripts) as tab, signed_in(stage, chromium) as other:
        await tab.one(".incident summary:text('Acknowledge')").click()
        await tab.one(".incident input[name=why]").fill("I look at it")
        await tab.one(".incident form button").click()
        await tab.sees("text=You have taken the incident.")
        await other.sees(".incident .phase-acknowledged")
        await tab.go("/incidents")
        await tab.one("th a:text('Records')").click()
        timeline = await tab.text(".timeline")
        assert "by ann" in timeline
        assert "I look at it" in timeline


async def test_without_scripts_everything_can_be_done(stage: Stage, chromium: Chromium) -> None:
    async with signed_in(stage, chromium, scripts=False) as tab:
        await tab.one("#text").fill("stead")
        await tab.one(".filter button").click()
        await tab.sees("text=/^1 of \\d checks$/")
        await tab.one("th a:text('steady')").click()
        await tab.one("text=Run now").click()
        await tab.sees("text=The check has run")
        await tab.one("nav >> text=Quiet").click()
        await tab.one("summary:text('New silence')").click()
        await tab.one("#s-checks").fill("steady")
        await tab.one("#s-why").fill("New disks")
        await tab.one("text=Keep the silence").click()
        await tab.sees("text=The silence is kept.")
        await tab.one("text=End now").click()
        await tab.sees("text=The silence has ended.")
        await tab.one("[name=theme]").click()
        assert await tab.one("html").get_attribute("data-theme") == "dark"
        await tab.one("summary[aria-label='ann, signed in']").click()
        await tab.one("text=Sign out").click()
        await tab.sees("#password")


async def test_a_deployment_begun_and_ended_without_scripts_appears_on_open_pages(
    stage: Stage, chromium: Chromium
) -> None:
    async with signed_in(stage, chromium) as looks, signed_in(stage, chromium, scripts=False) as tab:
        await tab.go("/deployments")
        await tab.one("text=Start a deployment").click()
        await tab.one("#d-version").fill("2.4.1")
        await tab.one("text=Open the window").click()
        await tab.sees("h1:text('records 2.4.1')")
        await looks.sees("main :text('Under way')")  # without a reload
        await tab.one("summary:text('Finish')").click()
        await tab.one("text=It is done").click()
        await tab.sees("text=Finished without a watch")
        await looks.page.locator("main :text('Under way')").wait_for(state="detached")
        assert looks.wrong == []

"""Documents and reviews of deployments out of a real store: each form, each once, and the same whenever they are made."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.deploying import reading, reporting
from sentinel.app.deploying.papers import Papers
from sentinel.app.owing import Owed
from sentinel.app.reporting import WrittenReport, write_document
from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.core.deployment.deployment import Deployment, Phase
from sentinel.core.form import Form
from sentinel.core.incident import Phase as IncidentPhase
from sentinel.core.notification import Kind, State, of_deployment
from sentinel.core.plan import Plan, StorePlan
from sentinel.core.result import Measurement, Result
from sentinel.core.rule import Severity
from sentinel.core.slo import SPAN, span_start
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.markdown import markdown
from sentinel.reports.forms.page import page
from sentinel.reports.forms.shelf import verify
from sentinel.store.database import Store
from tests.kit.audited import incident, rollup
from tests.kit.calm import Calm
from tests.kit.clock import FakeClock
from tests.kit.release_past import LOGIN, release, told, watched
from tests.kit.released import PASSED, UNDONE, at
from tests.kit.scene import CANARY, MINUTE, broken, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from sentinel.reports.report import ReportDocument

HOUR = timedelta(hours=1)
ENDED = at(23)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/s.db")), FakeClock(ENDED))
    yield opened
    await opened.close()


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return watched(tmp_path)


async def document(store: Store, plan: Plan, one: Deployment = PASSED) -> ReportDocument:
    await release(store, one)
    return await reporting.document(store, plan, one, ENDED + HOUR)


def spoken(document: ReportDocument) -> str:
    """A document as Markdown, its lines broken anywhere."""
    return markdown(lay_out(document)).replace("\N{NO-BREAK SPACE}", " ")


# --- The document -----------------------------------------------------------------------------------------------------


async def test_the_document_has_the_verdict_the_timeline_and_who_was_told(store: Store, plan: Plan) -> None:
    text = spoken(await document(store, plan))
    for said in (
        "# Deployment of portal 2.4.1: ward",
        "**PASSED** · 2026-11-22 10:20 UTC to 2026-11-22 10:43 UTC",
        "2.4.0 → 2.4.1",
        "| PASS | **login: time**<br>p95 of login 0.24 s, was 0.25 s, p = 0.7, 96 and 540 results | 250 ms | 240 ms |",
        "| T+6 | 2026-11-22 10:26:00 | **note** | migrations ran | ann |",
        "it took 8 min",
        "| **Seen down** | 4 min |",
        "2 of 2 messages have arrived.",
        "| NOT MET | **Something that people cannot do without is broken** | not met |",
        "| **Dev lead** |",
    ):
        assert said in text


async def test_a_deployment_that_was_undone_says_how_and_why(store: Store, plan: Plan) -> None:
    text = markdown(lay_out(await document(store, plan, UNDONE)))
    assert "**ROLLED BACK**" in text
    assert "| **How it ended** | exit status 0: back at 2.4.0 |" in text
    assert "| MET | **Several checks are critical at once** | 3 checks are critical at once |" in text
    assert "## Verified after the rollback" in text


async def test_readings_of_the_system_are_drawn_with_the_deployment_in_them(
    store: Store, plan: Plan, tmp_path: Path
) -> None:
    found = await document(store, plan)
    written = await write_document(store, plan, reporting.order(plan, PASSED), found, ENDED, folder=tmp_path)
    verdict = next(one for one in lay_out(written.document).sections if one.heading == "Verdict")
    assert [figure.caption for figure in verdict.figures] == [
        "Log in: response time, mean",
        "health: response time, mean",
    ]
    assert all("2.4.1" in figure.svg for figure in verdict.figures)


async def test_the_same_deployment_is_the_same_bytes_in_every_form(store: Store, plan: Plan, tmp_path: Path) -> None:
    await release(store)
    asked = replace(reporting.order(plan, PASSED), forms=tuple(Form))
    made = []
    for name, now in (("a", ENDED + HOUR), ("b", ENDED + 2 * HOUR)):
        found = await reporting.document(store, plan, PASSED, now)
        await write_document(store, plan, asked, found, now, folder=tmp_path / name)
        made.append(
            {file.name: file.read_bytes() for file in (tmp_path / name).iterdir() if "manifest" not in file.name}
        )
    assert made[0] == made[1]
    assert {name.rpartition(".")[2] for name in made[0]} == {"html", "pdf", "json", "csv", "md", "png"}
    assert not verify(tmp_path / "a")[0].faults


async def test_one_that_nothing_is_configured_about_any_more_has_its_document_all_the_same(
    store: Store, plan: Plan
) -> None:
    found = await document(store, replace(plan, deployments={}, checks=()))
    assert found.deployment is not None
    assert (found.checks, found.deployment.line.id) == ((), 12)


async def test_one_that_goes_on_is_no_revision_of_what_comes_of_it(store: Store, plan: Plan) -> None:
    going = replace(PASSED, phase=Phase.WATCHING, ended_at=None, ending=None)
    await release(store)
    found = await reporting.document(store, plan, going, ENDED)
    assert (found.period, found.until) == ("12-portal-2.4.1--2026-11-22T1043", ENDED)


async def test_what_people_wrote_is_no_markup_in_any_form(store: Store, plan: Plan) -> None:
    hostile = "<img src=x onerror=y>[a](https://e.example.org)"
    found = await document(store, plan, replace(PASSED, by=hostile, impact=hostile, ended_why=hostile))
    assert "<img" not in page(lay_out(found))
    text = markdown(lay_out(found))
    assert "<img" not in text.replace("\\<img", "")
    assert "](https://" not in text


async def test_no_secret_is_in_a_document(store: Store, plan: Plan) -> None:
    assert CANARY not in json.dumps((await document(store, plan, UNDONE)).to_json())


async def test_a_deployment_that_there_is_not_is_refused(store: Store) -> None:
    with pytest.raises(reporting.NoSuchDeployment, match="no deployment 99"):
        await reporting.find(store, 99)
    with pytest.raises(reporting.NoSuchDeployment, match="no deployment of portal"):
        await reporting.find(store, 0, "portal")


# --- Up to its end and no further -------------------------------------------------------------------------------------


async def put(store: Store, since: datetime, minutes: int, measurement: Measurement) -> None:
    """Results of the log-in, one a minute."""
    moments = (since + n * MINUTE for n in range(minutes))
    rows = [Result(check="login", scheduled_at=one, finished_at=one, measurement=measurement) for one in moments]
    severity = Severity.OK if measurement.failure is None else Severity.CRITICAL
    await store.write(lambda tx: tx.results.add([(one, severity) for one in rows]))


async def test_trouble_after_its_end_is_in_no_figure_of_its_document(store: Store, plan: Plan) -> None:
    """Roll-ups of 5 minutes reach over the end: a fault minutes later counted in a document that was made anew."""
    await put(store, at(-80), 103, well(0.2))
    first = await document(store, plan)
    await put(store, ENDED + MINUTE, 30, broken())
    again = await reporting.document(store, plan, PASSED, ENDED + HOUR)
    login = next(one for one in again.checks if one.name == "login")
    assert (login.failures, login.down, login.samples) == (0, timedelta(0), 83)
    assert replace(again, made_at=first.made_at) == first


async def test_its_charts_reach_from_an_hour_before_its_start_to_its_end(store: Store, plan: Plan) -> None:
    await put(store, at(-80), 103, well(0.2))
    (line,) = (await document(store, plan)).course
    drawn = [one.at for one in line.steps if one.mean is not None]
    assert (line.check, drawn[0], ENDED - drawn[-1] <= MINUTE) == ("login", at(-60), True)
    assert sum(one.up for one in line.steps) == (ENDED - at(-60)).total_seconds()


async def test_an_incident_that_opens_after_its_end_is_none_of_its_document(store: Store, plan: Plan) -> None:
    first, second = (replace(incident(LOGIN, number), suspect=12) for number in (1, 2))
    inside = replace(first, began_at=at(20), opened_at=at(21), resolved_at=ENDED + 5 * MINUTE)
    later = replace(second, began_at=at(25), opened_at=at(26), resolved_at=None, phase=IncidentPhase.OPEN)
    opened = TimelineEntry(incident=1, at=at(21), kind="opened", text="WARNING: slow")
    worse = TimelineEntry(incident=1, at=at(25), kind="worsened", text="CRITICAL: refused")
    await store.write(lambda tx: tx.incidents.save(inside, later))
    await store.write(lambda tx: tx.incidents.note([opened, worse]))
    found = await document(store, plan)
    assert found.deployment is not None
    (line,) = found.deployment.incidents
    assert (line.id, line.severity, line.explanation, line.resolved_at) == (1, Severity.WARNING, "slow", None)
    assert "open when it ended" in spoken(found)


# --- Reviews ----------------------------------------------------------------------------------------------------------


async def test_a_review_finds_what_became_slower(store: Store, plan: Plan) -> None:
    await release(store, slower=1.3)
    part = (await reporting.review(store, plan, PASSED, ENDED + 2 * HOUR, HOUR)).deployment_review
    assert part is not None
    worse = {(one.check, one.name) for one in part.figures if one.worse}
    assert worse == {(check, name) for check in ("login", "health") for name in ("p50", "p95")}
    assert (
        part.verdict
        == "In the 1 h since its end nothing broke, and p50 of response time of Log in is worse than before."
    )


async def test_a_review_of_a_good_release_says_so(store: Store, plan: Plan) -> None:
    await release(store)
    found = await reporting.review(store, plan, PASSED, ENDED + 2 * HOUR, HOUR)
    assert found.deployment_review is not None
    assert (
        found.deployment_review.verdict == "In the 1 h since its end nothing broke, and nothing is worse than before."
    )
    assert (found.period, found.overall.label) == ("12-portal-2.4.1-1h", "OK")
    assert "| ☐ by hand | Update the status page |" in markdown(lay_out(found))


async def test_right_after_its_end_it_is_too_early_to_say(store: Store, plan: Plan) -> None:
    await release(store)
    found = await reporting.review(store, plan, PASSED, ENDED + timedelta(minutes=2))
    assert found.deployment_review is not None
    assert found.deployment_review.early


async def test_a_deployment_that_goes_on_is_not_looked_back_at(store: Store, plan: Plan) -> None:
    with pytest.raises(reporting.NoSuchDeployment, match="goes on"):
        await reporting.review(store, plan, replace(PASSED, ended_at=None), ENDED)


async def test_a_look_back_whose_time_is_still_to_come_says_when_it_can_be_made(store: Store, plan: Plan) -> None:
    """It was quietly made of the six minutes that had passed."""
    with pytest.raises(reporting.TooEarly, match="at, 1d after its end, from 2026-11-23 10:43:00 UTC on"):
        await reporting.review(store, plan, PASSED, ENDED + 6 * MINUTE, 24 * HOUR)


# --- What is owed -----------------------------------------------------------------------------------------------------


class Office(Calm):
    """Fits `sentinel.app.deploying.papers.Around` and `sentinel.app.owing.Around`. Another one on the same store is a restart."""

    report_problem = ""

    def __init__(self, plan: Plan, store: Store, clock: FakeClock) -> None:
        super().__init__(plan, store, clock)
        self.reviewed: list[tuple[int, timedelta]] = []
        self.papers = Papers(self, Owed(self), self._reviewed)

    async def _reviewed(self, number: int, after: timedelta) -> None:
        self.reviewed.append((number, after))

    async def pass_by(self, hours: float) -> None:
        await self.look(hours=hours)
        for _ in range(6):
            await self.papers.write()

    @property
    def made(self) -> list[str]:
        return sorted(file.name for file in self.plan.reports_folder.glob("*.json") if "manifest" not in file.name)

    async def mailed(self) -> list[tuple[str, str]]:
        rows = await self.store.read(lambda tx: tx.outbox.list(tuple(State)))
        return [(row.address.channel, row.message.title) for row in rows if row.message.kind is Kind.REPORT]


def office(plan: Plan, store: Store) -> Office:
    clock = FakeClock(ENDED)
    return Office(
        replace(plan, deployments={"portal": replace(plan.deployments["portal"], forms=(Form.JSON,))}), store, clock
    )


async def test_at_its_end_the_document_is_written_once_and_mailed_to_whom_mails_reach(store: Store, plan: Plan) -> None:
    await release(store)
    here = office(plan, store)
    await here.pass_by(0.01)
    await here.pass_by(0.01)
    assert here.made == ["deployment-12-portal-2.4.1.json"]
    assert await here.mailed() == [("mail", "Deployment of portal 2.4.1: passed (ward)")]
    *_, last = await store.read(lambda tx: tx.outbox.of(of_deployment(12)))
    assert last.message.kind is Kind.REPORT


async def test_made_again_it_is_no_correction_although_the_figures_of_its_checks_went_on(
    store: Store, plan: Plan
) -> None:
    """The span of 5 minutes in which it ends is summed up later than the document is written."""
    await release(store)
    here = office(plan, store)
    await here.pass_by(0.01)
    later = replace(rollup("login", 0.2, up=120.0), start=span_start(ENDED), span=SPAN)
    await store.write(lambda tx: tx.rollups.add([later]))
    made = [await made_again(here, PASSED), await made_again(here, replace(PASSED, ended_why="otherwise"))]
    assert [(one.made.revision, one.corrects) for one in made if one.made] == [(1, False), (2, True)]


async def made_again(here: Office, one: Deployment) -> WrittenReport:
    found = await reporting.document(here.store, here.plan, one, ENDED + HOUR)
    return await write_document(here.store, here.plan, reporting.order(here.plan, one), found, ENDED + HOUR)


async def test_who_asks_for_it_right_after_the_end_waits_for_the_last_messages_too(tmp_path: Path) -> None:
    ended = SystemClock().now() - reading.ARRIVE_WITHIN + timedelta(seconds=1)
    one = replace(PASSED, started_at=ended - HOUR, watch=None, ended_at=ended)
    plan = replace(watched(tmp_path), store=StorePlan(url=Secret(f"sqlite:///{tmp_path}/now.db")))
    opened = await Store.open(plan.store, SystemClock())
    await opened.write(lambda tx: tx.deployments.save(one))
    await opened.write(lambda tx: tx.outbox.enqueue(told(one, State.QUEUED)))
    await opened.close()
    stages: list[str] = []
    await reporting.make(plan, 12, forms=(Form.JSON,), step=stages.append)
    assert stages[:2] == ["last messages", "figures"]
    assert SystemClock().now() >= ended + reading.ARRIVE_WITHIN


async def test_the_document_waits_a_little_for_the_last_messages(store: Store, plan: Plan) -> None:
    await release(store)
    await store.write(lambda tx: tx.outbox.enqueue(told(PASSED, State.QUEUED)))
    here = office(plan, store)
    await here.pass_by(0.01)
    assert here.made == []
    await here.pass_by(0.05)
    assert here.made == ["deployment-12-portal-2.4.1.json"]


async def test_a_review_comes_once_and_the_document_says_what_it_found(store: Store, plan: Plan) -> None:
    await release(store)
    here = office(plan, store)
    await here.pass_by(0.01)
    await here.pass_by(1)
    again = Office(here.plan, store, FakeClock(ENDED + 1.1 * HOUR))
    await again.pass_by(0.1)
    assert here.reviewed == [(12, HOUR)]
    assert again.reviewed == []
    assert here.made == [
        "deployment-12-portal-2.4.1.json",
        "deployment-12-portal-2.4.1.r2.json",
        "deployment-review-12-portal-2.4.1-1h.json",
    ]
    assert len(await here.mailed()) == 2
    assert "nothing is worse than before" in (here.plan.reports_folder / here.made[1]).read_text()


async def test_what_was_missed_for_days_is_made_no_more(store: Store, plan: Plan) -> None:
    await release(store)
    here = office(plan, store)
    await here.pass_by(24 * 5)
    assert (here.made, here.reviewed) == ([], [])


async def test_one_that_is_rolled_back_after_its_end_has_its_document_mailed_again(store: Store, plan: Plan) -> None:
    await release(store)
    here = office(plan, store)
    await here.pass_by(0.01)
    undone = replace(UNDONE, ended_at=ENDED + timedelta(minutes=10))
    await store.write(lambda tx: tx.deployments.save(undone))
    await here.pass_by(0.3)
    assert here.made == ["deployment-12-portal-2.4.1.json", "deployment-12-portal-2.4.1.r2.json"]
    assert len(await here.mailed()) == 2


async def test_a_version_is_no_path(store: Store, plan: Plan) -> None:
    await release(store, replace(PASSED, version="a/../../../elsewhere"))
    here = office(plan, store)
    await here.pass_by(0.01)
    assert here.made == ["deployment-12-portal-a-..-..-..-elsewhere.json"]

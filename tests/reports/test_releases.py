"""Deployments in reports of a period. The figures of each test can be worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from sentinel.core.deployment.deployment import Deployment, Ending, Phase
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.plan import Content
from sentinel.core.planned import Stretch
from sentinel.core.selection import Selection
from sentinel.reports.forms.brief import text
from sentinel.reports.forms.correction import ABOUT_MAKING
from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.manifest import digest, sha256
from sentinel.reports.forms.markdown import markdown
from sentinel.reports.forms.tables import tables
from sentinel.reports.releases import Releases, build
from sentinel.reports.report import ReportDocument
from sentinel.reports.report import build as report
from tests.kit.audited import DAY, PERIOD, past
from tests.kit.released import PASSED, UNDONE, at
from tests.kit.scene import MINUTE, check, plan

LOGIN, QUEUE = check("login", system="portal"), check("queue", system="mail")


def numbered(number: int, one: Deployment, **more: object) -> Deployment:
    return replace(one, id=number, **more)  # type: ignore[arg-type]  # whichever fields a test wants


def releases(*now: Deployment, before: tuple[Deployment, ...] = ()) -> Releases:
    return build(now, before, DAY)


def daily(
    *known: Deployment, selection: Selection | None = None, content: Content = Content.OPERATIONS
) -> ReportDocument:
    about = {"portal": DeploymentPlan(system="portal"), "mail": DeploymentPlan(system="mail")}
    watched = replace(plan(LOGIN, QUEUE), deployments=about)
    seen = replace(past([]), deployments=known)
    return report(
        watched, "daily", PERIOD, "UTC", seen, DAY.until, contents=(content,), selection=selection or Selection()
    )


def test_the_share_that_failed_is_of_those_that_are_over() -> None:
    going = numbered(3, PASSED, phase=Phase.WATCHING, ended_at=None, ending=None)
    found = releases(numbered(1, PASSED), numbered(2, UNDONE), going)
    assert (found.started, found.ended, found.failed, found.failure_rate) == (3, 2, 1, 0.5)


def test_to_restore_is_from_the_failing_point_to_the_proven_rollback() -> None:
    found = releases(UNDONE, numbered(2, UNDONE, ended_at=at(20)))
    assert found.lines[0].restored_after == 7 * MINUTE
    assert (found.restored, found.restore) == (2, 8.5 * MINUTE)


def test_one_that_failed_and_stands_so_is_not_restored() -> None:
    found = releases(numbered(1, UNDONE, ending=Ending.FAILED))
    assert (found.failed, found.restored, found.restore) == (1, 0, None)


def test_each_figure_stands_beside_that_of_the_period_before() -> None:
    day = timedelta(days=1)
    early = numbered(1, UNDONE, started_at=at(0) - day, ended_at=at(17) - day)
    found = releases(numbered(2, PASSED), before=(early,))
    assert (found.started_before, found.failure_rate_before, found.failure_rate) == (1, 1.0, 0.0)


def test_one_that_began_before_the_period_is_listed_and_not_counted() -> None:
    found = build([PASSED], [], Stretch(at(10), at(60)))
    assert (len(found.lines), found.started, found.failure_rate) == (1, 0, None)


def test_one_that_was_over_later_goes_on_at_the_end_of_the_period() -> None:
    found = build([PASSED], [], Stretch(at(-60), at(20)))
    assert (found.lines[0].line.ending, found.lines[0].lasted, found.ended) == (None, 20 * MINUTE, 0)


def test_reports_for_operators_and_for_auditors_say_what_was_deployed_and_by_whom() -> None:
    for content in (Content.OPERATIONS, Content.AUDIT):
        said = markdown(lay_out(daily(UNDONE, content=content)))
        assert (
            "| ROLLED BACK | **portal 2.4.1**<br>#\u206012 · from 2.4.0 · production · 9f3c2e1 | 2026-11-22 10:20 | ann |"
            in said
        )
    assert "1 deployment, 1 of 1 failed." in text(daily(UNDONE))


def test_a_deployment_says_which_checks_it_is_drawn_into() -> None:
    found = daily(UNDONE).releases
    assert found is not None
    assert found.lines[0].checks == ("login",)


def test_a_report_of_some_systems_is_about_their_deployments() -> None:
    of_mail = Selection(systems=frozenset({"mail"}))
    assert daily(UNDONE, selection=of_mail).releases is None
    assert daily(UNDONE, selection=Selection(checks=("login",))).releases is not None


def test_a_report_without_deployments_is_no_correction_of_one_from_before_there_were_any() -> None:
    document = daily()
    later = {*ABOUT_MAKING, "deployment", "deployment_review", "releases"}
    said = {name: value for name, value in document.to_json().items() if name not in later}
    assert digest(document) == sha256(
        json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    )
    assert "Deployments" not in markdown(lay_out(document))


def test_deployments_are_a_table_for_programs() -> None:
    (table,) = [one for one in tables(daily(UNDONE)) if one.name == "releases-lines"]
    assert table.text.splitlines()[0].startswith("line_id,line_system,line_version")
    assert table.rows == 1

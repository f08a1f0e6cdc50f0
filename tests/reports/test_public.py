"""The public status page as a document."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sentinel.core.component import Condition, Share
from sentinel.core.posting import Stage
from sentinel.core.recurrence import Occurrence
from sentinel.reports import posts_text
from sentinel.reports.public import Announced, post_line
from sentinel.reports.text import Look
from tests.kit.public import FINE, PAGE, page, posted
from tests.kit.scene import NOW

HOUR = timedelta(hours=1)
PLAIN = Look(colour=False, width=None)


def announced(start: float, end: float, text: str = "Move") -> Announced:
    return Announced(
        text=text, slugs=("payroll",), occurrence=Occurrence(starts_at=NOW + start * HOUR, ends_at=NOW + end * HOUR)
    )


def test_the_days_of_a_component_are_whole_and_end_today() -> None:
    days = {"payroll": {NOW.date(): Share(up=600), (NOW - 2 * 24 * HOUR).date(): Share(up=300, down=300)}}
    [component, _] = page(known=replace(FINE, days=days)).components
    assert [day.date for day in component.days] == [f"2026-11-{day}" for day in range(16, 23)]
    assert [day.condition.value for day in component.days[-3:]] == ["major_outage", "unknown", "operational"]
    assert component.uptime == 0.75


def test_downtime_is_the_mean_over_what_stands_for_a_component() -> None:
    [component, _] = page(known=replace(FINE, days={"payroll": {NOW.date(): Share(up=600, down=600)}})).components
    assert component.days[-1].down == timedelta(minutes=5)  # two checks


def test_uptime_is_never_rounded_up() -> None:
    [component, _] = page(known=replace(FINE, days={"payroll": {NOW.date(): Share(up=1e9, down=1)}})).components
    assert component.uptime == 0.999999


def test_what_is_not_known_of_a_component_is_unknown() -> None:
    assert page(known=replace(FINE, conditions={"payroll": Condition.OPERATIONAL})).condition is Condition.UNKNOWN


def test_threads_that_go_on_stand_apart_from_those_that_are_over() -> None:
    document = page(
        posted(1, title="Slow", components=("payroll",)),
        posted(2, title="Down", ago=300),
        posted(3, Stage.RESOLVED, thread=2, ago=200, text="Mended"),
    )
    [open_one], [past] = document.incidents, document.past_incidents
    assert (open_one.title, open_one.components, open_one.ended_at) == ("Slow", ("Payroll",), None)
    assert [update.text for update in past.updates] == ["Mended", ""]
    assert past.ended_at == NOW - timedelta(minutes=200)


def test_an_automatic_thread_says_the_name_and_the_worst_and_nothing_else() -> None:
    worse = posted(2, thread=1, condition=Condition.MAJOR_OUTAGE)
    document = page(posted(1, components=("payroll",), condition=Condition.PARTIAL_OUTAGE), worse)
    [incident] = document.incidents
    assert incident.title == "Payroll: Major outage"
    assert [(update.text, update.word) for update in incident.updates] == [("", "major_outage"), ("", "partial_outage")]


def test_a_thread_about_what_is_no_longer_public_is_not_shown() -> None:
    assert page(posted(1, title="Slow", components=("gone",))).incidents == ()


def test_no_person_and_no_number_of_an_incident_has_a_field() -> None:
    shown = str(page(posted(1, title="Slow", incident=4711, by="canary-ann", edited_by="canary-bob")).to_json())
    assert "4711" not in shown
    assert "canary" not in shown


def test_maintenance_is_announced_until_it_is_over_the_next_first() -> None:
    known = replace(FINE, announced=[announced(5, 6, ""), announced(-1, 1), announced(-2, -1)])
    windows = page(known=known).maintenance
    assert [(one.text, one.under_way) for one in windows] == [("Move", True), ("Planned maintenance", False)]
    assert windows[0].components == ("Payroll",)


def test_those_who_post_see_who_posted_what() -> None:
    posts = [
        posted(1, title="Slow", components=("payroll",), incident=12),
        posted(2, thread=1, text="a\x1b[31m", by=""),
    ]
    rows = [post_line(post, PAGE).to_json() for post in posts]
    lines = posts_text.posts(rows, NOW, PLAIN).splitlines()
    assert lines[1].split() == ["1", "1", "11:00", "investigating", "ann", "Payroll:", "Slow", "(incident", "12)"]
    assert "\x1b" not in lines[2]
    assert lines[2].split()[4] == "sentinel"


def test_nothing_posted_is_said() -> None:
    assert posts_text.posts([], NOW, PLAIN) == "Nothing was posted.\n"

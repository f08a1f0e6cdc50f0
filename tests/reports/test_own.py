from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sentinel.base.units import Unit
from sentinel.core.plan import ChannelPlan, Plan
from sentinel.core.result import Reading, Result, passed
from sentinel.reports.documents import HealthDocument, OutboxLine, OwnHealth
from sentinel.reports.own import Doing, OwnDocument, build
from tests.kit.scene import NOW, check, plan

HOUR = timedelta(hours=1)
BACKUP = check("nightly", kind="backup", main="age")


def shown(of: Plan, *last: Result, own: frozenset[str] = frozenset({"nightly"})) -> OwnDocument:
    health = HealthDocument(healthy=True, version="1", probing=True, progress={})
    doing = Doing(
        started_at=NOW,
        health=health,
        own=OwnHealth(),
        outbox=OutboxLine(),
        channels=(),
        store="SQLite",
        schema="0004",
        backups=own,
    )
    return build(of, doing, last, NOW)


def test_the_backup_is_as_old_as_it_was_and_a_little_older() -> None:
    age = Reading("age", 3 * 3600.0, Unit.SECONDS)
    last = Result(check="nightly", scheduled_at=NOW - HOUR, finished_at=NOW - HOUR, measurement=passed([age]))
    assert shown(plan(BACKUP), last).backup == "nightly: 4 h old"
    assert shown(plan(BACKUP), last, own=frozenset()).backup == ""  # it watches backups of something else


def test_without_a_check_of_backups_nothing_is_said_of_them() -> None:
    assert shown(plan(check("api"))).backup == ""
    assert shown(plan(BACKUP)).backup == ""  # it has not run yet


def test_what_this_host_lacks_is_named() -> None:
    lacking = plan(check("api"), check("page", lacks="chromium: apt install chromium"))
    channel = ChannelPlan(name="pager", kind="apprise", options=None, lacks="apprise: pip install apprise")
    assert shown(replace(lacking, channels=(channel,))).lacks == (
        "page: chromium: apt install chromium",
        "pager: apprise: pip install apprise",
    )


def test_secrets_of_the_plan_are_not_in_it() -> None:
    assert "canary" not in str(shown(plan(check("api"))).to_json())

"""People, schedules, levels and routes, as a file has them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.errors import ConfigError
from sentinel.config.ical import BadCalendar
from sentinel.config.people import reread
from sentinel.core.incident import Address
from sentinel.core.rule import Severity
from tests.config.test_ical import calendar
from tests.kit.config import CHECK, ConfigFolder, plan_of

if TYPE_CHECKING:
    from sentinel.core.oncall import OnCall
    from sentinel.core.plan import Plan

ANNA = {"title": "Anna Smith", "addresses": [{"channel": "mail", "recipient": "anna@example.org"}]}
BEN = {"addresses": [{"channel": "mail", "recipient": "ben@example.org"}, {"channel": "team"}]}
TREE: dict[str, Any] = {
    "checks": [CHECK],
    "channels": {
        "mail": {
            "kind": "email",
            "host": "127.0.0.1",
            "sender": "sentinel@example.org",
            "recipients": ["ops@example.org"],
        },
        "team": {
            "kind": "email",
            "host": "127.0.0.1",
            "sender": "sentinel@example.org",
            "recipients": ["team@example.org"],
        },
    },
    "calendars": {"night": {"zone": "Europe/Berlin", "hours": ["22:00-07:00"]}},
    "people": {"anna": ANNA, "ben": BEN},
    "on_call": {
        "primary": {"people": ["anna", "ben"], "start": "2026-03-04", "weekday": "mon", "zone": "Europe/Berlin"}
    },
    "policies": {
        "default": {
            "levels": [
                {"after": 0, "on_call": ["primary"], "repeat": "10m", "repeats": 3},
                {"after": "15m", "channels": ["team"], "severity": "critical"},
            ],
            "updates": {"channels": ["team"], "every": "20m"},
            "quiet": "night",
            "group": {"wait": "1m"},
        }
    },
    "routes": [{"match": {"tags": ["hr"], "severity": "critical"}, "when": "night", "policy": "default"}],
}


def planned(config: ConfigFolder, **more: Any) -> Plan:
    return config.plan(TREE | more)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_people_are_reached_at_their_own_addresses_and_at_those_of_channels(config: ConfigFolder) -> None:
    people = planned(config).people
    assert people["anna"].addresses == (Address("mail", "anna@example.org"),)
    assert people["ben"].addresses == (Address("mail", "ben@example.org"), Address("team", "team@example.org"))


def test_the_first_turn_begins_on_the_last_such_weekday(config: ConfigFolder) -> None:
    primary = planned(config).on_call["primary"]
    assert primary.on_duty(utc("2026-03-02T07:59")) == ()
    assert primary.on_duty(utc("2026-03-02T08:00")) == ("anna",)
    assert primary.on_duty(utc("2026-03-09T08:00")) == ("ben",)


def test_a_level_names_schedules_and_repeats(config: ConfigFolder) -> None:
    policy = planned(config).policies["default"]
    first = policy.levels[0]
    assert (first.channels, first.on_call, first.repeat, first.repeats) == ((), ("primary",), timedelta(minutes=10), 3)
    assert policy.updates is not None
    assert (policy.updates.every, policy.updates.severity) == (timedelta(minutes=20), Severity.CRITICAL)
    assert [calendar.name for calendar in policy.quiet] == ["night"]
    assert (policy.group_wait, policy.group_every) == (timedelta(minutes=1), timedelta(minutes=5))


def test_a_route_goes_by_tag_severity_and_calendar(config: ConfigFolder) -> None:
    [route] = planned(config).routes
    assert str(route.match) == "tag hr; critical only"
    assert route.when is not None
    assert route.when.name == "night"


def test_an_override_of_the_file_is_local_to_the_zone_of_its_schedule(config: ConfigFolder) -> None:
    standing_in = {"person": "ben", "from": "2026-03-03T09:00", "to": "2026-03-04T09:00+00:00", "why": "dentist"}
    primary = planned(config, on_call={"primary": TREE["on_call"]["primary"] | {"overrides": [standing_in]}}).on_call[
        "primary"
    ]
    [override] = primary.overrides
    assert (override.starts_at, override.ends_at) == (utc("2026-03-03T08:00"), utc("2026-03-04T09:00"))


def test_the_full_form_loads_again_to_the_same(config: ConfigFolder) -> None:
    from sentinel.channels.catalogue import CATALOGUE as CHANNELS
    from sentinel.config.expand import expanded
    from sentinel.config.load import load
    from sentinel.probes.catalogue import CATALOGUE as PROBES

    plan = planned(config)
    again = config.plan(expanded(load(plan.file, {}), PROBES, CHANNELS), name="again.json")
    assert (again.policies, again.routes, again.people, again.on_call) == (
        plan.policies,
        plan.routes,
        plan.people,
        plan.on_call,
    )


# --- Calendar files -------------------------------------------------------------------------------------------------


def duty(days_from_now: int, words: str, number: int = 1) -> str:
    """An event of one day that many days from now, since a file is followed around the time it is read."""
    day = datetime.fromtimestamp(os.stat("/proc/self").st_ctime, UTC) + timedelta(days=days_from_now)
    return f"UID:{number}@example.org\nDTSTART:{day:%Y%m%d}T000000Z\nDTEND:{day:%Y%m%d}T235959Z\n{words}\n"


def by_file(config: ConfigFolder, *events: str) -> OnCall:
    (config.folder / "oncall.ics").write_text(calendar(*events), newline="")
    return planned(config, on_call={"primary": {"file": "oncall.ics"}}).on_call["primary"]


@pytest.mark.parametrize(
    "words",
    [
        "SUMMARY:anna",
        "SUMMARY:On call: Anna Smith (primary)",
        "SUMMARY:duty\nATTENDEE;CN=A.:mailto:Anna@Example.org",
        "SUMMARY:Ben is away\nATTENDEE;CN=Anna Smith:mailto:a.smith@example.org",
    ],
)
def test_an_event_names_its_people(config: ConfigFolder, words: str) -> None:
    plan = by_file(config, duty(1, words)).plan
    assert [shift.people for shift in getattr(plan, "shifts", ())] == [("anna",)]


def test_events_that_name_nobody_are_counted(config: ConfigFolder) -> None:
    plan = by_file(config, duty(1, "SUMMARY:ben"), duty(2, "SUMMARY:Bennet and Annabel", 2)).plan
    assert getattr(plan, "unnamed", None) == 1


def test_a_file_that_names_nobody_at_all_is_refused(config: ConfigFolder) -> None:
    with pytest.raises(ConfigError, match=r"oncall\.ics, whose events name nobody of `people`"):
        by_file(config, duty(1, "SUMMARY:lunch"))


def test_a_changed_file_is_read_again_and_a_broken_one_refused(config: ConfigFolder) -> None:
    primary = by_file(config, duty(1, "SUMMARY:anna"))
    file, now = config.folder / "oncall.ics", datetime.fromtimestamp(os.stat("/proc/self").st_ctime, UTC)
    file.write_text(calendar(duty(1, "SUMMARY:ben")), newline="")
    assert [shift.people for shift in getattr(reread(primary, now).plan, "shifts", ())] == [("ben",)]
    file.write_text("broken")
    with pytest.raises(BadCalendar):
        reread(primary, now)


def test_holidays_come_from_a_calendar_file(config: ConfigFolder) -> None:
    (config.folder / "holidays.ics").write_text(
        calendar("UID:1@example.org\nDTSTART;VALUE=DATE:20201225\nRRULE:FREQ=YEARLY\nSUMMARY:Christmas\n"), newline=""
    )
    office = planned(
        config, calendars=TREE["calendars"] | {"office": {"holidays": {"file": "holidays.ics"}}}
    ).calendars["office"]
    assert {(day.month, day.day) for day in office.holidays} == {(12, 25)}
    assert len(office.holidays) >= 5


def test_without_the_new_sections_nothing_changes(config: ConfigFolder) -> None:
    plan = plan_of(config.write({"checks": [CHECK]}))
    assert (plan.calendars, plan.people, plan.on_call, plan.routes) == ({}, {}, {}, ())


def test_days_and_times_of_toml_are_shown_as_texts(config: ConfigFolder) -> None:
    from sentinel.app.plans import expanded

    turns = '[on_call.primary]\npeople = ["anna"]\nstart = 2026-01-05\n'
    standing_in = "overrides = [{ person = 'anna', from = 2026-12-24T09:00:00, to = 2026-12-27 }]\n"
    check = '[[checks]]\nname = "api"\nkind = "http"\noptions = { url = "http://127.0.0.1:8001/health" }\n'
    mail = '[channels.mail]\nkind = "email"\nhost = "127.0.0.1"\nsender = "s@example.org"\nrecipients = ["a@example.org"]\n'
    anna = '[people.anna]\naddresses = [{ channel = "mail" }]\n'
    file = config.write(f"{check}{mail}{anna}{turns}{standing_in}", name="c.toml")
    shown = expanded(file, {})["on_call"]["primary"]
    assert (shown["start"], shown["overrides"][0]["to"]) == ("2026-01-05", "2026-12-27")

"""Operations: how targets were kept and what incidents cost. The figures of each test can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.accounts import ChannelAccount, ToldAddress
from sentinel.core.check import Check
from sentinel.core.hours import Calendar
from sentinel.core.incident import Address, EffectKind
from sentinel.core.plan import ChannelPlan, Content
from sentinel.core.rule import Bounds, BurnRate, Direction, Quantile, Severity, Threshold, Uptime
from sentinel.reports.alerts import channels
from sentinel.reports.operations import Operations
from sentinel.reports.past import Past
from tests.kit.audited import delivered, entry, incident, past, report, rollup
from tests.kit.scene import MINUTE, NOW, check, plan

HEALTH, LOGIN = check("health"), check("login", title="Login")
P95 = Quantile(
    reading="response_time",
    unit=Unit.SECONDS,
    quantile=0.95,
    window=timedelta(hours=1),
    min_samples=10,
    bounds=Bounds(warning=0.5, critical=1.0),
)


def operations(known: Past, *checks: Check) -> Operations:
    found = report(checks or (HEALTH,), known, Content.OPERATIONS).operations
    assert found is not None
    return found


# --- Uptime and budgets ---------------------------------------------------------------------------------------------


def test_uptime_of_systems_adds_up_the_times_of_their_checks() -> None:
    ward, desk = replace(HEALTH, system="ward"), replace(LOGIN, system="ward")
    known = past([rollup("health", up=86_400 - 864, down=864), rollup("login"), rollup("page")])
    found = operations(known, ward, desk, check("page"))
    (system,) = found.systems
    assert (system.name, system.checks, system.uptime, system.down) == ("ward", 2, 0.995, timedelta(seconds=864))
    assert (system.severity, found.whole.checks) == (Severity.WARNING, 3)


def test_uptime_stands_beside_that_of_the_period_before() -> None:
    before = past([rollup(up=86_400 - 864, down=864)])
    line = operations(past([rollup()], before=before)).checks[0]
    assert (line.uptime, line.before) == (1.0, 0.99)


def test_a_budget_is_what_the_target_leaves_of_the_judged_time() -> None:
    (budget,) = operations(past([rollup(up=39_957, down=43)])).budgets
    assert (budget.target, budget.source) == (0.999, "usual")
    assert (budget.allowed, budget.used, budget.left) == tuple(timedelta(seconds=one) for one in (40, 43, -3))
    assert (budget.burn, budget.kept) == (1.075, False)


def test_a_budget_goes_by_the_rule_of_its_check() -> None:
    goal = Uptime(window=timedelta(days=1), bounds=Bounds(warning=0.95, direction=Direction.BELOW))
    burning = BurnRate(objective=0.99)
    checks = replace(HEALTH, rules=(goal, burning)), replace(LOGIN, rules=(burning,))
    found = operations(past([rollup(), rollup("login")]), *checks).budgets
    assert {one.check: (one.target, one.source) for one in found} == {
        "health": (0.95, "uptime"),
        "login": (0.99, "burn rate"),
    }


def test_of_a_check_that_nobody_judged_no_budget_is_used() -> None:
    (budget,) = operations(past()).budgets
    assert (budget.burn, budget.kept, budget.allowed) == (None, None, timedelta(0))


# --- Distributions --------------------------------------------------------------------------------------------------


def test_each_rule_on_the_main_reading_is_held_against_its_own_quantile() -> None:
    watched = replace(HEALTH, rules=(P95, replace(P95, quantile=0.5, bounds=Bounds(warning=0.1))))
    (line,) = operations(past([rollup("health", *[0.2] * 90, *[3.0] * 10)]), watched).quantiles
    high, middle = line.targets
    assert (high.kept, high.within, high.within_critical) == (False, 0.9, 0.9)
    assert (middle.quantile, middle.kept, middle.within) == (0.5, False, 0.0)
    assert line.samples == 100


def test_a_rule_on_single_results_is_kept_when_95_of_100_keep_it() -> None:
    (kept,) = operations(past([rollup("health", *[0.2] * 96, *[3.0] * 4)])).quantiles[0].targets
    (missed,) = operations(past([rollup("health", *[0.2] * 94, *[3.0] * 6)])).quantiles[0].targets
    assert (kept.each, kept.quantile, kept.within, kept.kept) == (True, 0.95, 0.96, True)
    assert (missed.within, missed.kept) == (0.94, False)


def test_where_low_values_are_the_trouble_those_above_keep_the_target() -> None:
    rule = Threshold(
        reading="workers", unit=Unit.COUNT, bounds=Bounds(warning=5.0, critical=2.0, direction=Direction.BELOW)
    )
    watched = replace(HEALTH, main="workers", main_unit=Unit.COUNT, rules=(rule,))
    (target,) = operations(past([rollup("health", *[10] * 99, 1)]), watched).quantiles[0].targets
    assert (target.quantile, target.within, target.kept) == (0.05, 0.99, True)


def test_a_rule_for_some_hours_is_not_held_against_the_whole_period() -> None:
    rule = replace(P95, when=Calendar(name="office", zone="UTC"))
    document = report([replace(HEALTH, rules=(rule,))], past([rollup()]), Content.OPERATIONS)
    assert document.operations is not None
    assert document.method is not None
    assert document.operations.quantiles[0].targets == ()
    assert any("some hours only" in limit and "health" in limit for limit in document.method.limits)


def test_the_slowest_is_the_one_nearest_to_its_own_target() -> None:
    strict = replace(LOGIN, rules=(replace(P95, bounds=Bounds(warning=0.25)),))
    found = operations(past([rollup(), rollup("login")]), HEALTH, strict).slowest
    assert [one.check for one in found] == ["login", "health"]
    assert found[0].ratio == pytest.approx(0.2 / 0.25, rel=0.02)


def test_the_flakiest_went_down_most_often() -> None:
    one = incident(HEALTH)
    flaps = entry(one, EffectKind.FLAPPING)
    known = past(incidents=[one], entries=[flaps], spells={"health": 3, "login": 5})
    found = operations(replace(known, before=past(spells={"login": 1})), HEALTH, LOGIN).flakiest
    assert [(line.check, line.spells, line.before, line.incidents, line.flapped) for line in found] == [
        ("login", 5, 1, 0, 0),
        ("health", 3, 0, 1, 1),
    ]


# --- Incidents ------------------------------------------------------------------------------------------------------


def test_an_incident_has_the_four_times() -> None:
    one = incident(HEALTH)
    known = past(incidents=[one], entries=[entry(one, EffectKind.ACKNOWLEDGED, 7, "ann")], told=[delivered(one)])
    (times,) = operations(known).incidents
    assert (times.detect, times.tell) == (2 * MINUTE, timedelta(seconds=30))
    assert (times.acknowledge, times.resolve) == (7 * MINUTE, timedelta(hours=1))
    assert (times.messages, times.acted_on, times.ended_by) == (4, "acknowledged", "itself")


def test_the_times_of_all_have_a_median_and_the_longest() -> None:
    three = [incident(HEALTH, number, hours_ago=number, lasted=number * MINUTE) for number in (10, 20, 12)]
    before = past(incidents=[incident(HEALTH, 3, hours_ago=30, lasted=40 * MINUTE)])
    figures = {one.name: one for one in operations(past(incidents=three, before=before)).times}
    resolve = figures["resolve"]
    assert (resolve.count, resolve.median, resolve.longest) == (3, 12 * MINUTE, 20 * MINUTE)
    assert resolve.before == 40 * MINUTE
    assert (figures["acknowledge"].count, figures["acknowledge"].median) == (0, None)


def test_what_happened_after_the_period_is_not_known_in_it() -> None:
    """A report of last week says the same whenever it is made."""
    one = replace(incident(HEALTH, lasted=None), resolved_at=NOW + MINUTE)
    (line,) = report([HEALTH], past(incidents=[one]), Content.OPERATIONS).incidents
    assert (line.line.resolved_at, line.line.phase.value) == (None, "open")


def test_alerts_that_somebody_acted_on_are_told_from_those_that_passed_by_themselves() -> None:
    taken, closed, passed, open_one = (
        incident(HEALTH, number, lasted=None if number == 4 else timedelta(hours=1)) for number in (1, 2, 3, 4)
    )
    entries = [
        entry(taken, EffectKind.ACKNOWLEDGED, 5, "ann"),
        entry(taken, EffectKind.COMMENTED, 6, "ann"),
        entry(closed, EffectKind.RESOLVED, 60, "bob"),
        entry(passed, EffectKind.RESOLVED, 60),
        entry(passed, EffectKind.MUTED, 3, text="window nightly"),
    ]
    known = past(incidents=[taken, closed, passed, open_one], entries=entries, told=[delivered(taken)])
    quality = operations(known).quality
    assert (quality.incidents, quality.acted_on, quality.by_themselves, quality.untouched) == (4, 2, 1, 1)
    assert quality.acts == {"acknowledged": 1, "commented": 1, "resolved by hand": 1}
    assert (quality.muted, quality.messages, quality.per_incident) == ({"window": 1}, 4, 1.0)


def test_a_silence_is_something_that_somebody_did() -> None:
    one = incident(HEALTH)
    silenced = entry(one, EffectKind.MUTED, 3, text="silence 5")
    assert operations(past(incidents=[one], entries=[silenced])).quality.acts == {"silenced": 1}


def test_an_incident_of_which_nobody_was_told_is_counted() -> None:
    assert operations(past(incidents=[incident(HEALTH, told=False)])).quality.untold == 1


def test_what_opened_at_night_is_counted() -> None:
    night, day = incident(HEALTH, 1, hours_ago=9), incident(HEALTH, 2, hours_ago=3)
    quality = operations(past(incidents=[night, day])).quality
    assert (quality.at_night, quality.night) == (1, "22:00 to 06:00 UTC")


def test_the_noisiest_check_told_most() -> None:
    one, two = incident(HEALTH, 1), incident(LOGIN, 2)
    known = past(incidents=[one, two], told=[delivered(one, 3), delivered(two, 9)])
    found = operations(known, HEALTH, LOGIN).quality.noisy
    assert [(line.check, line.title, line.messages) for line in found] == [
        ("login", "Login", 9),
        ("health", "health", 3),
    ]


def test_who_was_told_most_stands_with_how_much_of_it_at_night() -> None:
    told = ToldAddress(address=Address("mail", "ops@example.org"), messages=9, incidents=2, at_night=4, first_at=NOW)
    quality = operations(replace(past(), told=[told])).quality
    assert (quality.told[0].messages, quality.told[0].at_night, quality.messages_at_night) == (9, 4, 4)


def test_every_channel_says_what_became_of_what_it_was_given() -> None:
    mail = ChannelAccount(
        channel="mail",
        states={"sent": 5, "dead": 2, "queued": 1, "sending": 1},
        retried=3,
        ambiguous=1,
        copied=2,
        slowest=MINUTE,
        causes={"gone": 2},
    )
    whole = replace(plan(HEALTH), channels=(ChannelPlan(name="chat", kind="slack", options=None),))
    chat, line = channels(whole, past(channels=[mail]))
    assert (chat.channel, chat.kind, chat.rows) == ("chat", "slack", 0)
    assert (line.rows, line.sent, line.waiting, line.dead, line.causes) == (9, 5, 2, 2, {"gone": 2})

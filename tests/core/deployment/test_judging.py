from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sentinel.core.deployment.deployment import Breach, Judged, Judgement, Measure
from sentinel.core.deployment.judging import judge
from sentinel.core.deployment.plan import Criterion, WatchPlan
from sentinel.core.deployment.samples import Found, Look, Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NOW = datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
PLAN = WatchPlan()
CHECKS = [f"check-{n}" for n in range(8)]
BEGAN = 100_000.0  # seconds: when the watch began


def looks(name: str, number: int, *, slower: float = 1.0, failing: float = 0.0, since: bool = False) -> Samples:
    """Around 200 ms, as if by chance: always the same for a check and a side."""
    random = Random(f"{name} {since}")
    return Samples(check=name, looks=tuple(_look(random, at, slower, failing) for at in _slots(number, since=since)))


def _slots(number: int, *, since: bool) -> Sequence[float]:
    return [BEGAN + n * 10 for n in range(number)] if since else [BEGAN - n * 60 for n in range(number, 0, -1)]


def _look(random: Random, at: float, slower: float, failing: float) -> Look:
    time, failed = 0.2 * random.lognormvariate(0, 0.2) * slower, random.random() < failing
    return Look(at, failed, None if failed else time)


BEFORE = {name: looks(name, 120) for name in CHECKS}


def judged(
    after: Mapping[str, Samples] | None = None,
    before: Mapping[str, Samples] = BEFORE,
    *,
    number: int = 30,
    final: bool = False,
    breaches: Sequence[Breach] = (),
    made: Callable[[str], Mapping[str, float]] = lambda _name: {},
) -> Judgement:
    since = after if after is not None else {n: looks(n, number, since=True, **made(n)) for n in CHECKS}
    return judge(
        PLAN,
        before,
        since,
        after_for=timedelta(minutes=15 if final else 5),
        now=NOW,
        final=final,
        points=3,
        breaches=breaches,
    )


def test_a_release_like_the_one_before_passes() -> None:
    assert judged().judged is Judged.PASS
    assert judged(number=90, final=True).text.startswith(
        "nothing is proven to be worse than its bound: failures of all checks"
    )


def test_one_that_is_slower_as_a_whole_fails_after_five_minutes() -> None:
    judgement = judged(made=lambda _name: {"slower": 1.6})
    worst = judgement.comparisons[0]
    assert (judgement.judged, worst.measure, worst.check) == (Judged.FAIL, Measure.TIME, "")
    assert "% slower (bound 50 %), p < 0.001, 240 and 960 results" in judgement.text


def test_one_whose_requests_fail_now_and_then_fails_by_its_end() -> None:
    judgement = judged(number=90, final=True, made=lambda _name: {"failing": 0.03})
    assert judgement.judged is Judged.FAIL
    assert judgement.text.startswith("failures of all checks together 2.92 %, were 0 % (bound 1 %), p < 0.001")


def test_trouble_of_one_check_shows_among_many() -> None:
    judgement = judged(number=30, made=lambda name: {"slower": 2.0} if name == "check-3" else {})
    assert [one.check for one in judgement.comparisons if one.judged is Judged.FAIL] == ["check-3"]
    assert judgement.text.startswith("median of check-3 ")


def test_slower_by_less_than_the_bound_is_no_failure() -> None:
    assert judged(number=90, final=True, made=lambda _name: {"slower": 1.2}).judged is Judged.PASS


def test_too_few_results_are_no_verdict() -> None:
    judgement = judged({"check-0": looks("check-0", 12, since=True)})
    assert judgement.judged is Judged.INCONCLUSIVE
    assert judgement.text == (
        "too few results to judge by: 12 since the watch began and 120 before, and no check has 20 of each, which are needed"
    )


def test_many_checks_make_no_verdict_of_two_minutes() -> None:
    """Whatever else the host did in them would be the deployment's doing."""
    assert judged(number=12, made=lambda _name: {"slower": 3.0}).judged is Judged.INCONCLUSIVE


def test_without_a_past_nothing_can_be_compared() -> None:
    judgement = judged(before={})
    assert judgement.judged is Judged.INCONCLUSIVE
    assert judgement.text == "nothing was measured on both sides, before and since, that could be compared"


def test_a_check_that_has_fallen_silent_stands_against_a_pass_at_the_end_only() -> None:
    after = {name: looks(name, 90, since=True) for name in CHECKS[1:]} | {"check-0": Samples(check="check-0")}
    assert judged(after).judged is Judged.PASS
    assert judged(after, final=True).judged is Judged.INCONCLUSIVE
    assert "check-0" in judged(after, final=True).text


def test_a_check_that_comes_once_an_hour_is_not_missed() -> None:
    hourly = Samples(check="backup", looks=tuple(Look(at * 3600.0, failed=False) for at in range(24)))
    after = {name: looks(name, 90, since=True) for name in CHECKS} | {"backup": Samples(check="backup")}
    assert judged(after, BEFORE | {"backup": hourly}, final=True).judged is Judged.PASS


def test_a_criterion_fails_a_watch_whatever_the_figures_say() -> None:
    broken = Breach(
        criterion=Criterion.INTEGRITY, text="data are not whole: roles (#4)", checks=("roles",), incidents=(4,)
    )
    judgement = judged(breaches=[broken])
    assert (judgement.judged, judgement.text) == (Judged.FAIL, "data are not whole: roles (#4)")


def test_more_trouble_in_logs_fails() -> None:
    def told(matches: float, minutes: float) -> Samples:
        return Samples(check="app", looks=looks("app", 90).looks, found=Found(matches, minutes))

    judgement = judged({"app": told(90, 15)}, {"app": told(20, 60)}, final=True)
    assert judgement.judged is Judged.FAIL
    assert judgement.text.startswith("matches in logs of app 6 a minute, were 0.333 (bound 0.667), p < 0.001")
    assert judged({"app": told(4, 15)}, {"app": told(0, 60)}, final=True).judged is Judged.PASS


def test_the_worst_comes_first_and_there_is_a_bound_on_all() -> None:
    many = [f"check-{n}" for n in range(40)]
    before = {name: looks(name, 120) for name in many}
    after = {name: looks(name, 90, since=True, slower=2.0 if name == "check-7" else 1.0) for name in many}
    comparisons = judged(after, before).comparisons
    assert len(comparisons) == 60
    assert (comparisons[0].check, comparisons[0].judged) == ("check-7", Judged.FAIL)


# --- What is no pass, though no figure is worse -----------------------------------------------------------------------

AFTER = {name: looks(name, 90, since=True) for name in CHECKS}


def test_what_failed_before_and_fails_still_does_not_pass() -> None:
    down = looks("check-0", 120, failing=1.0), looks("check-0", 90, since=True, failing=1.0)
    judgement = judged(AFTER | {"check-0": down[1]}, BEFORE | {"check-0": down[0]}, final=True)
    assert judgement.judged is Judged.INCONCLUSIVE
    assert (
        judgement.text
        == "no figure is proven to be worse, but most results since the watch began are failures of check-0"
    )


def test_a_check_without_a_past_that_fails_does_not_pass() -> None:
    new = looks("new", 90, since=True, failing=0.7)
    assert judged(AFTER | {"new": new}, final=True).judged is Judged.INCONCLUSIVE
    assert judged(AFTER | {"new": looks("new", 90, since=True)}, final=True).judged is Judged.PASS


def test_an_incident_that_has_opened_since_stands_against_a_pass() -> None:
    quarter = timedelta(minutes=15)
    judgement = judge(PLAN, BEFORE, AFTER, after_for=quarter, now=NOW, final=True, points=3, opened=["disk"])
    assert judgement.judged is Judged.INCONCLUSIVE
    assert judgement.text.endswith("but an incident has opened since the watch began of disk")


def test_a_check_of_which_little_was_known_since_stands_against_a_pass() -> None:
    """One result that is known and a quarter of an hour of unknown ones."""
    judgement = judged(AFTER | {"check-0": looks("check-0", 1, since=True)}, final=True)
    assert judgement.judged is Judged.INCONCLUSIVE
    assert "hardly any results since the watch began of check-0" in judgement.text


# --- Words whose numbers are those of the decision --------------------------------------------------------------------


def _steady(name: str, seconds: float, number: int, *, since: bool) -> Samples:
    return Samples(check=name, looks=tuple(Look(at, failed=False, time=seconds) for at in _slots(number, since=since)))


def test_a_time_that_is_hardly_beyond_its_bound_does_not_read_like_it() -> None:
    before, after = _steady("page", 0.2, 120, since=False), _steady("page", 0.3006, 90, since=True)
    assert "50.3 % slower (bound 50 %)" in judged({"page": after}, {"page": before}, final=True).text


def test_times_that_are_not_told_apart_do_not_pose_as_measured() -> None:
    before, after = (
        replace(_steady("page", 0.02, number, since=since), least=0.02) for number, since in ((120, False), (90, True))
    )
    told = judged({"page": after}, {"page": before}, final=True)
    assert (told.judged, "p95 of page at most 20 ms, as before" in told.text) == (Judged.PASS, True)
    slow = judged({"page": replace(_steady("page", 0.05, 90, since=True), least=0.02)}, {"page": before}, final=True)
    assert "p95 of page 50 ms, was at most 20 ms: 150 % slower" in slow.text


def test_equal_times_are_told_apart_however_many_they_are() -> None:
    """A clock that is coarse, and more looks since than before."""
    before, after = _steady("page", 0.01, 30, since=False), _steady("page", 0.02, 90, since=True)
    assert judged({"page": after}, {"page": before}, final=True).judged is Judged.FAIL


def test_what_is_beyond_its_bound_and_may_be_chance_says_so() -> None:
    failing = Look(BEGAN + 905, failed=True)
    page = Samples(check="page", looks=(*_steady("page", 0.2, 59, since=True).looks, failing))
    judgement = judged({"page": page}, {"page": _steady("page", 0.2, 400, since=False)}, final=True)
    assert judgement.judged is Judged.PASS
    assert "failures of page 1.67 %, were 0 % (bound 1 %), which may be chance (p = 0.13)" in judgement.text


def test_times_of_the_one_check_that_has_some_are_pooled_in_multiples_of_what_is_usual() -> None:
    disk = looks("disk", 90, failing=1.0), looks("disk", 90, since=True, failing=0.0)
    before = {
        "page": looks("page", 120),
        "disk": Samples(check="disk", looks=tuple(Look(n * 60.0, failed=False) for n in range(90))),
    }
    after = {
        "page": looks("page", 90, since=True),
        "disk": Samples(check="disk", looks=tuple(one._replace(time=None) for one in disk[1].looks)),
    }
    pooled = next(one for one in judged(after, before).comparisons if one.measure is Measure.TIME and not one.check)
    assert pooled.before is not None
    assert 1.0 < pooled.before < 2.0

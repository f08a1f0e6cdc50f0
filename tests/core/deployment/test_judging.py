from __future__ import annotations

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
    assert judged(number=90, final=True).text.startswith("nothing is worse than before: failures of all checks")


def test_one_that_is_slower_as_a_whole_fails_after_five_minutes() -> None:
    judgement = judged(made=lambda _name: {"slower": 1.6})
    worst = judgement.comparisons[0]
    assert (judgement.judged, worst.measure, worst.check) == (Judged.FAIL, Measure.TIME, "")
    assert "% slower (bound 50 %), p < 0.001, 240 and 960 results" in judgement.text


def test_one_whose_requests_fail_now_and_then_fails_by_its_end() -> None:
    judgement = judged(number=90, final=True, made=lambda _name: {"failing": 0.03})
    assert judgement.judged is Judged.FAIL
    assert judgement.text.startswith("failures of all checks together 2.92 %, were 0 % (bound 1 % more), p < 0.001")


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
    assert judgement.text.startswith("matches in logs of app 6 a minute, were 0.333 (bound 100 % more), p < 0.001")
    assert judged({"app": told(4, 15)}, {"app": told(0, 60)}, final=True).judged is Judged.PASS


def test_the_worst_comes_first_and_there_is_a_bound_on_all() -> None:
    many = [f"check-{n}" for n in range(40)]
    before = {name: looks(name, 120) for name in many}
    after = {name: looks(name, 90, since=True, slower=2.0 if name == "check-7" else 1.0) for name in many}
    comparisons = judged(after, before).comparisons
    assert len(comparisons) == 60
    assert (comparisons[0].check, comparisons[0].judged) == ("check-7", Judged.FAIL)

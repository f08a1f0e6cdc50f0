"""Judges a watch at one of its points: pass, fail or inconclusive, with the numbers.

A figure fails when it is worse than the bound of the plan *and* chance alone would hardly make it so. The plan's significance is
that of a whole watch: it is divided equally among its points (Bonferroni; looking three times is three chances to err), at each
point in halves for all checks together and for the single checks, and within these by Holm's procedure. All checks together
show trouble of the whole system early; single ones, trouble of one that the others hide.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sentinel.base.units import format_value
from sentinel.core.deployment.comparing import holm
from sentinel.core.deployment.deployment import Breach, Comparison, Judged, Judgement, Measure
from sentinel.core.deployment.figures import Contrast, Pair, contrasts
from sentinel.core.deployment.plan import WatchPlan
from sentinel.core.deployment.samples import Samples

#: A judgement keeps no more comparisons than this, the worst.
MOST_COMPARISONS = 60

#: A check has fallen silent when so many results of it are missing, and these are more than half.
_MISSED = 3

#: A sentence names no more checks than this.
_MOST_NAMED = 5


def judge(
    plan: WatchPlan,
    before: Mapping[str, Samples],
    after: Mapping[str, Samples],
    *,
    after_for: timedelta,
    now: datetime,
    final: bool,
    points: int,
    breaches: Sequence[Breach] = (),
    opened: Sequence[str] = (),
) -> Judgement:
    """What is known of a watch.

    It fails when a criterion is met or a figure is worse. It passes when nothing is, failures and (where any check measures
    a time) times of all checks together could be judged, no check fails most of the time, whatever it did before, and no
    incident has opened since; at its end also only if every check that could be judged before has been looked at since.
    Otherwise it is inconclusive.

    Args:
        plan: how it is judged.
        before: the samples of the baseline by check.
        after: those since the watch began.
        after_for: how long it has gone on.
        now: UTC.
        final: whether the watch ends with this.
        points: how many points the whole watch has, its end included.
        breaches: criteria that are met.
        opened: the checks of which an incident has opened since the watch began, and is open.
    """
    pairs = [Pair(before.get(name, Samples(check=name)), one) for name, one in after.items()]
    compared = _compared(plan, pairs, plan.significance / max(points, 1))
    doubts = [*_doubts(pairs, opened), *(_unseen(plan, pairs, after_for) if final else ())]
    judged = _verdict(compared, doubts, breaches)
    return Judgement(
        at=now,
        after=after_for,
        judged=judged,
        comparisons=tuple(sorted(compared, key=_badness)[:MOST_COMPARISONS]),
        breaches=tuple(breaches),
        final=final,
        text=_sentence(plan, judged, compared, doubts, breaches),
    )


# --- Figures ----------------------------------------------------------------------------------------------------------


def _compared(plan: WatchPlan, pairs: Sequence[Pair], level: float) -> list[Comparison]:
    single = [one for pair in pairs for one in contrasts(plan, [pair])]
    if len(pairs) < 2:
        return _tested(plan, single, level)
    together = list(contrasts(plan, pairs))
    return [*_tested(plan, together, level / 2), *_tested(plan, single, level / 2)]


def _tested(plan: WatchPlan, found: Iterable[Contrast], level: float) -> list[Comparison]:
    """The verdicts over some figures, which together err no more often than the level."""
    enough: dict[bool, list[Contrast]] = {True: [], False: []}
    for one in found:
        enough[one.enough].append(one)
    worse = holm([1.0 if one.chance is None else one.chance for one in enough[True]], level)
    judged = [
        _comparison(plan, one, Judged.FAIL if significant and one.beyond else Judged.PASS)
        for one, significant in zip(enough[True], worse, strict=True)
    ]
    return [*judged, *(_comparison(plan, one, Judged.INCONCLUSIVE) for one in enough[False])]


def _comparison(plan: WatchPlan, contrast: Contrast, judged: Judged) -> Comparison:
    return Comparison(
        measure=contrast.measure,
        check=contrast.check,
        judged=judged,
        before=contrast.before,
        after=contrast.after,
        unit=contrast.unit,
        before_samples=contrast.before_samples,
        after_samples=contrast.after_samples,
        bound=contrast.bound,
        significance=None if judged is Judged.INCONCLUSIVE else contrast.chance,
        text=_told(plan, contrast, judged),
    )


# --- The verdict ------------------------------------------------------------------------------------------------------


def _verdict(compared: Iterable[Comparison], doubts: Sequence[str], breaches: Sequence[Breach]) -> Judged:
    every = list(compared)
    if breaches or any(one.judged is Judged.FAIL for one in every):
        return Judged.FAIL
    return Judged.PASS if not doubts and not _missing(every) else Judged.INCONCLUSIVE


def _missing(compared: Sequence[Comparison]) -> list[Comparison | None]:
    """What a pass needs and there is too little of; None: there is nothing at all."""
    whole = [one for one in compared if not one.check] or list(compared)
    needed: list[Comparison | None] = [one for one in whole if one.measure is not Measure.LOGS]
    return [one for one in needed if one is None or one.judged is Judged.INCONCLUSIVE] if needed else [None]


def _doubts(pairs: Sequence[Pair], opened: Sequence[str]) -> Iterator[str]:
    """Why nobody should take it for good, although no figure is worse than before: it may have been as bad, or not known."""
    if opened:
        yield f"an incident has opened since the watch began of {_named(opened)}"
    if failing := [one.check for one in pairs if one.after.failures * 2 > one.after.results]:
        yield f"most results since the watch began are failures of {_named(failing)}"


def _unseen(plan: WatchPlan, pairs: Iterable[Pair], after_for: timedelta) -> Iterator[str]:
    """Checks that told something before, and by now should have since: unknown results are no health."""
    told = (one for one in pairs if one.before.results >= plan.samples)
    if silent := [one.check for one in told if _is_silent(one, after_for.total_seconds())]:
        yield f"there are hardly any results since the watch began of {_named(silent)}"


def _is_silent(pair: Pair, seconds: float) -> bool:
    usual = seconds / rhythm if (rhythm := _rhythm(pair.before)) else 0.0
    return usual - pair.after.results >= _MISSED and pair.after.results * 2 < usual


def _named(checks: Sequence[str]) -> str:
    more = f" and {len(checks) - _MOST_NAMED} more" if len(checks) > _MOST_NAMED else ""
    return f"{', '.join(checks[:_MOST_NAMED])}{more}"


def _rhythm(before: Samples) -> float:
    """The usual seconds between two results."""
    return (before.looks[-1].at - before.looks[0].at) / max(before.results - 1, 1)


def _badness(one: Comparison) -> tuple[bool, bool, bool, float]:
    """The order in which to read them: failed ones first, all checks together before each, the farthest beyond first."""
    beyond = (one.after or 0.0) / one.bound if one.bound else 0.0
    return one.judged is not Judged.FAIL, one.judged is Judged.INCONCLUSIVE, bool(one.check), -beyond


# --- Sentences --------------------------------------------------------------------------------------------------------


def _sentence(
    plan: WatchPlan,
    judged: Judged,
    compared: Sequence[Comparison],
    doubts: Sequence[str],
    breaches: Sequence[Breach],
) -> str:
    match judged:
        case Judged.FAIL:
            worse = sorted((one for one in compared if one.judged is Judged.FAIL), key=_badness)
            return _first(*(one.text for one in breaches), *(one.text for one in worse))
        case Judged.PASS:
            whole = [one for one in compared if not one.check] or list(compared)
            return f"nothing is proven to be worse than its bound: {'; '.join(one.text for one in whole)}"
        case Judged.INCONCLUSIVE:
            return (
                f"no figure is proven to be worse, but {'; '.join(doubts)}" if doubts else _too_little(plan, compared)
            )


def _first(text: str, *others: str) -> str:
    return f"{text}; and {len(others)} more" if others else text


def _too_little(plan: WatchPlan, compared: Sequence[Comparison]) -> str:
    missing = next(iter(_missing(compared)))
    if missing is None:
        return "nothing was measured on both sides, before and since, that could be compared"
    return (
        f"too few results to judge by: {missing.after_samples} since the watch began and {missing.before_samples} before, "
        f"and no check has {plan.samples} of each, which are needed"
    )


def _told(plan: WatchPlan, one: Contrast, judged: Judged) -> str:
    """A figure in one sentence: `p95 of search 410 ms, was 250 ms: 64 % slower (bound 50 %), p < 0.001, 96 and 540 results`."""
    figure = _FIGURES[one.measure](plan, one)
    if judged is Judged.INCONCLUSIVE:
        return f"{figure}; too few results to judge by: {one.after_samples} and {one.before_samples}"
    likely = "" if one.chance is None else f", {_likely(one.chance)}"
    if one.beyond and judged is Judged.PASS:
        likely = f", which may be chance ({likely.removeprefix(', ')})"
    return f"{figure}{likely}, {one.after_samples} and {one.before_samples} results"


def _errors(_plan: WatchPlan, one: Contrast) -> str:
    was, bound = format_value(one.before, one.unit), format_value(one.bound, one.unit)
    now = _apart(one, lambda digits: f"{one.after * 100:.{digits}g} %", bound)
    return f"failures of {_of(one)} {now}, were {was} (bound {bound})"


def _times(plan: WatchPlan, one: Contrast) -> str:
    which = "median" if one.quantile == 0.5 else f"p{one.quantile * 100:g}"
    if max(one.before, one.after) <= one.least:
        return f"{which} of {_of(one)} at most {format_value(one.least, one.unit)}, as before: what is below is not told apart"
    was, now = _time(one, one.before), _time(one, one.after)
    change = one.after / one.before - 1 if one.before else 0.0
    word, bound = "slower" if change >= 0 else "faster", f"{plan.slower * 100:g} %"
    by = _apart(one, lambda digits: f"{abs(change) * 100:.{digits - 3}f} %", bound)
    if not one.check:
        return f"{_of(one)} take {now} as long as usual ({which}), {was} before: {by} {word} (bound {bound})"
    return f"{which} of {_of(one)} {now}, was {was}: {by} {word} (bound {bound})"


def _time(one: Contrast, value: float) -> str:
    most = "at most " if value <= one.least else ""
    return f"{most}{format_value(value, one.unit)}" if one.check else f"{value:.2f} times"


def _logs(_plan: WatchPlan, one: Contrast) -> str:
    bound = f"{one.bound:.3g}"
    now = _apart(one, lambda digits: f"{one.after:.{digits}g}", bound)
    return f"matches in logs of {_of(one)} {now} a minute, were {one.before:.3g} (bound {bound})"


def _apart(one: Contrast, written: Callable[[int], str], bound: str) -> str:
    """With three digits, or as many more as tell what is beyond its bound from that: `50 % (bound 50 %)` would be no reason."""
    texts = (written(digits) for digits in range(3, _MOST_DIGITS))
    return next((text for text in texts if not one.beyond or text != bound), written(_MOST_DIGITS))


_MOST_DIGITS = 7

_FIGURES = {Measure.ERRORS: _errors, Measure.TIME: _times, Measure.LOGS: _logs}


def _of(one: Contrast) -> str:
    return one.check or "all checks together"


def _likely(chance: float) -> str:
    return "p < 0.001" if chance < 0.001 else f"p = {chance:.2g}"

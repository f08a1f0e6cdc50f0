"""Why a deployment failed, in words for who has no time for figures: `answers take 6.5 times as long`."""

from typing import Final

from sentinel.core.deployment.deployment import Comparison, Deployment, Judged, Measure
from sentinel.core.deployment.plan import Criterion

#: From so many times on a change is told as a multiple, below it in per cent.
_TIMES: Final = 1.5

_BROKEN: Final = {
    Criterion.CRITICAL_FUNCTION: "something that people cannot do without is broken",
    Criterion.INTEGRITY: "its data contradict themselves",
    Criterion.MIGRATION: "the database does not stand where it is needed",
    Criterion.SEVERAL_SERVICES: "several of its checks are critical at once",
    Criterion.SAID_SO: "a step of it failed",
}


def why_failed(one: Deployment) -> str:
    """What broke first, or by how much the figure that decided is worse; empty where neither is known."""
    last = one.watch.judgements[-1] if one.watch is not None and one.watch.judgements else None
    breaches = [*([one.broken] if one.broken is not None else []), *(last.breaches if last is not None else ())]
    if breaches:
        return _BROKEN[breaches[0].criterion]
    worse = [figure for figure in last.comparisons if figure.judged is Judged.FAIL] if last is not None else []
    return worse_by(worse[0]) if worse else ""


def worse_by(figure: Comparison) -> str:
    """By how much a figure is worse: `answers of search take 12 % longer`, `12 % of all looks fail, 0.1 % before`."""
    before, after = figure.before or 0.0, figure.after or 0.0
    match figure.measure:
        case Measure.ERRORS:
            of = f"looks of {figure.check}" if figure.check else "all looks"
            return f"{after * 100:.3g} % of {of} fail, {before * 100:.3g} % before"
        case Measure.TIME:
            return f"answers{f' of {figure.check}' if figure.check else ''} take {_longer(before, after)}"
        case Measure.LOGS:
            where = f" of {figure.check}" if figure.check else ""
            return f"the logs{where} have {after:.3g} matches a minute, {before:.3g} before"


def _longer(before: float, after: float) -> str:
    times = after / before if before else 0.0
    if not times:
        return "longer"
    return f"{times:.2g} times as long" if times >= _TIMES else f"{(times - 1) * 100:.0f} % longer"

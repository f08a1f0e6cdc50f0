"""Whatever was found, a judgement is made, and its numbers are numbers."""

from __future__ import annotations

import math
from datetime import timedelta
from operator import attrgetter

from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.deployment.deployment import Judged
from sentinel.core.deployment.judging import judge
from sentinel.core.deployment.plan import WatchPlan
from sentinel.core.deployment.samples import LEAST_TIME, Found, Look, Samples
from tests.core.made import NOW, PROPERTY

looks = st.builds(Look, st.floats(0, 1e5), st.booleans(), st.none() | st.floats(LEAST_TIME, 1e4))
found = st.builds(Found, st.integers(0, 100), st.sampled_from([0.0, 5.0, 60.0]))


def samples(check: str) -> st.SearchStrategy[Samples]:
    return st.builds(
        lambda every, matches: Samples(check=check, looks=tuple(sorted(every, key=attrgetter("at"))), found=matches),
        st.lists(looks, max_size=40),
        found,
    )


sides = st.fixed_dictionaries({}, optional={name: samples(name) for name in "abc"})


@PROPERTY
@given(sides, sides, st.booleans())
def test_a_judgement_is_made_of_whatever_there_is(
    before: dict[str, Samples], after: dict[str, Samples], final: bool
) -> None:
    made = judge(WatchPlan(samples=5), before, after, after_for=timedelta(minutes=5), now=NOW, final=final, points=3)
    numbers = [(one.before or 0.0, one.after or 0.0, one.bound or 0.0) for one in made.comparisons]
    assert all(math.isfinite(number) for three in numbers for number in three)
    assert all(one.significance is None or 0 <= one.significance <= 1 for one in made.comparisons)
    assert (made.judged is Judged.FAIL) == any(one.judged is Judged.FAIL for one in made.comparisons)
    assert made.text

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.excuses import Excuses
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from tests.core.made import MINUTE, NOW, PROPERTY, check

windows = st.lists(
    st.builds(
        lambda begin, length, name: Held(
            window=f"{begin}-{length}",
            title="",
            matcher=Matcher(checks=(name,)),
            starts_at=NOW + begin * MINUTE,
            ends_at=NOW + (begin + length) * MINUTE,
            expects_down=False,
            by="ada",
            why="",
        ),
        st.integers(0, 60),
        st.integers(0, 20),
        st.sampled_from(["api", "other", "*"]),
    ),
    max_size=8,
)


def covers(held: Held, minute: float) -> bool:
    at = NOW + minute * MINUTE
    return held.matcher.covers(check()) and held.starts_at <= at < held.ends_at


@PROPERTY
@given(windows, st.integers(-5, 90))
def test_a_moment_is_excused_when_any_window_covers_it(held: list[Held], minute: int) -> None:
    found = Excuses(held).at(check(), NOW + minute * MINUTE)
    assert bool(found) == any(covers(one, minute) for one in held)


@PROPERTY
@given(windows, st.integers(-5, 90), st.integers(1, 30))
def test_a_time_is_excused_when_a_moment_of_it_is(held: list[Held], begin: int, length: int) -> None:
    since = NOW + begin * MINUTE
    touched = any(covers(one, begin + part) for one in held for part in range(length))
    assert Excuses(held).during(check(), since, since + timedelta(minutes=length)) == touched

"""How many entries a log has, span by span."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sentinel.probes.audit.blocks import Block, compared, split

NUMBERS = st.sets(st.integers(1, 200), min_size=1)


def counted(numbers: set[int], spans: list[tuple[int, int]]) -> tuple[Block, ...]:
    return tuple(Block(after, last, sum(after < one <= last for one in numbers)) for after, last in spans)


@given(there=NUMBERS, taken=st.sets(st.integers(1, 200)), later=st.sets(st.integers(1, 200)))
def test_what_is_taken_out_is_told_unless_as_much_came_in_its_place(
    there: set[int], taken: set[int], later: set[int]
) -> None:
    spans = split(min(there) - 1, max(there))
    before, now = counted(there, spans), counted((there - taken) | later, spans)
    known, gone = compared(before, now, 0, may_purge=False)
    lost = sum(max(one.size - other.size, 0) for one, other in zip(before, now, strict=True))
    assert (gone.size if gone is not None else 0) == lost
    assert gone is not None or known == now


@given(there=NUMBERS, purged=st.integers(0, 200))
def test_what_is_purged_from_the_beginning_is_never_told(there: set[int], purged: int) -> None:
    left = {number for number in there if number > purged} or {max(there)}
    spans = split(min(there) - 1, max(there))
    known, gone = compared(counted(there, spans), counted(left, spans), min(left), may_purge=True)
    assert gone is None
    assert sum(block.size for block in known) == len(left)


@given(there=st.sets(st.integers(1, 200), min_size=3), at=st.integers(1, 10**6))
def test_what_is_taken_from_behind_the_oldest_is_told(there: set[int], at: int) -> None:
    middle = sorted(there)[1:-1]
    spans = split(min(there) - 1, max(there))
    left = there - {middle[at % len(middle)]}
    _, gone = compared(counted(there, spans), counted(left, spans), min(left), may_purge=True)
    assert gone is not None
    assert gone.size == 1


def test_a_span_is_split_into_parts_that_cover_it() -> None:
    assert split(0, 3) == [(0, 1), (1, 2), (2, 3)]
    assert split(0, 100)[0] == (0, 7)
    assert split(0, 100)[-1] == (98, 100)
    assert len(split(-5, 1_000_000)) == 16
    assert split(7, 7) == []


def test_many_blocks_are_joined_and_lose_nothing() -> None:
    blocks = tuple(Block(number, number + 1, 1) for number in range(50))
    known, gone = compared(blocks, blocks, 1, may_purge=False)
    assert (len(known), sum(block.size for block in known), gone) == (32, 50, None)
    assert all(one.last == other.after for one, other in pairwise(known))

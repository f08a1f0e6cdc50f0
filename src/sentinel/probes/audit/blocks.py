"""How many entries a log has, span by span: a span must never have fewer than it had."""

from collections.abc import Sequence
from typing import Final, NamedTuple

_FIRST: Final = 16  # spans that a log is first counted in
_MOST: Final = 32  # spans kept; the smallest neighbours are joined


class Block(NamedTuple):
    """The entries with numbers above `after`, up to `last`."""

    after: int
    last: int
    size: int  # entries


def split(after: int, last: int) -> list[tuple[int, int]]:
    """A span in parts of about the same width: where old entries may be purged, only the part that they are in may shrink."""
    width = max(-(-(last - after) // _FIRST), 1)
    return [(start, min(start + width, last)) for start in range(after, last, width)]


def compared(
    before: Sequence[Block], now: Sequence[Block], oldest: int, *, may_purge: bool
) -> tuple[tuple[Block, ...], int]:
    """The blocks to remember, and how many entries are gone that must not be.

    Args:
        before: as they were counted last; `now` has the same, and maybe one more.
        oldest: the number of the oldest entry that there is.
        may_purge: whether entries before it may have been taken away, so that the block that it is in may shrink.
    """
    gone = 0
    known: list[Block] = []
    for number, block in enumerate(now):
        missing = before[number].size - block.size if number < len(before) else 0
        if missing <= 0:
            known.append(block)
        elif may_purge and block.after + 1 < oldest:
            known += [Block(oldest - 1, block.last, block.size)] if block.last >= oldest else []
        else:
            gone += missing
    return _joined(tuple(known)), gone


def _joined(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    while len(blocks) > _MOST:
        at = min(range(len(blocks) - 1), key=lambda number: blocks[number].size + blocks[number + 1].size)
        one, other = blocks[at], blocks[at + 1]
        blocks = (*blocks[:at], Block(one.after, other.last, one.size + other.size), *blocks[at + 2 :])
    return blocks

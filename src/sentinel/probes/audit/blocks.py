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


class Gone(NamedTuple):
    """Entries that were there and are not any more, and between which numbers."""

    size: int
    after: int
    last: int

    def __str__(self) -> str:
        entries = "1 entry that was there is" if self.size == 1 else f"{self.size} entries that were there are"
        return f"{entries} gone, with numbers from {self.after + 1} to {self.last}"


def split(after: int, last: int) -> list[tuple[int, int]]:
    """A span in parts of about the same width: where old entries may be purged, only the part that they are in may shrink."""
    width = max(-(-(last - after) // _FIRST), 1)
    return [(start, min(start + width, last)) for start in range(after, last, width)]


def compared(
    before: Sequence[Block], now: Sequence[Block], oldest: int, *, may_purge: bool
) -> tuple[tuple[Block, ...], Gone | None]:
    """The blocks to remember, and the entries that are gone and must not be.

    Args:
        before: as they were counted last; `now` has the same, and maybe one more.
        oldest: the number of the oldest entry that there is.
        may_purge: whether entries before it may have been taken away, so that the block that it is in may shrink.
    """
    shrunk: list[Gone] = []
    known: list[Block] = []
    for number, block in enumerate(now):
        missing = before[number].size - block.size if number < len(before) else 0
        if missing <= 0:
            known.append(block)
        elif may_purge and block.after + 1 < oldest:
            known += [Block(oldest - 1, block.last, block.size)] if block.last >= oldest else []
        else:
            shrunk.append(Gone(missing, block.after, block.last))
    gone = Gone(sum(one.size for one in shrunk), shrunk[0].after, shrunk[-1].last) if shrunk else None
    return _joined(tuple(known)), gone


def _joined(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    while len(blocks) > _MOST:
        at = min(range(len(blocks) - 1), key=lambda number: blocks[number].size + blocks[number + 1].size)
        one, other = blocks[at], blocks[at + 1]
        blocks = (*blocks[:at], Block(one.after, other.last, one.size + other.size), *blocks[at + 2 :])
    return blocks

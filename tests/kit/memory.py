"""How much memory a piece of work takes at its peak."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


class Growth:
    """Bytes that Python's allocators gave out at the peak, past what was there at the beginning."""

    bytes = 0


@contextmanager
def peak_growth() -> Iterator[Growth]:
    """Measures the block; read `bytes` after it. Covers what goes through Python's allocators, zlib's output too."""
    growth = Growth()
    tracemalloc.start()
    try:
        yield growth
        growth.bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

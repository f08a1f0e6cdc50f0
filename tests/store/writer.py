"""A program that writes to a store until it is killed: `python -m tests.store.writer URL [BYTES]`.

It prints `acked N` after each commit of result N. With BYTES no file may grow beyond so many bytes; at the first refusal it
prints `full`, lifts the limit, and goes on.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from datetime import timedelta

from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreFull
from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.core.result import FailureClass, Result, failed
from sentinel.core.rule import Severity
from sentinel.store.database import Store
from tests.store.values import AT

LONG = "x" * 3000


def result(number: int) -> Result:
    at = AT + timedelta(seconds=number)
    return Result(
        check="health", scheduled_at=at, finished_at=at, measurement=failed(FailureClass.WRONG_BODY, f"{number} {LONG}")
    )


def limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def write(store: Store, number: int) -> None:
    await store.write(lambda tx: tx.results.add([(result(number), Severity.CRITICAL)]))
    print(f"acked {number}", flush=True)


async def main(url: str, limit: int | None) -> None:
    store = await Store.open(StorePlan(url=Secret(url)), SystemClock())
    if limit is not None:
        limit_files(limit)
    number = 0
    while True:
        try:
            await write(store, number)
        except StoreFull:
            print("full", flush=True)
            limit_files(resource.RLIM_INFINITY)
            continue
        number += 1


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))

from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    host, _, port = where.rpartition(":")
    return {"host": host, "port": int(port), "send": "EHLO query-canary\r\n", "expect": "^220 "}


SUBJECT = Subject(
    options=options,
    own=frozenset({FailureClass.WRONG_ANSWER, FailureClass.OPEN_PORT}),
    garbage=frozenset({FailureClass.WRONG_ANSWER, FailureClass.READ_TIMEOUT}),
)

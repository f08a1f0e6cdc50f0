from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    host, _, port = where.rpartition(":")
    return {"host": host, "port": int(port), "starttls": "postgres"}


SUBJECT = Subject(
    options=options,
    own=frozenset({FailureClass.INSECURE, FailureClass.DEGRADED, FailureClass.NOT_INSTALLED}),
)

from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    return {"host": where.rpartition(":")[0]}


SUBJECT = Subject(
    options=options,
    own=frozenset({FailureClass.NO_REPLY, FailureClass.NOT_PERMITTED}),
    speaks_tcp=False,
)

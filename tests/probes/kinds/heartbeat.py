from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(_where: str) -> dict[str, Any]:
    return {"token": "token-canary-0123456789", "every": "1h", "show_output": True}


SUBJECT = Subject(
    options=options,
    own=frozenset({FailureClass.OVERDUE, FailureClass.JOB_FAILED, FailureClass.JOB_STUCK, FailureClass.UNHEARD}),
    speaks_tcp=False,
)

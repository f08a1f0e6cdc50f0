from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    return {"files": [f"/var/log/{where}/*.log"], "patterns": {"errors": "error|exception|failed"}}


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.MISSING,
            FailureClass.STALE,
            FailureClass.READ_TIMEOUT,
            FailureClass.NOT_PERMITTED,
            FailureClass.NOT_INSTALLED,
        }
    ),
    speaks_tcp=False,
)

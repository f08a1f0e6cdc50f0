from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    return {"name": "query-canary.example.org", "servers": [where]}


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.WRONG_ANSWER,
            FailureClass.INTEGRITY,
            FailureClass.INSECURE,
            FailureClass.BODY_TOO_LARGE,
            FailureClass.NOT_INSTALLED,
        }
    ),
    speaks_tcp=False,
)

from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(_where: str) -> dict[str, Any]:
    return {"processes": [{"name": "api", "command": "gunicorn"}]}


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.NOT_RUNNING,
            FailureClass.MISSING,
            FailureClass.UNHEALTHY,
            FailureClass.DEGRADED,
            FailureClass.READ_TIMEOUT,
            FailureClass.NOT_PERMITTED,
        }
    ),
    speaks_tcp=False,
)

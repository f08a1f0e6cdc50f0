from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(_where: str) -> dict[str, Any]:
    return {"systemd": {"unit": "hospital-api.service"}}


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.NOT_RUNNING,
            FailureClass.MISSING,
            FailureClass.UNHEALTHY,
            FailureClass.DEGRADED,
            FailureClass.INSECURE,
            FailureClass.DRIFTED,
            FailureClass.NOT_INSTALLED,
            FailureClass.NOT_PERMITTED,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.MISCONFIGURED,
            FailureClass.COMMAND_UNKNOWN,
        }
    ),
    speaks_tcp=False,
)

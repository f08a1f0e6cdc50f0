from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject, request


def options(where: str) -> dict[str, Any]:
    return {
        **request(where),
        "auth": {"bearer": "token-canary"},
        "components": {"database": {"path": "name", "good": ["connected"]}},
        "values": {"connections": {"path": "at"}},
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.UNHEALTHY,
            FailureClass.DEGRADED,
            FailureClass.MISSING,
            FailureClass.WRONG_STATUS,
            FailureClass.WRONG_BODY,
            FailureClass.BODY_TOO_LARGE,
            FailureClass.LOGIN_FAILED,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.NOT_PERMITTED,
        }
    ),
)

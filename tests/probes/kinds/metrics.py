from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject, request


def options(where: str) -> dict[str, Any]:
    return {
        **request(where),
        "auth": {"basic": {"username": "monitor", "password": "pass-canary"}},
        "values": {"active": {"gauge": "name"}},
        "body_limit": 1 << 20,
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.MISSING,
            FailureClass.STALE,
            FailureClass.WRONG_STATUS,
            FailureClass.WRONG_BODY,
            FailureClass.BODY_TOO_LARGE,
            FailureClass.QUERY_TIMEOUT,
            FailureClass.LOGIN_FAILED,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.NOT_PERMITTED,
            FailureClass.MISCONFIGURED,
        }
    ),
)

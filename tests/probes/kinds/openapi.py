from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject, login, request


def options(where: str) -> dict[str, Any]:
    return {
        **request(where),
        "login": {**login(where), "url": f"http://{where}/login?q=query-canary"},
        "required": ["GET /health"],
        "body_limit": 1 << 20,
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.MISSING,
            FailureClass.DRIFTED,
            FailureClass.INSECURE,
            FailureClass.WRONG_STATUS,
            FailureClass.WRONG_BODY,
            FailureClass.BODY_TOO_LARGE,
            FailureClass.LOGIN_FAILED,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.NOT_PERMITTED,
        }
    ),
)

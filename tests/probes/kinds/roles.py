from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import LOGIN, QUERY, Subject, request


def options(where: str) -> dict[str, Any]:
    return {
        "login": {"url": f"http://{where}/login"},
        "roles": {
            "nurse": {"username": "nurse", "password": "pass-canary", "allow": []},
            "admin": {"token": "token-canary", "allow": ["read"]},
        },
        "requests": {"read": request(where), "write": request(where)},
        "assignment": {"by": "admin", "assign": request(where), "revoke": request(where)},
    }


SUBJECT = Subject(
    options=options,
    own=LOGIN
    | QUERY
    | {
        FailureClass.ACCESS_GAINED,
        FailureClass.ACCESS_LOST,
        FailureClass.WRONG_STATUS,
        FailureClass.WRONG_ANSWER,
        FailureClass.WRONG_BODY,
        FailureClass.BODY_TOO_LARGE,
        FailureClass.INTEGRITY,
        FailureClass.NOT_INSTALLED,
        FailureClass.NOT_PERMITTED,
        FailureClass.MISCONFIGURED,
    },
)

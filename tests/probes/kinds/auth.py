from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject, login, request


def options(where: str) -> dict[str, Any]:
    return {"login": login(where), "protected": request(where), "refuse": {"expired": "token-canary"}}


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.LOGIN_FAILED,
            FailureClass.TOKEN_REFUSED,
            FailureClass.TOKEN_ACCEPTED,
            FailureClass.WRONG_STATUS,
            FailureClass.INSECURE,
            FailureClass.ACCESS_GAINED,
            FailureClass.LOCKOUT_MISSING,
        }
    ),
)

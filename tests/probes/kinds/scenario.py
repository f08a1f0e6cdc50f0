from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import LOGIN, QUERY, Subject, login, request


def options(where: str) -> dict[str, Any]:
    return {
        "login": login(where),
        "steps": [
            {"name": "look", "request": request(where), "as": "nobody", "capture": {"number": "number"}},
            {"name": "make", "request": {**request(where), "method": "POST", "json": {"name": "{run}"}}},
        ],
        "finally": [{"name": "take_away", "request": {**request(where), "method": "DELETE"}}],
    }


SUBJECT = Subject(
    options=options,
    own=LOGIN
    | QUERY
    | {
        FailureClass.STEP_FAILED,
        FailureClass.NOT_CLEANED_UP,
        FailureClass.ACCESS_GAINED,
        FailureClass.WRONG_STATUS,
        FailureClass.WRONG_HEADER,
        FailureClass.WRONG_BODY,
        FailureClass.WRONG_ANSWER,
        FailureClass.BODY_TOO_LARGE,
        FailureClass.OVERLOADED,
        FailureClass.NOT_INSTALLED,
        FailureClass.MISCONFIGURED,
    },
)

from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import LOGIN, QUERY, Subject, login, request


def options(where: str) -> dict[str, Any]:
    return {
        "action": {**request(where), "login": login(where)},
        "record": {"request": {"url": f"http://{where}/log?id={{correlation_id}}"}, "login": login(where)},
    }


SUBJECT = Subject(
    options=options,
    own=LOGIN
    | QUERY
    | {
        FailureClass.RECORD_MISSING,
        FailureClass.RECORD_LATE,
        FailureClass.RECORD_INCOMPLETE,
        FailureClass.STALE,
        FailureClass.WRONG_STATUS,
        FailureClass.WRONG_BODY,
        FailureClass.NOT_PERMITTED,
        FailureClass.RECORD_MISPLACED,
        FailureClass.TAMPERED,
        FailureClass.MISSING,
        FailureClass.ACCESS_GAINED,
        FailureClass.NOT_INSTALLED,
        FailureClass.MISCONFIGURED,
        FailureClass.WRONG_ANSWER,
    },
)

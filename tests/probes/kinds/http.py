from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject, request


def options(where: str) -> dict[str, Any]:
    return {
        **request(where),
        "auth": {"bearer": "token-canary"},
        "expect": {"json": [{"path": "name", "equals": "x"}], "headers": {"X-Secret": "y"}, "status": "1xx"},
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.WRONG_STATUS,
            FailureClass.WRONG_HEADER,
            FailureClass.WRONG_BODY,
            FailureClass.BODY_TOO_LARGE,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.NOT_PERMITTED,
        }
    ),
)

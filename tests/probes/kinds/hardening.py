from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject, request


def options(where: str) -> dict[str, Any]:
    return {
        **request(where),
        "paths": ["/login?q=query-canary"],
        "debug_paths": ["/debug"],
        "rate_limit": {"path": "/limited", "requests": 2},
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.INSECURE,
            FailureClass.MISSING,
            FailureClass.NOT_RUNNING,
            FailureClass.WRONG_STATUS,
            FailureClass.WRONG_BODY,
            FailureClass.BODY_TOO_LARGE,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.NOT_PERMITTED,
            FailureClass.MISCONFIGURED,
        }
    ),
)

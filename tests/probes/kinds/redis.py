from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    return {
        "url": f"redis://monitor:pass-canary@{where}/1",
        "queues": [{"name": "mails", "key": "mails"}],
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.UNHEALTHY,
            FailureClass.DEGRADED,
            FailureClass.DRIFTED,
            FailureClass.MISCONFIGURED,
            FailureClass.QUERY_FAILED,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.NOT_PERMITTED,
        }
    ),
)

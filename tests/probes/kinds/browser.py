from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    return {
        "url": f"http://{where}/?q=query-canary",
        "text": ["Welcome"],
        "cookies": {"session": "token-canary"},
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.WRONG_STATUS,
            FailureClass.WRONG_BODY,
            FailureClass.UNHEALTHY,
            FailureClass.NOT_INSTALLED,
            FailureClass.NOT_PERMITTED,
            FailureClass.MISCONFIGURED,
            FailureClass.OVERLOADED,
        }
    ),
    speaks_tcp=False,  # Chromium does
)

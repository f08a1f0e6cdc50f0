from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import QUERY, Subject


def options(where: str) -> dict[str, Any]:
    return {"url": f"postgresql://monitor:pass-canary@{where}/app", "query": "SELECT 1"}


SUBJECT = Subject(
    options=options,
    own=QUERY
    | {
        FailureClass.INTEGRITY,
        FailureClass.WRONG_ANSWER,
        FailureClass.CREDENTIAL_REFUSED,
        FailureClass.NOT_PERMITTED,
        FailureClass.NOT_INSTALLED,
        FailureClass.MISCONFIGURED,
    },
)

from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import QUERY, Subject


def options(where: str) -> dict[str, Any]:
    return {
        "url": f"postgresql://monitor:pass-canary@{where}/app",
        "table": "jobs",
        "states": {"running": ["running"], "failed": ["failed"]},
    }


SUBJECT = Subject(
    options=options,
    own=QUERY
    | {
        FailureClass.JOB_STUCK,
        FailureClass.JOB_FAILED,
        FailureClass.INTEGRITY,
        FailureClass.CREDENTIAL_REFUSED,
        FailureClass.NOT_PERMITTED,
        FailureClass.MISCONFIGURED,
    },
)

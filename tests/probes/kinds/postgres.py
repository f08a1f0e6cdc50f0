from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import QUERY, Subject


def options(where: str) -> dict[str, Any]:
    return {"url": f"postgresql://monitor:pass-canary@{where}/app", "tables": {}, "foreign_keys": {"rows": True}}


SUBJECT = Subject(
    options=options,
    own=QUERY
    | {
        FailureClass.MISSING,
        FailureClass.DRIFTED,
        FailureClass.INTEGRITY,
        FailureClass.NOT_RUNNING,
        FailureClass.UNHEALTHY,
        FailureClass.CREDENTIAL_REFUSED,
        FailureClass.NOT_PERMITTED,
        FailureClass.NOT_INSTALLED,
        FailureClass.MISCONFIGURED,
    },
)

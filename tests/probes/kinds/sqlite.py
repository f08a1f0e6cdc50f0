from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import QUERY, Subject


def options(where: str) -> dict[str, Any]:
    """A libSQL server, which is asked over TCP; files have tests of their own."""
    return {"url": f"sqlite+libsql://{where}?authToken=token-canary", "tables": ["people"]}


SUBJECT = Subject(
    options=options,
    own=QUERY
    | {
        FailureClass.INTEGRITY,
        FailureClass.MISSING,
        FailureClass.CREDENTIAL_REFUSED,
        FailureClass.NOT_PERMITTED,
        FailureClass.MISCONFIGURED,
    },
)

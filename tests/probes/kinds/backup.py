from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    return {
        "places": [f"/backups/{where}/*.dump", "/mnt/offsite/*.dump"],
        "restore": {
            "server": f"postgresql://restore:pass-canary@{where}/postgres",
            "compare_with": f"postgresql://monitor:token-canary@{where}/app",
            "tables": {"patients": {"within": 0.1}},
        },
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.MISSING,
            FailureClass.STALE,
            FailureClass.CORRUPT,
            FailureClass.INSECURE,
            FailureClass.RESTORE_FAILED,
            FailureClass.READ_TIMEOUT,
            FailureClass.QUERY_FAILED,
            FailureClass.QUERY_TIMEOUT,
            FailureClass.NOT_INSTALLED,
            FailureClass.NOT_PERMITTED,
            FailureClass.CREDENTIAL_REFUSED,
            FailureClass.MISCONFIGURED,
            FailureClass.OVERLOADED,
        }
    ),
    speaks_tcp=False,
)

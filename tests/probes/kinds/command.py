from __future__ import annotations

from typing import Any

from sentinel.core.result import FailureClass
from tests.probes.kinds import Subject


def options(where: str) -> dict[str, Any]:
    return {
        "command": ["check_tcp", "-H", where],
        "secret_environment": {"TOKEN": "token-canary", "PASSWORD": "pass-canary"},
        "show_output": True,
    }


SUBJECT = Subject(
    options=options,
    own=frozenset(
        {
            FailureClass.COMMAND_WARNING,
            FailureClass.COMMAND_FAILED,
            FailureClass.COMMAND_UNKNOWN,
            FailureClass.READ_TIMEOUT,
            FailureClass.NOT_INSTALLED,
            FailureClass.MISCONFIGURED,
            FailureClass.NOT_PERMITTED,
        }
    ),
    speaks_tcp=False,
)

"""What a manager of services says of one of them."""

from dataclasses import dataclass, field
from typing import Protocol

from sentinel.base.process import (
    Ended,
    ProgramFailed,
    ProgramForbidden,
    ProgramMissing,
    ProgramTimedOut,
)
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One look at a service. What a manager does not tell is None."""

    findings: list[Finding] = field(default_factory=list)
    up_for: float | None = None  # seconds since it was started
    mark: str = ""  # tells this life of it from the next; empty when it does not run
    restarts: int = 0  # as the manager counts them
    memory: float | None = None  # bytes
    cpu: float | None = None  # seconds of processor time so far
    instances: int | None = None  # how many of it run


class Manager(Protocol):
    """Asked about the one service that a check is about."""

    async def look(self, deadline: float) -> Condition:
        """How it is. Raises Finding when nothing can be said of it."""
        ...


def finding_of(problem: ProgramFailed, program: str, what: str) -> Finding:
    """A manager's program that could not be run.

    Args:
        problem: what happened.
        program: as the check has it.
        what: which manager it belongs to, for people.
    """
    match problem:
        case ProgramMissing():
            hint = f"{what} does not seem to be installed here; if it is, set `program` to the path of {program}."
            return Finding(FailureClass.NOT_INSTALLED, str(problem), hint)
        case ProgramForbidden():
            return Finding(FailureClass.NOT_PERMITTED, str(problem), f"Let Sentinel's user execute {program}.")
        case ProgramTimedOut():
            hint = f"Try the command by hand as Sentinel's user: {what} does not answer it."
            return Finding(FailureClass.READ_TIMEOUT, str(problem), hint)
        case _:
            return Finding(FailureClass.COMMAND_UNKNOWN, str(problem), "Run it by hand as Sentinel's user.")


def misunderstood(program: str, ended: Ended) -> Finding:
    """A manager's program whose answer is none that is known."""
    hint = "Run it by hand as Sentinel's user, with an environment as bare as its own (`env -i`), and see what it says."
    return Finding(
        FailureClass.COMMAND_UNKNOWN, f"{program} ended with status {ended.status} and no usable answer", hint
    )

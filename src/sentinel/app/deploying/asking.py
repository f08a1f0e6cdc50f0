"""What people and programs can ask about deployments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sentinel.core.deployment.deployment import Verification
from sentinel.reports.deployment import DeploymentDocument, DeploymentLine, DryRun


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedStart:
    """A deployment that somebody begins."""

    by: str
    version: str
    system: str = ""  # empty: the only one that is configured
    environment: str = ""  # empty: whichever it is
    ref: str = ""
    from_version: str = ""  # empty: the version of the last one that stands
    backup_id: str = ""
    window: timedelta | None = None  # None: as configured
    expects_down: bool = False
    impact: str = ""  # empty: as configured
    anyway: bool = False  # also where a condition does not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedVerification:
    """Checks that are to be run once."""

    by: str
    system: str = ""
    environment: str = ""
    tags: tuple[
        str, ...
    ] = ()  # checks with one of them; empty: all checks of the system. `pre` asks the conditions, too


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRollback:
    """A deployment that is to be undone."""

    by: str
    reason: str
    system: str = ""
    environment: str = ""
    deployment: int = 0  # 0: the current or last one of the system
    quick: bool = False
    backup_id: str = ""  # one of the two


class Deployments(Protocol):
    """The questions about deployments and their answers. What changes something is answered after its commit.

    All raise NotDone where what is asked makes no sense as things are: no such system or deployment, another one of the system
    goes on, another environment, a state that does not allow it. Nothing was changed then.
    """

    async def all(self, system: str = "") -> Sequence[DeploymentLine]:
        """The deployments of a system, or of all, the newest first; bounded."""
        ...

    def current(self) -> Sequence[DeploymentLine]:
        """Those that go on, and the last of each system; from memory, at once."""
        ...

    async def one(self, number: int) -> DeploymentDocument:
        """Everything that is known of one."""
        ...

    async def find(self, system: str = "", number: int = 0) -> DeploymentDocument:
        """That of a number, or else the current or last one of a system; empty: the only one that is configured."""
        ...

    async def start(self, asked: AskedStart) -> DeploymentDocument:
        """Open its window, and tell the stakeholders."""
        ...

    async def note(self, number: int, by: str, text: str, took: timedelta | None = None) -> DeploymentDocument:
        """Put a step of it on the timeline."""
        ...

    async def extend(self, number: int, by: str, longer: timedelta) -> DeploymentDocument:
        """Have its window end later."""
        ...

    async def watch(self, number: int, by: str, lasts: timedelta | None = None) -> DeploymentDocument:
        """End its window, and begin its watch; where it is watched already, that goes on as it is."""
        ...

    async def finish(self, number: int, by: str, why: str = "") -> DeploymentDocument:
        """End it without a watch, or a watch before its end."""
        ...

    async def fail(self, number: int, by: str, why: str) -> DeploymentDocument:
        """A step of it failed: whoever deploys says so. What is configured for a failed watch happens."""
        ...

    async def accept(self, number: int, by: str, why: str) -> DeploymentDocument:
        """Take one that failed as it is: its incident ends."""
        ...

    async def veto(self, number: int, by: str, why: str) -> DeploymentDocument:
        """Stop a rollback that has not begun."""
        ...

    async def rollback(self, asked: AskedRollback) -> DeploymentDocument:
        """Order the one rollback of a deployment."""
        ...

    async def dry_run(self, asked: AskedRollback) -> DryRun:
        """What that would run. Changes nothing."""
        ...

    async def verify(self, asked: AskedVerification) -> Verification:
        """Begin to run checks once; where a deployment of the system goes on, they belong to it."""
        ...

    def verification(self, number: int) -> Verification:
        """How far one of the last verifications has come; from memory."""
        ...

    async def changed(self, number: int, seen: int, within: float) -> int:
        """Wait until a deployment is another than it was, or for so many seconds; answers its edition then.

        Args:
            number: of the deployment.
            seen: the edition that is known already; 0 at first.
            within: seconds.
        """
        ...

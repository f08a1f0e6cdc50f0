"""One thing that the `hardening` probe found, and where it belongs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.finding import Finding
from sentinel.probes.hardening.options import GROUPS, Group

_LONGEST: Final = 800  # characters of a list of what was found


_WRONG: Final = frozenset({FailureClass.INSECURE, FailureClass.MISSING, FailureClass.NOT_RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A finding and its group."""

    group: Group
    finding: Finding

    @property
    def counts(self) -> bool:
        """Whether something is wrong there; otherwise it could not be looked at, and nothing can be said."""
        return self.finding.failure in _WRONG


def remark(group: Group, what: str, hint: str, failure: FailureClass = FailureClass.INSECURE) -> Remark:
    """Something is wrong in that group."""
    return Remark(group=group, finding=Finding(failure, f"{group}: {what}", hint))


def readings(remarks: Sequence[Remark], looked_at: Sequence[Group], *, whole: bool) -> list[Reading]:
    """The number of each group that was looked at and, when the run was whole, that of all."""
    unseen = {one.group for one in remarks if not one.counts}
    groups = [group for group in GROUPS if group in looked_at and group not in unseen]
    by_group = [Reading(f"findings.{group}", _number(remarks, group), Unit.COUNT) for group in groups]
    return [Reading("findings", len(remarks), Unit.COUNT), *by_group] if whole and not unseen else by_group


def _number(remarks: Sequence[Remark], group: Group) -> int:
    return sum(one.group == group for one in remarks)


def hints(remarks: Sequence[Remark]) -> Mapping[str, str]:
    """What was found in each group, for rules about its number, and what can be done about the first of it."""
    found: dict[str, list[Finding]] = {}
    for one in filter(lambda one: one.counts, remarks):
        found.setdefault(f"findings.{one.group}", []).append(one.finding)
        found.setdefault("findings", []).append(one.finding)
    return {
        reading: f"{shortened('; '.join(one.explanation for one in findings))}. {findings[0].hint}"
        for reading, findings in found.items()
    }


def shortened(listed: str) -> str:
    """A list of what was found that fits into a message."""
    return listed if len(listed) <= _LONGEST else f"{listed[: _LONGEST - 1]}…"

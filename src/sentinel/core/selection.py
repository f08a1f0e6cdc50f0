"""Which of a plan's checks a report is about."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sentinel.core.check import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conditions on a check. All that are given must hold; within one of them any of its values will do."""

    checks: tuple[str, ...] = ()  # names; `*` stands for any letters, `?` for one
    tags: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()

    def covers(self, check: Check) -> bool:
        """Whether the check is chosen. Without any condition all are."""
        if self.checks and not any(fnmatchcase(check.name, pattern) for pattern in self.checks):
            return False
        if self.tags and not self.tags & check.tags:
            return False
        return not self.systems or check.system in self.systems

    @property
    def is_everything(self) -> bool:
        return not (self.checks or self.tags or self.systems)

    def __str__(self) -> str:
        """As people read it: `checks health, login; tag security`; `all checks` without conditions."""
        parts = [f"checks {', '.join(self.checks)}"] if self.checks else []
        parts += [f"tag {', '.join(sorted(self.tags))}"] if self.tags else []
        parts += [f"system {', '.join(sorted(self.systems))}"] if self.systems else []
        return "; ".join(parts) or "all checks"


EVERYTHING = Selection()

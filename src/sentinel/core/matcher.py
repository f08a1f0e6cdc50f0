"""Which checks, and how bad: what a silence, a window and a route are for."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sentinel.core.check import Check
from sentinel.core.rule import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """Conditions on a check and a severity. All that are given must hold; within one of them any of its values will do.

    Without any condition it matches everything.
    """

    checks: tuple[str, ...] = ()  # names; `*` stands for any letters, `?` for one
    tags: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()  # of checks, such as `http`
    severities: frozenset[Severity] = frozenset()

    def matches(self, check: Check, severity: Severity) -> bool:
        """Whether a trouble of that check, as bad as that, is meant."""
        return self.covers(check) and (not self.severities or severity in self.severities)

    def covers(self, check: Check) -> bool:
        """Whether the check is meant, however bad it is."""
        if self.checks and not any(fnmatchcase(check.name, pattern) for pattern in self.checks):
            return False
        if self.tags and not self.tags & check.tags:
            return False
        return not self.kinds or check.kind in self.kinds

    def __str__(self) -> str:
        """As people read it: `check payroll-*, tag hr, critical only`; `everything` without conditions."""
        parts = [f"check {', '.join(self.checks)}"] if self.checks else []
        parts += [f"tag {', '.join(sorted(self.tags))}"] if self.tags else []
        parts += [f"kind {', '.join(sorted(self.kinds))}"] if self.kinds else []
        if self.severities:
            parts.append(f"{', '.join(sorted(one.label.lower() for one in self.severities))} only")
        return "; ".join(parts) or "everything"

"""What can go wrong on Sentinel's own side.

    SentinelError
    ├── ConfigError        a file of configuration is wrong: which file, which key, what was found, what was expected
    ├── AlreadyRunning     another Sentinel owns this store
    ├── StoreError         Sentinel's own database
    │   ├── StoreUnavailable   cannot be reached or answered in time; the same work may succeed later
    │   ├── StoreFull          no room left on the disk
    │   ├── StoreTooNew        was written by a newer Sentinel
    │   └── StoreCorrupt       cannot be read
    └── NotRunning         a command needs the daemon, and no daemon answers

A target that fails is never one of these: it is a Result. A delivery that fails is an Outcome (`core.notification`).
"""

from dataclasses import dataclass


class SentinelError(Exception):
    """Sentinel itself failed; the text is written for the person who has to mend it."""

    #: Exit status of a command that ends with this error (sysexits.h).
    exit_code = 70
    #: What that person can do now; empty when nothing useful is known.
    hint = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a file of configuration."""

    key: str  # path of the key, such as `checks[2].rules[0].critical`; empty for the file as a whole
    found: str  # what stands there, never a secret
    expected: str
    hint: str = ""
    line: int | None = None  # where known

    def __str__(self) -> str:
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{self._place}\n    found: {self.found}\n    expected: {self.expected}{hint}"

    def in_one_line(self) -> str:
        return " ".join(f"{self._place}: found {self.found}, expected {self.expected}".split())

    @property
    def _place(self) -> str:
        return (self.key or "the file") + (f" (line {self.line})" if self.line else "")


class ConfigError(SentinelError):
    """A file of configuration cannot be used. Carries every problem that was found, not only the first."""

    exit_code = 78  # EX_CONFIG

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        self.file = file
        self.problems = problems
        lines = "\n  ".join(str(problem) for problem in problems)
        super().__init__(f"{file}: {len(problems)} problem{'s' if len(problems) > 1 else ''}\n  {lines}")

    def in_one_line(self) -> str:
        """The first problem, and how to see the others: for where there is room for one line."""
        more = f" and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
        return f"{self.problems[0].in_one_line()}{more}; see `sentinel config check`"


class AlreadyRunning(SentinelError):
    """Another Sentinel owns this store."""

    exit_code = 75  # EX_TEMPFAIL
    hint = "stop the other one, or give this one a store of its own"


class NotRunning(SentinelError):
    """A command needs the daemon, and no daemon answers."""

    exit_code = 3
    hint = "start it with `sentinel --config FILE`, or as a service with `systemctl start sentinel`"


class StoreError(SentinelError):
    """Sentinel's own database failed."""

    exit_code = 74  # EX_IOERR

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint or self.hint


class StoreUnavailable(StoreError):
    """The store cannot be reached or did not answer in time; the same work may succeed later."""


class StoreFull(StoreError):
    """The disk under the store is full, or a limit on file size was met."""

    hint = "make room on the disk that holds the store"


class StoreTooNew(StoreError):
    """The store was written by a newer Sentinel than this one."""

    exit_code = 65  # EX_DATAERR: starting again will not make it right
    hint = "run that newer version, or restore the backup made before the upgrade"


class StoreCorrupt(StoreError):
    """The store's file cannot be read as a database."""

    exit_code = 65
    hint = "move the file aside or restore a backup; Sentinel starts afresh when there is none"

"""What faults change besides how requests are answered."""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from examples.front import LONG, Authority
from examples.healthcare import past
from examples.healthcare.database import Database
from examples.healthcare.faults import Fault
from examples.healthcare.surroundings import Surroundings

Change = Callable[[], None]
HEAD = "4f2a9c1d7b30"  # the migration that the service is made for
BEFORE = "91c0e5d2a6f8"  # the one before
SHORT = timedelta(days=2)


class Effects:
    """The parts of a running system, and the hand that breaks them."""

    def __init__(self, data: Path, database: Database) -> None:
        self.database = database
        self.surroundings = Surroundings(data, database)
        self.authority = Authority(data / "tls")
        around = self.surroundings
        self._changes: dict[StrEnum, tuple[Change, Change]] = {
            Fault.ORPHANS: (database.make_orphans, database.remove_orphans),
            Fault.MIGRATION_BEHIND: (lambda: self.migrate(BEFORE), lambda: self.migrate(HEAD)),
            Fault.LOG_ERRORS: (around.log_errors, around.live),
            Fault.LOG_SLOW: (around.log_slow, around.live),
            Fault.LOG_ATTACKS: (around.log_attacks, around.live),
            Fault.LOG_DATABASE: (around.log_database, around.live),
            Fault.MEMORY_GROWS: (around.grow, around.shrink),
            Fault.CONTAINER_UNHEALTHY: (around.sicken, around.heal),
            Fault.BACKUP_OLD: (around.age_backup, around.back_up),
            Fault.BACKUP_CORRUPT: (around.cut_backup, around.back_up),
            Fault.BACKUP_EMPTY: (around.empty_backup, around.back_up),
            Fault.CERTIFICATE_ENDS: (lambda: self._certify(SHORT), lambda: self._certify(LONG)),
        }

    def migrate(self, revision: str) -> None:
        """Let the database say that it stands there."""
        self.database.script(f"DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('{revision}')")

    def switched(self, fault: StrEnum, on: bool) -> None:
        """A fault was switched on or off."""
        if fault in past.STRIKES:
            past.restore(self.database)
            if on:
                past.strike(self.database, fault)
        elif fault in self._changes:
            break_, mend = self._changes[fault]
            (break_ if on else mend)()

    def _certify(self, left: timedelta) -> None:
        self.authority.serve_one_that_is_good_for(left)

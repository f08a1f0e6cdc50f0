"""What faults change besides how requests are answered."""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from examples.fhs_prosight.database import STATEMENTS, Database
from examples.fhs_prosight.faults import Fault
from examples.fhs_prosight.settings import Settings
from examples.fhs_prosight.surroundings import Surroundings
from examples.front import LONG, Authority

SOON = timedelta(days=5)
Change = Callable[[], None]


class Effects:
    """The parts of a running system, and the hand that breaks them."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings)
        self.surroundings = Surroundings(settings)
        self.authority = Authority(settings.data / "tls")
        around, database, serve = self.surroundings, self.database, self.authority.serve_one_that_is_good_for
        self._changes: dict[StrEnum, tuple[Change, Change]] = {
            Fault.CONNECTIONS_LEAK: (database.leak, database.give_back),
            Fault.STATEMENT_SLOW: (database.ask_slowly, database.forget_statements),
            Fault.LOG_ERRORS: (around.log_errors, around.live),
            Fault.JOURNAL_ERRORS: (around.journal_errors, around.live),
            Fault.UNIT_FAILED: (around.fail_unit, around.run_unit),
            Fault.UNIT_RESTARTS: (around.restart_unit, around.run_unit),
            Fault.VARIABLE_MISSING: (around.lose_variable, around.set_variables),
            Fault.CERTIFICATE_ENDS: (lambda: serve(SOON), lambda: serve(LONG)),
            Fault.BACKUP_OLD: (around.age_backup, around.back_up),
            Fault.BACKUP_CORRUPT: (around.cut_backup, around.back_up),
        }

    def make(self) -> None:
        """Everything as a healthy system has it."""
        self.database.make()
        self.surroundings.make()

    def close(self) -> None:
        self.database.close()
        self.surroundings.close()

    def switched(self, fault: StrEnum, on: bool) -> None:
        """A fault was switched on or off."""
        if fault.value in STATEMENTS:
            (self.database.break_ if on else self.database.mend)(fault.value)
        elif fault in self._changes:
            break_, mend = self._changes[fault]
            (break_ if on else mend)()

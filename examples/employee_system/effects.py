"""What faults change besides how requests are answered."""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from examples.employee_system.database import STATEMENTS, Database
from examples.employee_system.faults import Fault
from examples.employee_system.settings import Settings
from examples.employee_system.surroundings import GOOD, Surroundings
from examples.front import LONG, Authority

SHORT = timedelta(days=2)
Change = Callable[[], None]


class Effects:
    """The parts of a running system, and the hand that breaks them."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings)
        self.surroundings = around = Surroundings(settings)
        self.authority = authority = Authority(settings.data / "tls")

        def secure() -> None:
            around.write_settings(GOOD)

        self._changes: dict[StrEnum, tuple[Change, Change]] = {
            Fault.UNIT_FAILED: (around.fail_unit, around.run_unit),
            Fault.PROCESS_STOPPED: (
                lambda: around.processes.tell("stopped"),
                lambda: around.processes.tell("online"),
            ),
            Fault.PORT_CLOSED: (around.close_worker, around.open_worker),
            Fault.BACKUP_COPY_GONE: (around.lose_a_copy, around.back_up),
            Fault.SETTINGS_OPEN: (lambda: around.write_settings(GOOD, 0o644), secure),
            Fault.DEBUG_ON: (lambda: around.write_settings(GOOD | {"DEBUG": "True"}), secure),
            Fault.LOG_ERRORS: (around.log_errors, lambda: around.log("INFO all is well again")),
            Fault.CERTIFICATE_EXPIRES: (
                lambda: authority.serve_one_that_is_good_for(SHORT),
                lambda: authority.serve_one_that_is_good_for(LONG),
            ),
        }

    def make(self) -> None:
        """Everything as a healthy system has it."""
        self.database.make()
        self.surroundings.make()

    def close(self) -> None:
        self.surroundings.close()

    def switched(self, fault: StrEnum, on: bool) -> None:
        """A fault was switched on or off."""
        if fault.value in STATEMENTS:
            (self.database.break_ if on else self.database.mend)(fault.value)
        elif fault in self._changes:
            break_, mend = self._changes[fault]
            (break_ if on else mend)()

"""What faults change besides how requests are answered."""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from examples.employee_system.database import STATEMENTS, Database
from examples.employee_system.faults import Fault
from examples.employee_system.settings import CONTAINER, Settings
from examples.employee_system.surroundings import GOOD, Surroundings
from examples.front import LONG, Authority
from examples.serving import LoopbackServer
from examples.stand_ins.docker import Container, Engine

SHORT = timedelta(days=2)
Change = Callable[[], None]


class Effects:
    """The parts of a running system, and the hand that breaks them."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings)
        self.surroundings = around = Surroundings(settings)
        self.authority = authority = Authority(settings.data / "tls")
        self.secure: LoopbackServer | None = None  # once there is one
        self.engine = Engine(Container(name=CONTAINER, image="employee-system/scheduler:1.0.0", user="scheduler"))

        def secure() -> None:
            around.write_settings(GOOD)

        self._changes: dict[StrEnum, tuple[Change, Change]] = {
            Fault.STOPPED: (self._stop, self._start),
            Fault.UNIT_FAILED: (around.fail_unit, around.run_unit),
            Fault.PROCESS_STOPPED: (
                lambda: around.processes.tell("stopped"),
                lambda: around.processes.tell("online"),
            ),
            Fault.CONTAINER_EXITED: (
                lambda: self._contain("exited"),
                lambda: self._contain("running"),
            ),
            Fault.BACKEND_GONE: (around.name_ended_process, around.name_process),
            Fault.PORT_CLOSED: (around.close_worker, around.open_worker),
            Fault.BACKUP_COPY_GONE: (around.lose_a_copy, around.back_up),
            Fault.BACKUP_CUT: (around.cut_backups, around.back_up),
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
        self.database.close()

    def switched(self, fault: StrEnum, on: bool) -> None:
        """A fault was switched on or off."""
        if fault.value in STATEMENTS:
            (self.database.break_ if on else self.database.mend)(fault.value)
        elif fault in self._changes:
            break_, mend = self._changes[fault]
            (break_ if on else mend)()

    def _stop(self) -> None:
        if self.secure is not None:
            self.secure.stop_listening()
        self.database.close()
        self.surroundings.stop_unit()

    def _start(self) -> None:
        if self.secure is not None:
            self.secure.listen_again()
        self.surroundings.run_unit()

    def _contain(self, status: str) -> None:
        self.engine.containers[CONTAINER].status = status

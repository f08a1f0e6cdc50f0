"""What faults change besides how requests are answered."""

import socket
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from examples.auraconnect.cache import Cache
from examples.auraconnect.database import BREAK, Database
from examples.auraconnect.faults import Fault
from examples.auraconnect.settings import BACKEND, PUBLIC_HOST, WORKER, Settings
from examples.auraconnect.surroundings import Surroundings
from examples.front import LONG, Authority
from examples.stand_ins.docker import Container, Engine

SHORT = timedelta(days=2)
FULL = 0.96  # of Redis' memory
Change = Callable[[], None]


class Effects:
    """The parts of a running system, and the hand that breaks them."""

    def __init__(self, settings: Settings) -> None:
        self._port = settings.port
        self._open: socket.socket | None = None
        self.database = Database(settings)
        self.cache = Cache(settings.redis)
        self.surroundings = Surroundings(settings)
        self.authority = Authority(settings.tls)
        self.engine = Engine(
            Container(name=BACKEND, image="auraconnect/backend:2.4.1", user="appuser"),
            Container(name=WORKER, image="auraconnect/backend:2.4.1", user="appuser"),
        )
        self._changes = self._all_changes()

    def make(self) -> None:
        """Everything as a healthy system has it."""
        self.database.make()
        self.cache.make()
        self.surroundings.make()

    def close(self) -> None:
        self._close_port()
        self.database.give_back()
        self.cache.close()

    def switched(self, fault: StrEnum, on: bool) -> None:
        """A fault was switched on or off."""
        if fault.value in BREAK:
            (self.database.break_ if on else self.database.mend)(fault.value)
        elif fault in self._changes:
            break_, mend = self._changes[fault]
            (break_ if on else mend)()

    def _all_changes(self) -> dict[StrEnum, tuple[Change, Change]]:
        """What each fault does, and what undoes it."""
        cache, around, authority = self.cache, self.surroundings, self.authority
        return {
            Fault.CONNECTIONS_LEAK: (self.database.leak, self.database.give_back),
            Fault.REDIS_FULL: (lambda: cache.fill(FULL), cache.empty),
            Fault.REDIS_EVICTS: (cache.overflow, cache.empty),
            Fault.REDIS_SAVE_FAILS: (cache.fail_to_save, cache.save),
            Fault.INSECURE_SETTINGS: (around.insecure_settings, around.secure_settings),
            Fault.BACKEND_EXPOSED: (self._open_port, self._close_port),
            Fault.LOGS_UNBOUND: (lambda: around.bind_logs(bound=False), lambda: around.bind_logs(bound=True)),
            Fault.BACKUP_OLD: (around.age_backup, around.back_up),
            Fault.BACKUP_CUT: (around.cut_backup, around.back_up),
            Fault.JOB_BACKUP_GONE: (around.lose_jobs_backup, around.back_jobs_up),
            Fault.CERTIFICATE_EXPIRES: (
                lambda: authority.serve_one_that_is_good_for(SHORT),
                lambda: authority.serve_one_that_is_good_for(LONG),
            ),
            Fault.CONTAINER_UNHEALTHY: (lambda: self._health("unhealthy"), lambda: self._health("healthy")),
            Fault.CONTAINER_RESTARTS: (lambda: self._restarts(4), lambda: self._restarts(0)),
            Fault.CONTAINER_ROOT: (lambda: self._user(""), lambda: self._user("appuser")),
        }

    def _open_port(self) -> None:
        self._close_port()
        self._open = socket.create_server((PUBLIC_HOST, self._port))

    def _close_port(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def _health(self, health: str) -> None:
        self.engine.containers[BACKEND].health = health

    def _restarts(self, count: int) -> None:
        self.engine.containers[BACKEND].restarts += count

    def _user(self, user: str) -> None:
        self.engine.containers[BACKEND].user = user

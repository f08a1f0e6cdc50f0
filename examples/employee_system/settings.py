"""What the service, its configuration and the demo agree on. Every secret here is for the demo alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from examples.demo.ports import SettingsError

DATABASE = "employee_system"
APPLICATION = "employee-backend"  # as the database knows the service's connections
UNIT = "employee-backend.service"
PROCESS = "employee-frontend"  # as PM2 knows it
CONTAINER = "employee-scheduler"  # as Docker knows it
REVISION = "f0e91b6c22aa"  # of the newest migration
ADMIN, CLERK, LIMITED = "monitor-admin", "monitor-clerk", "monitor-rate"
PASSWORDS = {ADMIN: "demo-ems-admin", CLERK: "demo-ems-clerk"}
SIGNING_KEY = "demo-6b1d84c9a2f05e37c8d91b64a7f20e35"
TOKEN_LIFETIME = timedelta(minutes=30)
RATE_LIMIT = 60  # requests a minute of a user that is counted
PLACES = ("local", "nas", "offsite")  # of backups
ORIGIN = "https://employees.example.org"  # whose pages may use the API


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One running service."""

    postgres: str  # address of the server, as its owner
    tls_port: int
    plain_port: int
    worker_port: int  # of the background worker
    data: Path

    @property
    def database(self) -> str:
        """Of the service's own user."""
        return f"{self.postgres.replace('//sentinel@', '//employee_app@')}/{DATABASE}?application_name={APPLICATION}"

    @property
    def owned(self) -> str:
        """The same database, as the owner of the server."""
        return f"{self.postgres}/{DATABASE}"

    @property
    def log(self) -> Path:
        return self.data / "logs" / "app.log"

    @property
    def env_file(self) -> Path:
        return self.data / ".env"

    @property
    def programs(self) -> Path:
        return self.data / "bin"

    @property
    def pid_file(self) -> Path:
        return self.data / "backend.pid"

    @property
    def docker(self) -> Path:
        """Socket of the host's container engine."""
        return self.data / "docker.sock"

    def backup(self, place: str) -> Path:
        """The newest backup in one of PLACES."""
        return self.data / "backups" / place / "employee_system_latest.dump"


def read(environment: Mapping[str, str], data: Path) -> Settings:
    """SettingsError when one is missing."""
    try:
        return Settings(
            postgres=environment["EMS_POSTGRES"],
            tls_port=int(environment["EMS_TLS_PORT"]),
            plain_port=int(environment["EMS_PLAIN_PORT"]),
            worker_port=int(environment["EMS_WORKER_PORT"]),
            data=data,
        )
    except (KeyError, ValueError):
        names = "EMS_POSTGRES, EMS_TLS_PORT, EMS_PLAIN_PORT and EMS_WORKER_PORT"
        raise SettingsError(f"{names} are needed; `make demo SYSTEM=employee-system` sets them") from None

"""What the service, its configuration and the demo agree on. Every secret here is for the demo alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.demo.ports import SettingsError

DATABASE = "fhs_prosight"
APPLICATION = "fhs-prosight-backend"  # as the database knows the service's connections
UNIT = "fhs-prosight-backend.service"
HEAD = "beb7f4fa17b3"  # the migration that the guide deploys
BEFORE = "bef7f4fa17b3"  # the one before
SIGNING_KEY = "demo-signing-key-of-the-fhs-prosight-example"
OUTSIDE_TOKEN = "demo-fhs-outside-token"  # of the COVID API
ADMIN, VIEWER, LIMITED = "monitor-admin", "monitor-viewer", "monitor-rate"
PASSWORDS = {ADMIN: "demo-fhs-admin", VIEWER: "demo-fhs-viewer", LIMITED: "demo-fhs-rate"}
MADE_FOR_MONITORS = frozenset({"VNW0006204", "VNW0006205", "VNW0006206"})  # employees who do not exist
RATE_LIMIT = 60  # synchronisations a minute and user


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One running service."""

    postgres: str  # address of the server, as its owner
    tls_port: int
    plain_port: int
    data: Path

    @property
    def database(self) -> str:
        """Of the service's own user."""
        return f"{self.postgres.replace('//sentinel@', '//app_user@')}/{DATABASE}?application_name={APPLICATION}"

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
    def backups(self) -> Path:
        return self.data / "backups"

    @property
    def programs(self) -> Path:
        return self.data / "bin"


def read(environment: Mapping[str, str], data: Path) -> Settings:
    """SettingsError when one is missing."""
    try:
        return Settings(
            postgres=environment["FHS_POSTGRES"],
            tls_port=int(environment["FHS_TLS_PORT"]),
            plain_port=int(environment["FHS_PLAIN_PORT"]),
            data=data,
        )
    except (KeyError, ValueError):
        names = "FHS_POSTGRES, FHS_TLS_PORT and FHS_PLAIN_PORT"
        raise SettingsError(f"{names} are needed; `make demo SYSTEM=fhs-prosight` sets them") from None

"""What the service, its configuration and the demo agree on. Every secret here is for the demo alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.demo.ports import SettingsError

DATABASE = "auraconnect"
APPLICATION = "auraconnect-api"  # as the database knows the service's connections
OPERATOR_TOKEN = "demo-auraconnect-operator-token"
RATE_TOKEN = "demo-auraconnect-rate-token"
LIMITS = {OPERATOR_TOKEN: 1000, RATE_TOKEN: 100}  # requests a minute; who looks after the service may ask more often
REVISION = "7c1d5e90ab34"  # of the schema, as Alembic notes it
PUBLIC_HOST = "127.0.0.2"  # stands for the host's public address; the backend listens on 127.0.0.1
BACKEND, WORKER = "auraconnect-backend", "auraconnect-worker"  # containers


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One running service."""

    postgres: str  # address of the server, as its owner
    redis: str
    tls_port: int
    plain_port: int
    data: Path
    port: int  # of the service itself

    @property
    def database(self) -> str:
        """Of the service's own user."""
        return f"{self.postgres.replace('//sentinel@', '//payroll_api@')}/{DATABASE}?application_name={APPLICATION}"

    @property
    def owned(self) -> str:
        """The same database, as the owner of the server."""
        return f"{self.postgres}/{DATABASE}"

    @property
    def tls(self) -> Path:
        return self.data / "tls"

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
    def docker(self) -> Path:
        return self.data / "docker.sock"


def read(environment: Mapping[str, str], data: Path, port: int) -> Settings:
    """Of the service that listens on `port`; SettingsError when one is missing or no number."""
    return Settings(
        postgres=_needed(environment, "AURACONNECT_POSTGRES"),
        redis=_needed(environment, "AURACONNECT_REDIS_URL"),
        tls_port=_port(environment, "AURACONNECT_TLS_PORT"),
        plain_port=_port(environment, "AURACONNECT_PLAIN_PORT"),
        data=data,
        port=port,
    )


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set; `make demo SYSTEM=auraconnect` sets it")
    return value


def _port(environment: Mapping[str, str], name: str) -> int:
    text = _needed(environment, name)
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"{name}: a port is expected")
    return int(text)

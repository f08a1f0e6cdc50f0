"""What the demo has to know of the payroll service."""

from pathlib import Path
from typing import Final

from examples.auraconnect import settings
from examples.demo.system import Stand, System


def environment(stand: Stand) -> dict[str, str]:
    """What the configuration and the service refer to. Every address in it is a loopback address."""
    ports, data = stand.ports, stand.service_data
    server = f"127.0.0.1:{ports.postgres}"
    return {
        "AURACONNECT_POSTGRES": f"postgresql://sentinel@{server}",
        "AURACONNECT_DATABASE_URL": f"postgresql://sentinel_monitor@{server}/{settings.DATABASE}",
        "AURACONNECT_REDIS_URL": f"redis://127.0.0.1:{ports.redis}/0",
        "AURACONNECT_TLS_PORT": str(ports.tls),
        "AURACONNECT_PLAIN_PORT": str(ports.plain),
        "AURACONNECT_HOST": "127.0.0.1",
        "AURACONNECT_CA_FILE": str(data / "tls" / "ca.pem"),
        "AURACONNECT_TOKEN": settings.OPERATOR_TOKEN,
        "AURACONNECT_RATE_TOKEN": settings.RATE_TOKEN,
        "AURACONNECT_FOLDER": str(data),
        "AURACONNECT_REVISION": settings.REVISION,
        "AURACONNECT_RESTORE_URL": f"postgresql://sentinel@{server}/postgres",
        "AURACONNECT_BACKUP_SETTLE": "0s",
        "AURACONNECT_BACKUP_TIMEOUT": "15s",
        "AURACONNECT_INTERVAL": "10s",
        "AURACONNECT_SLOW_INTERVAL": "15s",
        "AURACONNECT_PUBLIC_HOST": settings.PUBLIC_HOST,
        "AURACONNECT_BACKEND_PORT": str(ports.service),
        "DOCKER_SOCKET": str(data / "docker.sock"),
    }


SYSTEM: Final = System(
    name="auraconnect",
    title="AuraConnect payroll service",
    watched="its parts, jobs, database, Redis, certificate, settings, backups and containers",
    service="examples.auraconnect.service",
    config=Path(__file__).with_name("monitoring_config.json"),
    environment=environment,
    postgres=True,
    redis=True,
    https=True,
)

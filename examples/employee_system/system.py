"""What the demo has to know of the employee management system."""

from pathlib import Path
from typing import Final

from examples.demo.system import Stand, System
from examples.employee_system import settings, tokens
from examples.servers.postgres import installations


def environment(stand: Stand) -> dict[str, str]:
    """What the configuration and the service refer to. Every address in it is a loopback address."""
    ports, data = stand.ports, stand.service_data
    server = f"127.0.0.1:{ports.postgres}"
    return {
        "EMS_POSTGRES": f"postgresql://sentinel@{server}",
        "EMS_TLS_PORT": str(ports.tls),
        "EMS_PLAIN_PORT": str(ports.plain),
        "EMS_WORKER_PORT": str(ports.redis),  # there is no Redis in this system
        "EMS_HOST": "127.0.0.1",
        "EMS_API_URL": f"https://127.0.0.1:{ports.tls}",
        "EMS_CA_FILE": str(data / "tls" / "ca.pem"),
        "EMS_DATABASE_URL": f"postgresql://sentinel_monitor@{server}/{settings.DATABASE}",
        "EMS_ADMIN_PASSWORD": settings.PASSWORDS[settings.ADMIN],
        "EMS_CLERK_PASSWORD": settings.PASSWORDS[settings.CLERK],
        "EMS_RATE_TOKEN": tokens.lasting(settings.LIMITED),
        "EMS_FOLDER": str(data),
        "EMS_ENV_MODE": "600",
        "EMS_LOGS": str(data / "logs"),
        "EMS_SYSTEMCTL": str(data / "bin" / "systemctl"),
        "EMS_PM2_HOME": str(data / "bin"),
        "EMS_PM2": str(data / "bin" / "pm2"),
        "DOCKER_SOCKET": str(data / "docker.sock"),
        "EMS_REVISION": settings.REVISION,
        "EMS_RESTORE_URL": f"postgresql://sentinel@{server}/postgres",
        "EMS_PG_RESTORE": str(next(installations()) / "pg_restore"),
        "EMS_BACKUP_SETTLE": "0s",
        "EMS_BACKUP_TIMEOUT": "25s",
        "EMS_INTERVAL": "10s",
        "EMS_SMOKE_INTERVAL": "15s",
        "EMS_SLOW_INTERVAL": "30s",
        "EMS_RELEASE_HOURS": "00:00-00:00",
        "EMS_CRITICAL_WINDOW": "1m",
        **{f"EMS_BACKUPS_{place.upper()}": str(data / "backups" / place) for place in settings.PLACES},
    }


SYSTEM: Final = System(
    name="employee-system",
    title="Employee Management System",
    watched="its API, data, certificate, settings, processes and backups",
    service="examples.employee_system.service",
    config=Path(__file__).with_name("monitoring_config.json"),
    environment=environment,
    postgres=True,
    https=True,
)

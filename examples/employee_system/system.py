"""What the demo has to know of the employee management system."""

from pathlib import Path
from typing import Final

from examples.demo.system import Stand, System
from examples.employee_system import settings


def environment(stand: Stand) -> dict[str, str]:
    """What the configuration and the service refer to. Every address in it is a loopback address."""
    ports, data = stand.ports, stand.service_data
    server = f"127.0.0.1:{ports.postgres}"
    return {
        "EMS_POSTGRES": f"postgresql://sentinel@{server}",
        "EMS_TLS_PORT": str(ports.tls),
        "EMS_WORKER_PORT": str(ports.plain),
        "EMS_HOST": "127.0.0.1",
        "EMS_API_URL": f"https://127.0.0.1:{ports.tls}",
        "EMS_CA_FILE": str(data / "tls" / "ca.pem"),
        "EMS_DATABASE_URL": f"postgresql://sentinel_monitor@{server}/{settings.DATABASE}",
        "EMS_ADMIN_PASSWORD": settings.PASSWORDS[settings.ADMIN],
        "EMS_CLERK_PASSWORD": settings.PASSWORDS[settings.CLERK],
        "EMS_RATE_PASSWORD": settings.PASSWORDS[settings.LIMITED],
        "EMS_FOLDER": str(data),
        "EMS_SYSTEMCTL": str(data / "bin" / "systemctl"),
        "EMS_PM2": str(data / "bin" / "pm2"),
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

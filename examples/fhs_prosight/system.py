"""What the demo has to know of the employee service."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from examples.demo.system import Stand, System
from examples.fhs_prosight import settings, tokens
from examples.servers.postgres import installations


def environment(stand: Stand) -> dict[str, str]:
    """What the configuration and the service refer to. Every address in it is a loopback address."""
    ports, data = stand.ports, stand.service_data
    server = f"127.0.0.1:{ports.postgres}"
    return {
        "FHS_POSTGRES": f"postgresql://sentinel@{server}",
        "FHS_TLS_PORT": str(ports.tls),
        "FHS_PLAIN_PORT": str(ports.plain),
        "FHS_API_HOST": "127.0.0.1",
        "FHS_API_PORT": str(ports.service),
        "FHS_PLAIN_URL": f"http://127.0.0.1:{ports.plain}",
        "FHS_API_URL": stand.url,
        "FHS_PUBLIC_URL": f"https://127.0.0.1:{ports.tls}",
        "FHS_CA_FILE": str(data / "tls" / "ca.pem"),
        "FHS_DATABASE_URL": f"postgresql://sentinel_monitor@{server}/{settings.DATABASE}",
        "FHS_ADMIN_PASSWORD": settings.PASSWORDS[settings.ADMIN],
        "FHS_VIEWER_PASSWORD": settings.PASSWORDS[settings.VIEWER],
        "FHS_RATE_TOKEN": tokens.lasting(settings.LIMITED, old=False),
        "FHS_PROGRAM_TOKEN": tokens.lasting(settings.ADMIN, old=False),
        "FHS_HRS_URL": f"{stand.url}/ads/api/Furnace/rest/json/hr",
        "FHS_COVID_URL": f"{stand.url}/fhs_covid_api/api/reportVaccines/detail",
        "FHS_COVID_TOKEN": settings.OUTSIDE_TOKEN,
        "FHS_RESTORE_URL": f"postgresql://sentinel@{server}/postgres",
        "FHS_PG_RESTORE": str(next(installations()) / "pg_restore"),
        "FHS_HRS_HOST": "127.0.0.1",
        "FHS_HRS_PORT": str(ports.service),
        "FHS_FOLDER": str(data),
        "FHS_SYSTEMCTL": str(data / "bin" / "systemctl"),
        "FHS_JOURNALCTL": str(data / "bin" / "journalctl"),
        "FHS_NIGHT": not_now(datetime.now(UTC)),
        **SOONER,
    }


def not_now(now: datetime) -> str:
    """Quiet hours that no demo meets: a minute, half a day from now. Whoever shows a fault at night wants to hear of it."""
    hour = f"{(now.hour + 12) % 24:02d}"
    return f"{hour}:00-{hour}:01"


#: For a show; the configuration's own times are right in earnest.
SOONER: Final = {
    "FHS_INTERVAL": "10s",
    "FHS_RARE_INTERVAL": "15s",
    "FHS_BACKUP_INTERVAL": "30s",
    "FHS_BACKUP_TIMEOUT": "30s",
    "FHS_WINDOW": "10m",
}


SYSTEM: Final = System(
    name="fhs-prosight",
    title="FHS ProSight employee service",
    watched="its API, synchronisation, roles, database, schema, logs, unit, backups and outside APIs",
    service="examples.fhs_prosight.service",
    config=Path(__file__).with_name("monitoring_config.json"),
    environment=environment,
    postgres=True,
    https=True,
)

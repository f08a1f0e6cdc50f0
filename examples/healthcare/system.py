"""What the demo has to know of the healthcare service."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from examples.demo.system import ROOT, Stand, System
from examples.healthcare import settings, tokens
from examples.healthcare.database import FILE_NAME
from examples.healthcare.roles import Role

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def environment(stand: Stand) -> dict[str, str]:
    """What the shipped configuration refers to. Every address in it is a loopback address."""
    now, data = datetime.now(UTC), stand.service_data
    name = settings.username(Role.DOCTOR)
    return {
        "HEALTHCARE_API_URL": stand.url,
        "HEALTHCARE_HOST": "127.0.0.1",
        settings.TLS_PORT: str(stand.ports.tls),
        settings.PLAIN_PORT: str(stand.ports.plain),
        "HEALTHCARE_CA_FILE": str(data / "tls" / "ca.pem"),
        "HEALTHCARE_DATABASE": str(data / FILE_NAME),
        "HEALTHCARE_LOGS": str(data / "logs"),
        "HEALTHCARE_BACKUPS": str(data / "backups"),
        "HEALTHCARE_PID_FILE": str(data / "service.pid"),
        "HEALTHCARE_DOCKER": str(data / "docker.sock"),
        "HEALTHCARE_ROLLBACK": str(Path(__file__).with_name("rollback")),
        "HEALTHCARE_ROLLBACK_FOLDER": str(data.resolve() / "rollback"),
        "HEALTHCARE_BROWSER": "true" if any(map(shutil.which, CHROMIUM)) else "false",
        "HEALTHCARE_EXPIRED_TOKEN": tokens.expired(name, settings.signing_key(stand.given), now),
        "HEALTHCARE_FOREIGN_TOKEN": tokens.foreign(name, now),
        **{settings.password_variable(role): settings.password(role, stand.given) for role in Role},
        **SOONER,
    }


#: What a demo shows within a minute, and an hour or five minutes are right for in earnest.
SOONER: Final = {
    "HEALTHCARE_INTERVAL": "10s",
    "HEALTHCARE_ENDPOINTS_EVERY": "10s",
    "HEALTHCARE_LOG_WINDOW": "1m",
    "HEALTHCARE_MEMORY_WARNING": "200 MiB",
    "HEALTHCARE_MEMORY_CRITICAL": "300 MiB",
    "HEALTHCARE_RARELY": "1m",
    "HEALTHCARE_RESTORE_EVERY": "1m",
    "HEALTHCARE_VETO": "30s",
}

SYSTEM: Final = System(
    name="healthcare",
    title="healthcare service",
    watched="its endpoints, page, database, login, roles, audit log, logs, backups, host and HTTPS",
    service="examples.healthcare.service",
    config=ROOT / "monitoring_config.json",
    environment=environment,
    https=True,
    public=True,
    begins_anew=False,
)

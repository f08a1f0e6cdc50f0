"""What the demo has to know of the healthcare service."""

from datetime import UTC, datetime
from typing import Final

from examples.demo.system import ROOT, Stand, System
from examples.healthcare import settings, tokens
from examples.healthcare.database import FILE_NAME
from examples.healthcare.roles import Role


def environment(stand: Stand) -> dict[str, str]:
    """What the shipped configuration refers to. Every address in it is a loopback address."""
    now = datetime.now(UTC)
    name = settings.username(Role.DOCTOR)
    return {
        "HEALTHCARE_API_URL": stand.url,
        "HEALTHCARE_DATABASE": str(stand.service_data / FILE_NAME),
        "HEALTHCARE_EXPIRED_TOKEN": tokens.expired(name, settings.signing_key(stand.given), now),
        "HEALTHCARE_FOREIGN_TOKEN": tokens.foreign(name, now),
        **{settings.password_variable(role): settings.password(role, stand.given) for role in Role},
    }


SYSTEM: Final = System(
    name="healthcare",
    title="healthcare service",
    watched="its endpoints, database, login, roles and audit log",
    service="examples.healthcare.service",
    config=ROOT / "monitoring_config.json",
    environment=environment,
)

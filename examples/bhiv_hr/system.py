"""What the demo has to know of the HR platform."""

from pathlib import Path
from typing import Final

from examples.bhiv_hr.service import FILE_NAME
from examples.demo.system import Stand, System


def environment(stand: Stand) -> dict[str, str]:
    """What the configuration refers to. Every address in it is a loopback address."""
    file = (stand.service_data / FILE_NAME).resolve()
    return {"BHIV_API_URL": stand.url, "BHIV_DATABASE_URL": f"sqlite:///{file}", **SOONER}


#: For a show; the configuration's own times are right in earnest.
SOONER: Final = {"BHIV_INTERVAL": "10s", "BHIV_RARE_INTERVAL": "15s", "BHIV_WINDOW": "5m"}


SYSTEM: Final = System(
    name="bhiv-hr",
    title="BHIV HR platform",
    watched="its modules, endpoints, health, metrics, workflows and background tasks",
    service="examples.bhiv_hr.service",
    config=Path(__file__).with_name("monitoring_config.json"),
    environment=environment,
)

"""What the demo has to know of a system: which programs it is made of, and what its configuration refers to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from examples.demo.ports import Ports, SettingsError

#: By the name that `make demo SYSTEM=` takes.
NAMES = ("healthcare", "fhs-prosight", "employee-system", "auraconnect", "bhiv-hr")

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a system stands while the demo runs."""

    ports: Ports
    data: Path  # the demo's folder; the service writes below `service`
    given: Mapping[str, str]  # the environment that the demo was started in

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.service}"

    @property
    def service_data(self) -> Path:
        return self.data / "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system of the five guides."""

    name: str  # one of NAMES
    title: str  # what people call it
    watched: str  # what Sentinel watches of it, in one line
    service: str  # the module that is its program; it is told --port and --data
    config: Path  # that Sentinel watches it by
    environment: Callable[[Stand], dict[str, str]]  # what the configuration and the service refer to
    begins_anew: bool = (
        True  # whether its data are made anew at each start, so that Sentinel must not remember older ones
    )
    public: bool = False  # whether its configuration has a public status page
    postgres: bool = False  # whether it needs a PostgreSQL server
    redis: bool = False  # whether it needs a Redis server
    https: bool = False  # whether it also listens on the ports for HTTPS and for plain HTTP beside it


def find(name: str) -> System:
    """The system of that name; SettingsError when there is none."""
    if name not in NAMES:
        raise SettingsError(f"there is no system {name!r}; there are {', '.join(NAMES)}")
    system = import_module(f"examples.{name.replace('-', '_')}.system").SYSTEM
    assert isinstance(system, System)
    return system

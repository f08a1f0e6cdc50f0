"""What the service, its tools and the demo agree on. Every secret here is for the demo alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from examples.healthcare.roles import Role

DEMO_SIGNING_KEY = "demo-signing-key-of-the-healthcare-example"
SHORTEST_SIGNING_KEY = 32  # bytes: as long as the hash, RFC 7518 section 3.2


class SettingsError(Exception):
    """A setting cannot be used; the message says which and what is expected."""


def username(role: Role) -> str:
    return f"monitor-{role}"


def password_variable(role: Role) -> str:
    return f"HEALTHCARE_{role.upper()}_PASSWORD"


def password(role: Role, environment: Mapping[str, str]) -> str:
    return environment.get(password_variable(role)) or f"demo-{role}-password"


def signing_key(environment: Mapping[str, str]) -> str:
    key = environment.get("HEALTHCARE_JWT_KEY") or DEMO_SIGNING_KEY
    if len(key.encode()) < SHORTEST_SIGNING_KEY:
        raise SettingsError(f"HEALTHCARE_JWT_KEY: at least {SHORTEST_SIGNING_KEY} bytes are needed")
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The loopback ports of the demo."""

    service: int = 8001
    sink: int = 8025
    smtp: int = 2525
    web: int = 8600  # Sentinel's own


def ports(environment: Mapping[str, str]) -> Ports:
    """The usual ports, or four in a row after PORT_BASE where that is set."""
    text = environment.get("PORT_BASE", "")
    if not text:
        return Ports()
    if not text.isascii() or not text.isdigit() or not 1023 <= int(text) <= 65531:
        raise SettingsError("PORT_BASE: a number from 1023 to 65531 is expected, such as PORT_BASE=9000")
    base = int(text)
    return Ports(service=base + 1, sink=base + 2, smtp=base + 3, web=base + 4)


def service_url(environment: Mapping[str, str]) -> str:
    given = environment.get("HEALTHCARE_API_URL")
    return (given or f"http://127.0.0.1:{ports(environment).service}").rstrip("/")

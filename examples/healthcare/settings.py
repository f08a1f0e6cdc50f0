"""What the service, its tools and the demo agree on. Every secret here is for the demo alone."""

from collections.abc import Mapping

from examples.demo.ports import SettingsError
from examples.healthcare.roles import Role

DEMO_SIGNING_KEY = "demo-signing-key-of-the-healthcare-example"
TLS_PORT, PLAIN_PORT = "HEALTHCARE_TLS_PORT", "HEALTHCARE_PLAIN_PORT"
SHORTEST_SIGNING_KEY = 32  # bytes: as long as the hash, RFC 7518 section 3.2


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


def front_ports(environment: Mapping[str, str]) -> tuple[int, int]:
    """The ports for HTTPS and for plain HTTP beside it; 0 takes a free one."""
    try:
        return int(environment.get(TLS_PORT, "0")), int(environment.get(PLAIN_PORT, "0"))
    except ValueError:
        raise SettingsError(f"{TLS_PORT} and {PLAIN_PORT}: numbers of ports are expected") from None

"""The loopback ports of the demo."""

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields


class SettingsError(Exception):
    """A setting cannot be used; the message says which and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where each program listens."""

    service: int = 8001
    sink: int = 8025
    smtp: int = 2525
    web: int = 8600  # Sentinel's own
    postgres: int = 8432  # where the system has one
    redis: int = 8379  # likewise
    tls: int = 8443  # of the service over HTTPS, where the system has that
    plain: int = 8080  # of plain HTTP beside HTTPS, likewise
    public: int = 8610  # of the public status page, where the configuration has one


def ports(environment: Mapping[str, str]) -> Ports:
    """The usual ports, or nine in a row after PORT_BASE where that is set."""
    text = environment.get("PORT_BASE", "")
    if not text:
        return Ports()
    if not text.isascii() or not text.isdigit() or not 1023 <= int(text) <= 65526:
        raise SettingsError("PORT_BASE: a number from 1023 to 65526 is expected, such as PORT_BASE=9000")
    return Ports(**{field.name: int(text) + number for number, field in enumerate(fields(Ports), start=1)})


def free_ports() -> Ports:
    """Ports that nobody used a moment ago, for tests and measurements."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in fields(Ports)]
        numbers = [int(listener.getsockname()[1]) for listener in listeners]
    return Ports(**dict(zip((field.name for field in fields(Ports)), numbers, strict=True)))

"""TCP on the loopback address: ports, and closing by reset."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral range (32768-60999): an outgoing connection of another test cannot take the port
# between the moment it was found free and the moment its server binds it.
CANDIDATES = range(20_000, 32_000)
# SO_LINGER on with 0 s: closing sends RST instead of FIN.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def free_port() -> int:
    """A port nobody listens on, for programs that must be told one. Where a server takes port 0, use that."""
    for port in random.sample(CANDIDATES, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free TCP port found on 127.0.0.1 in 100 tries")


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that refuses connections: bound, so that nobody else gets it, and not listening."""
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        port: int = held.getsockname()[1]
        yield port


def reset(transport: asyncio.WriteTransport) -> None:
    """Close an accepted connection by RST, as a crashing peer or an impatient firewall does."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()

"""Who listens on the TCP ports of this host, as the kernel tells."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One socket that listens."""

    address: str  # such as 127.0.0.1 or ::
    pid: int | None  # None: Sentinel may not see whose it is

    @property
    def is_local(self) -> bool:
        """Whether only this host can reach it."""
        return self.address == "::1" or self.address.startswith(("127.", "::ffff:127."))


def listeners() -> dict[int, list[Listener]]:
    """All that listen, by port. Blocks: reads the open files of every process that it may see."""
    found: dict[int, list[Listener]] = {}
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr:
            listener = Listener(address=connection.laddr.ip, pid=connection.pid)
            found.setdefault(connection.laddr.port, []).append(listener)
    return found

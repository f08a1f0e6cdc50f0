"""Talking to systemd: one datagram per word (sd_notify(3))."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells the service manager how Sentinel is doing; does nothing where there is no service manager."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._environment = environment

    def tell(self, **words: str | int) -> None:
        """Send assignments such as `READY=1`. A manager that does not listen is no reason to fail."""
        if not self._address:
            return
        text = "\n".join(f"{key}={value}" for key, value in words.items())
        # A leading @ stands for the abstract namespace (unix(7)).
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(text.encode(), address)
            except OSError:
                return

    @property
    def watchdog_every(self) -> float | None:
        """Seconds between two signs of life: half of what systemd allows, as sd_watchdog_enabled(3) advises."""
        allowed = self._environment.get("WATCHDOG_USEC", "")
        owner = self._environment.get("WATCHDOG_PID", "")
        if not allowed.isdecimal() or not int(allowed) or (owner and owner != str(os.getpid())):
            return None
        return int(allowed) / 1_000_000 / 2

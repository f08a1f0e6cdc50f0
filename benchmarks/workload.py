"""What the daemon is given to watch: checks with assertions and rules, as a file of configuration."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

from benchmarks.children import Server

#: Both rules look at every result and never speak, unless the machine is so busy that nothing could be measured anyway.
RULES = [
    {"reading": "response_time", "warning": 2, "critical": 5},
    {"type": "error_rate", "window": "10m", "min_samples": 20, "warning": 0.02, "critical": 0.1},
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One check of a benchmark. Its name is the last part of its path."""

    name: str
    url: str
    interval: float = 10.0  # seconds
    rules: Sequence[dict[str, Any]] = tuple(RULES)
    ca_file: Path | None = None

    def entry(self) -> dict[str, Any]:
        """The check as a configuration has it."""
        options: dict[str, Any] = {"url": self.url, "expect": {"status": [200], "text": '"status":"up"'}}
        if self.ca_file is not None:
            options["tls"] = {"ca_file": str(self.ca_file)}
        return {
            "name": self.name,
            "group": self.name,  # by itself: what breaks with others of its target would be told with them
            "kind": "http",
            "interval": self.interval,
            "timeout": min(self.interval, 10.0),
            "options": options,
            "rules": list(self.rules),
        }


def plain(target: Server, count: int) -> list[Watch]:
    """Checks over HTTP."""
    ports = target.http_ports
    return [Watch(name=f"c{n:05}", url=f"http://127.0.0.1:{ports[n % len(ports)]}/check/c{n:05}") for n in range(count)]


def secured(target: Server, count: int, ca_file: Path) -> list[Watch]:
    """Checks over HTTPS."""
    url = f"https://127.0.0.1:{target.https_port}/check"
    return [Watch(name=f"s{n:05}", url=f"{url}/s{n:05}", ca_file=ca_file) for n in range(count)]


def outages(target: Server, count: int) -> list[Watch]:
    """Checks that will fail one after the other: every second, so that three failures do not take long."""
    url = f"http://127.0.0.1:{target.http_ports[0]}/check"
    return [Watch(name=f"o{n:05}", url=f"{url}/o{n:05}", interval=1.0, rules=RULES[:1]) for n in range(count)]


def write(folder: Path, watches: Sequence[Watch], sink: Server) -> Path:
    """The file of configuration: SQLite in the folder, one webhook, logs as under systemd."""
    file = folder / "monitoring_config.json"
    configuration = {
        "name": "bench",
        "checks": [watch.entry() for watch in watches],
        "channels": {
            "sink": {
                "kind": "webhook",
                "url": f"http://127.0.0.1:{sink.http_ports[0]}/webhook",
                "secret": "whsec_" + b64encode(token_bytes(32)).decode(),
            }
        },
        "reports": {"schedule": []},
        "logs": {"format": "json"},
    }
    file.touch(mode=0o600)  # the address of a webhook is a secret
    file.write_text(json.dumps(configuration))
    return file

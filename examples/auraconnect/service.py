"""Starts the payroll service: python -m examples.auraconnect.service --port 8001 --data DIR

`make demo SYSTEM=auraconnect` starts it with its PostgreSQL and Redis, whose addresses it takes from the environment.
"""

import asyncio
import os
import sys
from pathlib import Path

from examples.auraconnect import settings
from examples.auraconnect.api import application
from examples.auraconnect.effects import Effects
from examples.auraconnect.faults import CATALOGUE, Fault
from examples.demo.ports import SettingsError
from examples.faults import Switchboard
from examples.front import front
from examples.serving import LoopbackServer, listen, parse_service, serve_all


def main(arguments: list[str] | None = None) -> int:
    options = parse_service("A small payroll service to watch; loopback only.", arguments)
    data: Path = options.data
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        listener, port = listen(options.port)
        chosen = settings.read(os.environ, data, port)
    except (SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    effects, board = Effects(chosen), Switchboard(CATALOGUE)
    effects.make()
    app = application(effects, board)
    servers = [
        LoopbackServer(app, listener, f"payroll service on http://127.0.0.1:{port}"),
        *front(app, chosen.tls_port, chosen.plain_port, effects.authority, lambda: board.is_on(Fault.PLAIN_HTTP)),
        effects.engine.server(chosen.docker),
    ]
    try:
        asyncio.run(serve_all(*servers))
    finally:
        effects.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Starts the employee service: python -m examples.fhs_prosight.service --port 8001 --data DIR

`make demo SYSTEM=fhs-prosight` starts it with its PostgreSQL, whose address it takes from the environment.
"""

import asyncio
import os
import sys
from pathlib import Path

from examples.demo.ports import SettingsError
from examples.faults import Switchboard
from examples.fhs_prosight import settings
from examples.fhs_prosight.api import application
from examples.fhs_prosight.effects import Effects
from examples.fhs_prosight.faults import CATALOGUE, Fault
from examples.front import front
from examples.serving import LoopbackServer, listen, parse_service, serve_all


def main(arguments: list[str] | None = None) -> int:
    options = parse_service("A small employee service to watch; loopback only.", arguments)
    data: Path = options.data
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        chosen = settings.read(os.environ, data)
        listener, port = listen(options.port)
    except (SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    effects, board = Effects(chosen), Switchboard(CATALOGUE)
    effects.make()
    app = application(effects, board)
    servers = [
        LoopbackServer(app, listener, f"employee service on http://127.0.0.1:{port}"),
        *front(app, chosen.tls_port, chosen.plain_port, effects.authority, lambda: board.is_on(Fault.PLAIN_HTTP)),
    ]
    try:
        asyncio.run(serve_all(*servers))
    finally:
        effects.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

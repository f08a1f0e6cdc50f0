"""Starts the service: python -m examples.employee_system.service --port 8001 --data DIR

`make demo SYSTEM=employee-system` starts it with its PostgreSQL, whose address it takes from the environment.
"""

import asyncio
import os
import sys
from pathlib import Path

from examples.demo.ports import SettingsError
from examples.employee_system import settings
from examples.employee_system.api import application
from examples.employee_system.effects import Effects
from examples.employee_system.faults import CATALOGUE, Fault
from examples.faults import Switchboard
from examples.front import front
from examples.serving import LoopbackServer, listen, parse_service, serve_all


def main(arguments: list[str] | None = None) -> int:
    options = parse_service("A small employee management system to watch; loopback only.", arguments)
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
    switches = LoopbackServer(app, listener, f"employee system on http://127.0.0.1:{port}")
    secure, plain = front(
        app, chosen.tls_port, chosen.plain_port, effects.authority, lambda: board.is_on(Fault.PLAIN_HTTP)
    )
    effects.secure = secure
    try:
        asyncio.run(serve_all(switches, secure, plain, effects.engine.server(chosen.docker)))
    finally:
        effects.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

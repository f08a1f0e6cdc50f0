"""Starts the healthcare service: python -m examples.healthcare.service --port 8001 --data DIR

It serves HTTPS on the port HEALTHCARE_TLS_PORT, too, and plain HTTP that leads there on HEALTHCARE_PLAIN_PORT; without them on
free ones.
"""

import asyncio
import os
import sys
from pathlib import Path

from examples.demo.ports import SettingsError
from examples.faults import Switchboard
from examples.front import front
from examples.healthcare import past, people, settings
from examples.healthcare.api import Api
from examples.healthcare.application import application
from examples.healthcare.database import FILE_NAME, Database
from examples.healthcare.effects import HEAD, Effects
from examples.healthcare.faults import CATALOGUE, Fault
from examples.serving import LoopbackServer, listen, parse_service, serve_all


def main(arguments: list[str] | None = None) -> int:
    options = parse_service("A small healthcare service to watch; loopback only.", arguments)
    data: Path = options.data
    try:
        key = settings.signing_key(os.environ)
        tls, plain = settings.front_ports(os.environ)
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        listener, port = listen(options.port)
    except SettingsError as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"port {options.port} cannot be used ({error.strerror}); give another with --port")
    board = Switchboard(CATALOGUE)
    database = Database(data / FILE_NAME, board)
    effects = Effects(data, database)
    api = Api(effects, board, key)
    app = application(api)
    try:
        make(api, effects)
        servers = [
            LoopbackServer(app, listener, f"healthcare service on http://127.0.0.1:{port}"),
            effects.surroundings.engine(),
            *front(app, tls, plain, effects.authority, lambda: board.is_on(Fault.PLAIN_HTTP)),
        ]
        asyncio.run(serve_all(*servers))
    except OSError as error:
        return refuse(f"it cannot serve ({error.strerror or error}); are its ports free, and is --data a short path?")
    finally:
        effects.surroundings.close()
        database.close()
    return 0


def make(api: Api, effects: Effects) -> None:
    """Everything as a healthy system has it."""
    people.seed(effects.database, os.environ)
    past.seed(effects.database, api.log)
    effects.migrate(HEAD)
    effects.surroundings.make()


def refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

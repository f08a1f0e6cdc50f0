"""Starts the healthcare service: python -m examples.healthcare.service --port 8001 --data DIR"""

import asyncio
import os
import sys

from examples.demo.ports import SettingsError
from examples.faults import Switchboard
from examples.healthcare import settings
from examples.healthcare.api import application
from examples.healthcare.database import FILE_NAME, Database
from examples.healthcare.faults import CATALOGUE
from examples.healthcare.people import seed
from examples.serving import LoopbackServer, listen, parse_service


def main(arguments: list[str] | None = None) -> int:
    options = parse_service("A small healthcare service to watch; loopback only.", arguments)
    try:
        key = settings.signing_key(os.environ)
        listener, port = listen(options.port)
    except SettingsError as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"port {options.port} cannot be used ({error.strerror}); give another with --port")
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    faults = Switchboard(CATALOGUE)
    database = Database(options.data / FILE_NAME, faults)
    try:
        seed(database, os.environ)
        app = application(database, faults, key)
        announcement = f"healthcare service on http://127.0.0.1:{port}"
        asyncio.run(LoopbackServer(app, listener, announcement).run_until_signal())
    finally:
        database.close()
    return 0


def refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

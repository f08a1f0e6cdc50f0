"""Starts the gateway: python -m examples.bhiv_hr.service --port 8001 --data DIR"""

import asyncio
import sys
from pathlib import Path

from examples.bhiv_hr.api import application
from examples.bhiv_hr.faults import CATALOGUE
from examples.bhiv_hr.workflows import Workflows
from examples.faults import Switchboard
from examples.serving import LoopbackServer, listen, parse_service

FILE_NAME = "platform.db"


def main(arguments: list[str] | None = None) -> int:
    options = parse_service("A small HR platform to watch; loopback only.", arguments)
    data: Path = options.data
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        listener, port = listen(options.port)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    board = Switchboard(CATALOGUE)
    workflows = Workflows(data / FILE_NAME, board)
    workflows.make()
    server = LoopbackServer(application(board, workflows), listener, f"HR platform on http://127.0.0.1:{port}")
    asyncio.run(server.run_until_signal())
    return 0


if __name__ == "__main__":
    sys.exit(main())

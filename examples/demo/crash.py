"""Kills the demo's Sentinel with SIGKILL, as a power cut would: python -m examples.demo.crash"""

import argparse
import os
import signal
import sys
from pathlib import Path

from examples.demo import running

CRASHED = """\
Sentinel (process {pid}) was killed with SIGKILL, in the middle of whatever it did. The demo starts it again at once.
Open incidents, and messages not yet sent, are still there: see http://127.0.0.1:{ports.sink}/ and --status."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Kill the demo's Sentinel with SIGKILL, as a power cut would.")
    parser.add_argument("--data", type=Path, default=running.FOLDER, help="the running demo's directory")
    options = parser.parse_args(arguments)
    demo = running.demo(options.data)
    if demo is None or demo.sentinel is None or not killed(demo.sentinel):
        print("no Sentinel of a demo runs here; is a demo running (`make run`)?", file=sys.stderr)
        return 1
    print(CRASHED.format(pid=demo.sentinel, ports=demo.ports))
    return 0


def killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

"""Puts a release of a demo's service in place, as a deployment does, and undoes it, as a rollback does.

python -m examples.demo.release                which one is in place, and which was before it
python -m examples.demo.release 2.1.0          puts that one in place; 2.1.0-slow, -errors and -broken are bad ones
python -m examples.demo.release --back         puts the one before in place again
python -m examples.demo.release --stop         stops the service, and --start starts it (of the employee system)
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from examples.demo import running
from examples.demo.ports import SettingsError

_break = import_module("examples.demo.break")  # no name that `import` takes

TIMEOUT = 10.0  # seconds for one request


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        url = (options.url or _break.address(running.demo(options.data), os.environ)).rstrip("/")
        if options.stop or options.start:
            stop(url, on=options.stop)
            print("stopped" if options.stop else "started")
        else:
            print(described(release(url, options.version, back=options.back)))
    except (_break.NotDoneError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Put a release of the demo's service in place, or undo it.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "version", nargs="?", default="", help="the release to put in place; without it, say which one is"
    )
    what.add_argument("--back", action="store_true", help="put the one before in place again")
    what.add_argument("--stop", action="store_true", help="stop the service, as for a deployment")
    what.add_argument("--start", action="store_true", help="start it again")
    parser.add_argument("--url", help="address of the service (default: the demo's)")
    parser.add_argument("--data", type=Path, default=running.FOLDER, help="the running demo's directory")
    return parser.parse_args(arguments)


def stop(url: str, *, on: bool) -> None:
    """Stop the service, or start it; NotDoneError where the system has no such switch."""
    if all(line["name"] != "stopped" for line in _break.request(url)):
        raise _break.NotDoneError("this service cannot be stopped so: of the examples, only the employee system can")
    _break.switch(url, "stopped", on=on)


def release(url: str, version: str, *, back: bool) -> dict[str, str]:
    """Put a release in place, or the one before, or neither; which one then is."""
    address = f"{url}/_release/back" if back else f"{url}/_release"
    body = json.dumps({"version": version} if version else {}).encode() if version or back else None
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=TIMEOUT) as answer:
            found: dict[str, str] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        with error:
            raise _break.NotDoneError(error.read(1000).decode(errors="replace").strip()) from None
    except OSError:
        raise _break.NotDoneError(f"the service at {url} does not answer; is a demo running (`make demo`)?") from None


def described(found: dict[str, str]) -> str:
    before = f"; before it was {found['before']}" if found["before"] else ""
    return f"release {found['version']} is in place{before}"


if __name__ == "__main__":
    sys.exit(main())

"""Breaks the service of a demo on purpose, and mends it.

python -m examples.demo.break                      which faults there are, and which are on
python -m examples.demo.break slow --value 3       switches one on
python -m examples.demo.break slow --off           switches it off; without a name, all of them
"""

# ruff: noqa: N999 - a command, run by name and never imported

import argparse
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from examples.demo import running
from examples.demo.ports import SettingsError, ports

TIMEOUT = 10.0  # seconds for one request

AFTER_BREAK = """\
Sentinel tells it after three bad results in a row (after one, when access or a token is let through): in up to {within} s,
in the terminal of the demo ({system}) and at http://127.0.0.1:{sink}/
What breaks together is told in one message, and once more half a minute later with all names.
What is looked at rarely, such as pages, backups and certificates, takes a minute or two.
"""
AFTER_MEND = """\
Whoever was told of trouble is told of its end after two good results in a row: in up to {within} s, at the same places.
"""
ALERT_WITHIN = (
    60  # seconds: three results of the usual slowest check, 15 s apart, the last of which takes its whole timeout
)
RECOVERY_WITHIN = 45  # seconds: two results, likewise

Line = dict[str, Any]


class NotDoneError(Exception):
    """The service did not do it; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        demo = running.demo(options.data)
        url = options.url or address(demo, os.environ)
        tell(act(url.rstrip("/"), options), options, demo)
    except BrokenPipeError:
        # Who reads has read enough, as `head` does. Python flushes once more when it ends, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (NotDoneError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Break the service of the demo on purpose, and mend it.")
    parser.add_argument("fault", nargs="?", default="", help="its name; without it, all are listed")
    parser.add_argument("--off", action="store_true", help="mend it; without a name, mend everything")
    parser.add_argument("--value", type=float, help="seconds or share, for faults that take one")
    parser.add_argument("--url", help="address of the service (default: the demo's)")
    parser.add_argument("--data", type=Path, default=running.FOLDER, help="the running demo's directory")
    return parser.parse_args(arguments)


def address(demo: running.Demo | None, environment: Mapping[str, str]) -> str:
    """Of the service: that of the demo that runs; PORT_BASE, which may be left from another day, counts where none does."""
    known = ports(environment) if demo is None else demo.ports
    return f"http://127.0.0.1:{known.service}"


def tell(lines: list[Line], options: argparse.Namespace, demo: running.Demo | None) -> None:
    """Prints the faults, and what comes of them. Raises BrokenPipeError when nobody reads on."""
    if demo is not None and not options.url:
        print(f"{demo.system}:")
    for line in lines:
        print(described(line))
    if demo is not None and demo.sentinel is not None:
        print(what_comes(options, demo), end="")
    sys.stdout.flush()


def what_comes(options: argparse.Namespace, demo: running.Demo) -> str:
    """When the change shows, and where; nothing for a mere list."""
    if options.off:
        return AFTER_MEND.format(within=RECOVERY_WITHIN)
    if options.fault:
        return AFTER_BREAK.format(within=ALERT_WITHIN, sink=demo.ports.sink, system=demo.system)
    return ""


def act(url: str, options: argparse.Namespace) -> list[Line]:
    """Does what was asked; what is now worth showing."""
    if options.fault:
        lines = switch(url, options.fault, on=not options.off, value=options.value)
        return [line for line in lines if line["name"] == options.fault]
    lines = request(url)
    if options.off:
        for line in lines:
            if line["on"]:
                lines = switch(url, line["name"], on=False)
    return lines


def switch(url: str, fault: str, *, on: bool, value: float | None = None) -> list[Line]:
    order: dict[str, object] = {"on": on}
    if on and value is not None:
        order["value"] = value
    return request(url, fault, order)


def request(url: str, fault: str = "", order: dict[str, object] | None = None) -> list[Line]:
    address = f"{url}/_faults/{urllib.parse.quote(fault, safe='')}" if fault else f"{url}/_faults"
    body = None if order is None else json.dumps(order).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=TIMEOUT) as answer:
            lines: list[Line] = json.load(answer)["faults"]
            return lines
    except urllib.error.HTTPError as error:
        with error:
            raise NotDoneError(reason(error)) from None
    except OSError:
        raise NotDoneError(f"the service at {url} does not answer; is a demo running (`make run`)?") from None


def reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {error.code}"


def described(line: Line) -> str:
    state = "BROKEN" if line["on"] else "ok"
    number = f" ({line['value']:g} {line['unit']})" if "value" in line else ""
    return f"{state:7} {line['name']:25} {line['what']}{number}"


if __name__ == "__main__":
    sys.exit(main())

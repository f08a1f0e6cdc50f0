"""Backups of a demo's database, made by the real pg_dump."""

import os
import subprocess
import time
from pathlib import Path

from examples.servers.postgres import environment, installations

WITHIN = 60.0  # seconds for one dump


def dump(url: str, file: Path, *options: str) -> None:
    """Write a backup; RuntimeError with what pg_dump said when it fails."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = next(installations()) / "pg_dump"
    command = [str(program), "--no-password", *options, "--file", str(file), url]
    ended = subprocess.run(command, capture_output=True, timeout=WITHIN, check=False, env=environment())
    if ended.returncode:
        raise RuntimeError(f"pg_dump failed: {ended.stderr.decode(errors='replace')[-500:]}")
    file.chmod(0o600)


def age(file: Path, days: float) -> None:
    """Let a file look as old as that."""
    then = time.time() - days * 86_400
    os.utime(file, (then, then))

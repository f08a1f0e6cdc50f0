"""Runs all tests, side by side; the few that failed there are run once more, by themselves.

Thousands of tests with real servers, programs and deadlines share two cores, and now and then one of them gets no turn for
seconds. A test that passes by itself was shaken by its neighbours: it is named, and does not fail the run. CPython runs its own
tests so (`-m test --rerun`). More than a few at once are no accident.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

FEW = 5

#: One more than there are cores, since most tests wait for something. The order of the folders is kept, so that the long
#: stories, which are few to a file, do not come last.
SIDE_BY_SIDE = ("-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder")
BY_THEMSELVES = ("--last-failed", "--last-failed-no-failures", "none")

_FAILED = Path(__file__).parent.parent / ".pytest_cache/v/cache/lastfailed"


def main() -> int:
    """The exit code of pytest."""
    _FAILED.unlink(missing_ok=True)
    status = _pytest(*SIDE_BY_SIDE)
    failed: list[str] = list(json.loads(_FAILED.read_text())) if _FAILED.exists() else []
    if status != 1 or not 0 < len(failed) <= FEW:
        return status
    print(f"\nOnce more, by themselves: {', '.join(failed)}\n", flush=True)
    status = _pytest(*BY_THEMSELVES)
    if status == 0:
        print(f"\nPassed by themselves, and were shaken before: {', '.join(failed)}", flush=True)
    return status


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


sys.exit(main())

"""Becomes another program that is told to stop when its parent dies: python -m examples.demo.lifeline COMMAND

So the demo leaves nothing running even when it is killed. Where the kernel cannot do it, the program just runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2), Linux; the setting outlives exec, but no change of the user


def tie() -> None:
    """Have this process told to stop when its parent dies; ends it when the parent is dead already."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # the parent died before the kernel was asked


def main() -> None:
    tie()
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()

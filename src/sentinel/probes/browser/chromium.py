"""Starts a Chromium for one run, with a profile of its own, and leaves nothing of it behind."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sentinel.base.process import ProgramFailed, ProgramForbidden, ProgramMissing, running_program
from sentinel.core.result import FailureClass
from sentinel.probes.browser.options import BrowserOptions
from sentinel.probes.finding import Finding

_PREFIX: Final = "sentinel-browser-"
_LEFT_AFTER: Final = 3600.0  # seconds after which a profile belongs to a run that was killed
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
_LAST_WORDS: Final = 0.5  # seconds that it is given to say why it ended
_ERRORS: Final = 64 * 1024  # bytes of what it writes to standard error that are looked at

#: Chromium reads commands from descriptor 3 and writes answers to 4 (--remote-debugging-pipe): here its input and output.
_PIPES: Final = ("/bin/sh", "-c", 'exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null')

_FLAGS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-startup-window",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--no-pings",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-breakpad",
    "--disable-dev-shm-usage",  # 64 MB of it in a container: not enough for one page
    "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,InterestFeedContentSuggestions",
    "--block-new-web-contents",
    "--deny-permission-prompts",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--renderer-process-limit=2",
    "--js-flags=--max-old-space-size=256",  # MB
    "--disk-cache-size=33554432",
)


def find(program: str | None) -> str | None:
    """The path of Chromium; None when there is none."""
    names: Iterable[str] = _NAMES if program is None else (program,)
    return next((path for name in names if (path := shutil.which(name)) is not None), None)


def lacking(program: str | None) -> str:
    """What has to be installed, and how; empty when it is there."""
    return "" if find(program) is not None else f"{_absent(program)}. {_INSTALL}"


def _absent(program: str | None) -> str:
    return "there is no Chromium on this host" if program is None else f"there is no program {program}"


@asynccontextmanager
async def chromium(options: BrowserOptions, threads: ThreadPoolExecutor) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running browser; at the end of the block it is killed with all of its processes, and its profile removed.

    Raises Finding when it cannot be started.
    """
    path = find(options.program)
    if path is None:
        raise Finding(FailureClass.NOT_INSTALLED, _absent(options.program), _INSTALL)
    loop = asyncio.get_running_loop()
    profile = await loop.run_in_executor(threads, _make_profile)
    try:
        async with running_program(
            [*_PIPES, path, *_flags(options, profile)], environment=_environment(profile)
        ) as process:
            yield process
    except ProgramMissing:
        raise Finding(FailureClass.NOT_INSTALLED, "there is no /bin/sh on this host") from None
    except ProgramForbidden as error:
        raise Finding(FailureClass.NOT_PERMITTED, str(error)) from None
    except ProgramFailed as error:
        raise Finding(FailureClass.OVERLOADED, str(error)) from None
    finally:
        try:
            threads.submit(_remove, profile)  # goes on by itself when the run is cancelled
        except RuntimeError:  # Sentinel is stopping, and gives out no more threads
            _remove(profile)


async def why_it_ended(process: asyncio.subprocess.Process, program: str | None) -> Finding:
    """What to do about a browser that ended by itself, by what it is known to say; `program` is as the check has it."""
    assert process.stderr is not None
    said = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            said = await process.stderr.read(_ERRORS)
    for words, explanation, hint in _KNOWN:
        if words in said:
            return Finding(FailureClass.NOT_PERMITTED, explanation, hint)
    path = find(program) or "chromium"
    return Finding(FailureClass.NOT_INSTALLED, f"{path} ended by itself", _BY_HAND.format(program=path))


def _flags(options: BrowserOptions, profile: Path) -> list[str]:
    more = [f"--user-data-dir={profile}", f"--window-size={options.width},{options.height}"]
    if not options.verify_tls:
        more.append("--ignore-certificate-errors")
    if os.geteuid() == 0:  # Chromium refuses to run its sandbox as root
        more.append("--no-sandbox")
    return [*_FLAGS, *more]


def _environment(profile: Path) -> dict[str, str]:
    return {
        "HOME": str(profile),
        "XDG_CONFIG_HOME": str(profile),
        "XDG_CACHE_HOME": str(profile),
        "TMPDIR": str(profile),
    }


def _make_profile() -> Path:
    profile = Path(tempfile.mkdtemp(prefix=_PREFIX))
    for left in profile.parent.glob(f"{_PREFIX}*"):
        if _is_left(left, profile.stat().st_mtime):
            _remove(left)
    return profile


def _is_left(profile: Path, now: float) -> bool:
    """Whether it is of a run that was killed, or of a browser that was still writing when its profile was removed."""
    try:
        known = profile.stat()
    except OSError:
        return False
    return known.st_uid == os.geteuid() and now - known.st_mtime > _LEFT_AFTER


def _remove(profile: Path) -> None:
    shutil.rmtree(profile, ignore_errors=True)


_INSTALL: Final = "Install it (Debian: `apt-get install chromium`), or give its path as `program`."
_BY_HAND: Final = (
    "Run `{program} --headless --dump-dom about:blank` by hand, as Sentinel's user and under its service's sandbox."
)
_SANDBOX: Final = (
    "Let it make user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns, kernel.unprivileged_userns_clone); "
    "for Sentinel's service, see the drop-in on the page of this kind."
)
_KNOWN: Final = (
    (b"No usable sandbox", "Chromium cannot make its sandbox", _SANDBOX),
    (b"Failed to move to new namespace", "Chromium cannot make its sandbox", _SANDBOX),
    (b"Operation not permitted", "Chromium may not do what it needs", _SANDBOX),
    (b"error while loading shared libraries", "Chromium lacks a library", "Install it from the system's packages."),
)

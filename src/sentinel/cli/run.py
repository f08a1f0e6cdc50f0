"""The daemon in the foreground."""

import gc
import os
import sys

import click

from sentinel.base.errors import SentinelError
from sentinel.cli import options
from sentinel.cli.options import chosen_config

#: Seconds after which a thread that wants to go on gets its turn. The thread that writes the store gives its turn away with
#: each statement; at Python's usual 5 ms it would wait for most of a second while a storm keeps the event loop busy.
SWITCH_INTERVAL = 0.0005


class CannotLog(SentinelError):
    """The log file cannot be opened."""

    exit_code = 73  # EX_CANTCREAT


@click.command()
@options.config
def run() -> int:
    """Watch, in the foreground.

    SIGTERM or Ctrl-C stop it in good order; SIGHUP makes it read its configuration again.

    \b
    Example:
      sentinel run --config /etc/sentinel/monitoring_config.json
    """
    return run_daemon()


def run_daemon() -> int:
    """Start everything and work until asked to stop; answers the exit status."""
    from sentinel.app.plans import load_plan

    plan = load_plan(chosen_config(), os.environ)

    # Only now: the room that loading needed for a moment is taken up by these, and the process stays smaller.
    import asyncio

    import uvloop

    from sentinel.app.daemon import Sentinel
    from sentinel.base import logs
    from sentinel.base.redact import Redactor
    from sentinel.web.server import WebServer

    _calm_garbage_collector()
    sys.setswitchinterval(SWITCH_INTERVAL)
    wanted = plan.logs
    redactor = Redactor(plan.secrets)
    try:
        sink = logs.configure(
            level=wanted.level,
            json=wanted.format == "json" or (wanted.format == "auto" and not sys.stdout.isatty()),
            redactor=redactor,
            file=wanted.file,
            max_bytes=wanted.max_bytes,
            backups=wanted.backups,
        )
    except OSError as error:
        raise CannotLog(f"cannot write the log to {wanted.file}: {error.strerror}") from error

    async def work() -> int:
        return await Sentinel(plan, os.environ, WebServer, redactor=redactor).run()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work())
    finally:
        sink.close()


def _calm_garbage_collector() -> None:
    """Look for garbage seldom, and never in what has been loaded.

    Checks leave no cycles behind, but with 10,000 of them a full search stopped the loop for a quarter of a second every
    eight seconds and took a tenth of all CPU (docs/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)

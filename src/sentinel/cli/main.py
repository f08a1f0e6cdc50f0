"""`sentinel`: the commands, and how they end.

Exit status: that of the command (for status and check by the worst severity), 64 for a command line that cannot be
understood, 78 for a configuration that cannot be used, else that of the error. Click's own 2 would mean "critical".
"""

import sys
from contextlib import suppress
from typing import Any

import click

from sentinel import __version__
from sentinel.base.errors import SentinelError
from sentinel.cli import options, showing
from sentinel.cli.lazily import Lazily

#: A command line that cannot be understood (sysexits.h).
EX_USAGE = 64

#: 128 + SIGINT, as shells have it.
INTERRUPTED = 130


#: Every command, and the module of `sentinel.cli` that has it.
_COMMANDS = {
    "run": "run",
    "status": "status",
    "top": "top",
    "check": "once",
    "cleanup": "cleanup",
    "journal": "journal",
    "user": "user",
    "token": "user",
    "config": "config",
    "incidents": "incidents",
    "incident": "incidents",
    "explain": "explain",
    "ack": "incidents",
    "unack": "incidents",
    "resolve": "incidents",
    "comment": "incidents",
    "assign": "incidents",
    "silence": "silence",
    "window": "window",
    "deploy": "deploy",
    "rollback": "rollback",
    "post": "post",
    "posts": "post",
    "status-page": "post",
    "veto": "channels",
    "channels": "channels",
    "outbox": "ask",
    "oncall": "oncall",
    "backtest": "backtest",
    "report": "report",
    "test-alert": "once",
    "reload": "ask",
    "completion": "completion",
}


@click.group(
    invoke_without_command=True,
    commands=Lazily(_COMMANDS),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@options.config
@click.option(
    "--status", "ask_status", is_flag=True, help="Say how everything is, and exit: the same as the command `status`."
)
@showing.showing
@click.version_option(__version__, prog_name="sentinel", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, /, ask_status: bool, **said: Any) -> int | None:
    """Sentinel watches production systems and tells people when they are in trouble.

    Without a command it runs, in the foreground.

    \b
    Examples:
      sentinel --config monitoring_config.json
      sentinel --config monitoring_config.json --status
      sentinel ack 12 --why "on it"
    """
    if ask_status:
        if context.invoked_subcommand is not None:
            raise click.UsageError("--status stands alone, without a command; `sentinel status NAME` shows some checks")
        from sentinel.cli import status

        return status.show(showing.asked(said))
    if any(said.values()):
        raise click.UsageError("what says how to show the status stands with --status; of others, after the command")
    if context.invoked_subcommand is not None:
        return None
    from sentinel.cli import run

    return run.run_daemon()


def main() -> None:
    """Run the command that stands on the command line, and exit."""
    sys.exit(_status())


def _status() -> int:
    try:
        return _run()
    except click.UsageError as error:
        error.show()
        return EX_USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SentinelError as error:
        _say(f"sentinel: {error}", f"hint: {error.hint}" if error.hint else "")
        return error.exit_code
    except OSError as error:
        _say(f"sentinel: {error.filename or 'input or output'}: {error.strerror or error}")
        return 74  # EX_IOERR


def _run() -> int:
    answer = cli.main(prog_name="sentinel", standalone_mode=False)
    return answer if isinstance(answer, int) else 0


def _say(*lines: str) -> None:
    with suppress(BrokenPipeError):
        for line in filter(None, lines):
            click.echo(line, err=True)

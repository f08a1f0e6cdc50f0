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
from sentinel.cli import (
    ask,
    backtest,
    channels,
    cleanup,
    completion,
    config,
    explain,
    incidents,
    oncall,
    once,
    options,
    post,
    report,
    run,
    showing,
    silence,
    status,
    top,
    window,
)

#: A command line that cannot be understood (sysexits.h).
EX_USAGE = 64

#: 128 + SIGINT, as shells have it.
INTERRUPTED = 130


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
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
        return status.show(showing.asked(said))
    if any(said.values()):
        raise click.UsageError("what says how to show the status stands with --status; of others, after the command")
    return run.run_daemon() if context.invoked_subcommand is None else None


for command in (
    run.run,
    status.status,
    top.top,
    once.check,
    cleanup.cleanup,
    config.config,
    incidents.incidents,
    incidents.incident,
    explain.explain,
    incidents.ack,
    incidents.unack,
    incidents.resolve,
    incidents.comment,
    incidents.assign,
    silence.silence,
    window.window,
    post.post,
    post.posts,
    post.status_page,
    channels.veto,
    channels.channels,
    ask.outbox,
    oncall.oncall,
    backtest.backtest,
    report.report,
    once.test_alert,
    ask.reload,
    completion.completion,
):
    cli.add_command(command)


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

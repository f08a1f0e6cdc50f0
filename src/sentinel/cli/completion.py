"""The command `completion`."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes a shell complete the words of this command.

    Commands and options are completed, and the names of checks, channels and tags and the numbers of incidents that a daemon
    or its configuration knows.

    \b
    Examples:
      sentinel completion bash > ~/.local/share/bash-completion/completions/sentinel
      sentinel completion zsh > "${fpath[1]}/_sentinel"
      sentinel completion fish > ~/.config/fish/completions/sentinel.fish
    """
    from click.shell_completion import get_completion_class

    from sentinel.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, f"click knows {shell}"
    writer = kind(cli, {}, "sentinel", "_SENTINEL_COMPLETE")
    # Not `source()`: that of bash starts bash to look at its version.
    click.echo(writer.source_template % writer.source_vars(), nl=False)

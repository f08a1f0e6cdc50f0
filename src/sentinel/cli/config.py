"""Commands about the configuration itself."""

import os

import click

from sentinel.cli import options
from sentinel.cli.options import chosen_config, print_json
from sentinel.cli.routes import routes


@click.group()
def config() -> None:
    """Check, show and describe configurations."""


@config.command()
@options.config
def check() -> None:
    """Say whether it can be used.

    And if not, everything that is wrong with it; then it exits with 78. It warns of what can be used,
    though it is hardly what you mean.

    \b
    Example:
      sentinel config check --config monitoring_config.json
    """
    from sentinel.app.plans import advice_on, load_plan
    from sentinel.base.clock import SystemClock

    plan = load_plan(chosen_config(), os.environ)
    for line in advice_on(plan, SystemClock().now()):
        click.echo(f"sentinel: warning: {line}", err=True)
    count, channels = len(plan.checks), len(plan.channels)
    click.echo(f"{plan.file}: good; {count} check{'s' * (count != 1)}, {channels} channel{'s' * (channels != 1)}")


@config.command()
@options.config
def show() -> None:
    """Print the full form.

    Every shorthand is expanded, every default that says something is written out, and secrets are masked.

    \b
    Example:
      sentinel config show
    """
    from sentinel.app.plans import expanded

    print_json(expanded(chosen_config(), os.environ))


@config.command()
def schema() -> None:
    """Print the JSON Schema.

    Editors complete and check by it.

    \b
    Example:
      sentinel config schema > monitoring_config.schema.json
    """
    from sentinel.app.plans import schema as described

    print_json(described())


config.add_command(routes)

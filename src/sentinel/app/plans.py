"""From a file to a Plan: the configuration meets the catalogues of probes and channels."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sentinel.base.errors import ConfigError, Problem
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.channels.slack.options import SlackOptions
from sentinel.channels.trial import try_out
from sentinel.config.advice import advice
from sentinel.config.compile import compile_plan
from sentinel.config.coverage import advice_on_hours
from sentinel.config.expand import expanded as expanding
from sentinel.config.hearing import advice_on_telling
from sentinel.config.json_schema import json_schema
from sentinel.config.load import load
from sentinel.config.undoing import advice_on_deployments
from sentinel.core.plan import Plan
from sentinel.probes.catalogue import CATALOGUE as PROBES


def load_plan(path: Path, environment: Mapping[str, str], *, lenient: bool = False) -> Plan:
    """Read and compile a file of configuration.

    Args:
        lenient: for reading the store alone: references in checks and channels that cannot be followed are no problem.
            Such a check may be without options, and such a channel is left out.

    Raises:
        ConfigError: it cannot be used; carries every problem.
    """
    plan = compile_plan(load(path, environment, lenient=lenient), PROBES, CHANNELS)
    _refuse_templates(plan)
    return plan


def expanded(path: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The full form of a file of configuration, secrets masked.

    Raises:
        ConfigError: it cannot be used.
    """
    return expanding(load(path, environment), PROBES, CHANNELS)


def advice_on(plan: Plan, now: datetime) -> Iterator[str]:
    """What the plan says, though it is hardly what anybody means: one line for each.

    Args:
        now: aware; schedules and calendars are looked at from then on.
    """
    yield from advice(plan)
    yield from advice_on_hours(plan, now)
    yield from advice_on_telling(plan, now)
    yield from advice_on_deployments(plan)
    yield from _dead_buttons(plan)


def schema() -> dict[str, Any]:
    """The JSON Schema of the full form."""
    return json_schema(PROBES, CHANNELS)


def _dead_buttons(plan: Plan) -> Iterator[str]:
    for channel in plan.channels:
        if plan.web.port is None and isinstance(channel.options, SlackOptions) and channel.options.signing_secret:
            yield (
                f"channel {channel.name!r} has buttons that do nothing: `web.port` is not set, so Slack has no address to "
                "report clicks to"
            )


def _refuse_templates(plan: Plan) -> None:
    """Try the user's templates with messages of every kind.

    Raises:
        ConfigError: one of them cannot be used.
    """
    if not plan.templates:
        return
    problems = tuple(
        Problem(
            key="templates.folder",
            found=f"{name}, line {fault.line}: {fault.found}",
            expected=fault.expected,
            hint="docs/alerting/messages.md tells what templates may say, and what there is to say",
        )
        for name, fault in try_out(plan.templates)
    )
    if problems:
        raise ConfigError(str(plan.file), problems)

"""`sentinel config routes`: which way an incident would go, before there is one."""

from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options
from sentinel.cli.options import as_json, look, print_json
from sentinel.cli.planning import planned

if TYPE_CHECKING:
    from datetime import datetime

    from sentinel.core.check import Check
    from sentinel.core.plan import Plan
    from sentinel.core.preview import LevelPreview, Preview

Json = dict[str, Any]


@click.command()
@options.config
@click.argument("check", metavar="CHECK")
@click.option(
    "--severity",
    type=click.Choice(["warning", "critical"]),
    default="critical",
    show_default=True,
    help="How bad the incident is.",
)
@click.option("--at", metavar="TIME", help="When it opens, such as 2026-12-24T22:00; UTC unless it says. Default: now.")
@as_json
def routes(check: str, severity: str, at: str | None, as_json: bool) -> None:
    """Say who would be told, and when.

    That is: by which policy an incident of a check would go, and who would hear of it at which level while nobody takes it.
    It goes by the file alone: what was arranged by `sentinel oncall override` is not in it.

    \b
    Examples:
      sentinel config routes payroll-run
      sentinel config routes payroll-run --severity warning --at 2026-12-24T22:00
    """
    from sentinel.core.preview import Ways, preview
    from sentinel.core.rule import Severity

    with planned() as plan:
        known = _check(plan, check)
        ways = Ways(
            routes=plan.routes,
            policies=plan.policies,
            schedules=plan.on_call,
            recipients=plan.recipients,
            commands=plan.commands,
        )
        moment = _moment(at)
        found = preview(ways, known, Severity[severity.upper()], moment)
    document = _document(plan, known, severity, moment, found)
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(_lines(document)))


def _check(plan: "Plan", name: str) -> "Check":
    from sentinel.config.problems import did_you_mean

    for check in plan.checks:
        if check.name == name:
            return check
    hint = did_you_mean(name, [check.name for check in plan.checks]) or "`sentinel config show` lists them"
    raise click.UsageError(f"no check is called {name!r}; {hint}")


def _moment(text: str | None) -> "datetime":
    from datetime import UTC

    from sentinel.base.clock import SystemClock
    from sentinel.base.moments import read_moment

    if text is None:
        return SystemClock().now()
    try:
        moment = read_moment(text)
    except ValueError:
        raise click.UsageError(f"--at: {text!r} is no time such as 2026-12-24T22:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _document(plan: "Plan", check: "Check", severity: str, at: "datetime", found: "Preview") -> Json:
    route = plan.routes[found.route] if found.route is not None else None
    return {
        "check": check.name,
        "severity": severity.upper(),
        "at": _written(at),
        "policy": found.policy.name,
        "route": None
        if route is None
        else {"number": found.route, "match": str(route.match), "when": route.when.name if route.when else None},
        "quiet_until": _written(found.quiet_until),
        "levels": [_level(one) for one in found.levels],
        "kept_informed": list(found.policy.updates.channels) if found.policy.updates else [],
    }


def _level(one: "LevelPreview") -> Json:
    from sentinel.base.units import write_duration

    return {
        "level": one.number,
        "at": _written(one.at),
        "severity": one.level.severity.label,
        "channels": [{"channel": to.channel, "recipient": to.recipient} for to in one.addresses],
        "on_call": list(one.called.people),
        "reached": [{"channel": to.channel, "recipient": to.recipient} for to in one.called.addresses],
        "vacant": list(one.called.vacant),
        "repeat": write_duration(one.level.repeat) if one.level.repeat else None,
        "repeats": one.level.repeats if one.level.repeat else 0,
    }


def _written(at: "datetime | None") -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at is not None else None


def _lines(document: Json) -> list[str]:
    style = look()
    route = document["route"]
    why = "its check's policy; no route takes it"
    if route is not None:
        why = f"routes[{route['number']}]: {route['match']}{', while ' + route['when'] if route['when'] else ''}"
    lines = [
        f"{style.bold(document['check'])}, {style.severity(document['severity'])}, at {_short(document['at'])} UTC",
        f"policy {document['policy']} ({why})",
    ]
    if document["quiet_until"]:
        lines.append(f"quiet until {_short(document['quiet_until'])} UTC: nobody is told before, if it lasts so long")
    if not document["levels"]:
        lines.append("nobody is told: the policy has no levels")
    for level in document["levels"]:
        lines += _level_lines(level)
    if document["kept_informed"]:
        lines.append(f"kept informed: {', '.join(document['kept_informed'])}")
    return lines


def _level_lines(level: Json) -> list[str]:
    if level["at"] is None:
        return [f"level {level['level']}  never: it is for {level['severity'].lower()} incidents"]
    told = [_address(one) for one in level["channels"]]
    told += (
        [f"{', '.join(level['on_call'])} on call ({', '.join(map(_address, level['reached']))})"]
        if level["on_call"]
        else []
    )
    again = f"; again every {level['repeat']}, {level['repeats']} times at most" if level["repeat"] else ""
    lines = [f"level {level['level']}  {_short(level['at'])}  {'; '.join(told) or 'nobody'}{again}"]
    lines += [f"         nobody is on call by {name} then" for name in level["vacant"]]
    return lines


def _address(one: Json) -> str:
    return f"{one['channel']} {one['recipient']}".rstrip()


def _short(moment: str) -> str:
    return moment[:16].replace("T", " ")

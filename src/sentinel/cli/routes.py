"""`sentinel config routes`: which way an incident would go, before there is one."""

from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import complete, options, quiet
from sentinel.cli.options import as_json, look, print_json
from sentinel.cli.planning import planned

if TYPE_CHECKING:
    from datetime import datetime

    from sentinel.core.check import Check
    from sentinel.core.plan import Plan
    from sentinel.core.preview import LevelPreview, Preview

Json = dict[str, Any]

#: Names of checks that one line lists.
_NAMED = 12


@click.command()
@options.config
@click.argument("check", metavar="[CHECK]", required=False, shell_complete=complete.checks)
@click.option(
    "--severity",
    type=click.Choice(["warning", "critical"]),
    default="critical",
    show_default=True,
    help="How bad the incident is.",
)
@click.option(
    "--at",
    metavar="TIME",
    help="When it opens, such as 22:00 or 2026-12-24T22:00; by the clock of this host unless it says. Default: now.",
)
@as_json
def routes(check: str | None, severity: str, at: str | None, as_json: bool) -> None:
    """Say who would be told, and when.

    That is: by which policy an incident of a check would go, and who would hear of it at which level while nobody takes it.
    Without a check: the ways of all checks. It goes by the file alone: what was arranged by `sentinel oncall override` is not
    in it.

    \b
    Examples:
      sentinel config routes
      sentinel config routes payroll-run
      sentinel config routes payroll-run --severity warning --at 2026-12-24T22:00
    """
    moment = _moment(at)
    with planned() as plan:
        document = (
            _overview(plan, severity, moment) if check is None else _way(plan, _check(plan, check), severity, moment)
        )
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(_lines(document) if check is not None else _overview_lines(document)))


def _way(plan: "Plan", check: "Check", severity: str, at: "datetime") -> Json:
    from sentinel.core.preview import Ways, preview
    from sentinel.core.rule import Severity

    ways = Ways(
        routes=plan.routes,
        policies=plan.policies,
        schedules=plan.on_call,
        recipients=plan.recipients,
        commands=plan.commands,
    )
    return _document(plan, check, severity, at, preview(ways, check, Severity[severity.upper()], at))


def _overview(plan: "Plan", severity: str, at: "datetime") -> Json:
    """The ways that incidents go, with the checks of each, in the order of the file."""
    from sentinel.core.routes import chosen
    from sentinel.core.rule import Severity

    ways: dict[tuple[int, str], list[Check]] = {}
    for check in plan.checks:
        route = chosen(plan.routes, check, Severity[severity.upper()], at)
        key = (plan.routes.index(route), route.policy) if route is not None else (len(plan.routes), check.policy)
        ways.setdefault(key, []).append(check)
    return {
        "severity": severity.upper(),
        "at": _written(at),
        "ways": [
            {"checks": [check.name for check in checks]} | _without_names(_way(plan, checks[0], severity, at))
            for _, checks in sorted(ways.items(), key=lambda item: item[0])
        ],
    }


def _without_names(document: Json) -> Json:
    return {key: value for key, value in document.items() if key not in ("check", "severity", "at")}


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

    now = SystemClock().now()
    return now if text is None else quiet.moment(text, now).astimezone(UTC)


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
    first = f"{style.bold(document['check'])}, {style.severity(document['severity'])}, at {_short(document['at'])} UTC"
    return [first, *_way_lines(document)]


def _overview_lines(document: Json) -> list[str]:
    """All checks by the ways that their incidents go; of each way the first names."""
    style = look()
    lines = [f"every check, {style.severity(document['severity'])}, at {_short(document['at'])} UTC"]
    for way in document["ways"]:
        names = way["checks"]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines += ["", style.bold(", ".join(names[:_NAMED]) + more), *(f"  {line}" for line in _way_lines(way))]
    return lines


def _way_lines(document: Json) -> list[str]:
    route = document["route"]
    why = "its check's policy; no route takes it"
    if route is not None:
        why = f"routes[{route['number']}]: {route['match']}{', while ' + route['when'] if route['when'] else ''}"
    lines = [f"policy {document['policy']} ({why})"]
    if document["quiet_until"]:
        lines.append(f"quiet until {_short(document['quiet_until'])} UTC: nobody is told before, if it lasts so long")
    if not document["levels"]:
        lines.append("nobody is told: the policy has no levels")
    moments = [level["at"] for level in document["levels"] if level["at"] is not None]
    # Levels within one minute could not be told apart.
    exact = len({moment[:16] for moment in moments}) < len(set(moments))
    for level in document["levels"]:
        lines += _level_lines(level, exact=exact)
    if document["kept_informed"]:
        lines.append(f"kept informed: {', '.join(document['kept_informed'])}")
    return lines


def _level_lines(level: Json, *, exact: bool) -> list[str]:
    if level["at"] is None:
        return [f"level {level['level']}  never: it is for {level['severity'].lower()} incidents"]
    told = [_address(one) for one in level["channels"]]
    told += (
        [f"{', '.join(level['on_call'])} on call ({', '.join(map(_address, level['reached']))})"]
        if level["on_call"]
        else []
    )
    again = f"; again every {level['repeat']}, {level['repeats']} times at most" if level["repeat"] else ""
    lines = [f"level {level['level']}  {_short(level['at'], exact=exact)}  {'; '.join(told) or 'nobody'}{again}"]
    lines += [f"         nobody is on call by {name} then" for name in level["vacant"]]
    return lines


def _address(one: Json) -> str:
    return f"{one['channel']} {one['recipient']}".rstrip()


def _short(moment: str, *, exact: bool = False) -> str:
    return moment[: 19 if exact else 16].replace("T", " ")

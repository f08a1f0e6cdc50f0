"""The expanded form: what a configuration says in full, as `sentinel config show` prints it.

Defaults are filled in, those of the options of checks and channels too, and the short form is written out. References stay
as the file has them, secrets are masked.
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from sentinel.base.redact import MASK, Redactor
from sentinel.base.units import write_duration
from sentinel.config.access import web_secrets
from sentinel.config.checks import CheckPart
from sentinel.config.compile import Compiled, compile_all
from sentinel.config.filled import filled
from sentinel.config.keypath import KeyPath
from sentinel.config.kinds import ChannelKinds, CheckKinds
from sentinel.config.load import Loaded
from sentinel.config.references import has_reference, without_defaults
from sentinel.config.secrecy import is_telling
from sentinel.config.written_rules import written_rule
from sentinel.core.incident import Policy, Updates
from sentinel.core.plan import ChannelPlan, HeartbeatPlan, LogPlan, Plan, StorePlan
from sentinel.core.proof import Canary

Tree = dict[str, Any]

_SQLITE = "sqlite:///"

#: Sections that stand in the full form as they stand in the file: they have hardly a default, and no short form.
_AS_WRITTEN = ("calendars", "people", "on_call", "routes", "windows", "status_page", "connectivity", "templates")


def expanded(loaded: Loaded, probe_kinds: CheckKinds, channel_kinds: ChannelKinds) -> Tree:
    """The expanded form, in the order of the reference. Where no secret is masked it loads again to the same checks.

    Raises:
        ConfigError: with every problem there is.
    """
    compiled = compile_all(loaded, probe_kinds, channel_kinds)
    tree: Tree = _clean(_Writer(loaded, compiled).write(), Redactor(compiled.plan.secrets))
    return tree


class _Writer:
    def __init__(self, loaded: Loaded, compiled: Compiled) -> None:
        self._tree = loaded.tree
        self._problems = loaded.problems  # knows what the file itself has at a place
        self._compiled = compiled
        channels = {path for part in compiled.channels for path, _ in part.secrets}
        checks = {path for part in compiled.checks for path, _ in part.secrets}
        self._secrets = channels | checks | {path for path, _ in web_secrets(loaded)}

    def write(self) -> Tree:
        plan = self._compiled.plan
        web = {"socket": str(plan.web.socket), "host": plan.web.host, "port": plan.web.port}
        web |= {key: value for key, value in self._tree.get("web", {}).items() if key not in web}
        return {
            "name": self._written(("name",), plan.name),
            "link": self._written(("link",), plan.link),
            "checks": [self._check(part) for part in self._compiled.checks],
            "channels": {
                part.channel.name: {
                    "kind": part.channel.kind,
                    **_common(part.channel),
                    **self._written(part.path, filled(part.options, part.channel.options)),
                }
                for part in self._compiled.channels
            },
            "policies": {name: _policy(policy) for name, policy in plan.policies.items() if policy.levels},
            **{name: self._written((name,), self._tree[name]) for name in _AS_WRITTEN if self._tree.get(name)},
            "store": self._store(plan.store),
            "web": {key: self._written(("web", key), value) for key, value in web.items() if value is not None},
            "reports": _reports(plan),
            "logs": _logs(plan.logs),
            "limits": {
                "concurrency": plan.limits.concurrency,
                "per_host": plan.limits.per_host,
                "rechecks": plan.limits.rechecks,
                "unknown_after": write_duration(plan.limits.unknown_after),
            },
            **({"heartbeat": self._heartbeat(plan.heartbeat)} if plan.heartbeat else {}),
        }

    def _heartbeat(self, heartbeat: HeartbeatPlan) -> Tree:
        return {
            "url": self._secret(("heartbeat", "url"), MASK),
            "every": write_duration(heartbeat.every),
            "timeout": write_duration(heartbeat.timeout),
        }

    def _check(self, part: CheckPart) -> Tree:
        check = part.check
        return {
            "name": check.name,
            "kind": check.kind,
            "title": check.title,
            "enabled": part.entry.enabled,
            "interval": write_duration(check.interval),
            "timeout": write_duration(check.timeout),
            "tags": sorted(check.tags),
            "runbook": self._written((*part.path, "runbook"), check.runbook),
            "policy": check.policy,
            "severity": check.failure_severity.label.lower(),
            "open_after": check.open_after,
            "close_after": check.close_after,
            "recheck": write_duration(check.recheck),
            "options": self._written((*part.path, "options"), filled(part.options, check.options)),
            "rules": [written_rule(rule) for rule in check.rules],
            "usual_rules": False,  # they stand among the rules
        }

    def _store(self, store: StorePlan) -> Tree:
        url = store.url.reveal()
        where = (
            {"path": url.removeprefix(_SQLITE)}
            if url.startswith(_SQLITE)
            else {"url": self._secret(("store", "url"), MASK if is_telling(store.url) else url)}
        )
        keep = {
            "results": write_duration(store.keep_results),
            "rollups": write_duration(store.keep_rollups),
            "hours": write_duration(store.keep_hours),
            "days": write_duration(store.keep_days),
            "incidents": write_duration(store.keep_incidents),
            "deliveries": write_duration(store.keep_deliveries),
            "journal": write_duration(store.keep_journal),
        }
        return {**where, "keep": keep}

    def _written(self, path: KeyPath, value: Any) -> Any:
        """The value as the file has it: references not followed, secrets masked."""
        if path in self._secrets:
            return self._secret(path, MASK)
        if isinstance(value, Mapping):
            return {key: self._written((*path, key), one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._written((*path, index), one) for index, one in enumerate(value)]
        return self._reference(path) or value

    def _secret(self, path: KeyPath, otherwise: str) -> str:
        return without_defaults(self._reference(path), MASK) or otherwise

    def _reference(self, path: KeyPath) -> str:
        """What the file has there if it refers to something; empty otherwise, and where the short form stands behind it."""
        written = self._problems.written(path)
        same = self._problems.origin(path)[-1] == path[-1]
        return written if same and isinstance(written, str) and has_reference(written) else ""


def _common(channel: ChannelPlan) -> Tree:
    """The keys that all kinds of channels have."""
    budget = channel.budget and {"messages": channel.budget.messages, "per": write_duration(channel.budget.per)}
    canary = _canary(channel.canary) if channel.canary else None
    return (
        {"budget": budget or False}
        | ({"fallback": channel.fallback} if channel.fallback else {})
        | ({"canary": canary} if canary else {})
    )


def _canary(canary: Canary) -> Tree:
    at = {"at": f"{canary.at:%H:%M}", "zone": canary.zone} if canary.at else {}
    return {"every": write_duration(canary.every), **at, "silent_after": write_duration(canary.silent_after)}


def _policy(policy: Policy) -> Tree:
    return {
        "levels": [
            {
                "after": write_duration(level.after),
                "channels": list(level.channels),
                "severity": level.severity.label.lower(),
                **({"on_call": list(level.on_call)} if level.on_call else {}),
                **({"repeat": write_duration(level.repeat), "repeats": level.repeats} if level.repeat else {}),
            }
            for level in policy.levels
        ],
        "remind": {
            "warning": write_duration(policy.remind_warning),
            "critical": write_duration(policy.remind_critical),
        },
        "acknowledge": {
            "warning": write_duration(policy.acknowledge_warning),
            "critical": write_duration(policy.acknowledge_critical),
        },
        "group": {"wait": write_duration(policy.group_wait), "every": write_duration(policy.group_every)},
        **({"updates": _updates(policy.updates)} if policy.updates else {}),
        **({"quiet": [calendar.name for calendar in policy.quiet]} if policy.quiet else {}),
    }


def _updates(updates: Updates) -> Tree:
    return {
        "channels": list(updates.channels),
        "every": write_duration(updates.every),
        "after": write_duration(updates.after),
        "severity": updates.severity.label.lower(),
    }


def _reports(plan: Plan) -> Tree:
    zone = {"zone": plan.reports[0].zone} if plan.reports else {}
    schedule = [
        {
            "name": report.name,
            "every": report.every,
            "content": [content.value for content in report.contents],
            "checks": list(report.selection.checks),
            "tags": sorted(report.selection.tags),
            "systems": sorted(report.selection.systems),
            "at": report.at,
            "channels": list(report.channels),
            "forms": [form.value for form in report.forms],
            "attach": [form.value for form in report.attach],
        }
        for report in plan.reports
    ]
    hipaa = {line: list(checks) for line, checks in plan.hipaa.items()}
    reviews = [write_duration(after) for after in plan.reviews]
    return {"folder": str(plan.reports_folder), **zone, "schedule": schedule, "hipaa": hipaa, "reviews": reviews}


def _logs(logs: LogPlan) -> Tree:
    file = {"file": str(logs.file)} if logs.file else {}
    return {"level": logs.level, "format": logs.format, **file, "max_bytes": logs.max_bytes, "backups": logs.backups}


def _clean(node: Any, redactor: Redactor) -> Any:
    """The last line of defence: no known secret in any text, wherever it came from."""
    if isinstance(node, str):
        return redactor.clean(node)
    if isinstance(node, dict):
        return {key: _clean(value, redactor) for key, value in node.items()}
    if isinstance(node, date | time):
        return node.isoformat()  # TOML has days and times of its own; a datetime is a day too
    return [_clean(value, redactor) for value in node] if isinstance(node, list) else node

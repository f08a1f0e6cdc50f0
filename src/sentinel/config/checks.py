"""Checks: from an entry of the file to a Check."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sentinel.base.redact import Secret
from sentinel.base.units import Unit, write_duration
from sentinel.config.fingerprint import fingerprint
from sentinel.config.keypath import MISSING, KeyPath, value_at
from sentinel.config.kinds import CheckKinds, KindOfCheck
from sentinel.config.load import Loaded
from sentinel.config.problems import did_you_mean, listed
from sentinel.config.read import read, read_what_is_fine
from sentinel.config.rules import FAMILY, Known, read_rules, unit_of, with_defaults
from sentinel.config.ruling import compile_rules
from sentinel.config.schema.checks import CheckEntry, Defaults
from sentinel.config.schema.own import KeepEntry
from sentinel.config.schema.rules import RuleEntry
from sentinel.config.secrecy import anchored, masked, secrets_in
from sentinel.config.targets import target
from sentinel.core.check import OWN_CHECK, Check
from sentinel.core.hours import Calendar
from sentinel.core.rule import Rule, Severity

USUAL_TIMEOUT = timedelta(seconds=10)
SHORTEST_INTERVAL = timedelta(milliseconds=100)

SEVERITIES = {"warning": Severity.WARNING, "critical": Severity.CRITICAL}

DEFAULTS_AT: KeyPath = ("defaults",)
CHECKS_AT: KeyPath = ("checks",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPart:
    """A check with what the configuration alone wants to know of it."""

    path: KeyPath
    entry: CheckEntry
    check: Check
    options: Mapping[str, Any]  # as the file has them, references followed
    secrets: tuple[tuple[KeyPath, Secret], ...]  # with their places in the whole tree


class ChecksCompiler:
    """Makes the checks of one configuration, noting what is wrong with each."""

    def __init__(
        self,
        loaded: Loaded,
        kinds: CheckKinds,
        defaults: Defaults,
        policies: Collection[str],
        calendars: Mapping[str, Calendar],
        keep: KeepEntry,
    ) -> None:
        self._loaded = loaded
        self._problems = loaded.problems
        self._kinds = kinds
        self._defaults = defaults
        self._policies = policies
        self._calendars = calendars
        self._keep = keep
        self._names: dict[str, KeyPath] = {}
        self._default_rules = self._read_default_rules()
        self._known_rules: dict[object, tuple[Rule, ...]] = {}

    def compile(self) -> list[CheckPart]:
        entries = self._loaded.tree.get("checks", [])
        if not isinstance(entries, list):
            self._problems.add(CHECKS_AT, self._problems.shown(CHECKS_AT, secret=False), "a list of checks")
            return []
        if not entries and value_at(self._problems.raw, ("api_url",)) is MISSING:
            self._problems.add(CHECKS_AT, "no checks", "at least one check, or the guide's api_url")
        self._check_defaults()
        parts = [self._part((*CHECKS_AT, index), entry) for index, entry in enumerate(entries)]
        return [part for part in parts if part is not None]

    def _part(self, path: KeyPath, data: object) -> CheckPart | None:
        own = data.get("rules", []) if isinstance(data, Mapping) else []
        rest = {key: value for key, value in data.items() if key != "rules"} if isinstance(data, Mapping) else data
        entry = read_what_is_fine(CheckEntry, rest, path, self._problems)
        if entry is None:
            read_rules(own, (*path, "rules"), self._problems)
            self._look_at_options(path, data)
            return None
        self._check_name(path, entry.name)
        self._check_policy(path, entry)
        kind = self._kind((*path, "kind"), entry.kind)
        interval, timeout = self._times(path, entry)
        wrong = not isinstance(data, Mapping) or not isinstance(data.get("options", {}), dict)
        options = None if wrong else self._options(path, kind, dict(entry.options))
        if kind is None or (options is None and not self._problems.excused(path)):
            read_rules(own, (*path, "rules"), self._problems)
            return None
        usual = kind.usual_rules(options) if entry.usual_rules and options is not None else ()
        known = _known(kind, options, _main(kind, options, own), interval)
        rules = self._rules((*path, "rules"), own, entry.kind, known, usual)
        return self._finish(path, entry, kind, options, interval, timeout, rules, own)

    def _rules(
        self,
        path: KeyPath,
        data: object,
        kind: str,
        known: Known,
        usual: Sequence[Mapping[str, Any]],
    ) -> tuple[Rule, ...]:
        """The rules of a check. Thousands of checks often have the same ones: these are compiled once and shared."""
        key = (kind, known.interval, known.main, tuple(known.readings), repr(data), repr(usual))
        if key in self._known_rules:
            return self._known_rules[key]
        default = [(place, rule) for place, rule in self._default_rules.get(kind, []) if not known.leaves_off(rule)]
        entries = with_defaults(read_rules(data, path, self._problems), default)
        entries = with_defaults(entries, read_rules(list(usual), (*path, "usual"), self._problems))
        rules = compile_rules(entries, known, self._keep, self._calendars, self._problems)
        if not self._problems:
            self._known_rules[key] = rules
        return rules

    def _finish(
        self,
        path: KeyPath,
        entry: CheckEntry,
        kind: KindOfCheck,
        options: object,
        interval: timedelta,
        timeout: timedelta,
        rules: tuple[Rule, ...],
        own: object,
    ) -> CheckPart:
        secrets = tuple(secrets_in(entry.options, kind.options))
        open_after = entry.open_after or self._defaults.open_after
        close_after = entry.close_after or self._defaults.close_after
        judged = {
            "kind": entry.kind,
            "options": masked(entry.options, [place for place, _ in secrets]),
            "times": [interval.total_seconds(), timeout.total_seconds()],
            "rules": repr(rules),
            "counts": [open_after, close_after, entry.severity],
        }
        known = _known(kind, options, _main(kind, options, own), interval)
        check = Check(
            name=entry.name,
            kind=entry.kind,
            interval=interval,
            timeout=timeout,
            main=known.main,
            main_unit=unit_of(known.main, known.readings) or Unit.NONE,
            rules=rules,
            tags=frozenset((*entry.tags, *self._defaults.tags)),
            title=entry.title,
            system=self._defaults.system if entry.system is None else entry.system,
            runbook=entry.runbook,
            open_after=open_after,
            close_after=close_after,
            depends_on=tuple((one,) if isinstance(one, str) else tuple(one) for one in entry.depends_on),
            group=target(entry.options) if entry.group is None else entry.group,
            flaps=self._defaults.flapping if entry.flapping is None else entry.flapping,
            recheck=self._recheck(path, entry, interval),
            failure_severity=SEVERITIES[entry.severity],
            policy=entry.policy,
            options=options,
            shares=kind.shares(options) if options is not None else "",
            lacks=kind.lacks(options) if options is not None else "",
            fingerprint=fingerprint(judged, [secret for _, secret in secrets]),
        )
        placed = tuple(((*path, "options", *place), secret) for place, secret in secrets)
        return CheckPart(path=path, entry=entry, check=check, options=entry.options, secrets=placed)

    def _look_at_options(self, path: KeyPath, data: object) -> None:
        """Tell of wrong options too when the entry around them is wrong."""
        if isinstance(data, Mapping) and isinstance(data.get("options", {}), dict):
            kind = self._kinds.get(str(data.get("kind")))
            self._options(path, kind, data.get("options", {}))

    def _options(self, path: KeyPath, kind: KindOfCheck | None, options: dict[str, Any]) -> object | None:
        if kind is None:
            return None
        places = self._loaded.places
        data = anchored(options, kind.options, places)
        return read(kind.options, data, (*path, "options"), self._problems, places.folder)

    def _check_name(self, path: KeyPath, name: str) -> None:
        if name == OWN_CHECK:
            expected = "another name"
            self._problems.add((*path, "name"), repr(name), expected, "this one stands for Sentinel's own condition")
        elif name in self._names:
            found = f"{name!r}, as {_write(self._names[name])} is named already"
            self._problems.add((*path, "name"), found, "a name that no other check has")
        self._names.setdefault(name, path)

    def _check_policy(self, path: KeyPath, entry: CheckEntry) -> None:
        if entry.policy not in self._policies:
            expected = f"the name of a policy: {listed(self._policies)}"
            hint = did_you_mean(entry.policy, self._policies)
            self._problems.add((*path, "policy"), repr(entry.policy), expected, hint)

    def _kind(self, path: KeyPath, name: str) -> KindOfCheck | None:
        kind = self._kinds.get(name)
        if kind is None:
            self._problems.add(path, repr(name), f"one of {listed(self._kinds)}", did_you_mean(name, self._kinds))
        return kind

    def _times(self, path: KeyPath, entry: CheckEntry) -> tuple[timedelta, timedelta]:
        interval = entry.interval or self._defaults.interval
        usual = min(self._defaults.timeout or USUAL_TIMEOUT, interval)
        timeout = entry.timeout or usual
        if timeout > interval:
            found = f"{write_duration(timeout)}, longer than the interval of {write_duration(interval)}"
            self._problems.add((*path, "timeout"), found, "a timeout within the interval")
        if entry.interval is not None:
            self._check_interval((*path, "interval"), interval)
        return interval, timeout

    def _recheck(self, path: KeyPath, entry: CheckEntry, interval: timedelta) -> timedelta:
        if entry.recheck is None:
            return min(self._defaults.recheck, interval)
        if entry.recheck > interval:
            found = f"{write_duration(entry.recheck)}, longer than the interval of {write_duration(interval)}"
            self._problems.add((*path, "recheck"), found, "a time within the interval, or 0 for none")
        self._check_recheck((*path, "recheck"), entry.recheck)
        return entry.recheck

    def _check_recheck(self, path: KeyPath, recheck: timedelta) -> None:
        if timedelta(0) < recheck < SHORTEST_INTERVAL:
            expected = f"at least {write_duration(SHORTEST_INTERVAL)}, or 0 for none"
            self._problems.add(path, f"a recheck after {write_duration(recheck)}", expected)

    def _check_defaults(self) -> None:
        given = self._defaults.timeout
        if given is not None and given > self._defaults.interval:
            found = f"{write_duration(given)}, longer than the interval of {write_duration(self._defaults.interval)}"
            self._problems.add((*DEFAULTS_AT, "timeout"), found, "a timeout within the interval")
        self._check_interval((*DEFAULTS_AT, "interval"), self._defaults.interval)
        self._check_recheck((*DEFAULTS_AT, "recheck"), self._defaults.recheck)

    def _read_default_rules(self) -> dict[str, list[tuple[KeyPath, RuleEntry]]]:
        """The default rules by kind of check."""
        place: KeyPath = (*DEFAULTS_AT, "rules")
        given = value_at(self._loaded.tree, place)
        if given is MISSING:
            return {}
        if not isinstance(given, dict):
            self._problems.add(place, self._problems.shown(place, secret=False), "an object of rules by kind of check")
            return {}
        for kind in given:
            if self._problems.origin((*place, kind)) == (*place, kind):  # the guide's own may stand without its kind
                self._kind((*place, kind), kind)
        return {kind: read_rules(rules, (*place, kind), self._problems) for kind, rules in given.items()}

    def _check_interval(self, path: KeyPath, interval: timedelta) -> None:
        if interval < SHORTEST_INTERVAL:
            expected = f"at least {write_duration(SHORTEST_INTERVAL)}"
            self._problems.add(path, f"an interval of {write_duration(interval)}", expected)


def _known(kind: KindOfCheck, options: object, main: str, interval: timedelta) -> Known:
    """What rules of a check can look at. Where its options name the members of a family, only these are there."""
    usual = Known(
        readings=kind.readings, of_kind=kind.readings, lower_is_worse=kind.lower_is_worse, main=main, interval=interval
    )
    if options is None:
        return usual
    more, idle = kind.more_readings(options), kind.idle(options)
    named = {name for name in kind.readings if name.endswith(FAMILY) and any(one.startswith(name[:-1]) for one in more)}
    there = {name: unit for name, unit in kind.readings.items() if name not in named and name not in idle}
    return replace(usual, readings={**there, **more}, idle=idle)


def _main(kind: KindOfCheck, options: object, own: object) -> str:
    """The reading that stands for a check: its kind's, or the first of its own rules where these look at others only."""
    usual = (kind.main_of(options) if options is not None else "") or kind.main
    rules = own if isinstance(own, list) else []
    named = [str(rule["reading"]) for rule in rules if isinstance(rule, Mapping) and "reading" in rule]
    return usual if not named or usual in named else named[0]


def _write(path: KeyPath) -> str:
    return f"{path[0]}[{path[1]}]"

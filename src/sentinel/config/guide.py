"""The short form of the health-care guide, rewritten into the full form: a dict in, a dict out.

    api_url                 two checks, `health` and `auth-status`
    monitoring_interval     defaults.interval
    alert_thresholds        rules of these checks, defaults.open_after, and a default rule for checks of kind `roles`
    alerting                channels `email`, `slack` and `webhook`

The file's own number is the critical bound. The guide's table of key metrics also gives targets, and they become warning
bounds: response time 2 s, role check 0.5 s, error rate 1 %. A target that is not below its critical bound is left out.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sentinel.base.units import parse_duration, write_duration
from sentinel.config.keypath import KeyPath
from sentinel.config.problems import Problems
from sentinel.config.read import read
from sentinel.config.schema.guide import GuideForm, GuideThresholds
from sentinel.config.shape import fields

RESPONSE_TARGET = 2.0  # seconds
ROLE_CHECK_TARGET = 0.5  # seconds
ERROR_RATE_TARGET = 0.01

#: So many results before the error rate is judged: one failure among fewer would by itself be above the target of 1 %.
ERROR_RATE_SAMPLES = 100

#: How far back the error rate looks: this long, or as long as it takes to gather the samples with some to spare.
ERROR_RATE_WINDOW = timedelta(minutes=30)
ERROR_RATE_RUNS = 120

DEFAULT_INTERVAL = timedelta(seconds=60)

#: The checks: name, path, what people call it.
ENDPOINTS = (
    ("health", "/health", "API health"),
    ("auth-status", "/api/v1/auth/status", "Authentication status"),
)

KEYS = tuple(fields(GuideForm))

Tree = dict[str, Any]


def rewrite(tree: Tree, problems: Problems) -> Tree:
    """The tree with the guide's keys replaced by what they stand for.

    Notes in `problems` what is wrong with them, what the full form says as well, and where each new part came from.
    """
    own = {key: tree[key] for key in KEYS if key in tree}
    full = {key: value for key, value in tree.items() if key not in own}
    if not own:
        return full
    guide = read(GuideForm, own, (), problems)
    if guide is None:
        return full
    writer = _Writer(full, problems)
    writer.write(guide)
    return writer.full


class _Writer:
    """Adds to the full form. Never overwrites: what stands there already is a problem."""

    def __init__(self, full: Tree, problems: Problems) -> None:
        self.full = full
        self._problems = problems

    def write(self, guide: GuideForm) -> None:
        bounds = guide.alert_thresholds
        if guide.monitoring_interval is not None:
            self._default("interval", write_duration(guide.monitoring_interval), ("monitoring_interval",))
        if "consecutive_failures" in bounds.model_fields_set:
            origin: KeyPath = ("alert_thresholds", "consecutive_failures")
            self._default("open_after", bounds.consecutive_failures, origin)
        if "role_check_time" in bounds.model_fields_set:
            self._role_check(bounds)
        if guide.api_url is not None:
            self._checks(guide.api_url.rstrip("/"), bounds, guide.monitoring_interval or self._interval())
        if guide.alerting.enabled:
            self._channels(guide)

    def _role_check(self, bounds: GuideThresholds) -> None:
        rules = self._object("defaults", "rules")
        if rules is not None and "roles" not in rules:
            critical = bounds.role_check_time.total_seconds()
            rules["roles"] = [_threshold("role_check_time", ROLE_CHECK_TARGET, critical)]
            self._problems.origins["defaults", "rules", "roles"] = ("alert_thresholds", "role_check_time")

    def _checks(self, url: str, bounds: GuideThresholds, interval: timedelta) -> None:
        checks = self.full.setdefault("checks", [])
        if not isinstance(checks, list):
            return
        self.full["checks"] = checks = list(checks)
        own = {str(check.get("name")): index for index, check in enumerate(checks) if isinstance(check, Mapping)}
        for name, path, title in ENDPOINTS:
            if name in own:
                found = f"{name!r}, which api_url defines as well"
                hint = "leave api_url out, or give this one another name"
                self._problems.add(("checks", own[name], "name"), found, "a name that no other check has", hint)
                continue
            self._problems.origins["checks", len(checks)] = ("api_url",)
            rules = [
                _threshold("response_time", RESPONSE_TARGET, bounds.api_response_time.total_seconds()),
                _error_rate(bounds.error_rate, interval),
            ]
            checks.append(
                {"name": name, "kind": "http", "title": title, "options": {"url": url + path}, "rules": rules}
            )

    def _channels(self, guide: GuideForm) -> None:
        alerting = guide.alerting
        if alerting.email is not None and alerting.email.enabled:
            host, port = _host_and_port(alerting.email.smtp_server)
            self._channel("email", {"host": host, **port, **_given(alerting.email, "sender", "recipients")})
        if alerting.slack is not None and alerting.slack.enabled:
            self._channel("slack", _given(alerting.slack, "webhook_url", "token", "channel"))
        if alerting.webhook is not None and alerting.webhook.enabled:
            self._channel("webhook", _given(alerting.webhook, "url", "secret"))

    def _channel(self, name: str, options: Tree) -> None:
        channels = self._object("channels")
        if channels is None:
            return
        if name in channels:
            found = f"a channel {name}, which alerting defines as well"
            self._problems.add(
                ("channels", name), found, "each name once", f"leave out alerting.{name} or rename yours"
            )
            return
        channels[name] = {"kind": name, **options}
        self._problems.origins["channels", name] = ("alerting", name)
        self._problems.origins["channels", name, "host"] = ("alerting", name, "smtp_server")

    def _default(self, key: str, value: object, origin: KeyPath) -> None:
        defaults = self._object("defaults")
        if defaults is None:
            return
        if key in defaults:
            found = f"a value, which {origin[-1]} gives as well"
            self._problems.add(("defaults", key), found, f"either defaults.{key} or {origin[-1]}")
            return
        defaults[key] = value
        self._problems.origins["defaults", key] = origin

    def _interval(self) -> timedelta:
        """The default interval of the full form; what is wrong with it is said where that is read."""
        given = (self._object("defaults") or {}).get("interval")
        try:
            return parse_duration(given) if isinstance(given, str | int | float) else DEFAULT_INTERVAL
        except ValueError:
            return DEFAULT_INTERVAL

    def _object(self, *path: str) -> Tree | None:
        """The object at the path, made when it is not there, as a copy that may be added to; None when it is none."""
        node = self.full
        for key in path:
            below = node.get(key, {})
            if not isinstance(below, dict):
                return None
            node[key] = dict(below)
            node = node[key]
        return node


def _threshold(reading: str, target: float, critical: float) -> Tree:
    warning = {"warning": target} if target < critical else {}
    return {"type": "threshold", "reading": reading, **warning, "critical": critical}


def _error_rate(critical: float, interval: timedelta) -> Tree:
    warning = {"warning": ERROR_RATE_TARGET} if critical > ERROR_RATE_TARGET else {}
    window = max(ERROR_RATE_WINDOW, ERROR_RATE_RUNS * interval)
    return {
        "type": "error_rate",
        "window": write_duration(window),
        "min_samples": ERROR_RATE_SAMPLES,
        **warning,
        "critical": critical,
    }


def _host_and_port(server: str) -> tuple[str, Tree]:
    """Host and port of `mail.example.org:587`; a bare IPv6 address has colons and no port."""
    host, _, port = server.rpartition(":")
    if host and port.isascii() and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), {"port": int(port)}
    return server.strip("[]"), {}


def _given(entry: Any, *names: str) -> Tree:
    """What the file says; the kind's own defaults hold for the rest."""
    values = ((name, getattr(entry, name)) for name in names)
    return {name: value for name, value in values if value is not None}

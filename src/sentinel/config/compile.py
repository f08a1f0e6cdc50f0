"""From the tree to the Plan. Everything that is wrong is told at once, in the order of the file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sentinel.base.redact import Redactor, Secret
from sentinel.config.access import web_plan, web_secrets
from sentinel.config.calendars import compile_calendars
from sentinel.config.checks import CheckPart, ChecksCompiler
from sentinel.config.collector import collector_paused
from sentinel.config.connectivity import compile_connectivity
from sentinel.config.dependencies import refuse_wrong_dependencies
from sentinel.config.deployments import compile_deployments, deployment_secrets
from sentinel.config.fingerprint import fingerprint
from sentinel.config.guide import KEYS as GUIDE_KEYS
from sentinel.config.heartbeat import heartbeat_plan, heartbeat_secrets
from sentinel.config.keypath import KeyPath
from sentinel.config.kinds import ChannelKinds, CheckKinds
from sentinel.config.load import Loaded
from sentinel.config.people import compile_on_call, compile_people
from sentinel.config.problems import did_you_mean, listed
from sentinel.config.read import read, read_what_is_fine
from sentinel.config.reports import checklist, report_plans, reports_folder, reviews
from sentinel.config.routes import compile_routes
from sentinel.config.schema import Configuration
from sentinel.config.schema.checks import Defaults
from sentinel.config.schema.own import LimitsEntry, LogsEntry, StoreEntry
from sentinel.config.schema.reports import ReportsEntry
from sentinel.config.secrecy import also_secret, masked, refuse_open_secret, secrets_in
from sentinel.config.sections import limits, log_plan, section, store_plan
from sentinel.config.shape import fields
from sentinel.config.status_page import compile_status_page
from sentinel.config.telling import DEFAULT_POLICY, ChannelPart, compile_channels, compile_policies
from sentinel.config.templates import compile_templates
from sentinel.config.windows import compile_windows
from sentinel.core.plan import Plan

_HEAD = ("name", "link", "$schema")

Placed = tuple[KeyPath, Secret]  # a secret and where it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The Plan beside the parts it was made from, which the expanded form is written from."""

    plan: Plan
    checks: tuple[CheckPart, ...]  # also those that are not enabled
    channels: tuple[ChannelPart, ...]


def compile_plan(loaded: Loaded, probe_kinds: CheckKinds, channel_kinds: ChannelKinds) -> Plan:
    """The Plan of a file.

    Raises:
        ConfigError: with every problem there is.
    """
    return compile_all(loaded, probe_kinds, channel_kinds).plan


def compile_all(loaded: Loaded, probe_kinds: CheckKinds, channel_kinds: ChannelKinds) -> Compiled:
    """The Plan and its parts; raises as `compile_plan` does."""
    with collector_paused():
        return _compile(loaded, probe_kinds, channel_kinds)


def _compile(loaded: Loaded, probe_kinds: CheckKinds, channel_kinds: ChannelKinds) -> Compiled:
    _refuse_unknown_keys(loaded)
    head = _head(loaded)
    defaults = _defaults(loaded)
    store = section(loaded, "store", StoreEntry)
    reports = section(loaded, "reports", ReportsEntry)
    calendars = compile_calendars(loaded)
    channels = compile_channels(loaded, channel_kinds)
    people = compile_people(loaded, channels, channel_kinds)
    on_call = compile_on_call(loaded, people, calendars)
    policies = compile_policies(loaded, calendars, on_call)
    checks = ChecksCompiler(loaded, probe_kinds, defaults, policies, calendars, store.keep).compile()
    refuse_wrong_dependencies(checks, loaded.problems)
    web = web_plan(loaded)
    placed = [
        *_store_secrets(loaded),
        *heartbeat_secrets(loaded),
        *web_secrets(loaded),
        *deployment_secrets(loaded),
        *(one for channel in channels for one in channel.secrets),
        *(one for check in checks for one in check.secrets),
    ]
    secrets = tuple(_every_secret(loaded, placed))
    for path, secret in placed:
        refuse_open_secret(path, secret, loaded.mode, loaded.file, loaded.problems)
    plan = Plan(
        name=head.name or "sentinel",
        file=loaded.file,
        fingerprint=_fingerprint(loaded, [path for path, _ in placed]),
        checks=tuple(part.check for part in checks if part.entry.enabled),
        channels=tuple(part.channel for part in channels),
        policies=policies,
        calendars=calendars,
        people=people,
        on_call=on_call,
        routes=compile_routes(loaded, policies, calendars, probe_kinds),
        windows=compile_windows(loaded, checks, probe_kinds),
        deployments=compile_deployments(loaded, checks, probe_kinds, policies, calendars, store.keep.results),
        store=store_plan(loaded, store),
        web=web,
        status_page=compile_status_page(loaded, checks, web),
        reports=report_plans(loaded, reports, channels, policies[DEFAULT_POLICY], checks),
        reports_folder=reports_folder(loaded, reports),
        hipaa=checklist(loaded, reports, checks),
        reviews=reviews(reports),
        logs=log_plan(loaded, section(loaded, "logs", LogsEntry)),
        limits=limits(section(loaded, "limits", LimitsEntry)),
        connectivity=compile_connectivity(loaded),
        journal_key=loaded.places.state / "journal.key",
        link=head.link,
        heartbeat=heartbeat_plan(loaded),
        templates=compile_templates(loaded),
        secrets=secrets,
    )
    loaded.problems.raise_all(str(loaded.file), loaded.text, (*loaded.followed, *secrets))
    return Compiled(plan=plan, checks=tuple(checks), channels=tuple(channels))


def _head(loaded: Loaded) -> Configuration:
    """The settings that belong to no section."""
    given = {key: loaded.tree[key] for key in _HEAD if key in loaded.tree}
    return read(Configuration, given, (), loaded.problems) or Configuration()


def _defaults(loaded: Loaded) -> Defaults:
    """The defaults without their rules, which are read one by one."""
    given = loaded.tree.get("defaults", {})
    plain = {key: value for key, value in given.items() if key != "rules"} if isinstance(given, dict) else given
    return read_what_is_fine(Defaults, plain, ("defaults",), loaded.problems) or Defaults()


def _refuse_unknown_keys(loaded: Loaded) -> None:
    known = list(fields(Configuration))
    for key in loaded.tree:
        if key not in known:
            short = [word for word in GUIDE_KEYS if word not in loaded.tree]
            hint = did_you_mean(key, [*known, *GUIDE_KEYS])
            expected = f"{listed(known)}; or, of the short form, {listed(short)}"
            loaded.problems.add((key,), "an unknown key", expected, hint)


def _store_secrets(loaded: Loaded) -> Iterator[Placed]:
    for path, secret in secrets_in(loaded.tree.get("store", {}), StoreEntry):
        yield ("store", *path), secret


def _every_secret(loaded: Loaded, placed: Iterable[Placed]) -> Iterator[Secret]:
    """Everything to keep out of texts, each once."""
    known = (one for _, secret in placed for one in also_secret(secret))
    return iter(dict.fromkeys((*known, *loaded.secrets)))


def _fingerprint(loaded: Loaded, secret_places: Iterable[KeyPath]) -> str:
    """Of everything that the file says, wherever it stands and whatever its secrets are: nodes can compare it."""
    open_part = masked({key: value for key, value in loaded.tree.items() if key != "$schema"}, secret_places)
    return fingerprint(Redactor(loaded.secrets).clean(repr(open_part)) if loaded.secrets else open_part)

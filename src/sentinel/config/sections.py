"""The sections about Sentinel itself: store, reports, logs, limits."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from sentinel.base.fields import Options
from sentinel.base.redact import Secret
from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.read import read_what_is_fine
from sentinel.config.schema.own import LimitsEntry, LogsEntry, StoreEntry
from sentinel.config.schema.reports import ReportsEntry, ScheduleEntry
from sentinel.config.secrecy import anchored_url
from sentinel.config.telling import ChannelPart, channel_names, command_names, refuse_unknown_channel
from sentinel.core.incident import Policy
from sentinel.core.plan import Form, Limits, LogPlan, ReportPlan, StorePlan

Section = TypeVar("Section", bound=Options)

_STORES = ("sqlite:///", "postgresql://", "postgres://")

#: Channels of this kind get the reports that name no channels.
_REPORT_KIND = "email"


def section(loaded: Loaded, name: str, model: type[Section]) -> Section:
    """A section of the file; its defaults where it is not there or is wrong, which is noted."""
    return read_what_is_fine(model, loaded.tree.get(name, {}), (name,), loaded.problems) or model()


def store_plan(loaded: Loaded, entry: StoreEntry) -> StorePlan:
    return StorePlan(
        url=_store_url(loaded, entry),
        keep_results=entry.keep.results,
        keep_rollups=entry.keep.rollups,
        keep_hours=entry.keep.hours,
        keep_days=entry.keep.days,
        keep_incidents=entry.keep.incidents,
        keep_deliveries=entry.keep.deliveries,
        keep_journal=entry.keep.journal,
    )


def log_plan(loaded: Loaded, entry: LogsEntry) -> LogPlan:
    return LogPlan(
        level=entry.level,
        format=entry.format,
        file=loaded.places.logs / entry.file if entry.file else None,
        max_bytes=entry.max_bytes,
        backups=entry.backups,
    )


def limits(entry: LimitsEntry) -> Limits:
    return Limits(
        concurrency=entry.concurrency,
        per_host=entry.per_host,
        rechecks=entry.rechecks,
        unknown_after=entry.unknown_after,
    )


def reports_folder(loaded: Loaded, entry: ReportsEntry) -> Path:
    return loaded.places.resolve(entry.folder) if entry.folder else loaded.places.reports


def report_plans(
    loaded: Loaded, entry: ReportsEntry, channels: Sequence[ChannelPart], policy: Policy
) -> tuple[ReportPlan, ...]:
    """The reports. One that names no channels goes to the mail channels of the policy's first level."""
    usual = _mail_channels(channels, policy)
    return tuple(_reports(loaded, entry, usual))


def _reports(loaded: Loaded, entry: ReportsEntry, usual: tuple[str, ...]) -> Iterator[ReportPlan]:
    names: set[str] = set()
    for index, one in enumerate(entry.schedule):
        path: KeyPath = ("reports", "schedule", index)
        if one.name in names:
            loaded.problems.add((*path, "name"), repr(one.name), "a name that no other report has")
        names.add(one.name)
        _check_channels(loaded, path, one)
        yield ReportPlan(
            name=one.name,
            every=one.every,
            at=one.at,
            zone=entry.zone,
            channels=usual if one.channels is None else tuple(dict.fromkeys(one.channels)),
            forms=tuple(dict.fromkeys(one.forms)),
            attach=_attached(loaded, path, one),
        )


def _attached(loaded: Loaded, path: KeyPath, entry: ScheduleEntry) -> tuple[Form, ...]:
    """The forms that a mail brings along; not given: those for people."""
    if entry.attach is None:
        return tuple(form for form in (Form.HTML, Form.PDF) if form in entry.forms)
    for number, form in enumerate(entry.attach):
        if form not in entry.forms:
            loaded.problems.add((*path, "attach", number), repr(form.value), "one of the `forms` of this report")
    return tuple(dict.fromkeys(entry.attach))


def _check_channels(loaded: Loaded, path: KeyPath, entry: ScheduleEntry) -> None:
    names, commands = channel_names(loaded), command_names(loaded)
    for number, name in enumerate(entry.channels or ()):
        refuse_unknown_channel((*path, "channels", number), name, names, loaded.problems, commands)


def _mail_channels(channels: Sequence[ChannelPart], policy: Policy) -> tuple[str, ...]:
    first = policy.levels[0].channels if policy.levels else ()
    mail = {part.channel.name for part in channels if part.channel.kind == _REPORT_KIND}
    return tuple(name for name in first if name in mail)


def _store_url(loaded: Loaded, entry: StoreEntry) -> Secret:
    places, problems = loaded.places, loaded.problems
    if entry.url is None:
        return Secret(f"sqlite:///{places.resolve(entry.path) if entry.path else places.store}")
    url = entry.url.reveal()
    if entry.path is not None:
        problems.add(("store", "path"), "a path beside a url", "either url or path")
    if not url.startswith(_STORES) or url in _STORES:
        expected = "'sqlite:///path/to/file.db' or 'postgresql://user@host/database'"
        problems.add(("store", "url"), problems.shown(("store", "url"), secret=True), expected)
    return Secret(anchored_url(url, places))

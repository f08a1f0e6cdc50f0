"""The reports of a configuration: when, of what, in which forms, and to whom."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from sentinel.config.checks import CheckPart
from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.problems import did_you_mean
from sentinel.config.schema.reports import ReportsEntry, ScheduleEntry
from sentinel.config.telling import ChannelPart, channel_names, command_names, refuse_unknown_channel
from sentinel.core.check import Check
from sentinel.core.form import Form
from sentinel.core.incident import Policy
from sentinel.core.plan import Content, ReportPlan
from sentinel.core.selection import Selection

#: Channels of this kind get the reports that name no channels.
_REPORT_KIND = "email"

#: Names of reports that are made without a schedule; their files and what is remembered of them are called so.
_OWN_NAMES = frozenset({"review", "deployment", "deployment-review"})


def reports_folder(loaded: Loaded, entry: ReportsEntry) -> Path:
    """Where reports are written."""
    return loaded.places.resolve(entry.folder) if entry.folder else loaded.places.reports


def report_plans(
    loaded: Loaded,
    entry: ReportsEntry,
    channels: Sequence[ChannelPart],
    policy: Policy,
    checks: Sequence[CheckPart],
) -> tuple[ReportPlan, ...]:
    """The reports. One that names no channels goes to the mail channels of the policy's first level."""
    usual = _mail_channels(channels, policy)
    return tuple(_reports(loaded, entry, usual, [part.check for part in checks]))


def checklist(loaded: Loaded, entry: ReportsEntry, checks: Sequence[CheckPart]) -> dict[str, tuple[str, ...]]:
    """Which checks prove which line of the HIPAA checklist, of the lines that the file names."""
    # A check with a problem of its own is none of `checks`; it is there all the same.
    names = list(dict.fromkeys([*(part.check.name for part in checks), *_written_names(loaded)]))
    for line, chosen in entry.hipaa.items():
        for index, name in enumerate(chosen):
            if name not in names:
                path: KeyPath = ("reports", "hipaa", line.value, index)
                hint = did_you_mean(name, names)
                loaded.problems.add(path, repr(name), "the name of a check", hint)
    return {line.value: tuple(dict.fromkeys(chosen)) for line, chosen in entry.hipaa.items()}


def _written_names(loaded: Loaded) -> Iterator[str]:
    """The names of checks that the file has, whatever else is wrong with them."""
    entries = loaded.tree.get("checks")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            yield entry["name"]


def reviews(entry: ReportsEntry) -> tuple[timedelta, ...]:
    """How long after its end a critical incident is reviewed, the soonest first."""
    return tuple(sorted(set(entry.reviews)))


def _reports(
    loaded: Loaded, entry: ReportsEntry, usual: tuple[str, ...], checks: Sequence[Check]
) -> Iterator[ReportPlan]:
    names: set[str] = set()
    for index, one in enumerate(entry.schedule):
        path: KeyPath = ("reports", "schedule", index)
        if one.name in names:
            loaded.problems.add((*path, "name"), repr(one.name), "a name that no other report has")
        if one.name in _OWN_NAMES:
            hint = "such as deployments-monthly" if "deployment" in one.name else "such as reviewed"
            loaded.problems.add((*path, "name"), repr(one.name), "a name that is none of Sentinel's own reports", hint)
        names.add(one.name)
        _check_channels(loaded, path, one)
        yield ReportPlan(
            name=one.name,
            every=one.every,
            contents=tuple(dict.fromkeys(map(Content, one.content))),
            selection=_selection(loaded, path, one, checks),
            at=one.at,
            zone=entry.zone,
            channels=usual if one.channels is None else tuple(dict.fromkeys(one.channels)),
            forms=tuple(dict.fromkeys(one.forms)),
            attach=_attached(loaded, path, one),
        )


def _selection(loaded: Loaded, path: KeyPath, entry: ScheduleEntry, checks: Sequence[Check]) -> Selection:
    selection = Selection(checks=entry.checks, tags=frozenset(entry.tags), systems=frozenset(entry.systems))
    if not selection.is_everything and not loaded.problems and not any(map(selection.covers, checks)):
        place, names = (*path, "checks") if entry.checks else path, [check.name for check in checks]
        hint = did_you_mean(entry.checks[0], names) if entry.checks else ""
        loaded.problems.add(place, f"{selection}: none of the checks", "conditions that some check meets", hint)
    return selection


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

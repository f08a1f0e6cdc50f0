"""Channels and policies: from the entries of the file to whom Sentinel tells, and when."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from sentinel.base.redact import Secret
from sentinel.base.units import write_duration
from sentinel.config.calendars import refuse_unknown_calendar
from sentinel.config.canary import canary
from sentinel.config.checks import SEVERITIES
from sentinel.config.keypath import KeyPath
from sentinel.config.kinds import ChannelKinds, KindOfChannel
from sentinel.config.load import Loaded
from sentinel.config.named import named_entries
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.telling import ChannelEntry, LevelEntry, PolicyEntry, UpdatesEntry
from sentinel.config.secrecy import anchored, secrets_in
from sentinel.core.budget import Budget
from sentinel.core.hours import Calendar
from sentinel.core.incident import Level, Policy, Updates
from sentinel.core.plan import ChannelPlan
from sentinel.core.rule import Severity

CHANNELS_AT: KeyPath = ("channels",)
POLICIES_AT: KeyPath = ("policies",)

DEFAULT_POLICY = "default"

#: News of the others in a group wait no longer than this.
LONGEST_GROUP_TIME = timedelta(hours=1)

#: A level is told again, and people are kept informed, no more often than this.
SHORTEST_REPEAT = timedelta(minutes=1)
SHORTEST_REMINDER = timedelta(seconds=1)

#: Keys that every kind of channel has; all others belong to the kind.
COMMON = ChannelEntry.model_fields.keys()

#: The kind of channel that runs commands.
COMMANDS = "command"

_TELLS = "a channel that tells people; this one runs commands"

#: The levels of the policy that is made when a file has none: the health-care guide's escalation procedure.
DEFAULT_LEVELS = (
    (timedelta(0), Severity.WARNING),
    (timedelta(minutes=15), Severity.CRITICAL),
    (timedelta(minutes=30), Severity.CRITICAL),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPart:
    """A channel with what the configuration alone wants to know of it."""

    path: KeyPath
    channel: ChannelPlan
    options: Mapping[str, Any]  # of its kind, as the file has them, references followed
    secrets: tuple[tuple[KeyPath, Secret], ...]  # with their places in the whole tree


def compile_channels(loaded: Loaded, kinds: ChannelKinds) -> list[ChannelPart]:
    entries = named_entries(loaded, CHANNELS_AT, "channels by their names")
    parts = [_channel((*CHANNELS_AT, name), name, data, loaded, kinds) for name, data in entries.items()]
    found = [part for part in parts if part is not None]
    for part in found:
        _check_fallback(part, entries, loaded.problems)
    return found


def channel_names(loaded: Loaded) -> list[str]:
    """The names of all channels, of those too that something is wrong with."""
    entries = loaded.tree.get("channels", {})
    return list(entries) if isinstance(entries, dict) else []


def command_names(loaded: Loaded) -> frozenset[str]:
    """The names of the channels that run commands."""
    entries = loaded.tree.get("channels", {})
    return frozenset(name for name in channel_names(loaded) if _value(entries, name, "kind") == COMMANDS)


def kind_of(loaded: Loaded, name: str) -> object:
    """What the entry of a channel says of its kind, whatever that is; None where it says nothing."""
    entries = loaded.tree.get("channels", {})
    return _value(entries, name, "kind") if isinstance(entries, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What policies may name."""

    channels: Collection[str]
    commands: Collection[str]  # those of the channels that run commands
    schedules: Collection[str]
    calendars: Mapping[str, Calendar]


def compile_policies(
    loaded: Loaded, calendars: Mapping[str, Calendar], schedules: Collection[str]
) -> dict[str, Policy]:
    """The policies by name; `default` is always among them."""
    entries = named_entries(loaded, POLICIES_AT, "policies by their names")
    known = Known(
        channels=channel_names(loaded), commands=command_names(loaded), schedules=schedules, calendars=calendars
    )
    policies = {DEFAULT_POLICY: default_policy(_that_tell_people(loaded))}
    for name, data in entries.items():
        path: KeyPath = (*POLICIES_AT, name)
        entry = read(PolicyEntry, data, path, loaded.problems)
        # A broken one still has its name, so that checks which use it are not told of as well.
        policies[name] = _policy(path, name, entry, known, loaded.problems) if entry else default_policy(())
    return policies


def _that_tell_people(loaded: Loaded) -> list[str]:
    """The channels that nobody has to name before they are used; a command is run by a level that asks for it, or never."""
    commands = command_names(loaded)
    return [name for name in channel_names(loaded) if name not in commands]


def default_policy(channels: Collection[str]) -> Policy:
    levels = (Level(after=after, channels=tuple(channels), severity=severity) for after, severity in DEFAULT_LEVELS)
    return Policy(name=DEFAULT_POLICY, levels=tuple(levels) if channels else ())


def refuse_unknown_channel(
    path: KeyPath, name: str, known: Collection[str], problems: Problems, commands: Collection[str] = ()
) -> None:
    """Note a name that no channel has, or one of `commands` where people are to be told."""
    if name in commands:
        problems.add(path, repr(name), _TELLS)
    elif name not in known:
        expected = f"the name of a channel: {listed(known)}" if known else "no name: there are no channels"
        problems.add(path, repr(name), expected, did_you_mean(name, known))


def _channel(path: KeyPath, name: str, data: object, loaded: Loaded, kinds: ChannelKinds) -> ChannelPart | None:
    problems = loaded.problems
    common = {key: value for key, value in data.items() if key in COMMON} if isinstance(data, dict) else data
    entry = read(ChannelEntry, common, path, problems)
    if entry is None or not isinstance(data, dict):
        return None
    kind = kinds.get(entry.kind)
    if kind is None:
        hint = did_you_mean(entry.kind, kinds)
        problems.add((*path, "kind"), repr(entry.kind), f"one of {listed(kinds)}", hint)
        return None
    options = {key: value for key, value in data.items() if key not in COMMON}
    if entry.canary is not None and entry.kind == COMMANDS:
        problems.add((*path, "canary"), "a canary", "no key here: a command runs only when a level asks for it")
    model = read(kind.options, anchored(options, kind.options, loaded.places), path, problems, loaded.places.folder)
    if model is None:
        return None
    channel = ChannelPlan(
        name=name,
        kind=entry.kind,
        options=model,
        recipients=kind.recipients(model),
        veto=kind.veto_of(model),
        lacks=kind.lacks(model),
        canary=canary(entry.canary),
        budget=_budget(entry, kind),
        fallback=entry.fallback or "",
    )
    secrets = tuple(((*path, *place), secret) for place, secret in secrets_in(options, kind.options))
    return ChannelPart(path=path, channel=channel, options=options, secrets=secrets)


def _budget(entry: ChannelEntry, kind: KindOfChannel) -> Budget | None:
    if entry.budget is None:
        return kind.budget
    return Budget(messages=entry.budget.messages, per=entry.budget.per) if entry.budget else None


def _check_fallback(part: ChannelPart, entries: Mapping[str, object], problems: Problems) -> None:
    """Refuse a fallback that cannot stand in: one that is not there, that runs commands, or that leads back."""
    name, place = part.channel.fallback, (*part.path, "fallback")
    if not name:
        return
    if name not in entries:
        refuse_unknown_channel(place, name, entries.keys(), problems)
    elif part.channel.kind == COMMANDS:
        problems.add(place, repr(name), "no key here: nobody can run a command in place of another")
    elif _value(entries, name, "kind") == COMMANDS:
        problems.add(place, repr(name), _TELLS)
    elif part.channel.name in (way := _fallbacks(entries, name)):
        around = " -> ".join((part.channel.name, *way[: way.index(part.channel.name) + 1]))
        problems.add(place, repr(name), f"a channel that does not lead back here ({around})")


def _fallbacks(entries: Mapping[str, object], name: str) -> list[str]:
    """A channel, its fallback, that one's, and so on; each once, and the first that comes again."""
    way = [name]
    while isinstance(after := _value(entries, way[-1], "fallback"), str):
        way.append(after)
        if after in way[:-1]:
            break
    return way


def _value(entries: Mapping[str, object], name: str, key: str) -> object:
    entry = entries.get(name)
    return entry.get(key) if isinstance(entry, dict) else None


def _policy(path: KeyPath, name: str, entry: PolicyEntry, known: Known, problems: Problems) -> Policy:
    levels = tuple(_level((*path, "levels", i), level, known, problems) for i, level in enumerate(entry.levels))
    for index, (before, level) in enumerate(pairwise(levels), start=1):
        if level.after < before.after:
            place = (*path, "levels", index, "after")
            problems.add(place, problems.shown(place, secret=False), "a time not before that of the level above")
    for key, every in (("warning", entry.remind.warning), ("critical", entry.remind.critical)):
        if every and every < SHORTEST_REMINDER:
            place = (*path, "remind", key)
            expected = f"0, or at least {write_duration(SHORTEST_REMINDER)}"
            problems.add(place, problems.shown(place, secret=False), expected)
    for key, time in (("wait", entry.group.wait), ("every", entry.group.every)):
        if time > LONGEST_GROUP_TIME:
            place, expected = (*path, "group", key), f"at most {write_duration(LONGEST_GROUP_TIME)}"
            problems.add(place, problems.shown(place, secret=False), expected, "people wait so long for news of others")
    return Policy(
        name=name,
        levels=levels,
        remind_warning=entry.remind.warning,
        remind_critical=entry.remind.critical,
        acknowledge_warning=entry.acknowledge.warning,
        acknowledge_critical=entry.acknowledge.critical,
        updates=_updates((*path, "updates"), entry.updates, known, problems) if entry.updates else None,
        group_wait=entry.group.wait,
        group_every=entry.group.every,
        quiet=tuple(_quiet((*path, "quiet"), entry.quiet, known, problems)),
    )


def _level(path: KeyPath, entry: LevelEntry, known: Known, problems: Problems) -> Level:
    if not entry.channels and not entry.on_call:
        problems.add(path, "a level that tells nobody", "`channels`, `on_call`, or both")
    for index, name in enumerate(entry.on_call):
        refuse_unknown_schedule((*path, "on_call", index), name, known.schedules, problems)
    if entry.repeat and entry.repeat < SHORTEST_REPEAT:
        expected = f"0, or at least {write_duration(SHORTEST_REPEAT)}"
        problems.add((*path, "repeat"), problems.shown((*path, "repeat"), secret=False), expected)
    return Level(
        after=entry.after,
        channels=_known_channels(path, entry.channels, known, problems),
        severity=SEVERITIES[entry.severity],
        on_call=tuple(dict.fromkeys(entry.on_call)),
        repeat=entry.repeat,
        repeats=entry.repeats,
    )


def _updates(path: KeyPath, entry: UpdatesEntry, known: Known, problems: Problems) -> Updates:
    if entry.every < SHORTEST_REPEAT:
        expected = f"at least {write_duration(SHORTEST_REPEAT)}"
        problems.add((*path, "every"), problems.shown((*path, "every"), secret=False), expected)
    return Updates(
        channels=_known_channels(path, entry.channels, known, problems, known.commands),
        every=entry.every,
        after=entry.after,
        severity=SEVERITIES[entry.severity],
    )


def _known_channels(
    path: KeyPath, names: Sequence[str], known: Known, problems: Problems, commands: Collection[str] = ()
) -> tuple[str, ...]:
    """The names, each once; those that no channel has are noted, and so are those of `commands`."""
    for index, name in enumerate(names):
        refuse_unknown_channel((*path, "channels", index), name, known.channels, problems, commands)
    return tuple(dict.fromkeys(names))


def _quiet(path: KeyPath, names: str | tuple[str, ...], known: Known, problems: Problems) -> Iterator[Calendar]:
    for index, name in enumerate((names,) if isinstance(names, str) else names):
        place = path if isinstance(names, str) else (*path, index)
        refuse_unknown_calendar(place, name, known.calendars, problems)
        if name in known.calendars:
            yield known.calendars[name]


def refuse_unknown_schedule(path: KeyPath, name: str, known: Collection[str], problems: Problems) -> None:
    """Note a name that no schedule has."""
    if name not in known:
        expected = (
            f"the name of a schedule: {listed(known)}" if known else "no name: there are no schedules in `on_call`"
        )
        problems.add(path, repr(name), expected, did_you_mean(name, known))

"""Maintenance windows: from the entries of the file to what is expected when."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from sentinel.base.units import write_duration
from sentinel.config.checks import CheckPart
from sentinel.config.keypath import KeyPath
from sentinel.config.kinds import CheckKinds
from sentinel.config.load import Loaded
from sentinel.config.named import named_entries
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.calendars import weekdays
from sentinel.config.schema.windows import WindowEntry, WindowMatch
from sentinel.config.telling import channel_names, command_names, refuse_unknown_channel
from sentinel.core.deployment.deployment import number_of
from sentinel.core.matcher import Matcher
from sentinel.core.progress import SHORTEST
from sentinel.core.recurrence import Once, Recurrence, Repeating, moment, shortest_gap
from sentinel.core.silence import means
from sentinel.core.window import Window

WINDOWS_AT: KeyPath = ("windows",)

#: What says when a window is, and what belongs to it.
_WAYS = {
    "from": frozenset({"to"}),
    "every": frozenset({"at", "days", "month_days", "duration"}),
    "cron": frozenset({"duration"}),
}
_CRON_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def compile_windows(loaded: Loaded, checks: Sequence[CheckPart], kinds: CheckKinds) -> tuple[Window, ...]:
    """The windows in the order of the file; those that something is wrong with are noted and left out."""
    entries = named_entries(loaded, WINDOWS_AT, "windows by their names")
    windows = (_window((*WINDOWS_AT, name), name, data, loaded, checks, kinds) for name, data in entries.items())
    return tuple(window for window in windows if window is not None)


def _window(
    path: KeyPath, name: str, data: object, loaded: Loaded, checks: Sequence[CheckPart], kinds: CheckKinds
) -> Window | None:
    if name.isdecimal():
        hint = "windows that people plan have numbers: `sentinel window end 7`"
        loaded.problems.add(path, f"the name {name!r}", "a name that is no number", hint)
    if number_of(name):
        loaded.problems.add(path, f"the name {name!r}", "another name: windows of deployments are called so")
    entry = read(WindowEntry, data, path, loaded.problems)
    if entry is None:
        return None
    _check_names(path, entry, loaded, kinds)
    matcher = _matcher(entry.match)
    _refuse_nothing((*path, "match"), matcher, checks, loaded.problems)
    when = _when(path, entry, loaded.problems)
    if when is None:
        return None
    return Window(
        id=name,
        title=entry.title,
        matcher=matcher,
        when=when,
        configured=True,
        expects_down=entry.expect_down,
        channels=tuple(dict.fromkeys(entry.channels)),
        before=entry.before,
        update_every=entry.update_every,
        why=entry.why,
        public=entry.public,
        public_text=entry.public_text,
    )


def _check_names(path: KeyPath, entry: WindowEntry, loaded: Loaded, kinds: CheckKinds) -> None:
    names, commands = channel_names(loaded), command_names(loaded)
    for index, name in enumerate(entry.channels):
        refuse_unknown_channel((*path, "channels", index), name, names, loaded.problems, commands)
    for index, kind in enumerate(entry.match.kinds):
        if kind not in kinds:
            place = (*path, "match", "kinds", index)
            loaded.problems.add(place, repr(kind), f"one of {listed(kinds)}", did_you_mean(kind, kinds))
    for key in ("before", "update_every"):
        if getattr(entry, key) and not entry.channels:
            expected = "channels that are told of it"
            loaded.problems.add((*path, key), "a time, and no channels", expected, f"or leave `{key}` out")
    if entry.public_text and not entry.public:
        loaded.problems.add((*path, "public_text"), "a text, and `public` is not true", "`public`: true beside it")
    if timedelta(0) < entry.update_every < SHORTEST:
        place = (*path, "update_every")
        loaded.problems.add(place, loaded.problems.shown(place, secret=False), "at least 1m, or 0 for not at all")


def _matcher(entry: WindowMatch) -> Matcher:
    return Matcher(checks=entry.checks, tags=frozenset(entry.tags), kinds=frozenset(entry.kinds))


def _refuse_nothing(path: KeyPath, matcher: Matcher, checks: Sequence[CheckPart], problems: Problems) -> None:
    """A window of nothing is a slip of the pen, which would be found out by the alarm in the night."""
    if problems or any(means(matcher, part.check) for part in checks):
        return  # of a file with other problems not every check may be known
    hint = next((found for name in matcher.checks if (found := did_you_mean(name, _names(checks)))), "")
    problems.add(path, f"{matcher}, which is none of the checks", "conditions that some check meets", hint)


def _names(checks: Sequence[CheckPart]) -> list[str]:
    return [part.check.name for part in checks]


def _when(path: KeyPath, entry: WindowEntry, problems: Problems) -> Recurrence | None:
    given = {
        key for key in ("from", "to", "every", "at", "days", "month_days", "cron", "duration") if _value(entry, key)
    }
    ways = [way for way in _WAYS if way in given]
    if len(ways) != 1:
        found = f"{' and '.join(ways)} together" if ways else "nothing that says when"
        problems.add(path, found, "either `from` and `to`, or `every` and `at`, or `cron`")
        return None
    way = ways[0]
    if not _is_complete(path, way, given, problems):
        return None
    return _once(path, entry, problems) if way == "from" else _repeating(path, way, entry, problems)


def _value(entry: WindowEntry, key: str) -> object:
    return entry.from_ if key == "from" else getattr(entry, key)


def _is_complete(path: KeyPath, way: str, given: Collection[str], problems: Problems) -> bool:
    """Whether what belongs to a way is there, and nothing that belongs to another."""
    needed = {"from": ("to",), "every": ("at", "duration"), "cron": ("duration",)}[way]
    for key in needed:
        if key not in given:
            problems.add((*path, key), "nothing", f"the key {key}, which belongs to `{way}`")
    for key in sorted(set(given) - {way} - _WAYS[way]):
        problems.add((*path, key), f"{key} beside `{way}`", f"only what belongs to it: {listed(sorted(_WAYS[way]))}")
    return set(needed) <= set(given) <= {way} | _WAYS[way]


def _once(path: KeyPath, entry: WindowEntry, problems: Problems) -> Once | None:
    assert entry.from_ is not None
    assert entry.to is not None
    starts_at, ends_at = moment(entry.from_, entry.zone), moment(entry.to, entry.zone)
    if ends_at <= starts_at:
        problems.add((*path, "to"), problems.shown((*path, "to"), secret=False), "a time after `from`")
        return None
    return Once(starts_at=starts_at, ends_at=ends_at)


def _repeating(path: KeyPath, way: str, entry: WindowEntry, problems: Problems) -> Repeating | None:
    assert entry.duration is not None
    line = entry.cron if entry.cron is not None else _line(path, entry, problems)
    if line is None:
        return None
    try:
        gap = shortest_gap(line, entry.zone)
    except ValueError as error:
        place = (*path, way)
        problems.add(place, problems.shown(place, secret=False), str(error))
        return None
    if entry.duration >= gap:
        _refuse_endless((*path, "duration"), entry.duration, gap, problems)
        return None
    return Repeating(line=line, zone=entry.zone, duration=entry.duration)


def _refuse_endless(path: KeyPath, duration: timedelta, gap: timedelta, problems: Problems) -> None:
    found = f"{write_duration(duration)}, and at times it starts again after {write_duration(gap)}"
    problems.add(path, found, "a time that is over before it starts again", "checks would never be judged")


def _line(path: KeyPath, entry: WindowEntry, problems: Problems) -> str | None:
    """The starts of an `every` as a line of a crontab."""
    assert entry.at is not None
    hour, minute = map(int, entry.at.split(":"))
    wanted = {"week": "days", "month": "month_days"}.get(entry.every or "")
    wrong = False
    for key in ("days", "month_days"):
        if (key == wanted) != bool(_value(entry, key)):
            wrong = True
            _refuse_days((*path, key), key, wanted, entry.every or "", problems)
    if wrong or not _has_days_of_cron(path, entry, problems):
        return None
    days = ",".join(_month_days(entry)) or "*"
    week = ",".join(_CRON_DAYS[day] for day in sorted({day for text in entry.days for day in weekdays(text)})) or "*"
    return f"{minute} {hour} {days} * {week}"


def _refuse_days(path: KeyPath, key: str, wanted: str | None, every: str, problems: Problems) -> None:
    if key == wanted:
        problems.add(path, "nothing", f"the key {key}, which belongs to `every` {every}")
    else:
        problems.add(path, f"{key} with `every` {every}", f"only {wanted}" if wanted else "no days: it is every day")


def _has_days_of_cron(path: KeyPath, entry: WindowEntry, problems: Problems) -> bool:
    wrong = [index for index, day in enumerate(entry.month_days) if day < -1]
    for index in wrong:
        expected = "1 to 31, or -1 for the last day of the month"
        problems.add((*path, "month_days", index), f"the number {entry.month_days[index]}", expected)
    return not wrong


def _month_days(entry: WindowEntry) -> Iterator[str]:
    return ("L" if day == -1 else str(day) for day in dict.fromkeys(entry.month_days))

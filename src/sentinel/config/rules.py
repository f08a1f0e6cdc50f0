"""Rules as the file has them: read one by one, with defaults for what a check has no rule for. `ruling` compiles them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sentinel.base.units import Unit
from sentinel.config.keypath import KeyPath
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.rules import RULES, RuleEntry

FAMILY = ".*"  # ends the name of a family of readings

Readings = Mapping[str, Unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What rules of one check can look at."""

    readings: Readings  # those that it has
    of_kind: Readings  # those that checks of its kind can have
    #: Of these, those it leaves off, with what would switch them on.
    idle: Mapping[str, str] = field(default_factory=dict)
    lower_is_worse: Collection[str] = ()  # those, families too, that a rule bounds from below unless it says otherwise
    main: str = ""  # the one whose distribution roll-ups keep
    interval: timedelta = timedelta(minutes=1)  # between two runs

    def leaves_off(self, rule: RuleEntry) -> bool:
        """Whether other checks of its kind have the reading that the rule is about, and this one has not."""
        reading = reading_of(rule)
        return unit_of(reading, self.readings) is None and unit_of(reading, self.of_kind) is not None

    def unit(self, reading: str) -> Unit | None:
        return unit_of(reading, self.readings)

    def is_lower_worse(self, reading: str) -> bool:
        return _is_among(reading, self.lower_is_worse)

    def hint(self, reading: str) -> str:
        """For a reading that is not there: what switches it on, or the name that was meant."""
        switches = [switch for name, switch in self.idle.items() if _is_among(reading, [name])]
        return f"{switches[0]} switches {reading} on" if switches else did_you_mean(reading, list(self.readings))


def read_rules(data: object, path: KeyPath, problems: Problems) -> list[tuple[KeyPath, RuleEntry]]:
    """The rules of a list with the place of each; those that something is wrong with are noted and left out."""
    if not isinstance(data, list):
        problems.add(path, problems.shown(path, secret=False), "a list of rules")
        return []
    rules = [((*path, index), _read_rule(rule, (*path, index), problems)) for index, rule in enumerate(data)]
    return [(place, rule) for place, rule in rules if rule is not None]


def _read_rule(data: object, path: KeyPath, problems: Problems) -> RuleEntry | None:
    model = RULES.get(_rule_type(data))
    if model is not None:
        return read(model, data, path, problems)
    place = (*path, "type")
    problems.add(place, problems.shown(place, secret=False), listed(RULES), did_you_mean(_rule_type(data), RULES))
    return None


def _rule_type(data: object) -> str:
    """The type of a rule, which only one that looks at a window without a reading has to name."""
    if not isinstance(data, Mapping):
        return "threshold"
    return str(data.get("type", "quantile" if "quantile" in data else "threshold"))


def with_defaults(
    own: Sequence[tuple[KeyPath, RuleEntry]], defaults: Iterable[tuple[KeyPath, RuleEntry]]
) -> list[tuple[KeyPath, RuleEntry]]:
    """The check's own rules, and the default ones for what it has no rule for."""
    covered = {_subject(entry) for _, entry in own}
    return [*own, *((path, entry) for path, entry in defaults if _subject(entry) not in covered)]


def unit_of(reading: str, readings: Readings) -> Unit | None:
    """The unit of a reading, also of one that belongs to a family; None when there is no such reading."""
    if reading in readings:
        return None if reading.endswith(FAMILY) else readings[reading]
    return next((unit for name, unit in readings.items() if _belongs(reading, name)), None)


def _belongs(reading: str, family: str) -> bool:
    return family.endswith(FAMILY) and reading.startswith(family[:-1]) and len(reading) >= len(family)


def _is_among(reading: str, names: Collection[str]) -> bool:
    return reading in names or any(_belongs(reading, name) for name in names)


def reading_of(entry: RuleEntry) -> str:
    """The reading that a rule looks at; empty where it looks at outcomes."""
    return getattr(entry, "reading", "")


def _subject(entry: RuleEntry) -> tuple[str, str]:
    return entry.type, reading_of(entry)

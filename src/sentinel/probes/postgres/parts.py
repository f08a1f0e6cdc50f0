"""Every part of the `postgres` probe, in the order in which they are looked at: what costs least comes first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.probes.postgres import (
    connections,
    foreign_keys,
    locks,
    migrations,
    replication,
    schema,
    sequences,
    statements,
    tables,
    transactions,
    wraparound,
)
from sentinel.probes.postgres.options import PostgresOptions
from sentinel.probes.postgres.part import PartKind, Rule

_PARTS: Final = (
    connections.PART,
    transactions.PART,
    locks.PART,
    wraparound.PART,
    replication.PART,
    migrations.PART,
    schema.PART,
    sequences.PART,
    statements.PART,
    tables.PART,
    foreign_keys.PART,
)
_FIELDS: Final = {"schema": "schema_"}  # where a part's options stand under another name than its own


class Chosen(NamedTuple):
    """A part that is looked at."""

    kind: PartKind
    options: Options
    written: bool  # somebody asked for it


def chosen(options: PostgresOptions) -> Iterator[Chosen]:
    """The parts that are switched on."""
    for kind in _PARTS:
        given: Options | bool | None = getattr(options, _FIELDS.get(kind.name, kind.name))
        used = kind.unwritten if given is None else given
        if isinstance(used, Options):
            yield Chosen(kind, used, given is not None)


def readings() -> Mapping[str, Unit]:
    """Those of all parts."""
    return {name: unit for kind in _PARTS for name, unit in kind.readings.items()}


def more_readings(options: Any) -> Mapping[str, Unit]:
    """Those that the options of the parts add."""
    return {name: unit for one in chosen(options) for name, unit in one.kind.more_readings(one.options).items()}


def idle(options: Any) -> Mapping[str, str]:
    """Those of parts that are switched off, and those that their options could add and do not, with what switches them on."""
    used = {one.kind.name: one.options for one in chosen(options)}
    idle: dict[str, str] = {}
    for kind in _PARTS:
        off = dict.fromkeys(kind.readings, f"`{kind.name}`")
        idle |= kind.idle(used[kind.name]) if kind.name in used else off
    return idle


def usual_rules(options: Any) -> Sequence[Rule]:
    """Those of the parts that are switched on."""
    return [rule for one in chosen(options) for rule in one.kind.usual_rules(one.options)]

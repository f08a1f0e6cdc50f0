"""Performance data: the numbers that a monitoring plug-in prints behind a `|`.

The form is that of the Monitoring Plugins development guidelines: `'label'=value[unit];[warning];[critical];[min];[max]`,
separated by blanks, behind the `|` of the first line and behind the `|` of the longer text that may follow.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sentinel.base.units import Unit
from sentinel.probes.expect.patterns import Pattern

#: Characters of performance data that are read, and values that are kept: a plug-in may print what it likes.
LONGEST: Final = 8 * 1024
MOST: Final = 50

#: Characters of a label.
LONGEST_LABEL: Final = 64

#: By RE2: Python's own takes seconds for 8 KiB of quotation marks, and holds the event loop up meanwhile.
_ITEM: Final = Pattern(r"(?:'((?:[^']|'')+)'|([^\s='|]+))=([-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)([^\s;]*)")
_NOT_IN_LABELS: Final = re.compile(r"[^A-Za-z0-9_./:%@+-]+")

#: Units by what plug-ins write, with what a value has to be multiplied by. Their KB is 1,024 bytes, as check_disk has it.
_UNITS: Final = {
    "s": (Unit.SECONDS, 1.0),
    "ms": (Unit.SECONDS, 1e-3),
    "us": (Unit.SECONDS, 1e-6),
    "ns": (Unit.SECONDS, 1e-9),
    "%": (Unit.RATIO, 0.01),
    "b": (Unit.BYTES, 1.0),
    "kb": (Unit.BYTES, 1024.0),
    "kib": (Unit.BYTES, 1024.0),
    "mb": (Unit.BYTES, 1024.0**2),
    "mib": (Unit.BYTES, 1024.0**2),
    "gb": (Unit.BYTES, 1024.0**3),
    "gib": (Unit.BYTES, 1024.0**3),
    "tb": (Unit.BYTES, 1024.0**4),
    "tib": (Unit.BYTES, 1024.0**4),
    "c": (Unit.COUNT, 1.0),
}


class Value(NamedTuple):
    """One number of a plug-in."""

    label: str
    value: float  # in the base unit
    unit: Unit


def read(output: str) -> list[Value]:
    """The values of a plug-in's output, the first of each label. What cannot be read (`U` for unknown, too) is left out."""
    found: dict[str, Value] = {}
    for part in _parts(output):
        for quoted, plain, number, unit in _ITEM.groups_in(part):
            value = _value(quoted, plain, number or "", unit or "")
            found.setdefault(value.label, value)
            if len(found) == MOST:
                return list(found.values())
    return list(found.values())


def _parts(output: str) -> Iterator[str]:
    """What stands behind the bars: of the first line, and of the text below it, where it may go on over lines."""
    first, _, rest = output.partition("\n")
    yield first.partition("|")[2][:LONGEST]
    yield rest.partition("|")[2][:LONGEST]


def _value(quoted: str | None, plain: str | None, number: str, unit: str) -> Value:
    label = quoted.replace("''", "'") if quoted else plain or ""
    known, factor = _UNITS.get(unit.lower(), (Unit.NONE, 1.0))
    return Value(as_label(label), float(number.replace(",", ".")) * factor, known)


def as_label(text: str) -> str:
    """A label as readings are named: without blanks and other characters that rules and metrics could not write."""
    return _NOT_IN_LABELS.sub("_", text)[:LONGEST_LABEL]

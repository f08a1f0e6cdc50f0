"""The `logs` probe: follows log files and the journal, counts patterns, notices silence. No line leaves the host."""

import shutil
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.probes.base import ProbeKind, idle_unless
from sentinel.probes.logs.journal import MISSING, MOST
from sentinel.probes.logs.options import LogsOptions
from sentinel.probes.logs.probe import LogsProbe


def _more_readings(options: Any) -> Mapping[str, Unit]:
    counts = {f"patterns.{name}": Unit.COUNT for name in options.patterns}
    return {**counts, **{f"rates.{name}": Unit.NONE for name in options.patterns}}


def _idle(options: Any) -> Mapping[str, str]:
    return {
        **idle_unless(options.patterns, "`patterns`", "patterns.*", "rates.*"),
        **idle_unless(options.json_ is not None, "`json`", "structured"),
    }


def _usual_rules(options: Any) -> Sequence[Mapping[str, Any]]:
    rules: list[Mapping[str, Any]] = [
        {"reading": f"patterns.{name}", **pattern.rule} for name, pattern in options.patterns.items() if pattern.rule
    ]
    if options.json_ is not None:
        rules.append({"reading": "structured", "direction": "below", "warning": "99%"})
    # Of a journal it is only known that there is more.
    behind = MOST / 2 if options.journal is not None else 4 * options.bytes_per_run
    return [*rules, {"reading": "behind", "warning": behind}]


def _lacks(options: Any) -> str:
    if options.journal is None or shutil.which(options.journal.program) is not None:
        return ""
    return f"there is no program {options.journal.program}. {MISSING}"


KIND: Final = ProbeKind(
    name="logs",
    summary="Follows log files and the journal of a unit, counts the lines that patterns are found in, and notices silence.",
    options=LogsOptions,
    readings={
        "patterns.*": Unit.COUNT,
        "rates.*": Unit.NONE,
        "lines": Unit.COUNT,
        "bytes": Unit.BYTES,
        "files": Unit.COUNT,
        "behind": Unit.BYTES,
        "silence": Unit.SECONDS,
        "structured": Unit.RATIO,
    },
    lower_is_worse=frozenset({"structured"}),
    main="lines",
    build=LogsProbe,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
    lacks=_lacks,
)

"""The `command` probe: a monitoring plug-in, or any program whose exit status says how it is."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from sentinel.base.fields import Options, SecretField
from sentinel.base.process import (
    Ended,
    ProgramFailed,
    ProgramForbidden,
    ProgramMissing,
    ProgramTimedOut,
    run_program,
)
from sentinel.base.redact import Redactor
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading, failed, passed
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.command.perfdata import Value, as_label, read
from sentinel.probes.excerpt import first_line

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def _program(arguments: tuple[str, ...]) -> tuple[str, ...]:
    if not arguments or not arguments[0] or ("/" in arguments[0] and not arguments[0].startswith("/")):
        raise ValueError("a list: the program, by its name in PATH or its absolute path, and its arguments")
    if any("\0" in argument for argument in arguments):
        raise ValueError("arguments without NUL")
    return arguments


def _variables(names: dict[str, Any]) -> dict[str, Any]:
    if not all(_VARIABLE.match(name) for name in names):
        raise ValueError("variables named by letters, digits and `_`")
    return names


def _labels(units: dict[str, str]) -> dict[str, str]:
    for label in units:
        if as_label(label) != label or not label:
            raise ValueError(f"labels as readings have them: {as_label(label)!r} instead of {label!r}")
    return units


class CommandOptions(Options):
    """Runs a program and goes by its exit status."""

    command: Annotated[tuple[str, ...], AfterValidator(_program)]
    """The program and its arguments, one text each. No shell reads them. Arguments show in the list of processes: secrets
    belong into `secret_environment`."""
    statuses: Literal["plugin", "program"] = "plugin"
    """What an exit status means. `plugin`: 0 good, 1 warning, 2 critical, anything else unknown. `program`: 0 good, anything
    else a failure."""
    environment: Annotated[dict[str, str], AfterValidator(_variables)] = Field(default_factory=dict)
    """Variables for the program. Besides these it has PATH, HOME, the language and the time zone of Sentinel, and no more."""
    secret_environment: Annotated[dict[str, SecretField], AfterValidator(_variables)] = Field(default_factory=dict)
    """Variables whose values never show."""
    folder: Path | None = None
    """Where it runs; `/` when not given."""
    show_output: bool = False
    """Whether a failure shows the first line that the program wrote. It goes into alerts and reports, so it must never hold
    a person's data."""
    values: Annotated[dict[str, Literal["", "s", "%", "B", "c"]], AfterValidator(_labels)] = Field(default_factory=dict)
    """Labels of performance data to keep, with the unit of each: `s`, `%`, `B`, `c` for a count, or nothing. Rules can then
    write `2s` or `80%`. Without it the values of all labels are kept, as bare numbers."""

    def variables(self) -> dict[str, str]:
        return {**self.environment, **{name: secret.reveal() for name, secret in self.secret_environment.items()}}


class CommandProbe:
    """Runs the same command every time."""

    host = ""

    def __init__(self, options: CommandOptions) -> None:
        self._options = options
        self._name = os.path.basename(options.command[0])
        self._redactor = Redactor(options.secret_environment.values())

    async def measure(self, deadline: float) -> Measurement:
        options = self._options
        try:
            ended = await run_program(
                options.command,
                deadline,
                environment=options.variables(),
                folder=None if options.folder is None else str(options.folder),
            )
        except ProgramFailed as problem:
            return self._not_run(problem)
        return self._judged(ended)

    async def close(self) -> None:
        """There is nothing to give back: every run ends with its program."""

    def _not_run(self, problem: ProgramFailed) -> Measurement:
        folder, program = self._options.folder, self._options.command[0]
        match problem:
            case ProgramMissing() if folder is not None and not os.path.isdir(folder):
                return failed(
                    FailureClass.NOT_INSTALLED, f"there is no folder {folder}", hint="Make it, or set `folder`."
                )
            case ProgramMissing() if os.path.isfile(program):
                explanation = f"there is no such interpreter as the first line of {program} names"
                return failed(FailureClass.NOT_INSTALLED, explanation, hint="Install it, or correct that line.")
            case ProgramMissing():
                return failed(FailureClass.NOT_INSTALLED, f"there is no program {program}", hint=_install(program))
            case ProgramForbidden() if folder is not None and not os.access(folder, os.X_OK):
                hint = f"Let Sentinel's user enter it and those above it: `namei -l {folder}` shows which is closed."
                return failed(FailureClass.NOT_PERMITTED, f"Sentinel may not enter the folder {folder}", hint=hint)
            case ProgramForbidden():
                hint = (
                    f"Let Sentinel's user read and execute it: `chmod o+rx {program}`, and `chmod o+x` for its folders."
                )
                return failed(FailureClass.NOT_PERMITTED, f"Sentinel may not run {program}", hint=hint)
            case ProgramTimedOut():
                return failed(FailureClass.READ_TIMEOUT, str(problem), hint=_TIMEOUT_HINT)
            case _:
                return failed(FailureClass.COMMAND_UNKNOWN, str(problem), hint=_BY_HAND)

    def _judged(self, ended: Ended) -> Measurement:
        readings = self._readings(ended)
        if ended.status == 0:
            return self._passed(readings)
        failure, meaning = self._meaning(ended.status)
        line = self._first_line(ended.output) if self._options.show_output else ""
        explanation = f"{self._name} {meaning}{': ' if line else ''}{line}"
        return failed(failure, explanation, hint=_HINTS.get(failure, ""), readings=readings)

    def _passed(self, readings: list[Reading]) -> Measurement:
        """Rules about a value that is not there would never speak, so the run could not be judged."""
        there = {reading.name for reading in readings}
        lacking = [label for label in self._options.values if f"perf.{label}" not in there]
        if not lacking:
            return passed(readings)
        explanation = f"{self._name} wrote no value called {lacking[0]} in the unit that `values` gives"
        return failed(FailureClass.MISCONFIGURED, explanation, hint=_VALUES_HINT, readings=readings)

    def _meaning(self, status: int) -> tuple[FailureClass, str]:
        if status < 0:
            killed = f"was ended by signal {-status}"
            return (FailureClass.COMMAND_UNKNOWN if self._is_plugin else FailureClass.COMMAND_FAILED), killed
        if not self._is_plugin:
            return FailureClass.COMMAND_FAILED, f"ended with status {status}"
        return _MEANINGS.get(
            status, (FailureClass.COMMAND_UNKNOWN, f"ended with status {status}, which no plug-in uses")
        )

    @property
    def _is_plugin(self) -> bool:
        return self._options.statuses == "plugin"

    def _first_line(self, output: bytes) -> str:
        """What people are shown: without performance data."""
        return first_line(output, self._redactor).partition("|")[0].rstrip()

    def _readings(self, ended: Ended) -> list[Reading]:
        values = read(ended.output.decode("utf-8", "replace"))
        readings = [Reading("run_time", ended.seconds, Unit.SECONDS)]
        if wanted := self._options.values:
            told = (_as_wanted(value, wanted[value.label]) for value in values if value.label in wanted)
            return readings + [reading for reading in told if reading is not None]
        return readings + [Reading(f"perf.{value.label}", value.value, value.unit) for value in values]


def _as_wanted(value: Value, written: str) -> Reading | None:
    """The value in the unit that is asked for; a bare number is taken to be in it. None where the two do not fit."""
    unit = _WRITTEN[written]
    if value.unit is Unit.NONE and unit is Unit.RATIO:
        return Reading(f"perf.{value.label}", value.value / 100, unit)
    if unit in {value.unit, Unit.NONE} or value.unit is Unit.NONE:
        return Reading(f"perf.{value.label}", value.value, unit)
    return None


def _install(program: str) -> str:
    if program.startswith("/"):
        return f"Install what brings {program}, or correct the path in `command`."
    return f"Install what brings {program}, or write its absolute path: it is not in the PATH that Sentinel was started with."


_WRITTEN: Final = {"": Unit.NONE, "s": Unit.SECONDS, "%": Unit.RATIO, "B": Unit.BYTES, "c": Unit.COUNT}
_MEANINGS: Final = {
    1: (FailureClass.COMMAND_WARNING, "says warning"),
    2: (FailureClass.COMMAND_FAILED, "says critical"),
    3: (FailureClass.COMMAND_UNKNOWN, "says that it cannot tell"),
}
_BY_HAND: Final = (
    "Run the command by hand as Sentinel's user, in an environment as bare as its own (`env -i`), and see why."
)
_VALUES_HINT: Final = (
    "Run the command by hand: its performance data stands behind `|`. "
    "Correct the label or its unit in `values`, or leave it out."
)
_TIMEOUT_HINT: Final = "It was killed with all that it had started. Run it by hand; raise `timeout` if it needs longer."
_HINTS: Final = {
    FailureClass.COMMAND_UNKNOWN: _BY_HAND,
    FailureClass.COMMAND_WARNING: "Run the command by hand to see what it says (`show_output` shows its first line here).",
    FailureClass.COMMAND_FAILED: "Run the command by hand to see what it says (`show_output` shows its first line here).",
}


def _lacks(options: Any) -> str:
    program = options.command[0]
    if shutil.which(program) or os.path.isfile(program):  # of one that may not be executed, the first run tells
        return ""
    return f"this host has no program {program}: install what brings it, or write its absolute path"


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"perf.{label}": _WRITTEN[unit] for label, unit in options.values.items()}


def _build(options: Any, _tools: ProbeTools) -> CommandProbe:
    return CommandProbe(options)


KIND: Final = ProbeKind(
    name="command",
    summary="Runs a monitoring plug-in or another program; goes by its exit status and reads its performance data.",
    options=CommandOptions,
    readings={"run_time": Unit.SECONDS, "perf.*": Unit.NONE},
    main="run_time",
    build=_build,
    more_readings=_more_readings,
    lacks=_lacks,
)

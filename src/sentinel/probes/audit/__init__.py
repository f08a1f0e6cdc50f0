"""The `audit` probe: does something that must be recorded, and looks for the record: there, in time, complete.

Beside that it looks at the log as a whole: how old the newest record is (`freshness`), whether entries are in order, all
there and unchanged (`trail`), and who could change them (`protection`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sentinel.base.units import Unit, write_duration
from sentinel.core.result import Measurement, Note, Reading
from sentinel.probes.audit.acting import Acting
from sentinel.probes.audit.newest import Newest
from sentinel.probes.audit.options import AuditOptions
from sentinel.probes.audit.recent import Recent
from sentinel.probes.audit.trail import Trail
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.calls.patience import Patience
from sentinel.probes.calls.session import Account
from sentinel.probes.finding import Finding, measurement

if TYPE_CHECKING:
    from sentinel.probes.audit.protecting import Protecting


class AuditProbe:
    """Every part looks for itself: what one of them meets does not keep the others from looking."""

    def __init__(self, options: AuditOptions, tools: ProbeTools) -> None:
        self._newest = Newest(options.freshness, tools) if options.freshness is not None else None
        self._trail = Trail(options.trail, tools, _part(tools.note, "trail")) if options.trail is not None else None
        self._recent = (
            Recent(options.recent, tools, _part(tools.note, "recent")) if options.recent is not None else None
        )
        self._protecting = _protecting(options, tools)
        self._actions = {name: Acting(action, action.record, tools) for name, action in options.actions.items()}
        if options.action is not None and options.record is not None:
            self._actions = {"": Acting(options.action, options.record, tools), **self._actions}
        self._patience = Patience(self._accounts(), tools.clock, (tools.note or {}).get("logins"))
        parts = [*self._actions.values(), self._newest, self._trail, self._recent, self._protecting]
        self.host = next((part.host for part in parts if part is not None), "")

    async def measure(self, deadline: float) -> Measurement:
        readings: list[Reading] = []
        findings: list[Finding] = []
        for part in (self._look_at_newest, self._look_at_trail, self._look_at_recent, self._look_at_protection):
            try:
                await part(deadline, readings, findings)
            except Finding as finding:
                findings.append(finding)
        await self._act(deadline, readings, findings)
        return measurement(findings, readings, note=self._note())

    async def close(self) -> None:
        """There is nothing to give back: tokens are forgotten by themselves."""

    async def _look_at_newest(self, deadline: float, readings: list[Reading], _findings: list[Finding]) -> None:
        if self._newest is not None:
            await self._newest.look(deadline, readings)

    async def _look_at_trail(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        if self._trail is not None:
            await self._trail.look(deadline, readings, findings)

    async def _look_at_recent(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        if self._recent is not None:
            await self._recent.look(deadline, readings, findings)

    async def _look_at_protection(self, deadline: float, _readings: list[Reading], findings: list[Finding]) -> None:
        if self._protecting is not None:
            await self._protecting.look(deadline, findings)

    async def _act(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        """All actions at the same time: each waits for its record for most of its time."""
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_looked(acting, deadline)) for name, acting in self._actions.items()}
        taken: dict[str, list[float]] = {}
        for name, task in tasks.items():
            own, finding = task.result()
            for reading in own:
                taken.setdefault(reading.name, []).append(reading.value)
                if name and reading.name == "record_time":
                    readings.append(Reading(f"record_times.{name}", reading.value, Unit.SECONDS))
            if finding is not None:
                findings.append(_named(name, finding))
        readings += [Reading(name, max(values), Unit.SECONDS) for name, values in taken.items()]

    def _accounts(self) -> dict[str, Account | None]:
        """Everybody whom this check logs in as, by what for."""
        accounts = {
            f"{name} {what}": one for name, acting in self._actions.items() for what, one in acting.accounts.items()
        }
        reading = {"freshness": self._newest, "recent": self._recent}
        return accounts | {name: part.account for name, part in reading.items() if part is not None}

    def _note(self) -> Note:
        parts = {"trail": self._trail, "recent": self._recent}
        noted = {name: part.note() for name, part in parts.items() if part is not None}
        return {**noted, "logins": self._patience.written()}


def _part(note: Note | None, name: str) -> Note | None:
    """The part of a note that is about one thing; a note of another shape has none."""
    part = note.get(name) if note is not None else None
    return part if isinstance(part, dict) else None


async def _looked(acting: Acting, deadline: float) -> tuple[list[Reading], Finding | None]:
    readings: list[Reading] = []
    try:
        await acting.look(deadline, readings)
    except Finding as finding:
        return readings, finding
    return readings, None


def _named(name: str, finding: Finding) -> Finding:
    return Finding(finding.failure, f"{name}: {finding.explanation}", finding.hint) if name else finding


def _protecting(options: AuditOptions, tools: ProbeTools) -> "Protecting | None":
    if options.protection is None:
        return None
    from sentinel.probes.audit.protecting import Protecting  # noqa: PLC0415 - it needs psycopg

    return Protecting(options.protection, tools)


def _build(options: Any, tools: ProbeTools) -> AuditProbe:
    return AuditProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return dict.fromkeys((f"record_times.{name}" for name in options.actions), Unit.SECONDS)


def _idle(options: Any) -> Mapping[str, str]:
    return {
        **idle_unless(options.record or options.actions, "`record` or `actions`", "record_time"),
        **idle_unless(options.action or options.actions, "`action` or `actions`", "response_time"),
        **idle_unless(options.actions, "`actions`", "record_times.*"),
        **idle_unless(options.freshness, "`freshness`", "freshness"),
        **idle_unless(options.trail or options.recent, "`trail` or `recent`", "verified"),
        **idle_unless(options.trail, "`trail`", "behind", "entries", "reach"),
    }


def _usual_rules(options: Any) -> Sequence[Mapping[str, Any]]:
    """Half of what is allowed is worth a look by day: what is beyond it fails by itself."""
    rules: list[Mapping[str, Any]] = []
    within = [action.record.within for action in options.actions.values()]
    within += [options.record.within] if options.record is not None else []
    if within:
        rules.append({"reading": "record_time", "warning": write_duration(max(within) / 2)})
    if options.freshness is not None:
        rules.append({"reading": "freshness", "warning": write_duration(options.freshness.max_age * 0.8)})
    if options.trail is not None:
        rules.append({"reading": "behind", "warning": 20 * options.trail.batch})
    return rules


def _main_of(options: Any) -> str:
    """Where nothing is done that has to be recorded, how old the log's newest entry is, or how much of it is verified."""
    if options.record is not None or options.actions:
        return "record_time"
    return "freshness" if options.freshness is not None else "verified"


READINGS: Final[Mapping[str, Unit]] = {
    "record_time": Unit.SECONDS,
    "response_time": Unit.SECONDS,
    "freshness": Unit.SECONDS,
    "verified": Unit.COUNT,
    "behind": Unit.COUNT,
    "entries": Unit.COUNT,
    "reach": Unit.DAYS,
    "record_times.*": Unit.SECONDS,
}

KIND: Final = ProbeKind(
    name="audit",
    summary="Does something that must be recorded and sees that its record comes in time and complete.",
    options=AuditOptions,
    readings=READINGS,
    lower_is_worse=frozenset({"entries", "reach"}),
    main="record_time",
    main_of=_main_of,
    build=_build,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
)

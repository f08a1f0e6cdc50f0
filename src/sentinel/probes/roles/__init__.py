"""The `roles` probe: every role tries every listed request, and is allowed or refused as the matrix says.

Beside that it looks at the same from other sides: records that belong to somebody (`objects`), endpoints that the matrix
forgot (`openapi`), the table of assignments (`assignment_table`), and what database users may do (`grants`).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.roles.assignment import Assigning
from sentinel.probes.roles.counting import Counter
from sentinel.probes.roles.coverage import Coverage
from sentinel.probes.roles.integrity import DUPLICATES, ORPHANS, REMOVED, Integrity
from sentinel.probes.roles.matrix import Matrix
from sentinel.probes.roles.options import RolesOptions
from sentinel.probes.roles.users import Users

if TYPE_CHECKING:
    from sentinel.probes.roles.granted import Grants


class RolesProbe:
    """Every part looks for itself: what one of them meets does not keep the others from looking."""

    def __init__(self, options: RolesOptions, tools: ProbeTools) -> None:
        self._users = Users(options, tools)
        self._matrix = Matrix(options, self._users)
        self._assigning = Assigning(options.assignment, options, self._users) if options.assignment else None
        self._counter = Counter(options.counts, options.database, tools)
        self._coverage = _coverage(options, tools)
        self._integrity = _integrity(options, tools)
        self._grants = _grants(options, tools)
        self.host = self._users.host or (self._integrity.host if self._integrity else "")

    async def measure(self, deadline: float) -> Measurement:
        readings: list[Reading] = []
        findings: list[Finding] = []
        ready = await self._users.log_in(deadline, findings)
        readings += await self._matrix.try_all(ready, deadline, findings)
        for part in (self._assign, self._count, self._look_at_grants, self._look_at_integrity, self._cover):
            try:
                await part(deadline, readings, findings)
            except Finding as finding:
                findings.append(finding)
        hint = self._coverage.hint() if self._coverage is not None else ""
        note = {"logins": self._users.patience.written()}
        return measurement(findings, readings, note=note, hints={"uncovered": hint} if hint else None)

    async def close(self) -> None:
        """There is nothing to give back: tokens are forgotten by themselves."""

    async def _assign(self, deadline: float, readings: list[Reading], _findings: list[Finding]) -> None:
        if self._assigning is not None:
            readings += await self._assigning.measure(deadline)

    async def _count(self, deadline: float, readings: list[Reading], _findings: list[Finding]) -> None:
        readings += await self._counter.read(self._users.ask, deadline)

    async def _look_at_grants(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        if self._grants is not None:
            readings += await self._grants.measure(deadline, findings)

    async def _look_at_integrity(self, deadline: float, readings: list[Reading], _findings: list[Finding]) -> None:
        if self._integrity is not None:
            await self._integrity.measure(deadline, readings)

    async def _cover(self, deadline: float, readings: list[Reading], _findings: list[Finding]) -> None:
        if self._coverage is not None:
            readings += await self._coverage.measure(deadline)


def _coverage(options: RolesOptions, tools: ProbeTools) -> Coverage | None:
    if options.openapi is None:
        return None
    requests: list[RequestOptions] = [*options.requests.values(), *(one.request for one in options.objects.values())]
    if options.assignment is not None:
        requests += [options.assignment.assign, options.assignment.revoke]
    return Coverage(options.openapi, requests, tools)


def _integrity(options: RolesOptions, tools: ProbeTools) -> Integrity | None:
    if options.database is None or not (options.assignment_table or options.integrity):
        return None
    return Integrity(options.assignment_table, options.integrity, options.database, tools)


def _grants(options: RolesOptions, tools: ProbeTools) -> "Grants | None":
    if options.database is None or options.grants is None:
        return None
    from sentinel.probes.roles.granted import Grants  # noqa: PLC0415 - it needs psycopg

    return Grants(options.grants, options.database, tools)


def _build(options: Any, tools: ProbeTools) -> RolesProbe:
    return RolesProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    named = [f"counts.{count.name}" for count in options.counts]
    named += [f"integrity.{query.name}" for query in options.integrity]
    return dict.fromkeys(named, Unit.COUNT)


def _idle(options: Any) -> Mapping[str, str]:
    tries = options.requests or options.objects
    return {
        **idle_unless(tries, "`requests` or `objects`", "role_check_time", "slowest_check_time", "cells"),
        **idle_unless(options.assignment, "`assignment`", "assignment_time"),
        **idle_unless(options.openapi, "`openapi`", "endpoints", "uncovered"),
        **idle_unless(options.assignment_table, "`assignment_table`", ORPHANS, DUPLICATES, REMOVED),
        **idle_unless(options.grants, "`grants`", "granted"),
        **idle_unless(options.counts, "`counts`", "counts.*"),
        **idle_unless(options.integrity, "`integrity`", "integrity.*"),
    }


def _usual_rules(options: Any) -> Sequence[Mapping[str, Any]]:
    """A second for an authorization is what people notice; half of it is worth a look by day."""
    rules: list[Mapping[str, Any]] = []
    if options.requests or options.objects:
        rules.append({"reading": "role_check_time", "warning": "500ms", "critical": "1s"})
    if options.assignment is not None:
        rules.append({"reading": "assignment_time", "warning": "1s", "critical": "5s"})
    if options.openapi is not None:
        rules.append({"reading": "uncovered", "warning": 0})
    return rules


def _main_of(options: Any) -> str:
    """Where no request is tried, what is seen of the table of assignments or of grants."""
    if options.requests or options.objects:
        return "role_check_time"
    if options.assignment_table is not None:
        return ORPHANS
    return "granted" if options.grants is not None else "endpoints"


KIND: Final = ProbeKind(
    name="roles",
    summary="Tries requests as every role and sees that each is allowed or refused as it must be.",
    options=RolesOptions,
    readings={
        "role_check_time": Unit.SECONDS,
        "slowest_check_time": Unit.SECONDS,
        "assignment_time": Unit.SECONDS,
        "cells": Unit.COUNT,
        "endpoints": Unit.COUNT,
        "uncovered": Unit.COUNT,
        ORPHANS: Unit.COUNT,
        DUPLICATES: Unit.COUNT,
        REMOVED: Unit.COUNT,
        "granted": Unit.COUNT,
        "counts.*": Unit.COUNT,
        "integrity.*": Unit.COUNT,
    },
    lower_is_worse=frozenset({"endpoints"}),
    main="role_check_time",
    main_of=_main_of,
    build=_build,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
)

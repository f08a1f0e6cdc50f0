"""The `roles` probe: every role tries every listed request, and is allowed or refused as the matrix says."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from sentinel.base.fields import Options, SecretField
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.caller import Caller, Header
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import Account, LoginWay
from sentinel.probes.roles.counting import Counter, CountOptions
from sentinel.probes.database.options import DatabaseField
from sentinel.probes.expect.statuses import StatusField, all_of
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.wire import Exchange

_REVOKE_WITHIN: Final = 2.0  # seconds at most for taking a role away again
_REVOKE_SHARE: Final = 0.2  # of the time left that is kept for that
_MOST_CELLS: Final = 2000

RoleName = Annotated[str, StringConstraints(min_length=1, max_length=50)]
RequestName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RoleOptions(Options):
    """One role: the user that stands for it, and what it may do. Every other listed request must be refused."""

    username: str | None = None
    """A user with this role alone, to log in as."""
    password: SecretField | None = None
    """Its password."""
    token: SecretField | None = None
    """A lasting token, instead of a login."""
    allow: tuple[RequestName, ...] = ()
    """Names of the requests that it may do."""

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if (self.token is None) == (self.username is None) or (self.username is None) != (self.password is None):
            raise ValueError("either username and password, or token")
        return self


class AssignmentOptions(Options):
    """A role that is given and taken away in every run, and how long giving it takes."""

    by: RoleName
    """The role that does both."""
    assign: RequestOptions
    """The request that gives a role to a user made for this purpose."""
    revoke: RequestOptions
    """The request that takes it away. It is sent whatever came of the first one."""


class RolesOptions(Options):
    """Tries every request as every role. The requests should change nothing: one that is wrongly allowed really happens."""

    login: LoginWay | None = None
    """How the roles' users log in."""
    roles: dict[RoleName, RoleOptions] = Field(min_length=1)
    """The roles by name."""
    requests: dict[RequestName, RequestOptions] = Field(default_factory=dict)
    """The requests by name."""
    allowed: StatusField = ("2xx",)
    """Statuses that mean that a request was allowed."""
    refused: StatusField = ("401", "403", "404")
    """Statuses that mean that it was refused."""
    concurrency: int = Field(default=4, ge=1, le=32)
    """Requests at the same time."""
    assignment: AssignmentOptions | None = None
    """A role to give and take away."""
    database: DatabaseField | None = None
    """The database that the `query` of `counts` are asked of."""
    counts: tuple[CountOptions, ...] = ()
    """Numbers to read, such as how many roles and assignments there are."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name, role in self.roles.items():
            if unknown := sorted(set(role.allow) - set(self.requests)):
                raise ValueError(f"only names of `requests` under roles.{name}.allow; {unknown[0]!r} is none")
            if role.username is not None and self.login is None:
                raise ValueError("login, which says how the users log in")
        named = [self.assignment.by] if self.assignment is not None else []
        named += [count.by for count in self.counts if count.by is not None]
        if unknown := sorted(set(named) - set(self.roles)):
            raise ValueError(f"names of `roles` for `by`; {unknown[0]!r} is none")
        if any(count.query is not None for count in self.counts) and self.database is None:
            raise ValueError("database, which the queries of counts are asked of")
        if len({count.name for count in self.counts}) < len(self.counts):
            raise ValueError("counts with different names")
        if not self.requests and self.assignment is None and not self.counts:
            raise ValueError("requests, assignment or counts")
        if len(self.roles) * len(self.requests) > _MOST_CELLS:
            raise ValueError(f"at most {_MOST_CELLS} pairs of role and request")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    """A role with its credential, one of the two."""

    account: Account | None
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One role trying one request."""

    role: str
    request: str
    allowed: bool  # what the matrix says

    @property
    def step(self) -> str:
        return f"{self.role}, {self.request}"


class RolesProbe:
    """Keeps the roles' tokens between runs, so that a run does not need a login per role."""

    def __init__(self, options: RolesOptions, tools: ProbeTools) -> None:
        self._options = options
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._roles = {name: _role(role, options.login, tools) for name, role in options.roles.items()}
        self._cells = [
            _Cell(role=role, request=request, allowed=request in options.roles[role].allow)
            for role in options.roles
            for request in options.requests
        ]
        self._allowed = all_of(options.allowed)
        self._refused = all_of(options.refused)
        self._counter = Counter(options.counts, options.database, tools)
        self.host = _host(options, self._roles)

    async def measure(self, deadline: float) -> Measurement:
        readings: list[Reading] = []
        findings: list[Finding] = []
        ready = await self._log_in(deadline, findings)
        readings += await self._try_all(ready, deadline, findings)
        for part in (self._assign, self._count):
            try:
                readings += await part(deadline)
            except Finding as finding:
                findings.append(finding)
        return measurement(findings, readings)

    async def close(self) -> None:
        """There is nothing to give back: tokens are forgotten by themselves."""

    async def _log_in(self, deadline: float, findings: list[Finding]) -> set[str]:
        """The roles that have a token. One that cannot log in would only try again for each of its requests."""
        ready: set[str] = set()
        gate = asyncio.Semaphore(self._options.concurrency)
        async with asyncio.TaskGroup() as group:
            for name, role in self._roles.items():
                group.create_task(self._log_one_in(gate, name, role, deadline, ready, findings))
        return ready

    async def _log_one_in(
        self,
        gate: asyncio.Semaphore,
        name: str,
        role: _Role,
        deadline: float,
        ready: set[str],
        findings: list[Finding],
    ) -> None:
        async with gate:
            try:
                if role.account is not None:
                    await role.account.token(self._caller.transport, deadline)
            except Finding as finding:
                findings.append(Finding(finding.failure, f"{name}, {finding.explanation}", finding.hint))
            else:
                ready.add(name)

    async def _try_all(self, ready: set[str], deadline: float, findings: list[Finding]) -> list[Reading]:
        gate = asyncio.Semaphore(self._options.concurrency)
        spent: list[float] = []
        async with asyncio.TaskGroup() as group:
            for cell in (cell for cell in self._cells if cell.role in ready):
                group.create_task(self._try_one(gate, cell, deadline, findings, spent))
        if not spent:
            return []
        return [
            Reading("role_check_time", median(spent), Unit.SECONDS),
            Reading("slowest_check_time", max(spent), Unit.SECONDS),
            Reading("cells", len(spent), Unit.COUNT),
        ]

    async def _try_one(
        self, gate: asyncio.Semaphore, cell: _Cell, deadline: float, findings: list[Finding], spent: list[float]
    ) -> None:
        async with gate:
            try:
                exchange = await self._ask(cell.role, cell.step, self._options.requests[cell.request], deadline)
            except Finding as finding:
                findings.append(finding)
                return
        spent.append(exchange.phases.total)
        if wrong := self._judged(cell, exchange.status):
            findings.append(wrong)

    def _judged(self, cell: _Cell, status: int) -> Finding | None:
        expected = self._allowed if cell.allowed else self._refused
        if status in expected:
            return None
        if not cell.allowed and status in self._allowed:
            explanation = f"{cell.step}: allowed with status {status}, and must be refused"
            return Finding(FailureClass.ACCESS_GAINED, explanation, _GAINED_HINT)
        if cell.allowed and status in self._refused:
            explanation = f"{cell.step}: refused with status {status}, and must be allowed"
            return Finding(FailureClass.ACCESS_LOST, explanation, _LOST_HINT)
        words = self._options.allowed if cell.allowed else self._options.refused
        explanation = f"{cell.step}: status {status}, expected {' or '.join(words)}"
        return Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for this request.")

    async def _ask(self, role: str, step: str, request: RequestOptions, deadline: float) -> Exchange:
        who = self._roles[role]
        return await self._caller.call_as(step, who.account, request, deadline, headers=who.headers)

    async def _assign(self, deadline: float) -> list[Reading]:
        assignment = self._options.assignment
        if assignment is None:
            return []
        left = deadline - asyncio.get_running_loop().time()
        reserve = min(left * _REVOKE_SHARE, _REVOKE_WITHIN)
        try:
            exchange = await self._ask(assignment.by, "assignment", assignment.assign, deadline - reserve)
        except (Finding, asyncio.CancelledError):
            # What was asked for may have been done all the same.
            with suppress(Finding):
                await self._revoke(assignment, deadline)
            raise
        await self._revoke(assignment, deadline)
        if exchange.status in self._allowed:
            return [Reading("assignment_time", exchange.phases.total, Unit.SECONDS)]
        explanation = f"assignment: status {exchange.status}, expected {' or '.join(self._options.allowed)}"
        refused = exchange.status in self._refused
        raise Finding(FailureClass.ACCESS_LOST if refused else FailureClass.WRONG_STATUS, explanation, _LOST_HINT)

    async def _revoke(self, assignment: AssignmentOptions, deadline: float) -> None:
        limit = min(deadline, asyncio.get_running_loop().time() + _REVOKE_WITHIN)
        exchange = await self._ask(assignment.by, "revocation", assignment.revoke, limit)
        # 404: there was nothing to take away, as the role had not been given.
        if exchange.status not in self._allowed and exchange.status != 404:
            explanation = f"revocation: status {exchange.status}, expected {' or '.join(self._options.allowed)}"
            raise Finding(FailureClass.WRONG_STATUS, explanation, _LEFT_HINT)

    async def _count(self, deadline: float) -> list[Reading]:
        return await self._counter.read(self._ask, deadline)


def _role(options: RoleOptions, login: LoginWay | None, tools: ProbeTools) -> _Role:
    if options.token is not None:
        return _Role(account=None, headers=(("Authorization", f"Bearer {options.token.reveal()}"),))
    assert login is not None
    assert options.username is not None
    assert options.password is not None
    return _Role(account=tools.sessions.account(login, options.username, options.password, tools.clock, tools.contexts))


def _host(options: RolesOptions, roles: Mapping[str, _Role]) -> str:
    """The host that gets most of the load: that of the login, or else of the first request."""
    hosts = [role.account.host for role in roles.values() if role.account is not None]
    hosts += [urlsplit(request.url).hostname or "" for request in options.requests.values()]
    return next(iter(hosts), "")


_GAINED_HINT: Final = (
    "Somebody can do what they must not: take back what was deployed or granted last before you look further."
)
_LOST_HINT: Final = (
    "Look whether the user still has its role, and the role its permission; then what was deployed last."
)
_LEFT_HINT: Final = "The role that the check gives may still be assigned: take it away by hand."


def _build(options: Any, tools: ProbeTools) -> RolesProbe:
    return RolesProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"counts.{count.name}": Unit.COUNT for count in options.counts}


KIND: Final = ProbeKind(
    name="roles",
    summary="Tries requests as every role and sees that each is allowed or refused as it must be.",
    options=RolesOptions,
    readings={
        "role_check_time": Unit.SECONDS,
        "slowest_check_time": Unit.SECONDS,
        "assignment_time": Unit.SECONDS,
        "cells": Unit.COUNT,
        "counts.*": Unit.COUNT,
    },
    main="role_check_time",
    build=_build,
    more_readings=_more_readings,
)

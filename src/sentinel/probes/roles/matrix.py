"""Who may do what: every pair of role and request, and what an answer says about it."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.calls.requests import RequestOptions, with_word
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding
from sentinel.probes.roles.content import Content
from sentinel.probes.roles.options import OBJECT, MatrixRequest, ObjectOptions, RolesOptions
from sentinel.probes.roles.users import Users
from sentinel.probes.wire import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One role trying one request."""

    role: str
    name: str  # of the request, or of the objects with whose it is
    allowed: bool  # what the matrix says
    request: RequestOptions = field(repr=False)
    refused_without: Content | None = field(repr=False, default=None)

    @property
    def step(self) -> str:
        return f"{self.role}, {self.name}"


def cells_of(options: RolesOptions) -> list[Cell]:
    """Everything that is tried in a run."""
    cells = [
        _cell(options, role, name, request, allowed=name in options.roles[role].allow)
        for role in options.roles
        for name, request in options.requests.items()
    ]
    for name, objects in options.objects.items():
        cells += _of_objects(options, name, objects)
    return cells


def _of_objects(options: RolesOptions, name: str, objects: ObjectOptions) -> Iterator[Cell]:
    def cell(role: str, record: str, whose: str, *, allowed: bool) -> Cell:
        request = with_word(objects.request, OBJECT, record)
        return _cell(options, role, f"{name} ({whose})", request, allowed=allowed)

    for role, record in objects.own.items():
        yield cell(role, record, "its own", allowed=True)
    for role, records in objects.strangers().items():
        yield from (cell(role, record, "another's", allowed=False) for record in records)
    for role in objects.unrestricted:
        records = tuple(record for owner, record in objects.own.items() if owner != role)
        yield from (cell(role, record, "another's", allowed=True) for record in records)


def _cell(options: RolesOptions, role: str, name: str, request: RequestOptions, *, allowed: bool) -> Cell:
    own = request.refused_without if isinstance(request, MatrixRequest) else None
    return Cell(role=role, name=name, allowed=allowed, request=request, refused_without=own or options.refused_without)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """Which statuses mean what."""

    allowed: Collection[int]
    refused: Collection[int]
    allowed_words: str
    refused_words: str

    @classmethod
    def of(cls, options: RolesOptions) -> "Statuses":
        return cls(
            allowed=all_of(options.allowed),
            refused=all_of(options.refused),
            allowed_words=" or ".join(options.allowed),
            refused_words=" or ".join(options.refused),
        )


def judged(cell: Cell, status: int, body: bytes, statuses: Statuses) -> Finding | None:
    """What is wrong with the answer that a role got; None when it is as the matrix says."""
    if cell.allowed:
        return _judged_allowed(cell, status, statuses)
    if status in statuses.allowed:
        explanation = f"{cell.step}: allowed with status {status}, and must be refused"
        return Finding(FailureClass.ACCESS_GAINED, explanation, GAINED_HINT)
    if cell.refused_without is not None and (found := cell.refused_without.found_in(body)):
        explanation = f"{cell.step}: status {status}, but the answer has what must be refused ({found})"
        return Finding(FailureClass.ACCESS_GAINED, explanation, _CONTENT_HINT)
    return None if status in statuses.refused else _neither(cell, status, statuses.refused_words)


def _judged_allowed(cell: Cell, status: int, statuses: Statuses) -> Finding | None:
    if status in statuses.allowed:
        return None
    if status in statuses.refused:
        explanation = f"{cell.step}: refused with status {status}, and must be allowed"
        return Finding(FailureClass.ACCESS_LOST, explanation, LOST_HINT)
    return _neither(cell, status, statuses.allowed_words)


def _neither(cell: Cell, status: int, expected: str) -> Finding:
    explanation = f"{cell.step}: status {status}, expected {expected}"
    return Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for this request.")


class Tried(NamedTuple):
    """What became of one cell."""

    cell: Cell
    finding: Finding | None  # what is wrong
    status: int | None = None  # of the answer, if there was one
    seconds: float | None = None  # that it took


class Matrix:
    """Tries the cells of one check, a few at the same time."""

    def __init__(self, options: RolesOptions, users: Users) -> None:
        self._cells = cells_of(options)
        self._statuses = Statuses.of(options)
        self._concurrency = options.concurrency
        self._users = users

    async def try_all(self, ready: Collection[str], deadline: float, findings: list[Finding]) -> list[Reading]:
        """Tries what the roles in `ready` are to try; what is wrong is added to `findings`, in the order of the file."""
        cells = [cell for cell in self._cells if cell.role in ready]
        gate = asyncio.Semaphore(self._concurrency)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._try_one(gate, cell, deadline)) for cell in cells]
        tried = [task.result() for task in tasks]
        over = {role for role in self._users.lasting if _is_over([one for one in tried if one.cell.role == role])}
        findings += [one.finding for one in tried if one.finding is not None and one.cell.role not in over]
        findings += [Finding(_REFUSED, f"{role}: {_OVER}", _OVER_HINT) for role in sorted(over)]
        return _readings([one.seconds for one in tried if one.seconds is not None])

    async def _try_one(self, gate: asyncio.Semaphore, cell: Cell, deadline: float) -> Tried:
        async with gate:
            try:
                exchange = await self._users.ask(cell.role, cell.step, cell.request, deadline)
            except Finding as finding:
                return Tried(cell, Finding(finding.failure, finding.explanation, finding.hint))
        return Tried(cell, self._judged(cell, exchange), exchange.status, exchange.phases.total)

    def _judged(self, cell: Cell, exchange: Exchange) -> Finding | None:
        return judged(cell, exchange.status, exchange.body, self._statuses)


def _is_over(tried: Sequence[Tried]) -> bool:
    """Whether a role's lasting token is good for nothing any more: what it must be good for, too, is answered by 401."""
    return any(one.cell.allowed for one in tried) and all(one.status == 401 for one in tried)


def _readings(spent: list[float]) -> list[Reading]:
    if not spent:
        return []
    return [
        Reading("role_check_time", median(spent), Unit.SECONDS),
        Reading("slowest_check_time", max(spent), Unit.SECONDS),
        Reading("cells", len(spent), Unit.COUNT),
    ]


GAINED_HINT: Final = (
    "Somebody can do what they must not: take back what was deployed or granted last before you look further."
)
_REFUSED: Final = FailureClass.CREDENTIAL_REFUSED
_OVER: Final = "its token is refused everywhere, with status 401"
_OVER_HINT: Final = (
    "The token has run out, was revoked, or is signed by an old key: give the role a new one under `token`."
)
LOST_HINT: Final = "Look whether the user still has its role, and the role its permission; then what was deployed last."
_CONTENT_HINT: Final = (
    "The status says no and the body gives it all the same: take back what was deployed last before you look further."
)

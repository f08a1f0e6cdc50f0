"""Giving a role and taking it away again, timed."""

import asyncio
from contextlib import suppress
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding
from sentinel.probes.roles.matrix import LOST_HINT
from sentinel.probes.roles.options import AssignmentOptions, RolesOptions
from sentinel.probes.roles.users import Users

_REVOKE_WITHIN: Final = 2.0  # seconds at most for taking a role away again
_REVOKE_SHARE: Final = 0.2  # of the time left that is kept for that


class Assigning:
    """Gives the role of one check and takes it away, in every run."""

    def __init__(self, assignment: AssignmentOptions, options: RolesOptions, users: Users) -> None:
        self._assignment = assignment
        self._allowed = all_of(options.allowed)
        self._allowed_words = " or ".join(options.allowed)
        self._refused = all_of(options.refused)
        self._users = users

    async def measure(self, deadline: float) -> list[Reading]:
        """Raises Finding when the role was not given, or not taken away."""
        left = deadline - asyncio.get_running_loop().time()
        reserve = min(left * _REVOKE_SHARE, _REVOKE_WITHIN)
        by, request = self._assignment.by, self._assignment.assign
        try:
            exchange = await self._users.ask(by, "assignment", request, deadline - reserve)
        except (Finding, asyncio.CancelledError):
            # What was asked for may have been done all the same.
            with suppress(Finding):
                await self._revoke(deadline)
            raise
        await self._revoke(deadline)
        if exchange.status in self._allowed:
            return [Reading("assignment_time", exchange.phases.total, Unit.SECONDS)]
        explanation = f"assignment: status {exchange.status}, expected {self._allowed_words}"
        refused = exchange.status in self._refused
        raise Finding(FailureClass.ACCESS_LOST if refused else FailureClass.WRONG_STATUS, explanation, LOST_HINT)

    async def _revoke(self, deadline: float) -> None:
        limit = min(deadline, asyncio.get_running_loop().time() + _REVOKE_WITHIN)
        exchange = await self._users.ask(self._assignment.by, "revocation", self._assignment.revoke, limit)
        # 404: there was nothing to take away, as the role had not been given.
        if exchange.status not in self._allowed and exchange.status != 404:
            explanation = f"revocation: status {exchange.status}, expected {self._allowed_words}"
            raise Finding(FailureClass.WRONG_STATUS, explanation, _LEFT_HINT)


_LEFT_HINT: Final = "The role that the check gives may still be assigned: take it away by hand."

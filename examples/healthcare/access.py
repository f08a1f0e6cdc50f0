"""Who calls, and what happens around every request that needs a role: check, record, then act."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from examples.faults import Switchboard
from examples.healthcare import audit, tokens
from examples.healthcare.answers import forbidden, unauthorized
from examples.healthcare.audit import AuditLog, Entry
from examples.healthcare.database import Database
from examples.healthcare.faults import Fault
from examples.healthcare.people import People
from examples.healthcare.roles import AUDITED, Permission, Role, allows
from examples.healthcare.tokens import Token, TokenError


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    user_id: int
    username: str
    roles: frozenset[Role]
    token: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from, as the audit log keeps it."""

    source_ip: str | None
    correlation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    kind: str
    resource_id: str | None = None
    owner: int | None = None  # the user whose it is, who may have it without a role


class Gate:
    """Blocking: call it from a worker thread."""

    def __init__(
        self,
        database: Database,
        people: People,
        log: AuditLog,
        faults: Switchboard,
        key: str,
        refused: Callable[[str, str], None],
    ) -> None:
        self._database = database
        self._people = people
        self._log = log
        self._faults = faults
        self._key = key
        self._refused = refused  # told of who was refused what

    def caller(self, token_text: str | None) -> Caller:
        """Who bears the token; 401 when it is missing, not ours, over, or logged out."""
        if token_text is None:
            raise unauthorized("a bearer token is needed")
        try:
            token = tokens.read(token_text, self._key, self._faults)
        except TokenError as refusal:
            raise unauthorized(str(refusal)) from None
        user = self._people.user(token.username)
        revoked = self._people.is_revoked(token.token_id) and not self._faults.is_on(Fault.LOGOUT_IGNORED)
        if user is None or revoked:
            raise unauthorized("the token is not valid any more")
        return Caller(user_id=user.user_id, username=user.username, roles=self._roles(user.user_id), token=token)

    def pass_through(
        self,
        token_text: str | None,
        permission: Permission,
        resource: Resource,
        origin: Origin,
        act: Callable[[], Response],
    ) -> Response:
        """What `act` answers, or 403. The act and its audit record are committed together."""
        caller = self.caller(token_text)
        allowed = allows(caller.roles, permission, self._faults) or self._owns(caller, resource)
        with self._database.transaction():
            response = act() if allowed else forbidden()
            if permission in AUDITED or not allowed:
                self.note(caller.username, permission, resource, origin, allowed=allowed)
        if not allowed:
            self._refused(caller.username, permission)
        return response

    def note(self, actor: str, action: str, resource: Resource, origin: Origin, *, allowed: bool) -> None:
        self._log.record(
            Entry(
                at=datetime.now(UTC),
                actor=actor,
                action=action,
                resource_type=resource.kind,
                resource_id=resource.resource_id,
                source_ip=origin.source_ip,
                outcome="allowed" if allowed else "refused",
                correlation_id=origin.correlation_id,
            )
        )

    def _owns(self, caller: Caller, resource: Resource) -> bool:
        if resource.owner is None:
            return False
        return caller.user_id == resource.owner or self._faults.is_on(Fault.OBJECTS_OPEN)

    def _roles(self, user_id: int) -> frozenset[Role]:
        if self._faults.is_on(Fault.ROLE_CHECK_SLOW):
            time.sleep(self._faults.value(Fault.ROLE_CHECK_SLOW))
        return self._people.roles_of(user_id)


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def origin(request: Request) -> Origin:
    return Origin(
        source_ip=request.client.host if request.client else None,
        correlation_id=audit.correlation_id(request.headers.get("x-correlation-id")),
    )

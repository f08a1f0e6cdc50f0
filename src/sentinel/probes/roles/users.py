"""The users that stand for the roles: their credentials, and requests sent as one of them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.caller import Caller, Header
from sentinel.probes.calls.patience import Patience
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import Account, LoginWay
from sentinel.probes.finding import Finding
from sentinel.probes.roles.options import RoleOptions, RolesOptions
from sentinel.probes.wire import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    """A role's credential: an account, a header, or nothing for who is anonymous."""

    account: Account | None
    headers: tuple[Header, ...] = ()


class Users:
    """Keeps the users' tokens between runs, so that a run does not need a login per role."""

    def __init__(self, options: RolesOptions, tools: ProbeTools) -> None:
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._users = {name: _user(role, options.login, tools) for name, role in options.roles.items()}
        accounts = {name: user.account for name, user in self._users.items()}
        self.patience = Patience(accounts, tools.clock, (tools.note or {}).get("logins"))
        self._concurrency = options.concurrency
        self.lasting = frozenset(name for name, role in options.roles.items() if role.token is not None)
        self.host = _host(options, self._users)

    async def ask(self, role: str, step: str, request: RequestOptions, deadline: float) -> Exchange:
        """The answer to a request as that role. Raises Finding, which names the step, when there is none."""
        who = self._users[role]
        return await self._caller.call_as(step, who.account, request, deadline, headers=who.headers)

    async def log_in(self, deadline: float, findings: list[Finding]) -> set[str]:
        """The roles that have a token. One that cannot log in would only try again for each of its requests."""
        gate = asyncio.Semaphore(self._concurrency)
        async with asyncio.TaskGroup() as group:
            tasks = {
                name: group.create_task(self._log_one_in(gate, name, user, deadline))
                for name, user in self._users.items()
            }
        refused = {name: finding for name, task in tasks.items() if (finding := task.result()) is not None}
        findings += refused.values()
        return set(self._users) - set(refused)

    async def _log_one_in(self, gate: asyncio.Semaphore, name: str, user: _User, deadline: float) -> Finding | None:
        if user.account is None:
            return None
        async with gate:
            try:
                await user.account.token(self._caller.transport, deadline)
            except Finding as finding:
                return Finding(finding.failure, f"{name}, {finding.explanation}", finding.hint)
        return None


def _user(options: RoleOptions, login: LoginWay | None, tools: ProbeTools) -> _User:
    if options.anonymous:
        return _User(account=None)
    if options.token is not None:
        return _User(account=None, headers=(("Authorization", f"Bearer {options.token.reveal()}"),))
    assert login is not None
    assert options.username is not None
    assert options.password is not None
    return _User(account=tools.sessions.account(login, options.username, options.password, tools.clock, tools.contexts))


def _host(options: RolesOptions, users: Mapping[str, _User]) -> str:
    """The host that gets most of the load: that of the login, or else of the first request."""
    hosts = [user.account.host for user in users.values() if user.account is not None]
    requests = [*options.requests.values(), *(one.request for one in options.objects.values())]
    hosts += [urlsplit(request.url).hostname or "" for request in requests]
    return next(iter(hosts), "")

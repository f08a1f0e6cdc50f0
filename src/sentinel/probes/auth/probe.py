"""Takes the steps of a login's life, in order."""

from collections.abc import Awaitable, Iterable
from dataclasses import replace
from time import perf_counter
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Note, Reading
from sentinel.probes.auth.memory import Memory
from sentinel.probes.auth.options import AuthOptions, Lockout, Refresh, WrongPassword
from sentinel.probes.auth.passwords import Passwords, lockout_missing, time_to_wait
from sentinel.probes.auth.renewal import Renewal
from sentinel.probes.auth.sayings import age, claim_findings, cookie_findings, lifetime
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.caller import Caller, Header
from sentinel.probes.calls.patience import Patience
from sentinel.probes.calls.session import Account, LoggedIn, LoginRefused
from sentinel.probes.calls.tokens import foreign, tampered
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding, measurement


class AuthProbe:
    """Never logs in more than once in a run, and after a refusal not for a while, a restart or not."""

    def __init__(self, options: AuthOptions, tools: ProbeTools) -> None:
        login = options.login
        self._options = options
        self._clock = tools.clock
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._account: Account = tools.sessions.account(
            login, login.username, login.password, tools.clock, tools.contexts
        )
        self._renewal = Renewal(self._account, self._caller)
        self._passwords = Passwords(options, self._account, tools)
        self._accepted = all_of(options.accepted)
        self._refused = all_of(options.refused)
        self._memory = Memory.of_note(tools.note)
        self._patience = Patience({"login": self._account}, tools.clock, (tools.note or {}).get("logins"))
        self._note: Note = tools.note or {}
        self.host = self._account.host

    async def measure(self, deadline: float) -> Measurement:
        began = perf_counter()
        readings: list[Reading] = []
        findings: list[Finding] = []
        self._read_age(readings)
        try:
            await self._take_steps(deadline, readings, findings)
        except Finding as finding:
            findings.append(finding)
        else:
            readings.append(Reading("response_time", perf_counter() - began, Unit.SECONDS))
        # Passwords are tried whether the good login works or not: that they are taken is the graver fault.
        if any(reading.name == "login_time" for reading in readings):
            await self._collected(self._try_passwords(deadline, findings), findings)
        return measurement(findings, readings, note=self._noted(), hints=_HINTS)

    async def close(self) -> None:
        """There is nothing to give back: a token is forgotten by itself."""

    # --- The token's life -------------------------------------------------------------------------------------------

    async def _take_steps(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        """1. Log in. 2. Look at cookie and claims. 3. Use the token, and tokens that are none. 4. Renew it. 5. Log out."""
        session = await self._log_in(deadline, readings)
        findings += self._sayings(session)
        self._read_lifetime(session.token, readings)
        await self._try_token("good token", session.token, deadline, readings)
        for what, headers in self._to_refuse(session.token):
            if finding := await self._tried_in_vain(what, headers, deadline):
                findings.append(finding)
        token = session.token
        if self._options.refresh is not None:
            token = await self._renew(self._options.refresh, session, deadline, readings, findings)
        if self._options.logout is not None:
            await self._renewal.log_out(self._options.logout, token, deadline, readings)
            findings += await self._refused_now("token after the logout", token, deadline)

    async def _log_in(self, deadline: float, readings: list[Reading]) -> LoggedIn:
        try:
            done = await self._account.log_in(self._caller.transport, deadline)
        except LoginRefused as refused:
            if refused.seconds is not None:
                readings.append(Reading("login_time", refused.seconds, Unit.SECONDS))
            if refused.failure is FailureClass.CREDENTIAL_REFUSED:
                # That login works is what this check is for: refused, or not tried again yet, it does not.
                raise LoginRefused(FailureClass.LOGIN_FAILED, refused.explanation, refused.hint) from None
            raise
        if self._options.ends_session:
            self._account.forget(done.token)  # other checks of this user need one that goes on
        readings.append(Reading("login_time", done.seconds, Unit.SECONDS))
        return done

    def _sayings(self, session: LoggedIn) -> Iterable[Finding]:
        options = self._options
        if options.cookie is not None and options.login.cookie is not None:
            yield from cookie_findings(options.login.cookie, options.cookie, session.answer)
        if options.claims is not None:
            yield from claim_findings(options.claims, session.token, self._clock.now())

    async def _try_token(self, what: str, token: str, deadline: float, readings: list[Reading] | None = None) -> None:
        headers = (self._account.header(token),)
        exchange = await self._caller.call(what, self._options.protected, deadline, headers=headers)
        if readings is not None:
            readings.append(Reading("token_check_time", exchange.phases.total, Unit.SECONDS))
        if exchange.status in self._accepted:
            return
        if exchange.status in self._refused:
            explanation = f"{what}: refused with status {exchange.status}"
            raise Finding(FailureClass.TOKEN_REFUSED, explanation, _REFUSED_HINT)
        raise self._strange(what, exchange.status, self._options.accepted)

    def _to_refuse(self, token: str) -> list[tuple[str, tuple[Header, ...]]]:
        refuse = self._options.refuse
        tries: list[tuple[str, tuple[Header, ...]]] = []
        if refuse.missing:
            tries.append(("missing token", ()))
        if refuse.tampered:
            tries.append(("tampered token", (self._account.header(tampered(token)),)))
        if refuse.foreign:
            tries.append(("foreign token", (self._account.header(foreign(token)),)))
        if refuse.expired is not None:
            tries.append(("expired token", (self._account.header(refuse.expired.reveal()),)))
        return tries

    async def _tried_in_vain(
        self, what: str, headers: tuple[Header, ...], deadline: float, hint: str = ""
    ) -> Finding | None:
        """None when the request was refused, as it must be."""
        exchange = await self._caller.call(what, self._options.protected, deadline, headers=headers)
        if exchange.status in self._refused:
            return None
        if exchange.status in self._accepted:
            explanation = f"{what}: accepted with status {exchange.status}"
            return Finding(FailureClass.TOKEN_ACCEPTED, explanation, hint or _ACCEPTED_HINT)
        return self._strange(what, exchange.status, self._options.refused)

    async def _refused_now(self, what: str, token: str, deadline: float) -> list[Finding]:
        finding = await self._tried_in_vain(what, (self._account.header(token),), deadline, _ENDED_HINT)
        return [finding] if finding is not None else []

    async def _renew(
        self, way: Refresh, session: LoggedIn, deadline: float, readings: list[Reading], findings: list[Finding]
    ) -> str:
        """The token that is good from then on."""
        renewed = await self._renewal.refresh(way, session, deadline, readings)
        await self._try_token("token of the refresh", renewed.token, deadline)
        if way.old_token_refused:
            findings += await self._refused_now("token of before the refresh", session.token, deadline)
        if way.once:
            await self._collected(self._renewal.refuse_twice(way, renewed, deadline), findings)
        return renewed.token

    # --- Passwords --------------------------------------------------------------------------------------------------

    async def _try_passwords(self, deadline: float, findings: list[Finding]) -> None:
        if (wrong := self._options.wrong_password) is not None:
            await self._collected(self._try_wrong(wrong, deadline), findings)
        if (lockout := self._options.lockout) is not None:
            await self._try_lockout(lockout, deadline)

    async def _try_wrong(self, tried: WrongPassword, deadline: float) -> None:
        now = self._clock.now()
        if self._memory.waits(self._memory.wrong_password_at, tried.every, now):
            return
        await self._passwords.refuse_wrong(tried, deadline)
        self._memory = replace(self._memory, wrong_password_at=now)

    async def _try_lockout(self, tried: Lockout, deadline: float) -> None:
        """What was found last counts until it is tried again."""
        now, known = self._clock.now(), self._memory
        pause = time_to_wait(tried, missing=bool(known.lockout_missing))
        if not known.waits(known.lockout_at, pause, now):
            try:
                missing = await self._passwords.lock(tried, deadline)
            except Finding as finding:
                if finding.failure is not FailureClass.ACCESS_GAINED:
                    # Not in the next run already: each try counts there.
                    soon = now - pause + time_to_wait(tried, missing=True)
                    self._memory = replace(known, lockout_at=soon)
                raise
            self._memory = replace(known, lockout_at=now, lockout_missing=missing)
        if self._memory.lockout_missing:
            raise lockout_missing(self._memory.lockout_missing, tried.account)

    # --- What is remembered -----------------------------------------------------------------------------------------

    def _noted(self) -> Note | None:
        """What is news for the note; None when nothing is."""
        pauses = self._patience.written()
        before = self._note
        self._note = {**self._memory.note(), **({"logins": pauses} if pauses else {})}
        return self._note if self._note != before else None

    # --- Small things -----------------------------------------------------------------------------------------------

    async def _collected(self, step: Awaitable[None], findings: list[Finding]) -> None:
        """Take a step after which the others go on, whatever it finds."""
        try:
            await step
        except Finding as finding:
            findings.append(finding)

    def _read_age(self, readings: list[Reading]) -> None:
        token = self._options.static_token
        if token is not None and (days := age(token, self._clock.now())) is not None:
            readings.append(Reading("token_age", days, Unit.DAYS))

    def _read_lifetime(self, token: str, readings: list[Reading]) -> None:
        if self._options.claims is not None and (seconds := lifetime(token, self._clock.now())) is not None:
            readings.append(Reading("token_lifetime", seconds, Unit.SECONDS))

    @staticmethod
    def _strange(what: str, status: int, expected: tuple[str, ...]) -> Finding:
        explanation = f"{what}: status {status}, expected {' or '.join(expected)}"
        return Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for this request.")


_SLOW_HINT: Final = "See the load of what checks passwords, and of the table or directory that users stand in."
_HINTS: Final = {
    "login_time": _SLOW_HINT,
    "token_check_time": "See what verifies tokens: whether it fetches keys or asks the database in every request.",
    "token_age": "Make a new token, put it in the place of the old one wherever that is used, and revoke the old one.",
}
_REFUSED_HINT: Final = "Look whether signing keys or clocks differ between what issues tokens and what verifies them."
_ACCEPTED_HINT: Final = (
    "Anybody may get in: see whether the service still verifies signature, issuer and expiry of tokens, "
    "and what was deployed or configured last."
)
_ENDED_HINT: Final = (
    "Whoever has that token stays in: see whether ended sessions are still written down, "
    "and whether the cache or table they stand in works."
)

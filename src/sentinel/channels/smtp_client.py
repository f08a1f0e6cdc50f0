"""One mail over one SMTP connection, by aiosmtplib, and what the server's answers mean.

An attempt goes: connect, TLS, login, sender, recipient, data, quit. Whatever fails before the data means that the server does
not have the message. A connection that ends without an answer to the data means that nobody knows. Once the data is accepted,
nothing that follows counts.
"""

import asyncio
import contextlib
import re
from collections.abc import Coroutine
from enum import StrEnum
from typing import Final

import aiosmtplib

from sentinel.channels.answer import not_connected
from sentinel.channels.route import Envelope, Route, Tls, TooLarge
from sentinel.core.notification import Ambiguous, Cause, Failed

PHASE_TIMEOUT: Final = 30.0  # seconds for each answer before the data
QUIT_TIMEOUT: Final = 2.0  # seconds for the last answer, which changes nothing
CANCEL_AGAIN: Final = 0.05  # seconds until a cancellation that was lost is repeated
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")  # RFC 3463

_DIGITS: Final = re.compile(r"[0-9]{1,20}")  # RFC 1870, 3
_NO_ROOM: Final = 552  # RFC 5321, 4.2.3; RFC 1870, 6.1
_ROOM_HINT: Final = "the mail is larger than the server takes, or the mailbox is full"
_AUTHENTICATION_REQUIRED: Final = 530  # RFC 4954, 6; also "must issue STARTTLS first", RFC 3207, 4
_UNKNOWN_MAILBOX: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})  # RFC 3463, 3.2 and 3.3

Trouble = Failed | Ambiguous


class Stage(StrEnum):
    """How far an attempt came; the words stand in details."""

    CONNECT = "the connection"
    TLS = "TLS"
    LOGIN = "the login"
    SENDER = "the sender"
    RECIPIENT = "the recipient"
    DATA = "the message"
    DONE = "done"


class _Larger(Exception):
    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


async def deliver(route: Route, envelope: Envelope, deadline: float) -> Trouble | TooLarge | None:
    """Try once to hand the mail over by `deadline` (the loop's time). None: the server has it."""
    session = _Session(route)
    try:
        async with asyncio.timeout_at(deadline):
            await _steadily(session.run(envelope))
    except _Larger as larger:
        return TooLarge(most=larger.most)
    except TimeoutError:  # ours, or one of aiosmtplib's
        return _silence(session.stage)
    except aiosmtplib.SMTPResponseException as error:
        return judge_reply(session.stage, error.code, error.message)
    except OSError as error:  # a lost connection, a failed handshake
        return _lost(session.stage, error)
    except aiosmtplib.SMTPException:
        return _not_offered(session.stage)
    finally:
        session.close()
    return None


async def _steadily(work: Coroutine[None, None, None]) -> None:
    """Run the work so that a cancellation, or the deadline, ends it in any case.

    aiosmtplib waits by `wait_for`, which on Python 3.11 loses a cancellation that comes in the same moment as what it waits
    for (python/cpython#86296). Here it is cancelled until it ends.
    """
    task = asyncio.create_task(work, name="smtp")
    try:
        await asyncio.wait({task})
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN)
        if not task.cancelled():
            task.exception()  # seen, so that asyncio does not complain of it when we are cancelled ourselves
    task.result()


class _Session:
    def __init__(self, route: Route) -> None:
        self.stage = Stage.CONNECT
        self._route = route
        self._client = aiosmtplib.SMTP(
            hostname=route.host,
            port=route.port,
            local_hostname=route.hello,
            timeout=PHASE_TIMEOUT,
            use_tls=route.tls is Tls.IMPLICIT,
            start_tls=False,
            tls_context=route.context,
        )

    async def run(self, envelope: Envelope) -> None:
        await self._client.connect()
        await self._hello()
        await self._secure()
        if self._route.password is not None:
            self.stage = Stage.LOGIN
            await self._login(self._route.username, self._route.password.reveal())
        self.stage = Stage.SENDER
        if 0 < (most := self._takes()) < len(envelope.content):
            raise _Larger(most)
        await self._client.mail(envelope.sender)
        self.stage = Stage.RECIPIENT
        await self._client.rcpt(envelope.recipient)
        self.stage = Stage.DATA
        await self._client.data(envelope.content, timeout=None)
        self.stage = Stage.DONE
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await self._client.quit(timeout=QUIT_TIMEOUT)

    def close(self) -> None:
        self._client.close()

    def _takes(self) -> int:
        """Bytes of a mail that the server takes at most; 0 where it names no bound."""
        said = self._client.esmtp_extensions.get("size", "").strip()
        return int(said) if _DIGITS.fullmatch(said) else 0

    async def _hello(self) -> None:
        try:
            await self._client.ehlo()
        except aiosmtplib.SMTPHeloError:
            if not self._client.is_connected:
                raise
            await self._client.helo()

    async def _secure(self) -> None:
        offered = self._client.supports_extension("starttls")
        if self._route.tls is Tls.REQUIRED or (self._route.tls is Tls.OFFERED and offered):
            self.stage = Stage.TLS
            await self._client.starttls()
            await self._hello()

    async def _login(self, username: str, password: str) -> None:
        # One way and no more: aiosmtplib's own `login` tries a wrong password once per way, which locks accounts.
        ways = self._client.supported_auth_methods
        if "plain" in ways:
            await self._client.auth_plain(username, password)
        elif "login" in ways:
            await self._client.auth_login(username, password)
        elif "cram-md5" in ways:
            await self._client.auth_crammd5(username, password)
        else:
            raise aiosmtplib.SMTPNotSupported("no way to log in that Sentinel knows")


def judge_reply(stage: Stage, code: int, text: str) -> Trouble | None:
    """What a reply that is no success means (RFC 5321, 4.2.1): 4xx is worth another attempt, 5xx is not.

    Of the text only the enhanced status code (RFC 3463) is looked at: the rest may repeat addresses.
    """
    if stage is Stage.DONE:
        return None
    if not 400 <= code < 600:
        return _garbled(stage)
    match = _ENHANCED.match(text)
    enhanced = match[0] if match else ""
    detail = f"answered {code} {enhanced}".rstrip() + f" to {stage}"
    if code == _AUTHENTICATION_REQUIRED or (stage is Stage.LOGIN and code >= 500):
        return Failed(
            cause=Cause.CREDENTIAL_REFUSED, detail=detail
        )  # whoever runs this can mend it, so it is tried again
    if code < 500:
        return Failed(cause=Cause.SERVER_ERROR, detail=detail)
    if code == _NO_ROOM:
        detail += f": {_ROOM_HINT}"
    gone = stage is Stage.RECIPIENT and (enhanced in _UNKNOWN_MAILBOX or (code == 550 and not enhanced))
    return Failed(cause=Cause.GONE if gone else Cause.REFUSED, detail=detail, permanent=True)


def _garbled(stage: Stage) -> Trouble:
    if stage is Stage.DATA:
        return Ambiguous(cause=Cause.PROTOCOL_ERROR, detail="an answer that is not SMTP, after the message")
    return Failed(cause=Cause.PROTOCOL_ERROR, detail=f"an answer that is not SMTP, to {stage}")


def _silence(stage: Stage) -> Trouble | None:
    if stage is Stage.DONE:
        return None
    if stage is Stage.DATA:
        return Ambiguous(cause=Cause.TIMEOUT, detail="no answer to the message in time")
    return Failed(cause=Cause.TIMEOUT, detail=f"no answer to {stage} in time")


def _lost(stage: Stage, error: OSError) -> Trouble | None:
    if stage is Stage.DONE:
        return None
    if stage is Stage.DATA:
        return Ambiguous(cause=Cause.PROTOCOL_ERROR, detail="the connection ended before the answer to the message")
    if stage in (Stage.CONNECT, Stage.TLS):
        return not_connected(error)
    return Failed(cause=Cause.UNREACHABLE, detail=f"the connection ended at {stage}")


def _not_offered(stage: Stage) -> Trouble | None:
    if stage is Stage.TLS:
        return Failed(cause=Cause.TLS_FAILED, detail="the server offers no STARTTLS")
    if stage is Stage.LOGIN:
        return Failed(cause=Cause.CREDENTIAL_REFUSED, detail="the server offers no login that Sentinel knows")
    return _garbled(stage)

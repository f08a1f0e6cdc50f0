"""What a receiver's HTTP answer, or the lack of one, means for a delivery. Shared by the channels that speak HTTP or TLS.

Details hold numbers and words of ours only. What a receiver says is never repeated: it may echo a token or a person's data.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from sentinel.core.notification import Ambiguous, Cause, Failed, Outcome, Sent

#: No receiver is believed that asks for more; `core.notification` bounds it further.
_LONGEST_RETRY_AFTER: Final = timedelta(days=7)
_SECONDS: Final = re.compile(r"[0-9]{1,9}")

_CREDENTIALS: Final = frozenset({401, 403, 407})
#: 408 Request Timeout and 425 Too Early ask for the same request again (RFC 9110, 15.5.9; RFC 8470, 5.2).
_TRY_AGAIN: Final = frozenset({408, 425})
_GONE: Final = 410
#: These speak of the message itself, which will be the same tomorrow: too large, or not understood.
_UNUSABLE: Final = frozenset({413, 422})


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """How long a `Retry-After` asks to wait: seconds or an HTTP date (RFC 9110, 10.2.3). None when it cannot be read."""
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=int(text)), _LONGEST_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), _LONGEST_RETRY_AFTER)


def judge_status(status: int, wait: timedelta | None = None, *, word: str = "") -> Sent | Failed:
    """What a status means for a delivery.

    Hardly anything is final. An ingress answers 404 while the receiver behind it is exchanged, a gateway redirects to its
    page of maintenance, a token is renewed within the hour: whoever runs these mends them, and the message is to arrive then.

    Args:
        wait: what the receiver's `Retry-After` asks for.
        word: the receiver's code word for the error, checked by the caller to be one.
    """
    detail = f"answered {status}" + (f" {word}" if word else "")
    if 200 <= status < 300:
        return Sent()
    if 300 <= status < 400:
        return Failed(cause=Cause.REFUSED, detail=f"{detail}: redirect not followed", retry_after=wait)
    if status == 429:
        return Failed(cause=Cause.RATE_LIMITED, detail=detail, retry_after=wait)
    if status in _TRY_AGAIN:
        return Failed(cause=Cause.SERVER_ERROR, detail=detail, retry_after=wait)
    if status == _GONE:
        return Failed(cause=Cause.GONE, detail=detail, permanent=True)
    if status in _CREDENTIALS:
        return Failed(cause=Cause.CREDENTIAL_REFUSED, detail=detail, retry_after=wait)
    if 400 <= status < 500:
        return Failed(cause=Cause.REFUSED, detail=detail, permanent=status in _UNUSABLE, retry_after=wait)
    if 500 <= status < 600:
        return Failed(cause=Cause.SERVER_ERROR, detail=detail, retry_after=wait)
    return Failed(cause=Cause.PROTOCOL_ERROR, detail=detail)


def not_connected(error: BaseException) -> Failed:
    """Why there was no connection, from the error of whatever library tried; it tells DNS, TLS and TCP apart."""
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return Failed(cause=Cause.TLS_FAILED, detail="the certificate was not trusted" + _reason(one))
        if isinstance(one, ssl.SSLError):
            return Failed(cause=Cause.TLS_FAILED, detail="the TLS handshake failed")
        if isinstance(one, socket.gaierror):
            return Failed(cause=Cause.UNREACHABLE, detail="the host's name was not resolved")
        if isinstance(one, ConnectionRefusedError):
            return Failed(cause=Cause.UNREACHABLE, detail="connection refused")
    return Failed(cause=Cause.UNREACHABLE, detail="no connection to the host")


def _reason(error: ssl.SSLCertVerificationError) -> str:
    code = getattr(error, "verify_code", None)  # aiohttp has a subclass without it
    return f" (OpenSSL code {code})" if code else ""


def timed_out(*, left: bool) -> Outcome:
    """The deadline struck. `left`: the message was on its way by then."""
    if left:
        return Ambiguous(cause=Cause.TIMEOUT, detail="no answer in time")
    return Failed(cause=Cause.TIMEOUT, detail="not connected in time")


def cut_off(*, left: bool) -> Outcome:
    """The connection ended without an answer that can be read. `left`: the message was on its way by then."""
    if left:
        return Ambiguous(cause=Cause.PROTOCOL_ERROR, detail="the connection ended before the answer")
    return Failed(cause=Cause.UNREACHABLE, detail="the connection ended before the message was sent")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and the members of groups among them."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            todo.extend(one.exceptions)
        todo += [one.__cause__, one.__context__]

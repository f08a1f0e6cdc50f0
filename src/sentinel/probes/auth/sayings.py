"""What a session cookie and a token say about themselves, held against what they must say."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sentinel.base.units import format_duration
from sentinel.core.result import FailureClass
from sentinel.probes.auth.options import Claims, CookieFlags, StaticToken
from sentinel.probes.calls.cookies import set_cookies
from sentinel.probes.calls.tokens import algorithm_of, claims
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange

_DAY: Final = timedelta(days=1)


def cookie_findings(name: str, expected: CookieFlags, answer: Exchange) -> Iterator[Finding]:
    """What the cookie lacks. The login has found it, so it is there."""
    cookie = next(one for one in set_cookies(answer) if one.name == name)
    if expected.secure and not cookie.secure:
        yield _insecure(f"session cookie {name}: without Secure, it goes over plain HTTP too", _COOKIE_HINT)
    if expected.http_only and not cookie.http_only:
        yield _insecure(f"session cookie {name}: without HttpOnly, scripts of a page can read it", _COOKIE_HINT)
    if cookie.same_site not in expected.same_site:
        found = f"SameSite={cookie.same_site}" if cookie.same_site in {"strict", "lax", "none"} else "no SameSite"
        yield _insecure(f"session cookie {name}: {found}, expected {' or '.join(expected.same_site)}", _COOKIE_HINT)


def claim_findings(expected: Claims, token: str, now: datetime) -> Iterator[Finding]:
    """What is wrong with what a token says. Its values are not shown, but for numbers and the algorithm's name."""
    said = claims(token)
    if not said:
        yield _insecure("token: what it says cannot be read, as it is no JWT", "Leave `claims` out for such tokens.")
        return
    algorithm = algorithm_of(token)
    if algorithm not in expected.algorithms:
        shown = algorithm if algorithm.isalnum() and len(algorithm) <= _LONGEST else "something else"
        yield _insecure(f"token: signed by {shown}, expected {' or '.join(expected.algorithms)}", _ALGORITHM_HINT)
    yield from _times(expected, said, now)
    if missing := [name for name in expected.present if name not in said]:
        yield _insecure(f"token: without {' and '.join(missing)}", "See what issues the tokens, and its configuration.")


def lifetime(token: str, now: datetime) -> float | None:
    """Seconds from a token's issue, or from now, to its end; None when it does not say."""
    said = claims(token)
    ends, issued = _moment(said.get("exp")), _moment(said.get("iat"))
    return None if ends is None else ends - (now.timestamp() if issued is None else issued)


def age(token: StaticToken, now: datetime) -> float | None:
    """Days since it was issued; None when it does not say."""
    if token.issued is not None:
        return (now - _midnight(token.issued)) / _DAY
    assert token.token is not None
    issued = _moment(claims(token.token.reveal()).get("iat"))
    return None if issued is None else (now.timestamp() - issued) / _DAY.total_seconds()


def _times(expected: Claims, said: dict[str, Any], now: datetime) -> Iterator[Finding]:
    ends, issued = _moment(said.get("exp")), _moment(said.get("iat"))
    if ends is None:
        yield _insecure("token: without an end (exp), it holds for ever", _LIFETIME_HINT)
    else:
        holds = ends - (now.timestamp() if issued is None else issued)
        if holds > expected.lifetime.total_seconds() + 1:
            most = format_duration(expected.lifetime)
            yield _insecure(f"token: holds for {format_duration(holds)}, expected {most} at most", _LIFETIME_HINT)
    if issued is not None and abs(now.timestamp() - issued) > expected.skew.total_seconds():
        off = format_duration(abs(now.timestamp() - issued))
        way = "ago" if issued < now.timestamp() else "in the future"
        yield _insecure(f"token: issued {off} {way}, and the login was just now", _SKEW_HINT)


def _moment(value: object) -> float | None:
    """A NumericDate (RFC 7519, 2): seconds since 1970."""
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 else None
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _insecure(explanation: str, hint: str) -> Finding:
    return Finding(FailureClass.INSECURE, explanation, hint)


_LONGEST: Final = 10  # letters of an algorithm's name
_COOKIE_HINT: Final = (
    "Set the flag where the service sets its session cookie, and see what was deployed or configured last."
)
_ALGORITHM_HINT: Final = (
    "See what signs the tokens: `none` or another algorithm than was agreed on lets others make their own."
)
_LIFETIME_HINT: Final = "A stolen token is good for that long: see the lifetime where tokens are issued."
_SKEW_HINT: Final = "Compare the clocks (`timedatectl`); if they agree, the service hands out old tokens again."

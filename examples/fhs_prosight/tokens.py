"""Access tokens of the service: JWT, HS256."""

from datetime import UTC, datetime, timedelta

import jwt

from examples.fhs_prosight.settings import SIGNING_KEY

LIFETIME = timedelta(minutes=30)
LONG_AGO = timedelta(days=180)


def issue(username: str) -> str:
    """A token for half an hour."""
    now = datetime.now(UTC)
    return jwt.encode({"sub": username, "iat": now, "exp": now + LIFETIME}, SIGNING_KEY, algorithm="HS256")


def lasting(username: str, *, old: bool) -> str:
    """A token for programs, which has to be changed from time to time."""
    issued = datetime.now(UTC) - (LONG_AGO if old else timedelta(days=1))
    claims = {"sub": username, "iat": issued, "exp": issued + timedelta(days=365)}
    return jwt.encode(claims, SIGNING_KEY, algorithm="HS256")


def user(token: str) -> str | None:
    """Whose token it is; None when it is not good."""
    try:
        return str(jwt.decode(token, SIGNING_KEY, algorithms=["HS256"])["sub"])
    except (jwt.PyJWTError, KeyError):
        return None

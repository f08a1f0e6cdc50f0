"""Access tokens of the service: JWT, HS256."""

from datetime import UTC, datetime, timedelta

import jwt

from examples.employee_system.settings import SIGNING_KEY, TOKEN_LIFETIME


def issue(username: str) -> str:
    """A token for half an hour."""
    now = datetime.now(UTC)
    return jwt.encode({"sub": username, "iat": now, "exp": now + TOKEN_LIFETIME}, SIGNING_KEY, algorithm="HS256")


def lasting(username: str) -> str:
    """A token for a program, for a year."""
    now = datetime.now(UTC)
    claims = {"sub": username, "iat": now, "exp": now + timedelta(days=365)}
    return jwt.encode(claims, SIGNING_KEY, algorithm="HS256")


def user(token: str) -> str | None:
    """Whose token it is; None when it is not good."""
    try:
        return str(jwt.decode(token, SIGNING_KEY, algorithms=["HS256"])["sub"])
    except (jwt.PyJWTError, KeyError):
        return None

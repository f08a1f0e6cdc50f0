"""Access tokens (JWT, HS256), and a command that prints tokens which must be refused.

python -m examples.healthcare.tokens --expired    signed by the service's own key, but long over
python -m examples.healthcare.tokens --foreign    in order, but signed by somebody else's key
"""

import argparse
import base64
import hmac
import os
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from examples.demo.ports import SettingsError
from examples.faults import Switchboard
from examples.healthcare import settings
from examples.healthcare.faults import Fault
from examples.healthcare.roles import Role

LIFETIME = timedelta(minutes=30)
ISSUER = "healthcare-example"
HEADER = b'{"alg":"HS256","typ":"JWT"}'
FOREIGN_KEY = "a-signing-key-the-service-has-never-seen"


class TokenError(Exception):
    """The token is none of ours, or no longer one; the message may be shown to its bearer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What an accepted token says."""

    username: str
    token_id: str
    expires_at: int  # seconds since 1970, UTC


def issue(username: str, key: str, now: datetime) -> str:
    claims = {"iss": ISSUER, "sub": username, "jti": uuid.uuid4().hex, "iat": now, "exp": now + LIFETIME}
    return jwt.encode(claims, key, algorithm="HS256")


def read(text: str, key: str, faults: Switchboard) -> Token:
    """The token's content, verified as far as the faults switched on let it be."""
    if faults.is_on(Fault.TAMPERED_TOKENS_ACCEPTED):
        text = signed_anew(text, key)
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=["HS256"],
            issuer=ISSUER,
            options={
                "require": ["iss", "sub", "jti", "exp"],
                "verify_exp": not faults.is_on(Fault.EXPIRED_TOKENS_ACCEPTED),
            },
        )
        return Token(username=claims["sub"], token_id=claims["jti"], expires_at=int(claims["exp"]))
    except jwt.ExpiredSignatureError:
        raise TokenError("the token has expired") from None
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError):
        raise TokenError("the token is not valid") from None


def signed_anew(text: str, key: str) -> str:
    """The token's claims under a header and signature of our own, whatever it had: how not verifying looks."""
    claims = [*text.split("."), ""][1]
    unsigned = f"{base64url(HEADER)}.{claims}"
    signature = hmac.digest(key.encode(), unsigned.encode(), "sha256")
    return f"{unsigned}.{base64url(signature)}"


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def expired(username: str, key: str, now: datetime) -> str:
    """A genuine token whose time was over a day ago."""
    return issue(username, key, now - timedelta(days=1) - LIFETIME)


def foreign(username: str, now: datetime) -> str:
    """A token in order, signed by a key that is not the service's."""
    return issue(username, FOREIGN_KEY, now)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Print a token that the service must refuse.")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--expired", action="store_true", help="genuine, but its time is over")
    kind.add_argument("--foreign", action="store_true", help="signed by a key that is not the service's")
    parser.add_argument("--role", type=Role, default=Role.DOCTOR, choices=list(Role))
    options = parser.parse_args(arguments)
    now = datetime.now(UTC)
    name = settings.username(options.role)
    try:
        key = settings.signing_key(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    print(expired(name, key, now) if options.expired else foreign(name, now))
    return 0


if __name__ == "__main__":
    sys.exit(main())

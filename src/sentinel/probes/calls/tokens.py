"""What a token says, and tokens that a service must refuse, made from one that it accepts."""

import binascii
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

import orjson

_HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def claims(token: str) -> dict[str, Any]:
    """What a JWT says, unverified; empty when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}


def algorithm_of(token: str) -> str:
    """How a JWT says that it is signed; empty when it does not, or is none."""
    # `claims` reads the middle part; here the header takes that place.
    return str(claims(f".{token.partition('.')[0]}.").get("alg", ""))


def tampered(token: str) -> str:
    """The token with one character of its last part changed: of a JWT, its signature."""
    # Not the last character: some of its bits are padding, and a change of those alone would change nothing.
    start = token.rfind(".") + 1
    if start == len(token):  # without a signature, as a JWT of the algorithm `none`: a made-up one
        return f"{token}{secrets.token_urlsafe(32)}"
    place = start + (len(token) - start) // 2
    other = "A" if token[place] != "A" else "B"
    return f"{token[:place]}{other}{token[place + 1 :]}"


def foreign(token: str) -> str:
    """A token of the same content, signed by a key that was made up just now; for what is no JWT, a made-up text."""
    header, _, rest = token.partition(".")
    if not claims(token):
        return secrets.token_urlsafe(len(token))[: len(token)]
    body, _, signature = rest.partition(".")
    name = _HASHES.get(algorithm_of(token))
    if name is None:
        return f"{header}.{body}.{secrets.token_urlsafe(len(signature))[: len(signature)]}"
    signed = hmac.digest(secrets.token_bytes(64), f"{header}.{body}".encode(), name)
    return f"{header}.{body}.{_base64url(signed)}"


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()

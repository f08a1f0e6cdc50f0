"""Whether an ID token is to be believed (OpenID Connect Core 1.0, 3.1.3.7), and what it says.

Which signatures are taken is decided here and never by the token: what its header says only chooses among the provider's own
keys. A key or an address in a header (`jwk`, `jku`, `x5u`) is not looked at.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sentinel.base.errors import SentinelError

#: Signatures with a key pair, by this order. None that a shared secret makes, so no public key can be taken for one.
ALGORITHMS: Final = ("RS256", "ES256", "PS256", "EdDSA")

#: Seconds by which clocks may differ.
SKEW: Final = 60

#: Bytes of a token; providers put groups into it.
LONGEST: Final = 64 * 1024


class Refused(SentinelError):
    """Somebody may not come in, or the provider cannot be asked. The text says why, and holds nothing of theirs."""

    hint = "the log and `sentinel journal` say more; `web.oidc` names the provider"


class UnknownKey(Refused):
    """No key that is known made the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to be."""

    issuer: str
    client: str
    nonce: str
    algorithms: tuple[str, ...]
    now: datetime


def claims_of(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> Mapping[str, Any]:
    """What the token says.

    Raises:
        UnknownKey: it was signed with a key that is not among these.
        Refused: it is not to be believed.
    """
    # Only here: it takes 20 MB with its ciphers, and is only needed where people sign in elsewhere.
    from joserfc import errors, jwt  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    if len(token) > LONGEST:
        raise Refused("the ID token is too long")
    pairs = [key for key in keys if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"]
    if not pairs:
        raise UnknownKey("the provider has no key that could sign")
    try:
        found = jwt.decode(token, KeySet.import_key_set({"keys": pairs}), algorithms=list(expected.algorithms))  # type: ignore[typeddict-item]  # keys as they came
    except (errors.InvalidKeyIdError, errors.BadSignatureError) as error:
        raise UnknownKey(f"the signature of the ID token: {type(error).__name__}") from None
    except (errors.JoseError, ValueError, TypeError, KeyError) as error:
        raise Refused(f"the ID token cannot be read: {type(error).__name__}") from None
    _check(found.claims, expected)
    return found.claims


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    now = expected.now.timestamp()
    audience = claims.get("aud")
    heard = audience if isinstance(audience, list) else [audience]
    nonce = claims.get("nonce")
    if str(claims.get("iss", "")).rstrip("/") != expected.issuer:
        raise Refused("the ID token comes from another issuer")
    if expected.client not in heard:
        raise Refused("the ID token is for another client")
    if (len(heard) > 1 or "azp" in claims) and claims.get("azp") != expected.client:
        raise Refused("the ID token was made for another party")
    if not _number(claims.get("exp")) or claims["exp"] + SKEW <= now:
        raise Refused("the ID token has expired")
    if not _number(claims.get("iat")) or claims["iat"] - SKEW > now:
        raise Refused("the ID token is of a time to come")
    if _number(claims.get("nbf")) and claims["nbf"] - SKEW > now:
        raise Refused("the ID token does not hold yet")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Refused("the ID token belongs to another sign-in")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise Refused("the ID token names nobody")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def name_of(claims: Mapping[str, Any], claim: str) -> str:
    """What somebody is called, one line; the claims that stand in are tried one after the other."""
    for key in (claim, "email", "sub"):
        value = claims.get(key)
        if isinstance(value, str) and value.strip() and value.isprintable():
            return value.strip()[:100]
    return str(claims["sub"])[:100].encode("unicode_escape").decode()


def groups_of(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """The groups of somebody; the name of the claim may lead into objects by dots, such as `realm_access.roles`."""
    value: Any = claims.get(claim)
    if value is None:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return frozenset({value})
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()

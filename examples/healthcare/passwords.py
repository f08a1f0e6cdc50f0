"""Stored passwords: salted scrypt."""

import hashlib
import hmac
import os

COST = 2**12  # about 10 ms; low for a real service, so that a monitor logging in each minute costs little


def hashed(password: str) -> str:
    salt = os.urandom(16)
    return f"{salt.hex()}:{derive(password, salt).hex()}"


def matches(password: str, stored: str) -> bool:
    salt, _, key = stored.partition(":")
    return hmac.compare_digest(derive(password, bytes.fromhex(salt)), bytes.fromhex(key))


def derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=8, p=1)

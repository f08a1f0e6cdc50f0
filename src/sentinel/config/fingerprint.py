"""Fingerprints: short texts that change when what they stand for changes, and from which nothing can be read back."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from typing import Any

from sentinel.base.redact import Secret

#: Lives as long as this process. A plain hash of a secret could be tried out by whoever sees it.
_KEY = os.urandom(32)

_WRITER = json.JSONEncoder(sort_keys=True, default=str, separators=(",", ":"))

_DIGITS = 16  # hexadecimal


def fingerprint(content: Any, secrets: Iterable[Secret] = ()) -> str:
    """The fingerprint of a tree without secrets, and behind a dash one of the secrets, which holds for this process only."""
    digest = hashlib.sha256(_WRITER.encode(content).encode()).hexdigest()[:_DIGITS]
    values = [secret.reveal() for secret in secrets]
    if not values:
        return digest
    keyed = hmac.new(_KEY, json.dumps(values).encode(), hashlib.sha256)
    return f"{digest}-{keyed.hexdigest()[:_DIGITS]}"

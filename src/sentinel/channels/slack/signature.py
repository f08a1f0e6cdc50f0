"""Whether a request comes from Slack, and for the first time.

Slack signs `v0:timestamp:body` by HMAC-SHA256 with the app's signing secret
(docs.slack.dev/authentication/verifying-requests-from-slack).
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from sentinel.base.redact import Secret

TOLERANCE: Final = timedelta(minutes=5)  # what Slack recommends
MOST_SEEN: Final = 10_000  # signatures that are remembered; all of them were Slack's

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")


def is_signed(secret: Secret, timestamp: str, body: bytes, signature: str, now: datetime) -> bool:
    """Whether the signature fits the body and a time that is at most `TOLERANCE` away."""
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    signed = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


class Seen:
    """The signatures of the last minutes: a request that was recorded on its way counts once."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, datetime] = OrderedDict()  # in the order in which they came

    def first_time(self, signature: str, now: datetime) -> bool:
        """Whether the signature, which must have been verified, is new; it is not from then on."""
        while self._until and next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)
        if signature in self._until or len(self._until) >= MOST_SEEN:
            return False
        # A timestamp may lie ahead by the tolerance, and is accepted until as long after.
        self._until[signature] = now + 2 * TOLERANCE
        return True

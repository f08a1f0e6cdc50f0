"""What a message belongs to, as a name that a receiver keeps: all of one trouble have the same one.

An incident that carries on the conversation of another one has that one's name, so what was opened for the first is continued
and closed by the last.
"""

from hashlib import blake2b
from typing import Final

from sentinel.core.notification import Kind, Message, Notification

#: Both are about Sentinel's own store: the end closes what the beginning opened.
_OF_STORE: Final = frozenset({Kind.STORE_DOWN, Kind.STORE_UP})
_LONGEST_SOURCE: Final = 60  # characters of a Sentinel's name; every receiver takes as much, even with the rest


def conversation(notification: Notification) -> str:
    """The name: at most 120 characters, of letters, digits, `-`, `_` and `.`, so that it can be a part of a URL's path."""
    message = notification.message
    return f"sentinel-{_source(message.source)}-{_part(message, notification.key)}"


def _part(message: Message, key: str) -> str:
    if message.incident is not None:
        return str(message.incident.thread or message.incident.id)
    if message.kind in _OF_STORE:
        return "store"
    if message.window is not None:
        return f"window-{_digest(message.window.id)}"
    if message.deployment is not None:
        return f"deployment-{message.deployment.id}"
    return _digest(key)


def _source(name: str) -> str:
    """The Sentinel's name, if it can stand in a URL as it is."""
    plain = name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    return name if plain and len(name) <= _LONGEST_SOURCE else _digest(name)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

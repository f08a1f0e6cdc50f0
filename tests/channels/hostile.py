"""Messages whose every text tries to break out of where it stands, and messages of a storm."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from sentinel.core.notification import AboutOther, Kind, Message
from sentinel.core.rule import Severity
from tests.kit.messages import message, news

NASTY = (
    "@everyone <@1> <!channel> [click](https://evil.example/) https://evil.example/ **bold** `code` ||spoiler||\r\n"
    '# head\n> quote\n<script>alert(1)</script> <at>all</at> &lt; {{DATE(1)}} ${x} "quoted" \\ \\\\* \x00\x1b[31m\u202e\ud800🔥界'
)
MANY = 5_000


def hostile(kind: Kind, times: int = 1) -> Message:
    """A message of that kind with nothing but nasty texts, each so many times as long."""
    changed: Message = _spoilt(_crowded(message(kind), 30), NASTY * times)
    return changed


def storm(kind: Kind) -> Message:
    """A message of that kind that thousands of others belong to."""
    return _crowded(message(kind), MANY)


def _crowded(told: Message, count: int) -> Message:
    if told.kind is Kind.DIGEST:
        return replace(told, news=tuple(map(news, range(1, count + 1))), others_count=count)
    if told.incident is None:
        return told
    others = (
        AboutOther(check=f"till-{n}", title=f"Till {n}", incident=n, severity=Severity.CRITICAL) for n in range(count)
    )
    return replace(told, others=tuple(others), others_count=count)


def _spoilt(value: Any, text: str) -> Any:
    if type(value) is str:  # an enumeration's member is a fact, and no text
        return text
    if type(value) is tuple:
        return tuple(_spoilt(one, text) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _spoilt(getattr(value, field.name), text) for field in fields(value)})
    return value

"""The Discord channel: one embed for each message, posted to a webhook (docs.discord.com/developers/resources/webhook).

Discord reads Markdown in embeds and makes links of addresses; every sign that could mean something stands behind a backslash.
It calls nobody: no mention is allowed, whatever a text says. A webhook has no threads of its own and no key for repeats.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import field_validator

from sentinel.base.addresses import checked_url
from sentinel.base.clock import Clock
from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.channels.attachments import row_text
from sentinel.channels.base import FOR_PEOPLE, ChannelKind, ChannelTools
from sentinel.channels.fields import CaFile
from sentinel.channels.payload import dump
from sentinel.channels.plain import fitting, units, within
from sentinel.channels.poster import TIMEOUT, Post, Poster
from sentinel.channels.render import Line, Words
from sentinel.channels.wording import COLOURS, Wording
from sentinel.core.notification import Notification, Outcome, Receipt

#: docs.discord.com, "Embed limits", in characters.
CONTENT_LIMIT: Final = 2_000
EMBED_LIMIT: Final = 6_000  # of all texts of all embeds
DESCRIPTION_LIMIT: Final = 4_096
FIELDS: Final = 25
VALUE_LIMIT: Final = 1_024
FOOTER_LIMIT: Final = 2_048
_VALUE_SHOWN: Final = 700  # so that one long field leaves room for the others
_REFUSED_FOR_GOOD: Final = frozenset({400})  # "Invalid Form Body"
_LONGEST_WAIT: Final = 86_400.0  # seconds

#: What Markdown, mentions, links and timestamps are made of: of a backslash and a sign Discord shows the sign.
_MEANING: Final = re.compile(r"([\\*_~`|<\[\]@]|:(?=//))")
#: What begins a heading, a quote or a list.
_BEGINNING: Final = re.compile(r"^([ ]*)([>#+-])", re.MULTILINE)


class DiscordOptions(Options):
    """The address of a webhook."""

    url: SecretField
    """Address of the webhook, from the settings of the channel. It is kept secret: whoever has it can post. With
    `?thread_id=…` the messages go into that thread."""

    ca_file: CaFile | None = None
    """File of certificate authorities (PEM) to trust for this address instead of the system's."""

    _url = field_validator("url")(checked_url)


class Discord:
    """Posts to one webhook."""

    def __init__(self, options: DiscordOptions, clock: Clock, wording: Wording) -> None:
        self._url = _waiting(options.url)
        self._wording = wording
        self._poster = Poster(options.url, clock, ca_file=options.ca_file, wait_of=wait_of, final=_REFUSED_FOR_GOOD)

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        said = self._wording.words(notification.message)
        content = dump(body(said, notification, repeat=notification.is_repeat))
        return await self._poster.post((Post(url=self._url, content=content, headers={}),), deadline)

    async def close(self) -> None:
        """Holds nothing between attempts."""


def _waiting(url: Secret) -> Secret:
    """The address, asking for an answer only once the message is there; otherwise one that is lost looks like a success."""
    parts = urlsplit(url.reveal())
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "wait"]
    return Secret(urlunsplit(parts._replace(query=urlencode([*query, ("wait", "true")]), fragment="")))


def wait_of(reply: bytes) -> timedelta | None:
    """How long an answer 429 asks to wait; None when it does not say."""
    try:
        seconds = float(json.loads(reply)["retry_after"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), _LONGEST_WAIT)) if seconds == seconds else None


def body(said: Words, notification: Notification, *, repeat: bool = False) -> dict[str, Any]:
    """What is posted.

    Args:
        said: the words.
        notification: the row.
        repeat: it may be there already; it is marked, since Discord drops no repeats.
    """
    subject = escaped(said.subject + (" (repeat)" if repeat else ""), CONTENT_LIMIT)
    footer = within(said.footer, FOOTER_LIMIT)  # the one text that Discord shows as it is
    room = EMBED_LIMIT - units(footer)
    fields = list(_fields(said, room))
    room -= sum(units(field["name"]) + units(field["value"]) for field in fields)
    embed = {
        "color": int(COLOURS[said.tone].removeprefix("#"), 16),
        "timestamp": notification.message.at.isoformat(timespec="milliseconds"),
        "footer": {"text": footer},
        "fields": fields,
    }
    if description := _description(said, min(DESCRIPTION_LIMIT, room)):
        embed["description"] = description
    return {"content": subject, "embeds": [embed], "allowed_mentions": {"parse": []}}


def _fields(said: Words, room: int) -> Iterator[dict[str, str]]:
    """The lines, as many as there is room for: they stand in the order of what matters."""
    for line in [line for line in said.lines if line.text][:FIELDS]:  # Discord takes no empty field
        field = {"name": escaped(line.label, VALUE_LIMIT), "value": _value(line)}
        room -= units(field["name"]) + units(field["value"])
        if room < 0:
            return
        yield field


def _value(line: Line) -> str:
    if line.link and units(line.link) <= VALUE_LIMIT:
        return line.link  # of the configuration: it is to be a link
    return escaped(line.text, _VALUE_SHOWN)


def _description(said: Words, limit: int) -> str:
    """The body, and what is one of many."""
    if limit < 100:
        return ""
    lines = [*said.body.splitlines(), *map(row_text, said.rows)]
    return fitting([escaped(line, _VALUE_SHOWN) for line in lines], limit, units)


def escaped(text: str, limit: int) -> str:
    """The text as Discord shows it unchanged, in at most so many UTF-16 units, never cut behind a backslash."""
    shown = _with_backslashes(text)
    while units(shown) > limit:
        text = within(text, max(units(text) - max((units(shown) - limit) // 2, 1), 1))
        shown = _with_backslashes(text)
    return shown


def _with_backslashes(text: str) -> str:
    return _BEGINNING.sub(r"\1\\\2", _MEANING.sub(r"\\\1", text))


def _build(_name: str, options: DiscordOptions, tools: ChannelTools) -> Discord:
    return Discord(options, tools.clock, tools.wording)


DISCORD: Final = ChannelKind(
    name="discord",
    summary="Posts each message to a webhook of Discord.",
    options=DiscordOptions,
    build=_build,
    timeout=TIMEOUT,
    gap=2.0,  # Discord takes some 30 messages a minute of one webhook
    budget=FOR_PEOPLE,
)

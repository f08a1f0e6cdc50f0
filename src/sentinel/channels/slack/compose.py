"""What is posted for a message: in its own words, and as the first message of its thread, which shows the present state."""

from dataclasses import replace
from typing import Any, Final

from sentinel.channels.render import Words
from sentinel.channels.slack.blocks import TEXT_LIMIT, Post, post
from sentinel.channels.slack.buttons import buttons
from sentinel.channels.slack.options import SlackOptions
from sentinel.channels.wording import Wording
from sentinel.core.incident import Phase
from sentinel.core.notification import OF_DEPLOYMENTS, Kind, Message, Notification

EVENT: Final = "sentinel_notification"  # type of the metadata that carries the key

#: Only these call somebody; news of recovery wakes nobody.
_CALLING: Final = frozenset(
    {Kind.OPENED, Kind.WORSENED, Kind.ESCALATED, Kind.REMINDED, Kind.ACKNOWLEDGEMENT_EXPIRED, Kind.UNACKNOWLEDGED}
    | {Kind.COMMAND_PLANNED, Kind.STORE_DOWN}
)
#: Replies that stand in the channel as well: whoever does not follow the thread has to see them.
_BROADCAST: Final = frozenset({Kind.WORSENED, Kind.ESCALATED, Kind.COMMAND_PLANNED, Kind.PROGRESS}) | (
    OF_DEPLOYMENTS - {Kind.ROLLBACK_STARTED}
)
_OVER: Final = frozenset({Kind.RESOLVED, Kind.WITHDRAWN})

#: Lines that the thread's first message has anyway; a reply that only stands below it goes without them.
_STANDING: Final = frozenset(
    {"What", "Since", "Suspect", "What to do", "Runbook", "Look at", "Acknowledge with", "Started", "Window", "Impact"}
)
#: News of who has it say nothing new of the trouble itself.
_ABOUT_PEOPLE: Final = frozenset({Kind.ACKNOWLEDGED, Kind.ACKNOWLEDGEMENT_EXPIRED, Kind.UNACKNOWLEDGED, Kind.ASSIGNED})
_TROUBLE: Final = frozenset({"How bad", "Why", "Also", "Also affected", "Depend on it", "Well again"})


def compose(
    name: str, options: SlackOptions, notification: Notification, wording: Wording, *, reply: bool = False
) -> Post:
    """The message as it is posted.

    Args:
        name: of the channel in the configuration.
        options: of the channel.
        notification: the row.
        wording: who says it.
        reply: it goes into a thread; the buttons stand below the thread's first message only.
    """
    message = notification.message
    actions = buttons(message, name) if options.has_buttons and not reply else None
    said, call = wording.words(message), mention(options, message)
    if reply and not is_broadcast(options, message):
        said = brief(said, message.kind)
    return _within(post(said, mention=call, repeat=notification.is_repeat, actions=actions))


def brief(said: Words, kind: Kind) -> Words:
    """What a reply says that stands below the whole story."""
    known = _STANDING | _TROUBLE if kind in _ABOUT_PEOPLE else _STANDING
    return replace(said, lines=tuple(line for line in said.lines if line.label not in known))


def first_post(name: str, options: SlackOptions, message: Message, wording: Wording, *, informs: bool = False) -> Post:
    """The first message of the thread, as it has to look after a message. It calls nobody.

    Args:
        name: of the channel in the configuration.
        options: of the channel.
        message: the latest one.
        wording: who says it.
        informs: the thread is for people who are kept informed only.
    """
    if informs:
        return _within(post(wording.words(message)))
    shown = present(message)
    actions = buttons(shown, name) if options.has_buttons else None
    return _within(post(wording.words(shown), actions=actions))


def present(message: Message) -> Message:
    """The state of the incident after a message, instead of the turn that the message tells."""
    incident = message.incident
    if incident is None or message.kind in _OVER:
        return message
    taken = incident.phase is Phase.ACKNOWLEDGED
    kind = Kind.ACKNOWLEDGED if taken else Kind.OPENED
    incident = replace(incident, level=0)
    return replace(message, kind=kind, severity=incident.severity, title="", text="", files=(), incident=incident)


def mention(options: SlackOptions, message: Message) -> str:
    """Whom the message calls: by its level of escalation where that has a mention, otherwise by its severity."""
    if message.kind not in _CALLING:
        return ""
    mentions, level = options.mentions, message.incident.level if message.incident else 0
    return mentions.get(f"level{level}") or mentions.get(message.severity.name.lower(), "")


def is_broadcast(options: SlackOptions, message: Message) -> bool:
    """Whether a reply is shown in the channel, too."""
    return message.kind in _BROADCAST or (options.broadcast_resolved and message.kind is Kind.RESOLVED)


def metadata(notification: Notification) -> dict[str, Any]:
    """What goes along unseen, by which a repeat can be told."""
    message = notification.message
    about = {"incident": message.incident.id} if message.incident else {}
    about |= {"deployment": message.deployment.id} if message.deployment else {}
    return {"event_type": EVENT, "event_payload": {"key": notification.key, "kind": message.kind.value, **about}}


def _within(composed: Post) -> Post:
    return replace(composed, text=composed.text[:TEXT_LIMIT])

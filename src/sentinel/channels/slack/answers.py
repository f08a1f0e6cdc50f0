"""What Slack's words for errors mean for a delivery."""

from typing import Final

from sentinel.core.notification import Cause, Failed

#: Nobody brings these back: a new channel, bot or address takes their place, and the configuration has to name it.
_GONE: Final = frozenset(
    {"is_archived", "channel_is_archived", "no_service", "no_team", "account_inactive", "token_revoked"}
)
#: The message itself is not taken, and will be the same tomorrow.
_UNUSABLE: Final = frozenset(
    {
        "msg_too_long", "no_text", "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long",
        "too_many_attachments", "invalid_arguments", "invalid_payload",
    }
)  # fmt: skip
#: Whoever runs this can mend these: renew a token, grant a scope, invite the bot (a private channel that it is no member of
#: is `channel_not_found` to it). So they are tried again.
_CREDENTIALS: Final = frozenset(
    {
        "invalid_auth", "not_authed", "token_expired", "missing_scope", "invalid_token", "no_permission",
        "not_allowed_token_type", "access_denied", "org_login_required",
    }
)  # fmt: skip
_REFUSED: Final = frozenset(
    {
        "channel_not_found", "not_in_channel", "restricted_action", "posting_to_general_channel_denied",
        "action_prohibited", "user_not_found",
    }
)  # fmt: skip
_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})

#: The thread is gone; the message itself can still be posted.
NO_THREAD: Final = frozenset(
    {
        "thread_not_found", "message_not_found", "cannot_reply_to_message", "invalid_thread_ts", "thread_locked",
        "restricted_action_thread_locked",
    }
)  # fmt: skip
#: The message can never be brought up to date (again): people deleted it, or the workspace lets nobody edit so late.
NO_UPDATE: Final = frozenset(
    {
        "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "is_inactive",
        "channel_not_found",
    }
)  # fmt: skip


def judge_word(word: str) -> Failed:
    """What one of Slack's words for an error means for a delivery."""
    detail = f"Slack says {word}"
    if ended := final(word, detail):
        return ended
    if word in _LIMITED:
        return Failed(cause=Cause.RATE_LIMITED, detail=detail)
    if word in _CREDENTIALS:
        return Failed(cause=Cause.CREDENTIAL_REFUSED, detail=detail)
    return Failed(cause=Cause.REFUSED if word in _REFUSED else Cause.SERVER_ERROR, detail=detail)


def final(word: str, detail: str) -> Failed | None:
    """What the words mean after which no other attempt can help; None for all others."""
    if word in _GONE:
        return Failed(cause=Cause.GONE, detail=detail, permanent=True)
    return Failed(cause=Cause.REFUSED, detail=detail, permanent=True) if word in _UNUSABLE else None

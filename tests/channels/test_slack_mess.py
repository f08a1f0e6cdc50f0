"""Whatever people do to messages, all news stands where somebody can read it, and one message shows how it is now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.core.notification import Kind, Sent
from tests.channels.test_slack_threads import Line
from tests.kit.slack import Posted, SlackServer


@dataclass(frozen=True, kw_only=True)
class Tell:
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Delete:
    """Somebody deletes one of the messages in the channel."""

    which: int


@dataclass(frozen=True, kw_only=True)
class Refuse:
    method: str
    word: str


KINDS = (Kind.WORSENED, Kind.ESCALATED, Kind.REMINDED, Kind.ACKNOWLEDGED, Kind.ACKNOWLEDGEMENT_EXPIRED)
DOINGS = st.one_of(
    st.builds(Tell, kind=st.sampled_from(KINDS)),
    st.builds(Delete, which=st.integers(0, 5)),
    st.builds(
        Refuse,
        method=st.just("chat.update"),
        word=st.sampled_from(["edit_window_closed", "cant_update_message", "ratelimited"]),
    ),
    st.builds(Refuse, method=st.just("chat.postMessage"), word=st.sampled_from(["thread_not_found", "thread_locked"])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DOINGS, max_size=12))
def test_no_mess_loses_news(doings: list[Tell | Delete | Refuse]) -> None:
    asyncio.run(live(doings))


async def live(doings: list[Tell | Delete | Refuse]) -> None:
    async with SlackServer() as slack:
        line = Line(slack)
        await line.tell(Kind.OPENED)
        for doing in doings:
            match doing:
                case Tell(kind=kind):
                    await tell(slack, line, kind)
                case Delete(which=which) if top := slack.top():
                    slack.delete(top[which % len(top)])
                case Refuse(method=method, word=word):
                    slack.refuse(method, word)
        slack.refusals.clear()
        await tell(slack, line, Kind.RESOLVED)
        assert any("RESOLVED" in one.header for one in slack.top())


async def tell(slack: SlackServer, line: Line, kind: Kind) -> None:
    before = len(slack.messages)
    outcome = await line.tell(kind)
    if not isinstance(outcome, Sent):
        return  # the dispatcher tries again
    told = next(one for one in slack.messages[before:] if one.metadata["event_payload"]["kind"] == kind.value)
    assert can_be_read(slack, told)


def can_be_read(slack: SlackServer, told: Posted) -> bool:
    """Whether it stands in the channel, or in the thread of something that does."""
    return not told.thread_ts or any(one.ts == told.thread_ts for one in slack.messages)

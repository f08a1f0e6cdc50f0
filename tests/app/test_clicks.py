"""Clicks on Slack's buttons, by both ways in which they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.app.clicks import MOST_AT_ONCE, Clicks, Heard
from sentinel.app.keeper import NotDone
from sentinel.base.clock import Clock, SystemClock
from sentinel.base.errors import StoreUnavailable
from sentinel.channels.render import words
from sentinel.channels.slack.blocks import post
from sentinel.channels.slack.buttons import buttons
from sentinel.channels.slack.options import SlackOptions
from sentinel.core.access import Via
from sentinel.core.incident import Acknowledge, Acknowledgement, Address, Event, Incident, Phase, Refusal
from sentinel.core.notification import Kind, Message
from sentinel.core.oncall import Person
from sentinel.core.plan import ChannelPlan, Plan
from sentinel.core.rule import Severity
from tests.kit.accounts import StillJournal
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.messages import NOW, OPENED, message
from tests.kit.scene import POLICY, plan
from tests.kit.slack import APP_TOKEN, BOT_TOKEN, KIM, Posted, SlackServer, signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ACKNOWLEDGE, SILENCE, VETO = "sentinel_acknowledge", "sentinel_silence", "sentinel_veto"


class Releases:
    """Stops rollbacks, or says why not."""

    def __init__(self) -> None:
        self.stopped: list[tuple[int, str, str]] = []
        self.begun = False

    async def veto(self, number: int, by: str, why: str) -> object:
        if self.begun:
            raise NotDone("the rollback has begun, or is over", "See to it yourself.")
        self.stopped.append((number, by, why))
        return None


class Desk:
    """Does what clicks ask for, with one incident."""

    def __init__(self) -> None:
        self.incident = Incident(check="payroll-api", policy=POLICY, began_at=NOW, id=12, phase=Phase.OPEN)
        self.deployments = Releases()
        self.silenced: list[tuple[str, timedelta, str]] = []
        self.failure: Exception | None = None
        self.until: datetime | None = None  # until when the check is silenced

    async def incidents(self) -> Iterable[Incident]:
        return [self.incident] if self.incident.is_open else []

    async def meet(self, number: int, event: Event) -> Incident | Refusal:
        assert isinstance(event, Acknowledge)
        if self.failure is not None:
            raise self.failure
        if number != self.incident.id:
            return Refusal.NO_INCIDENT
        if self.incident.phase is Phase.RESOLVED:
            return Refusal.ALREADY_RESOLVED
        taken = Acknowledgement(by=event.by, why=event.why, at=NOW, until=NOW + timedelta(hours=1))
        self.incident = replace(self.incident, phase=Phase.ACKNOWLEDGED, acknowledgement=taken)
        return self.incident

    def silenced_until(self, check: str) -> datetime | None:
        return self.until

    async def silence_check(self, check: str, hold: timedelta, by: str, why: str) -> None:
        self.silenced.append((check, hold, by))

    @property
    def taken_by(self) -> str:
        return self.incident.acknowledgement.by if self.incident.acknowledgement else ""


class Room:
    """A workspace with one message of ours, and the clicks on it."""

    def __init__(self, slack: SlackServer, clock: Clock | None = None) -> None:
        self.slack = slack
        self.desk = Desk()
        self.journal = StillJournal()
        self.clicks = Clicks(self.desk, clock or SystemClock(), Random(1), self.journal)

    def plan(self, *, name: str = "ward", people: Iterable[Person] = (), **options: Any) -> Plan:
        given = {"token": BOT_TOKEN, "channel": "#ops", "api_url": self.slack.api_url, **options}
        channel = ChannelPlan(name="ops", kind="slack", options=SlackOptions.model_validate(given))
        return replace(plan(port=0), name=name, channels=(channel,), people={one.name: one for one in people})

    def message(self, told: Message = OPENED) -> Posted:
        shown = post(words(told), actions=buttons(told, "ops"))
        posted = Posted(channel="C0OPS", ts=f"1.{len(self.slack.messages)}", text=shown.text, blocks=list(shown.blocks))
        self.slack.messages.append(posted)
        return posted

    def request(self, action: str = ACKNOWLEDGE, *, secret: str = SECRET, at: datetime | None = None) -> Heard:
        """Press a button below a new message; Slack posts it."""
        moment = int((at or SystemClock().now()).timestamp())
        told = message(Kind.DEPLOYMENT_FAILED) if action == VETO else OPENED
        body, headers = signed(self.slack.payload(self.message(told), action), secret, moment)
        return self.clicks.request(body, headers["x-slack-request-timestamp"], headers["x-slack-signature"])

    async def told(self) -> str:
        """What the clicker alone is told."""
        await self.slack.shows(lambda: self.slack.told_privately)
        return self.slack.told_privately[0]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with SlackServer() as slack:
        room = Room(slack)
        yield room
        await room.clicks.stop()


# --- Socket Mode -----------------------------------------------------------------------------------------------------


async def test_a_click_by_socket_mode_takes_the_incident(room: Room) -> None:
    await room.clicks.equip(room.plan(app_token=APP_TOKEN))
    await room.slack.connections.reach(1)
    assert await room.slack.click(room.message(), ACKNOWLEDGE)
    await eventually(lambda: room.desk.taken_by)
    assert room.desk.taken_by == f"slack:{KIM}"


async def test_a_person_of_the_configuration_is_called_by_name(room: Room) -> None:
    kim = Person(name="kim", addresses=(Address("ops", KIM), Address("mail", "kim@example.org")))
    await room.clicks.equip(room.plan(app_token=APP_TOKEN, people=[kim]))
    await room.slack.connections.reach(1)
    await room.slack.click(room.message(), ACKNOWLEDGE)
    await eventually(lambda: room.desk.taken_by)
    assert room.desk.taken_by == "kim"


async def test_what_a_click_did_is_in_the_journal_and_what_it_did_not_is_not(room: Room) -> None:
    await room.clicks.equip(room.plan(app_token=APP_TOKEN))
    await room.slack.connections.reach(1)
    for _ in range(2):  # the second finds the incident taken
        await room.slack.click(room.message(), ACKNOWLEDGE)
        await eventually(lambda: not room.clicks._under_way)
    await eventually(lambda: room.journal.deeds)
    [deed] = room.journal.deeds
    assert (deed.by, deed.via, deed.action) == (f"slack:{KIM}", Via.SLACK, "incident.acknowledge")


async def test_a_connection_that_slack_refreshes_is_succeeded_before_it_ends(room: Room) -> None:
    await room.clicks.equip(room.plan(app_token=APP_TOKEN))
    await room.slack.connections.reach(1)
    await room.slack.disconnect()
    assert await room.slack.click(room.message(), SILENCE)
    await room.slack.connections.reach(2)
    assert await room.slack.click(room.message(), ACKNOWLEDGE)
    await eventually(lambda: room.desk.taken_by and room.desk.silenced)


async def test_a_lost_connection_is_opened_again(room: Room) -> None:
    await room.clicks.equip(room.plan(app_token=APP_TOKEN))
    await room.slack.connections.reach(1)
    await room.slack.socket.close()
    await room.slack.connections.reach(2)
    assert await room.slack.click(room.message(), ACKNOWLEDGE)


@pytest.mark.parametrize("word", ["invalid_auth", "not_allowed_token_type"])
async def test_a_refused_token_is_tried_again_slowly(word: str) -> None:
    clock = FakeClock()
    async with SlackServer() as slack:
        room = Room(slack, clock)
        slack.refuse("apps.connections.open", *[word] * 5)
        await room.clicks.equip(room.plan(app_token=APP_TOKEN))
        await slack.calls.reach(1)
        await eventually(lambda: clock._sleepers)
        await clock.advance(minutes=4)
        assert len(slack.calls) == 1
        assert room.clicks.trouble() == ""
        await clock.advance(minutes=2)
        await slack.calls.reach(2)
        assert room.clicks.trouble() == f"Slack says {word}"
        await room.clicks.stop()


async def test_a_reload_ends_the_connection_of_an_app_that_left(room: Room) -> None:
    await room.clicks.equip(room.plan(app_token=APP_TOKEN))
    await room.slack.connections.reach(1)
    await room.clicks.equip(room.plan())
    await eventually(lambda: room.slack.socket.closed)


async def test_two_channels_of_one_app_share_a_connection(room: Room) -> None:
    whole = room.plan(app_token=APP_TOKEN)
    twice = replace(whole, channels=(whole.channels[0], replace(whole.channels[0], name="lead")))
    await room.clicks.equip(twice)
    await room.slack.connections.reach(1)
    await room.clicks.equip(twice)
    assert len(room.slack.connections) == 1


@pytest.mark.parametrize(
    "said", ["no json", "[1]", '{"type": 5}', "{" * 5_000, '{"type": "x", "envelope_id": "e", "payload": []}']
)
async def test_what_is_not_slacks_language_ends_nothing(room: Room, said: str) -> None:
    await room.clicks.equip(room.plan(app_token=APP_TOKEN))
    await room.slack.connections.reach(1)
    await room.slack.socket.send_str(said)
    assert await room.slack.click(room.message(), ACKNOWLEDGE)


# --- Signed requests -------------------------------------------------------------------------------------------------


async def test_a_signed_request_takes_the_incident(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    assert room.request() is Heard.TAKEN
    await eventually(lambda: room.desk.taken_by)


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_request_of_another_time_is_not_slacks(room: Room, minutes: int) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    assert room.request(at=SystemClock().now() + timedelta(minutes=minutes)) is Heard.NOT_SLACKS


@pytest.mark.parametrize("secret", ["another", "", SECRET.upper()])
async def test_a_request_of_another_signature_is_not_slacks(room: Room, secret: str) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    assert room.request(secret=secret) is Heard.NOT_SLACKS
    assert not room.desk.taken_by


@pytest.mark.parametrize(
    ("timestamp", "signature"), [("", ""), ("x", "v0="), ("1e3", "é"), ("9" * 40, "v0=00"), ("-1", "v1=00")]
)
async def test_headers_that_are_none_are_not_slacks(room: Room, timestamp: str, signature: str) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    assert room.clicks.request(b"payload={}", timestamp, signature) is Heard.NOT_SLACKS


async def test_a_request_counts_once(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    body, headers = signed(room.slack.payload(room.message(), SILENCE), SECRET, int(SystemClock().now().timestamp()))
    heard = [
        room.clicks.request(body, headers["x-slack-request-timestamp"], headers["x-slack-signature"]) for _ in range(2)
    ]
    assert heard == [Heard.TAKEN, Heard.NOT_SLACKS]
    await eventually(lambda: room.desk.silenced)
    assert len(room.desk.silenced) == 1


async def test_without_a_secret_no_request_is_slacks(room: Room) -> None:
    await room.clicks.equip(room.plan(app_token=APP_TOKEN))
    assert room.request(secret="") is Heard.NOT_SLACKS


async def test_more_clicks_than_can_be_followed_are_refused(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    heard = [room.request(SILENCE, at=SystemClock().now() + timedelta(seconds=n)) for n in range(MOST_AT_ONCE + 2)]
    assert heard == [Heard.TAKEN] * MOST_AT_ONCE + [Heard.TOO_MANY] * 2


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "view_submission"},
        {"type": "block_actions", "actions": [{}]},
        {"type": "block_actions", "actions": "x", "user": 1},
    ],
)
async def test_other_news_of_slack_is_heard_and_changes_nothing(room: Room, payload: dict[str, Any]) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    body, headers = signed(payload, SECRET, int(SystemClock().now().timestamp()))
    heard = room.clicks.request(body, headers["x-slack-request-timestamp"], headers["x-slack-signature"])
    assert heard is Heard.TAKEN
    assert not room.desk.taken_by


# --- What comes of a click -------------------------------------------------------------------------------------------


async def test_a_silence_is_shown_below_the_message(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.request(SILENCE)
    await room.slack.calls.reach(1)
    (posted,) = room.slack.messages
    assert room.desk.silenced == [("payroll-api", timedelta(hours=1), f"slack:{KIM}")]
    assert posted.note.startswith(f"Silenced by slack:{KIM} until ")
    assert posted.actions == [ACKNOWLEDGE, "sentinel_runbook"]


@pytest.mark.parametrize(("minutes", "silences"), [(50, 0), (10, 1)])
async def test_a_check_is_not_silenced_again_and_again(room: Room, minutes: int, silences: int) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.desk.until = SystemClock().now() + timedelta(minutes=minutes)
    room.request(SILENCE)
    await room.slack.calls.reach(1)
    assert len(room.desk.silenced) == silences
    assert len(room.slack.told_privately) == 1 - silences


async def test_a_message_of_an_incoming_webhook_is_brought_up_to_date_by_the_click(room: Room) -> None:
    hook: dict[str, Any] = {"token": None, "channel": "", "webhook_url": f"{room.slack.api_url}hook"}
    await room.clicks.equip(room.plan(signing_secret=SECRET, **hook))
    room.request()
    await room.slack.calls.reach(1)
    (posted,) = room.slack.messages
    assert posted.note == f"Taken by slack:{KIM} until 2026-03-02 04:18:05 UTC"
    assert posted.actions == ["sentinel_runbook"]


async def test_of_two_who_click_one_takes_it(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.desk.incident = replace(
        room.desk.incident,
        phase=Phase.ACKNOWLEDGED,
        acknowledgement=Acknowledgement(by="ann", why="", at=NOW, until=NOW),
    )
    room.request()
    assert await room.told() == "ann has it already, until 2026-03-02 03:18:05 UTC. To take it over: `sentinel ack 12`."
    assert room.desk.taken_by == "ann"


async def test_who_is_not_allowed_is_told_so_alone(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET, allowed_users=["U0ANN"]))
    room.request()
    assert "`allowed_users`" in await room.told()
    assert not room.desk.taken_by


async def test_a_click_is_for_the_incident_that_goes_on_in_the_thread(room: Room) -> None:
    """Another check of the same group has taken over, and the first message does not say so yet."""
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.desk.incident = replace(room.desk.incident, id=13, thread=12)
    room.request()
    await eventually(lambda: room.desk.taken_by)


async def test_a_click_on_what_is_over_is_refused(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.desk.incident = replace(room.desk.incident, phase=Phase.RESOLVED, severity=Severity.OK)
    room.request()
    assert await room.told() == "It is over already: there is nothing to take."


async def test_a_click_on_the_message_of_another_sentinel_is_refused(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET, name="lab"))
    room.request()
    assert await room.told() == "This message is of the Sentinel 'ward'; 'lab' heard the click."
    assert not room.desk.taken_by


async def test_a_store_that_does_not_answer_is_told(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.desk.failure = StoreUnavailable("it is acknowledged, but the store has not confirmed it yet")
    room.request()
    assert (await room.told()).startswith("it is acknowledged, but the store has not confirmed it yet")


async def test_a_fault_of_ours_is_not_taken_for_a_success(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.desk.failure = RuntimeError("canary-5b1d")
    room.request()
    assert await room.told() == "That did not work: a fault in Sentinel; its log has the details."


# --- Rollbacks -------------------------------------------------------------------------------------------------------


async def test_a_click_stops_the_rollback_of_a_deployment(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.request(VETO)
    await room.slack.calls.reach(1)
    (posted,) = room.slack.messages
    assert room.desk.deployments.stopped == [(7, f"slack:{KIM}", "by a button in Slack")]
    assert (posted.note, posted.actions) == (f"Stopped by slack:{KIM}", [])
    [deed] = room.journal.deeds
    assert (deed.action, deed.subject) == ("deployment.veto", "deployment 7")


async def test_who_clicks_too_late_is_told_so_alone(room: Room) -> None:
    await room.clicks.equip(room.plan(signing_secret=SECRET))
    room.desk.deployments.begun = True
    room.request(VETO)
    assert (await room.told()).startswith("the rollback has begun, or is over")
    assert room.journal.deeds == []

"""Whether a request comes from Slack."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.redact import Secret
from sentinel.channels.slack.signature import MOST_SEEN, TOLERANCE, Seen, is_signed

# The example of Slack's own page about verifying requests.
SECRET = Secret("8f742231b10e8888abcd99yyyzzz85a5")
AT = datetime.fromtimestamp(1531420618, UTC)
TIMESTAMP = "1531420618"
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def test_slacks_own_example_is_signed() -> None:
    assert is_signed(SECRET, TIMESTAMP, BODY, SIGNATURE, AT)


def test_it_is_for_five_minutes_on_either_side() -> None:
    assert is_signed(SECRET, TIMESTAMP, BODY, SIGNATURE, AT + TOLERANCE)
    assert is_signed(SECRET, TIMESTAMP, BODY, SIGNATURE, AT - TOLERANCE)
    assert not is_signed(SECRET, TIMESTAMP, BODY, SIGNATURE, AT + TOLERANCE + timedelta(seconds=1))
    assert not is_signed(SECRET, TIMESTAMP, BODY, SIGNATURE, AT - TOLERANCE - timedelta(seconds=1))


@given(at=st.integers(0, len(BODY) - 1), flip=st.integers(1, 255))
def test_a_body_that_was_changed_is_not_signed(at: int, flip: int) -> None:
    changed = BODY[:at] + bytes([BODY[at] ^ flip]) + BODY[at + 1 :]
    assert not is_signed(SECRET, TIMESTAMP, changed, SIGNATURE, AT)


@given(timestamp=st.text(max_size=20), signature=st.text(max_size=70))
def test_no_header_is_too_odd(timestamp: str, signature: str) -> None:
    assert not is_signed(SECRET, timestamp, BODY, signature, AT)


def test_a_signature_counts_once_for_as_long_as_it_is_accepted() -> None:
    seen = Seen()
    assert seen.first_time("a", AT)
    assert not seen.first_time("a", AT + 2 * TOLERANCE - timedelta(seconds=1))
    assert seen.first_time("b", AT + 2 * TOLERANCE)


def test_what_is_remembered_is_bounded() -> None:
    seen = Seen()
    assert all(seen.first_time(str(number), AT) for number in range(MOST_SEEN))
    assert not seen.first_time("one more", AT)
    assert seen.first_time("one more", AT + 2 * TOLERANCE)

"""Where answers to clicks may go."""

import pytest

from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.channels.slack.reply import is_slacks, tell_clicker
from sentinel.core.notification import Failed
from tests.kit.http_receiver import HttpReceiver

SLACK = "https://slack.com/api/"


@pytest.mark.parametrize(
    "url", ["https://hooks.slack.com/actions/T1/2/x", "https://hooks.slack.com:443/actions/T1/2/x"]
)
def test_slacks_own_host_is_answered(url: str) -> None:
    assert is_slacks(url, SLACK)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/actions/T1/2/x",
        "https://hooks.slack.com.example.org/x",
        "https://example.org/hooks.slack.com",
        "https://user@hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com@example.org/x",
        "https://127.0.0.1/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://[::1",
        "",
    ],
)
def test_no_other_host_is_answered(url: str) -> None:
    assert not is_slacks(url, SLACK)


def test_a_gateway_is_answered_at_its_own_host_alone() -> None:
    gateway = "https://gateway.example.org/slack/api/"
    assert is_slacks("https://gateway.example.org/respond/1", gateway)
    assert not is_slacks("https://hooks.slack.com/actions/1", gateway)


async def test_nothing_is_sent_elsewhere(receiver: HttpReceiver) -> None:
    outcome = await tell_clicker(Secret(f"{receiver.url}/x"), SLACK, "no", SystemClock())
    assert isinstance(outcome, Failed)
    assert len(receiver.requests) == 0

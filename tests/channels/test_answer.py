"""What answers mean."""

from datetime import UTC, datetime, timedelta

import pytest

from sentinel.channels.answer import judge_status, retry_after
from sentinel.core.notification import Cause, Failed, Sent

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("Mon, 02 Mar 2026 03:01:30 GMT", 90),
        ("Mon, 02 Mar 2026 02:00:00 GMT", 0),
        ("999999999", 7 * 86_400),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(header: str, seconds: int) -> None:
    assert retry_after(header, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5", "9" * 30, "Mon, 99 Mar 2026 99:00:00 GMT", "٣"])
def test_a_retry_after_that_cannot_be_read_is_none(header: str | None) -> None:
    assert retry_after(header, NOW) is None


@pytest.mark.parametrize(
    ("status", "cause", "permanent"),
    [
        (301, Cause.REFUSED, False),
        (307, Cause.REFUSED, False),
        (400, Cause.REFUSED, False),
        (401, Cause.CREDENTIAL_REFUSED, False),
        (403, Cause.CREDENTIAL_REFUSED, False),
        (404, Cause.REFUSED, False),
        (408, Cause.SERVER_ERROR, False),
        (410, Cause.GONE, True),
        (413, Cause.REFUSED, True),
        (422, Cause.REFUSED, True),
        (425, Cause.SERVER_ERROR, False),
        (429, Cause.RATE_LIMITED, False),
        (500, Cause.SERVER_ERROR, False),
        (502, Cause.SERVER_ERROR, False),
        (503, Cause.SERVER_ERROR, False),
        (599, Cause.SERVER_ERROR, False),
        (799, Cause.PROTOCOL_ERROR, False),
    ],
)
def test_every_status_is_retried_or_refused(status: int, cause: Cause, permanent: bool) -> None:
    outcome = judge_status(status)
    assert isinstance(outcome, Failed)
    assert (outcome.cause, outcome.permanent) == (cause, permanent)
    assert str(status) in outcome.detail


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_success_is_sent(status: int) -> None:
    assert judge_status(status) == Sent()


@pytest.mark.parametrize("status", [302, 401, 404, 429, 503])
def test_the_patience_that_was_asked_for_is_kept(status: int) -> None:
    outcome = judge_status(status, timedelta(seconds=30))
    assert isinstance(outcome, Failed)
    assert outcome.retry_after == timedelta(seconds=30)

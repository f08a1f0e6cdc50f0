"""Addresses that something is sent to."""

import pytest

from sentinel.base.addresses import checked_url, is_host
from sentinel.base.redact import Secret


@pytest.mark.parametrize(
    "url", ["https://example.org", "http://127.0.0.1:9/a?b=c", "http://[::1]:9/", "https://a_b.example.org./#x"]
)
def test_an_address_of_a_page_can_be_asked_for(url: str) -> None:
    assert checked_url(Secret(url)) == Secret(url)


@pytest.mark.parametrize(
    "url",
    [
        "example.org/4711",
        "ftp://example.org/4711",
        "http://example.org:port/4711",
        "http://example.org:99999/4711",
        "http://::::/4711",
        "http://[]/4711",
        "http://a..b/4711",
        "http://example.org/4711 4711",
        "http://kim:4711@example.org/",
    ],
)
def test_what_no_request_can_be_made_to_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="an address") as refused:
        checked_url(Secret(url))
    assert "4711" not in str(refused.value)


def test_a_host_is_a_name_or_an_address() -> None:
    assert is_host("db-1.example.org")
    assert is_host("::1")
    assert not is_host("a b")

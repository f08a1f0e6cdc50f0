"""What may be sent, and what a prepared request shows of itself."""

import pytest

from sentinel.probes.wire import InvalidRequest, PreparedRequest, TlsContexts, TlsSetting, prepare


def prepared(
    url: str, method: str = "GET", headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
) -> PreparedRequest:
    return prepare(method, url, headers=headers, body=body, contexts=TlsContexts())


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "example.org",
        "http://",
        "http:///path",
        "http://user:canary@example.org/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:canary/",
        "http://example.org/a\r\nHost: x",
        "http://example.org/a\tb",
        "http://example.org/a b",
        "http://exa..mple.org/",
        "http://[::1/",
        "http://" + "a" * 64 + ".org/",
    ],
)
def test_a_url_that_cannot_be_asked_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        prepared(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "header",
    [("X-A", "a\r\nX-B: canary"), ("X-A", "a\nb"), ("X-A", "\x00"), ("X A", "b"), ("", "b"), ("Content-Length", "5")],
)
def test_a_header_that_would_break_the_request_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        prepared("http://example.org/", headers=(header,))
    assert "canary" not in str(caught.value)


def test_a_method_must_be_a_word() -> None:
    with pytest.raises(InvalidRequest):
        prepared("http://example.org/", method="GET / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://example.org", b"GET / HTTP/1.1"),
        ("http://example.org/a%20b?q=%C3%A4#part", b"GET /a%20b?q=%C3%A4 HTTP/1.1"),
        ("http://example.org/ä?q=ö", b"GET /%C3%A4?q=%C3%B6 HTTP/1.1"),
        ("http://example.org?q=[1]", b"GET /?q=[1] HTTP/1.1"),
    ],
)
def test_the_path_is_sent_as_written_and_escaped_where_it_must_be(url: str, line: bytes) -> None:
    assert prepared(url).payload.split(b"\r\n")[0] == line


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://example.org:80/", b"example.org"),
        ("http://EXAMPLE.org:8080/", b"example.org:8080"),
        ("https://example.org:443/", b"example.org"),
        ("http://[::1]:81/", b"[::1]:81"),
        ("http://bücher.example/", b"xn--bcher-kva.example"),
    ],
)
def test_the_host_header_names_the_host_and_an_unusual_port(url: str, host: bytes) -> None:
    assert b"\r\nHost: " + host + b"\r\n" in prepared(url).payload


def test_a_configured_host_header_replaces_the_default() -> None:
    payload = prepared("http://127.0.0.1/", headers=(("host", "api.example.org"),)).payload
    assert payload.lower().count(b"host:") == 1


def test_a_body_has_its_length() -> None:
    assert prepared("http://127.0.0.1/", method="POST", body=b"{}").payload.endswith(
        b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
    )


def test_a_request_shows_its_origin_only() -> None:
    request = prepared("https://example.org/canary?token=canary", headers=(("X", "canary"),), body=b"canary")
    assert repr(request) == "PreparedRequest(origin='https://example.org:443', host='example.org', port=443)"


def test_an_unusable_authority_file_is_told_when_preparing() -> None:
    with pytest.raises(OSError, match="No such file"):
        prepare("GET", "https://example.org/", tls=TlsSetting(ca_file="missing.pem"), contexts=TlsContexts())

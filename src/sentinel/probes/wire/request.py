"""A request, prepared once when the configuration is loaded, so that each run only sends its bytes."""

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from sentinel import __version__
from sentinel.probes.wire.address import Address, literal_addresses
from sentinel.probes.wire.names import host_name
from sentinel.probes.wire.tls import TlsContexts, TlsSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsClient:
    """What a handshake needs."""

    context: ssl.SSLContext
    server_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """One request, ready to send. Its repr shows the origin only: path, query, headers and body may hold secrets."""

    origin: str  # scheme, host and port: safe to show
    host: str  # in ASCII
    port: int
    addresses: tuple[Address, ...] = field(repr=False)  # empty when the host has to be looked up
    tls: TlsClient | None = field(repr=False)
    payload: bytes = field(repr=False)  # request line, headers and body
    no_body: bool = field(repr=False)  # the answer has no body, whatever its headers say (HEAD)


class InvalidRequest(ValueError):
    """The request cannot be sent as configured. The text names what is wrong and shows no URL, header or body."""


_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f]")
_FIELD_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_PORTS: Final = {"http": 80, "https": 443}
#: These follow from the request itself; configured, they could only contradict it.
_OWN_HEADERS: Final = frozenset({"connection", "content-length", "transfer-encoding", "upgrade", "expect"})
_DEFAULTS: Final = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip"),
    ("User-Agent", f"Sentinel/{__version__}"),
)


def prepare(
    method: str,
    url: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    tls: TlsSetting | None = None,
    contexts: TlsContexts,
) -> PreparedRequest:
    """The request as bytes, with its address and TLS context. `tls` counts for https only.

    Raises InvalidRequest for what cannot be sent, and OSError or ssl.SSLError for unusable certificate files.
    """
    if not _TOKEN.fullmatch(method):
        raise InvalidRequest("the method is not a word")
    parts = _split(url)
    host, port = _host(parts), _port(parts)
    return PreparedRequest(
        origin=f"{parts.scheme}://{_bracketed(host)}:{port}",
        host=host,
        port=port,
        addresses=literal_addresses(host, port),
        tls=_tls(parts.scheme, host, tls or TlsSetting(), contexts),
        payload=_payload(method, parts, _host_header(parts, host), tuple(headers), body),
        no_body=method == "HEAD",
    )


def _split(url: str) -> SplitResult:
    # urlsplit drops tabs and line ends without a word; they are refused here.
    if _CONTROL.search(url):
        raise InvalidRequest("the URL contains a space or a control character")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidRequest("the URL cannot be read") from None
    if parts.scheme not in _PORTS:
        raise InvalidRequest("the URL must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest("the URL contains a user or password: use the options for authentication")
    return parts


def _host(parts: SplitResult) -> str:
    if not (parts.hostname or "").rstrip("."):
        raise InvalidRequest("the URL has no host")
    name = host_name(parts.hostname or "")
    if not name:
        raise InvalidRequest("the URL's host is not a valid name")
    return name


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise InvalidRequest("the URL's port is not between 1 and 65535")
    return port or _PORTS[parts.scheme]


def _tls(scheme: str, host: str, setting: TlsSetting, contexts: TlsContexts) -> TlsClient | None:
    if scheme == "http":
        return None
    return TlsClient(context=contexts.get(setting), server_name=setting.server_name or host)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _host_header(parts: SplitResult, host: str) -> str:
    port = _port(parts)
    return _bracketed(host) if port == _PORTS[parts.scheme] else f"{_bracketed(host)}:{port}"


def _payload(method: str, parts: SplitResult, host: str, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    given = {name.lower() for name, _ in headers}
    lines = [f"{method} {_target(parts)} HTTP/1.1"]
    if "host" not in given:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in _DEFAULTS if name.lower() not in given]
    lines += [_field(name, value) for name, value in headers]
    if body or method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: close\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8") + body


def _target(parts: SplitResult) -> str:
    """Path and query; what may not stand in a URL is escaped, what is escaped already stays."""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return f"{path}?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?[]{}|^')}" if parts.query else path


def _field(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise InvalidRequest("the name of a header is not a word")
    if name.lower() in _OWN_HEADERS:
        raise InvalidRequest(f"the header {name} is set by Sentinel itself")
    if _FIELD_CONTROL.search(value):
        raise InvalidRequest(f"the value of the header {name} contains a control character")
    return f"{name}: {value}"

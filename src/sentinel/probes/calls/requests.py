"""What every probe that speaks HTTP lets a person configure: address, headers, body, TLS; and how that becomes a request."""

import errno
import os
import ssl
import stat
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Self

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from sentinel.base.fields import Options, SecretField
from sentinel.probes.wire import InvalidRequest, PreparedRequest, TlsContexts, TlsSetting, prepare

#: Headers whose value is a credential; in the open they would show in `sentinel config show`.
_CREDENTIALS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "apikey", "x-auth-token"}
)

KIB: Final = 1024


def _can_be_read(file: Path) -> Path:
    _stamp(file)
    return file


def _authorities(file: Path) -> Path:
    if problem := _unusable(TlsSetting(ca_file=str(file)), (_stamp(file),)):
        raise ValueError(problem)
    return file


PemFile = Annotated[Path, AfterValidator(_can_be_read)]


class TlsOptions(Options):
    """How to speak TLS with the target. Counts for https only."""

    verify: bool = True
    """Whether the certificate must be valid, trusted and for this name. Without it, anybody can answer for the target."""
    ca_file: Annotated[Path, AfterValidator(_authorities)] | None = None
    """Authorities to trust instead of the system's; PEM."""
    certificate_file: PemFile | None = None
    """Sentinel's own certificate and its chain, for targets that ask for one; PEM."""
    key_file: PemFile | None = None
    """The key of that certificate, when it is not in the same file; PEM."""
    server_name: str | None = None
    """The name to ask for and to verify instead of the URL's host."""

    @property
    def setting(self) -> TlsSetting:
        return TlsSetting(
            verify=self.verify,
            ca_file=_text(self.ca_file),
            certificate_file=_text(self.certificate_file),
            key_file=_text(self.key_file),
            server_name=self.server_name,
        )

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("certificate_file beside key_file")
        files = tuple(file for file in (self.ca_file, self.certificate_file, self.key_file) if file is not None)
        if problem := _unusable(self.setting, tuple(map(_stamp, files))):
            raise ValueError(problem)
        return self


def _text(file: Path | None) -> str | None:
    return None if file is None else str(file)


def _stamp(file: Path) -> tuple[int, int]:
    """Changes when the file does."""
    try:
        status = file.stat()
    except OSError as error:
        raise ValueError(_cannot_be_read(file, error.strerror or "")) from None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(_cannot_be_read(file, "it is no file"))
    if not os.access(file, os.R_OK):
        raise ValueError(_cannot_be_read(file, os.strerror(errno.EACCES)))
    return status.st_mtime_ns, status.st_size


def _cannot_be_read(file: Path, why: str) -> str:
    return f"a file that can be read; {file} cannot ({why})"


@lru_cache(maxsize=64)
def _unusable(setting: TlsSetting, _stamps: tuple[tuple[int, int], ...]) -> str:
    """Why the files of a setting cannot be used; empty when they can. Thousands of checks may share one setting."""
    if not setting.ca_file and not setting.certificate_file:
        return ""
    try:
        TlsContexts().get(setting)
    except ssl.SSLError as error:
        if not setting.certificate_file:
            return f"certificates in PEM; {setting.ca_file} has none that can be used"
        return f"certificates and a key in PEM that belong together (OpenSSL: {error.reason or 'unreadable'})"
    except OSError as error:
        return f"files that can be read ({error.strerror})"
    return ""


def _open_header(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name in headers:
        if name.lower() in _CREDENTIALS:
            raise ValueError(f"no credential here: put {name} under `secret_headers`")
    return headers


OpenHeaders = Annotated[dict[str, str], AfterValidator(_open_header)]


def _method(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


MethodField = Annotated[str, BeforeValidator(_method)]


class RequestOptions(Options):
    """One HTTP request."""

    method: MethodField = "GET"
    """The method, such as `GET`, `HEAD` or `POST`."""
    url: str
    """The address, beginning with `http://` or `https://`; no user or password in it."""
    headers: OpenHeaders = Field(default_factory=dict)
    """Headers to send. Credentials belong under `secret_headers`."""
    secret_headers: dict[str, SecretField] = Field(default_factory=dict)
    """Headers whose values are secret, such as `Authorization`: they are never shown."""
    body: str | None = None
    """The body to send, as text."""
    json_body: JsonValue = Field(default=None, alias="json")
    """The body to send, as JSON; sets `Content-Type: application/json`."""
    tls: TlsOptions = TlsOptions()
    """How to speak TLS."""

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.body is not None and self.json_body is not None:
            raise ValueError("either body or json")
        if problem := problem_of_request(self.method, self.url, self.all_headers()):
            raise ValueError(problem)
        return self

    def all_headers(self) -> list[tuple[str, str]]:
        """What to send, secrets revealed."""
        headers = list(self.headers.items())
        headers += [(name, value.reveal()) for name, value in self.secret_headers.items()]
        if self.json_body is not None and not has_header(headers, "content-type"):
            headers.append(("Content-Type", "application/json"))
        return headers

    @property
    def payload(self) -> bytes:
        if self.json_body is not None:
            return orjson.dumps(self.json_body)
        return (self.body or "").encode()


def has_header(headers: Iterable[tuple[str, str]], wanted: str) -> bool:
    return any(name.lower() == wanted for name, _ in headers)


def problem_of_request(method: str, url: str, headers: Iterable[tuple[str, str]] = ()) -> str:
    """Why such a request cannot be sent; empty when it can. Never a part of the URL or a header's value."""
    # Everything but TLS is looked at; making a context for that would cost 20 ms.
    plain = f"http{url[5:]}" if url[:6].lower() == "https:" else url
    try:
        prepare(method, plain, headers=headers, contexts=TlsContexts())
    except InvalidRequest as error:
        return str(error)
    return ""


def prepared(
    options: RequestOptions, contexts: TlsContexts, *, more_headers: Iterable[tuple[str, str]] = ()
) -> PreparedRequest:
    """The request as it goes out; `more_headers` replace those of the same name."""
    more = list(more_headers)
    kept = [(name, value) for name, value in options.all_headers() if not has_header(more, name.lower())]
    return prepare(
        options.method,
        options.url,
        headers=kept + more,
        body=options.payload,
        tls=options.tls.setting,
        contexts=contexts,
    )


def with_word(options: RequestOptions, word: str, value: str) -> RequestOptions:
    """The request with `{word}` replaced by a value wherever a text of it has that; not in secrets."""
    placeholder = f"{{{word}}}"
    return options.model_copy(
        update={
            "url": options.url.replace(placeholder, value),
            "headers": {name: text.replace(placeholder, value) for name, text in options.headers.items()},
            "body": options.body.replace(placeholder, value) if options.body is not None else None,
            "json_body": _replaced(options.json_body, placeholder, value),
        }
    )


def _replaced(document: JsonValue, placeholder: str, value: str) -> JsonValue:
    if isinstance(document, str):
        return document.replace(placeholder, value)
    if isinstance(document, list):
        return [_replaced(element, placeholder, value) for element in document]
    if isinstance(document, dict):
        return {key: _replaced(element, placeholder, value) for key, element in document.items()}
    return document

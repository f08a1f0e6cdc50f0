"""What a person configures for the `hardening` probe."""

import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sentinel.base.fields import Duration, Options, PositiveDuration, SecretField
from sentinel.probes.calls.requests import OpenHeaders, RequestOptions, TlsOptions, problem_of_request
from sentinel.probes.expect.assertions import HeaderExpectations
from sentinel.probes.expect.patterns import JsonPath
from sentinel.probes.expect.statuses import StatusField

#: What is looked at; each is a reading `findings.NAME`.
Group = Literal["https", "headers", "cors", "cookies", "banners", "methods", "debug", "files", "settings", "rate_limit"]
GROUPS: Final[tuple[Group, ...]] = (
    "https", "headers", "cors", "cookies", "banners", "methods", "debug", "files", "settings", "rate_limit",
)  # fmt: skip

SecurityHeader = Literal[
    "content-security-policy", "x-content-type-options", "frame-protection", "referrer-policy", "permissions-policy"
]

#: A path alone: what begins with two slashes would name another host.
LocalPath = Annotated[str, StringConstraints(pattern=r"^/([^/].*)?$", max_length=1000)]
SettingName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _mode(text: str) -> str:
    if re.fullmatch(r"0?[0-7]{3}", text) is None:
        raise ValueError("a mode of three octal digits, such as '600'")
    return text


class FileOptions(Options):
    """One file or folder of this host, and who may do what with it."""

    path: Path
    """The file; a link is followed."""
    mode: Annotated[str, AfterValidator(_mode)]
    """The widest mode that is good, such as `"600"`. Fewer rights are good as well."""
    owner: str | None = None
    """The user that it must belong to."""

    @property
    def allowed(self) -> int:
        """The bits of the mode."""
        return int(self.mode, 8)


class SettingsOptions(Options):
    """The settings of an application, read where it has them. Values are looked at, and never shown or kept."""

    env_file: Path | None = None
    """A file of lines `NAME=value`, such as `.env` or systemd's `EnvironmentFile`."""
    pid_file: Path | None = None
    """A file with the number of a running process, whose environment counts."""
    request: RequestOptions | None = None
    """A request that answers with the settings as a JSON object."""
    at: JsonPath | None = None
    """Where in that answer the object stands."""
    required: tuple[SettingName, ...] = ()
    """Names that must have a value."""
    off: tuple[SettingName, ...] = ()
    """Switches that must be off or missing, such as `DEBUG`."""
    secrets: tuple[SettingName, ...] = ()
    """Names whose values must be long, and none of those that everybody knows."""
    secret_length: int = Field(default=32, ge=1, le=1000)
    """The least number of characters of each of `secrets`."""
    databases: tuple[SettingName, ...] = ()
    """Addresses of databases, which must not be SQLite."""
    origins: tuple[SettingName, ...] = ()
    """Lists of origins for CORS, which must not have `*`."""
    expect: HeaderExpectations = Field(default_factory=dict)
    """What other settings must be: a text for the whole value, or `equals`, `matches`, `exists`."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if sum(place is not None for place in (self.env_file, self.pid_file, self.request)) != 1:
            raise ValueError("one of env_file, pid_file, request")
        if self.at is not None and self.request is None:
            raise ValueError("request beside at")
        if not (self.required or self.off or self.secrets or self.databases or self.origins or self.expect):
            raise ValueError("at least one of required, off, secrets, databases, origins, expect")
        return self


class RateLimitOptions(Options):
    """A limit of requests that must be in force. Every run uses it up: give this a check of its own, and a rare one."""

    path: LocalPath
    """A path of the address that may be asked so often: it changes nothing and costs little."""
    method: Literal["GET", "HEAD"] = "GET"
    """The method."""
    requests: int = Field(ge=1, le=1000)
    """So many are allowed; the one after them must be refused."""
    within: PositiveDuration = Field(default="60s", validate_default=True)
    """The time that the limit counts in."""
    status: StatusField = ("429",)
    """The status that refuses."""


class HardeningOptions(Options):
    """Looks for doors that were left ajar. Every option that is given, or has a default, is looked at in every run."""

    url: str | None = None
    """The address of the service as its users know it."""
    paths: tuple[LocalPath, ...] = Field(default=(), max_length=20)
    """More paths of that address, whose headers and cookies are looked at."""
    headers: OpenHeaders = Field(default_factory=dict)
    """Headers to send. Credentials belong under `secret_headers`."""
    secret_headers: dict[str, SecretField] = Field(default_factory=dict)
    """Headers whose values are secret. They are never sent over plain HTTP, and not where a stranger is played."""
    tls: TlsOptions = TlsOptions()
    """How to speak TLS."""
    skip: tuple[Group, ...] = ()
    """What is not looked at: `https`, `headers`, `cors`, `cookies`, `banners`, `methods` or `debug`."""
    plain_url: str | None = None
    """The address over plain HTTP, which must be refused or redirect to https. Default: that of `url`, on port 80."""
    hsts: Duration = Field(default="180d", validate_default=True)
    """The least time for which browsers are told to use https alone (HSTS); 0: it need not be there."""
    security_headers: tuple[SecurityHeader, ...] = (
        "content-security-policy",
        "x-content-type-options",
        "frame-protection",
        "referrer-policy",
    )
    """Headers that must be there. `frame-protection` is `X-Frame-Options` or `frame-ancestors` of a content security policy."""
    origin: str = "https://sentinel.invalid"
    """A web page of somebody else: answers to it must not be open to scripts."""
    script_cookies: tuple[str, ...] = ()
    """Cookies that scripts have to read, such as `csrftoken`: they need no `HttpOnly`."""
    debug_paths: tuple[LocalPath, ...] = Field(default=(), max_length=50)
    """Paths that a stranger must not get, such as `/.env`, `/.git/config`, `/actuator/env`, `/debug`."""
    error_path: LocalPath | None = "/sentinel-no-such-page"
    """A path that does not exist: the error page must not be one for developers. `null`: not looked at."""
    files: tuple[FileOptions, ...] = Field(default=(), max_length=200)
    """Files of this host and their modes."""
    settings: tuple[SettingsOptions, ...] = Field(default=(), max_length=20)
    """Settings of applications."""
    rate_limit: RateLimitOptions | None = None
    """A limit of requests to try."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.url is None and not (self.files or self.settings):
            raise ValueError("at least one of url, files, settings")
        if self.url is None and (self.rate_limit is not None or self.debug_paths or self.paths):
            raise ValueError("url beside paths, debug_paths and rate_limit")
        headers = [*self.headers.items(), *((name, value.reveal()) for name, value in self.secret_headers.items())]
        for url in filter(None, (self.plain_url, *self._addresses())):
            if problem := problem_of_request("GET", url, headers):
                raise ValueError(problem)
        if self.plain_url is not None and not self.plain_url.lower().startswith("http://"):
            raise ValueError("an address that begins with http:// for plain_url")
        return self

    def _addresses(self) -> list[str]:
        """Every address that will be asked."""
        if self.url is None:
            return []
        limited = [self.rate_limit.path] if self.rate_limit is not None else []
        paths = [*self.paths, *self.debug_paths, *limited, self.error_path or ""]
        return [self.url, *(urljoin(self.url, path) for path in paths)]

    def asks_for(self, group: Group) -> bool:
        """Whether a group is looked at, as far as `skip` says."""
        return group not in self.skip

    def request(self, path: str = "", *, method: str = "GET", as_stranger: bool = False) -> RequestOptions:
        """A request for a path of the address, or for the address itself."""
        assert self.url is not None
        return RequestOptions(
            method=method,
            url=urljoin(self.url, path),
            headers=dict(self.headers),
            secret_headers={} if as_stranger else dict(self.secret_headers),
            tls=self.tls,
        )

    def plain_request(self) -> RequestOptions:
        """The request that must be refused or redirected: nothing secret goes with it."""
        assert self.url is not None
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return RequestOptions(url=self.plain_url or f"http://{host}{parts.path or '/'}")

    @property
    def wants_hsts(self) -> bool:
        """Whether browsers have to be told; for an address instead of a name they would not listen (RFC 6797, 8.1.1)."""
        host = urlsplit(self.url or "").hostname or ""
        try:
            ip_address(host)
        except ValueError:
            return self.hsts > timedelta(0)
        return False

"""How a person writes which page is loaded, and what has to be on it."""

from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from sentinel.base.fields import Duration, Options, SecretField
from sentinel.probes.expect.statuses import StatusField

Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]
HostName = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[A-Za-z0-9.:\[\]-]{1,253}$")]
CookieName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]

_EXPECTED: Final = "an http or https URL such as 'https://www.example.org/login'"


def _page(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or len(url) > 4000:
        raise ValueError(_EXPECTED)
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL without a user; give a session by `cookies`")
    return url


class BrowserOptions(Options):
    """Loads a page in a headless Chromium that knows nothing of earlier runs, as somebody does who comes for the first time."""

    url: Annotated[str, AfterValidator(_page)]
    """The page."""
    status: StatusField = ("2xx",)
    """Statuses of the page that are good, after redirects."""
    text: tuple[Words, ...] = Field(default=(), max_length=20)
    """Texts that must be seen on the page."""
    selector: tuple[Words, ...] = Field(default=(), max_length=20)
    """CSS selectors that must find something on the page, such as `#login-form`."""
    wait: Duration = timedelta(seconds=5)
    """How long after loading these may take to appear, as pages that draw themselves need."""
    cookies: dict[CookieName, SecretField] = Field(default_factory=dict, max_length=20)
    """Cookies to come with, such as that of a session; only the page's own host is sent them."""
    only_hosts: tuple[HostName, ...] | None = None
    """Load nothing but from the page's own host and these (`*.example.org` for all below): what others serve is left out."""
    width: int = Field(default=1280, ge=200, le=4000)
    """Width of the window, in pixels."""
    height: int = Field(default=800, ge=200, le=4000)
    """Its height."""
    verify_tls: bool = True
    """Whether certificates must be valid and trusted by Chromium. Without it, anybody can answer for the target."""
    program: str | None = Field(default=None, min_length=1)
    """Chromium, by its name in PATH or by its path. Not given: the first of `chromium`, `chromium-browser`, `google-chrome`."""

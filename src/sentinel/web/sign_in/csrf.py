"""What keeps a foreign page from acting in the name of somebody who is signed in.

Two fences. A browser says of each request from which site it comes (Sec-Fetch-Site, or Origin), and what comes from elsewhere
is refused before anybody looks at it. And every form holds a token that only a page of ours can know: an HMAC under the id of
the session, which no page can read, over a salt of its own: pages are packed, and from the size of what is packed a text that
stands in each of them could be found out piece by piece (BREACH). JSON needs none, since no form can send it (`answers.body`).
"""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request

from sentinel.web.access import session

#: The name of the field.
FIELD = "csrf"

#: Bytes of its salt.
SALT = 8

#: Methods that change nothing (RFC 9110, 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token(request: Request) -> str:
    """What a form of this session has to carry, another one each time; empty where nobody is signed in."""
    known, salt = session(request), secrets.token_hex(SALT)
    return salt + _code(known, salt) if known else ""


def field(request: Request) -> Markup:
    """The hidden input for every form that changes something."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token(request))


def check(request: Request, form: Mapping[str, str]) -> None:
    """See that a form is one of ours, made for this session.

    Raises:
        HTTPException: 403.
    """
    known = session(request)
    given = form.get(FIELD, "")
    salt, code = given[: 2 * SALT], given[2 * SALT :]
    if known and not hmac.compare_digest(_code(known, salt).encode(), code.encode()):
        raise HTTPException(403, "the form is out of date: load its page again, and send it once more")


def _code(known: str, salt: str) -> str:
    return hmac.new(known.encode(), f"sentinel form {salt}".encode(), sha256).hexdigest()


def comes_from_elsewhere(method: str, headers: Headers, origins: frozenset[str]) -> bool:
    """Whether a browser sends a request for a page of a foreign site.

    Args:
        method: of the request.
        headers: of the request. Programs send neither of the two that count.
        origins: what this host is called, such as `https://monitor.example.org`.

    A link on a foreign page may lead here: that is a navigation which changes nothing.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site in ("same-origin", "none"):
            return False
        return method not in SAFE or headers.get("sec-fetch-mode") != "navigate"
    origin = headers.get("origin")
    return origin is not None and _plain(origin) not in origins


def _plain(origin: str) -> str:
    """An origin in lower case and without the port that its scheme has anyway."""
    try:
        parts = urlsplit(origin.lower())
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port and port != usual else "")


def own_origins(scheme: str, host: str, link: str) -> frozenset[str]:
    """What a page of ours may be called: as the request calls this host, and as the configuration does."""
    link_parts = urlsplit(link)
    named = {f"{scheme}://{host}"} | ({f"{link_parts.scheme}://{link_parts.netloc}"} if link else set())
    return frozenset(_plain(one) for one in named) - {""}

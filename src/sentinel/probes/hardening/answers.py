"""What the headers of one answer say of how carefully a service was set up. Their values are read and never shown."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sentinel.probes.hardening.options import HardeningOptions, SecurityHeader
from sentinel.probes.hardening.remarks import Remark, remark
from sentinel.probes.wire import Exchange

_MAX_AGE: Final = re.compile(r"(?i)max-age\s*=\s*\"?(\d{1,12})")
_VERSION: Final = re.compile(r"\d+\.\d+")
_COOKIE_NAME: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9_.-]{0,31}"
)  # what is shown of a name; longer ones may be somebody's
_BANNERS: Final = ("x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator")
_MOST_COOKIES: Final = 50

#: What each header has to be, and what to write into the configuration of a web server.
_MEND: Final = {
    "content-security-policy": "Add `Content-Security-Policy`, for an API `default-src 'none'; frame-ancestors 'none'`.",
    "x-content-type-options": "Add `X-Content-Type-Options: nosniff`.",
    "frame-protection": "Add `frame-ancestors 'none'` to the content security policy, or `X-Frame-Options: DENY`.",
    "referrer-policy": "Add `Referrer-Policy: strict-origin-when-cross-origin`, or `no-referrer`.",
    "permissions-policy": "Add `Permissions-Policy`, such as `camera=(), geolocation=(), microphone=()`.",
}


def of_headers(exchange: Exchange, where: str, options: HardeningOptions) -> Iterator[Remark]:
    """Security headers that are missing or say nothing."""
    for header in options.security_headers:
        if not _protects(header, exchange):
            yield remark("headers", f"{where} has no good {header}", _MEND[header])


def of_hsts(exchange: Exchange, wanted: timedelta) -> Iterator[Remark]:
    """Browsers are not told to use https alone, or not for long enough."""
    found = _MAX_AGE.search(exchange.header("strict-transport-security") or "")
    if found is None or int(found[1]) < wanted.total_seconds():
        what = "Strict-Transport-Security is missing" if found is None else "the max-age of HSTS is too short"
        yield remark("https", what, f"Add `Strict-Transport-Security: max-age={int(wanted.total_seconds())}`.")


def of_cookies(exchange: Exchange, where: str, options: HardeningOptions) -> Iterator[Remark]:
    """Cookies without the flags that keep them from scripts, other sites and plain HTTP."""
    https = (options.url or "").lower().startswith("https:")
    set_cookies = [value for name, value in exchange.headers if name.lower() == b"set-cookie"]
    for number, value in enumerate(set_cookies[:_MOST_COOKIES], start=1):
        pair, *rest = value.decode("latin-1").split(";")
        name = pair.partition("=")[0].strip()
        flags = {part.partition("=")[0].strip().lower(): part.partition("=")[2].strip().lower() for part in rest}
        lacking = _lacking(flags, https=https, for_scripts=name in options.script_cookies)
        if lacking:
            shown = f"the cookie {name}" if _COOKIE_NAME.fullmatch(name) else f"cookie {number}"
            hint = "Set the flags where the cookie is made; `script_cookies` names those that scripts have to read."
            yield remark("cookies", f"{shown} of {where} lacks {', '.join(lacking)}", hint)


def of_banners(exchange: Exchange, where: str) -> Iterator[Remark]:
    """Headers that tell what runs there, for those who look for known holes."""
    if _VERSION.search(exchange.header("server") or ""):
        yield remark(
            "banners",
            f"the header Server of {where} names a version",
            "nginx: `server_tokens off`; Apache: `ServerTokens Prod`.",
        )
    for name in _BANNERS:
        if exchange.header(name) is not None:
            yield remark(
                "banners", f"{where} has the header {name}", "Take the header out in the framework or the proxy."
            )


def of_origin(exchange: Exchange, origin: str) -> Iterator[Remark]:
    """Scripts of any web page may read what its user sees."""
    allowed = (exchange.header("access-control-allow-origin") or "").strip()
    credentials = (exchange.header("access-control-allow-credentials") or "").strip().lower() == "true"
    if allowed == origin:
        with_cookies = ", with credentials" if credentials else ""
        yield remark("cors", f"any origin is allowed, as it is sent back{with_cookies}", _CORS_HINT)
    elif allowed == "*" and credentials:
        yield remark("cors", "any origin is allowed together with credentials", _CORS_HINT)


_CORS_HINT: Final = "List the origins that may read answers; never send back whatever `Origin` says."


def _protects(header: SecurityHeader, exchange: Exchange) -> bool:
    policy = (exchange.header("content-security-policy") or "").lower()
    match header:
        case "content-security-policy":
            return bool(policy.strip())
        case "x-content-type-options":
            return (exchange.header(header) or "").strip().lower() == "nosniff"
        case "frame-protection":
            frame = (exchange.header("x-frame-options") or "").strip().lower()
            return "frame-ancestors" in policy or frame in {"deny", "sameorigin"}
        case "referrer-policy":
            return (exchange.header(header) or "").strip().lower() not in {"", "unsafe-url"}
        case "permissions-policy":
            return exchange.header(header) is not None


def _lacking(flags: dict[str, str], *, https: bool, for_scripts: bool) -> list[str]:
    lacking = []
    if https and "secure" not in flags:
        lacking.append("Secure")
    if not for_scripts and "httponly" not in flags:
        lacking.append("HttpOnly")
    if flags.get("samesite") not in {"lax", "strict"} and not (flags.get("samesite") == "none" and "secure" in flags):
        lacking.append("SameSite")
    return lacking

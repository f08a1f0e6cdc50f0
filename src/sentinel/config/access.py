"""The section `web`: from the file to where Sentinel answers, and who may come in there."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from sentinel.base.redact import Secret
from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.places import LONGEST_SOCKET_PATH
from sentinel.config.schema.web import OidcEntry, SessionEntry, TokenEntry, UserEntry, WebEntry
from sentinel.config.secrecy import secrets_in
from sentinel.config.sections import section
from sentinel.config.tls import tls_files
from sentinel.core.access import EVERYTHING, Access, ApiToken, OidcPlan, Role, Scope, User
from sentinel.core.plan import WebPlan

WEB_AT: KeyPath = ("web",)

#: What is open to all where nobody can sign in: as much as a page on this host, less where others can connect.
_IN_SHORT = frozenset({Scope.METRICS, Scope.STATUS})


def web_plan(loaded: Loaded) -> WebPlan:
    """Where Sentinel answers; what is wrong is noted."""
    entry = section(loaded, "web", WebEntry)
    _refuse_doubtful(loaded, entry)
    return WebPlan(
        socket=_socket(loaded, entry),
        host=entry.host,
        port=entry.port,
        dashboard=entry.dashboard,
        tls=tls_files(loaded, entry.tls, (*WEB_AT, "tls")),
        access=_access(entry),
    )


def web_secrets(loaded: Loaded) -> Iterator[tuple[KeyPath, Secret]]:
    """Its secrets, each with its place."""
    for path, secret in secrets_in(loaded.tree.get("web", {}), WebEntry):
        yield (*WEB_AT, *path), secret


def is_loopback(host: str) -> bool:
    """Whether only this host can connect to an address; a name other than `localhost` may be anything."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _access(entry: WebEntry) -> Access:
    closed = bool(entry.users or entry.tokens or entry.oidc)
    metrics = frozenset({Scope.METRICS}) if entry.metrics == "open" else frozenset[Scope]()
    looking = _IN_SHORT | {Scope.READ} if entry.dashboard and not _is_open(entry) else _IN_SHORT
    return Access(
        users={name: _user(name, user) for name, user in entry.users.items()},
        tokens=tuple(_token(name, token) for name, token in entry.tokens.items()),
        oidc=_oidc(entry.oidc) if entry.oidc else None,
        idle=entry.session.idle,
        longest=entry.session.longest,
        proxies=tuple(ip_network(text, strict=False) for text in entry.proxies),
        anonymous=metrics if closed else (looking - {Scope.METRICS}) | metrics,
    )


def _user(name: str, entry: UserEntry) -> User:
    return User(name=name, role=Role[entry.role.upper()], password=entry.password)


def _token(name: str, entry: TokenEntry) -> ApiToken:
    scopes = frozenset(Scope(word) for word in entry.scopes)
    return ApiToken(
        name=name,
        role=Role[entry.role.upper()],
        digest=entry.hash.reveal().removeprefix("sha256:"),
        until=entry.until,
        scopes=scopes or EVERYTHING,
    )


def _oidc(entry: OidcEntry) -> OidcPlan:
    roles = entry.roles
    return OidcPlan(
        issuer=entry.issuer.rstrip("/"),
        client_id=entry.client_id,
        client_secret=entry.client_secret,
        title=entry.title,
        name_claim=entry.name,
        roles_claim=roles.claim,
        roles={Role.ADMIN: roles.admin, Role.OPERATOR: roles.operator, Role.VIEWER: roles.viewer},
        scopes=entry.scopes,
    )


def _socket(loaded: Loaded, entry: WebEntry) -> Path:
    socket = loaded.places.resolve(entry.socket) if entry.socket else loaded.places.socket
    length = len(bytes(socket))
    if length > LONGEST_SOCKET_PATH:
        loaded.problems.add(
            ("web", "socket"),
            f"a path of {length} bytes: {str(socket)[:40]}…",
            f"at most {LONGEST_SOCKET_PATH} bytes, the most that a Unix socket can have",
            "name a shorter one, such as /run/sentinel/sentinel.sock",
        )
    return socket


def _refuse_doubtful(loaded: Loaded, entry: WebEntry) -> None:
    _refuse_what_lacks_a_port(loaded, entry)
    _refuse_strangers(loaded, entry)
    _refuse_open_passwords(loaded, entry)
    _refuse_wrong_session(loaded, entry.session)
    if entry.oidc is not None:
        _refuse_wrong_oidc(loaded, entry.oidc)


def _refuse_what_lacks_a_port(loaded: Loaded, entry: WebEntry) -> None:
    for key in ("dashboard", "users", "tokens", "oidc", "tls"):
        if entry.port is None and getattr(entry, key):
            loaded.problems.add(("web", key), "no `web.port` to serve it on", "a `port` beside it, such as 8420")
            return


def _refuse_strangers(loaded: Loaded, entry: WebEntry) -> None:
    """The names of checks and hosts on pages are nobody's business who can merely connect."""
    if entry.dashboard and _is_open(entry) and not entry.users and entry.oidc is None:
        hint = "`sentinel user hash` makes what `web.users` needs; or listen on 127.0.0.1, with no proxy before it"
        where = f"on {entry.host}" if not is_loopback(entry.host) else "behind a proxy"
        loaded.problems.add(
            ("web", "dashboard"), f"pages {where}, open to whoever can connect", "`users` or `oidc`", hint
        )


def _is_open(entry: WebEntry) -> bool:
    """Whether others than who is on this host can ask."""
    return not is_loopback(entry.host) or bool(entry.proxies)


def _refuse_open_passwords(loaded: Loaded, entry: WebEntry) -> None:
    closed = entry.users or entry.tokens or entry.oidc
    if not closed or is_loopback(entry.host) or entry.tls or entry.proxies or entry.insecure:
        return
    loaded.problems.add(
        ("web", "host"),
        f"{entry.host!r} over plain HTTP: passwords and tokens would cross the network openly",
        "`tls` with a certificate and a key, or `proxies` with the address of one that has them",
        'or listen on 127.0.0.1; `"insecure": true` does it all the same',
    )


def _refuse_wrong_session(loaded: Loaded, entry: SessionEntry) -> None:
    if entry.idle > entry.longest:
        loaded.problems.add(
            ("web", "session", "idle"), "a longer time than `longest`", "at most as long as every session lasts"
        )


def _refuse_wrong_oidc(loaded: Loaded, entry: OidcEntry) -> None:
    parts = urlsplit(entry.issuer)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        loaded.problems.add(("web", "oidc", "issuer"), repr(entry.issuer), "an address with https://")
    if not (entry.roles.admin or entry.roles.operator or entry.roles.viewer):
        expected = "groups for `admin`, `operator` or `viewer`"
        loaded.problems.add(("web", "oidc", "roles"), "no group that may come in", expected)
    if "openid" not in entry.scopes:
        loaded.problems.add(("web", "oidc", "scopes"), "no 'openid'", "'openid' among them: OpenID Connect demands it")

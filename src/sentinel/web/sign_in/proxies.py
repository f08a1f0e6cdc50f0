"""Who really asks when a proxy stands in front: what its X-Forwarded-… headers say counts, what others' say does not."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

#: Hops that are looked at; a longer list is somebody's joke.
MOST_HOPS = 20


class Forwarded:
    """Puts the address of the client, the scheme and the host into place that the nearest trusted proxy saw."""

    def __init__(self, app: ASGIApp, proxies: Callable[[], Networks]) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trusted, peer = self._proxies(), _address((scope.get("client") or ("",))[0])
        if trusted and peer is not None and _among(peer, trusted):
            _believe(scope, Headers(scope=scope), trusted, peer)
        await self._app(scope, receive, send)


def client(forwarded: str, trusted: Networks, peer: Address) -> Address:
    """The address from which a request came: the last one of X-Forwarded-For that is no proxy of ours.

    What stands further left was written by whoever sent the request.
    """
    found = peer
    for text in reversed(forwarded.split(",")[-MOST_HOPS:]):
        hop = _address(text.strip())
        if hop is None:
            return found
        found = hop
        if not _among(hop, trusted):
            return found
    return found


def _believe(scope: Scope, headers: Headers, trusted: Networks, peer: Address) -> None:
    if forwarded := ",".join(headers.getlist("x-forwarded-for")):
        scope["client"] = (str(client(forwarded, trusted, peer)), 0)
    scheme = headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
    if scheme in ("http", "https"):
        scope["scheme"] = scheme
    host = headers.get("x-forwarded-host", "").split(",")[-1].strip()
    if host:
        others = [one for one in scope["headers"] if one[0] != b"host"]
        scope["headers"] = [(b"host", host.encode("latin-1")), *others]


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _among(address: Address, networks: Networks) -> bool:
    return any(address.version == network.version and address in network for network in networks)

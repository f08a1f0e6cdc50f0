"""How a beacon is asked. Whatever it answers will do: it stands for the network, not for a service."""

import asyncio

from sentinel.core.sight import Beacon, BeaconKind
from sentinel.probes.wire.dial import dial
from sentinel.probes.wire.exchange import ExchangeFailed
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.link import addresses_of
from sentinel.probes.wire.request import PreparedRequest, prepare
from sentinel.probes.wire.tls import TlsContexts
from sentinel.probes.wire.transport import Transport

#: Bytes of an answer that are read.
_BODY_CAP = 4096


class Messenger:
    """Asks beacons by the way that checks take: the same resolver, the same sockets."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._contexts = TlsContexts()
        self._requests: dict[str, PreparedRequest] = {}

    async def ask(self, beacon: Beacon, deadline: float) -> bool:
        """Whether it answers by the deadline, on the running loop's clock."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._reach(beacon, deadline)
        except (TimeoutError, WireError, ExchangeFailed):
            return False
        return True

    async def _reach(self, beacon: Beacon, deadline: float) -> None:
        match beacon.kind:
            case BeaconKind.DNS:
                await self._transport.resolver.resolve(beacon.host, 0, deadline)
            case BeaconKind.TCP:
                sock, _ = await dial(await addresses_of(self._transport.resolver, beacon.host, beacon.port, deadline))
                sock.close()
            case BeaconKind.HTTP:
                request = self._requests.get(beacon.url) or self._prepared(beacon.url)
                await self._transport.exchange(request, deadline=deadline, body_cap=_BODY_CAP)

    def _prepared(self, url: str) -> PreparedRequest:
        request = self._requests[url] = prepare("GET", url, contexts=self._contexts)
        return request

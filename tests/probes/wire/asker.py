"""Asks a server once, as a probe does."""

import asyncio

import pytest

from sentinel.probes.wire import (
    Exchange,
    ExchangeFailed,
    PreparedRequest,
    Resolver,
    TlsContexts,
    TlsSetting,
    Transport,
    prepare,
)


class Asker:
    """Prepares and exchanges in one go."""

    def __init__(self, resolver: Resolver) -> None:
        self.contexts = TlsContexts()
        self.transport = Transport(resolver)

    async def get(
        self,
        url: str,
        *,
        seconds: float = 5.0,
        method: str = "GET",
        tls: TlsSetting | None = None,
        body_cap: int = 1_048_576,
        whole_body: bool = False,
    ) -> Exchange:
        request = prepare(method, url, tls=tls, contexts=self.contexts)
        return await self.send(request, seconds=seconds, body_cap=body_cap, whole_body=whole_body)

    async def send(
        self, request: PreparedRequest, *, seconds: float = 5.0, body_cap: int = 1_048_576, whole_body: bool = False
    ) -> Exchange:
        deadline = asyncio.get_running_loop().time() + seconds
        return await self.transport.exchange(request, deadline=deadline, body_cap=body_cap, whole_body=whole_body)

    async def failure(
        self,
        url: str,
        *,
        seconds: float = 5.0,
        tls: TlsSetting | None = None,
        body_cap: int = 1_048_576,
        whole_body: bool = False,
    ) -> ExchangeFailed:
        """How asking failed; that it fails is expected."""
        with pytest.raises(ExchangeFailed) as caught:
            await self.get(url, seconds=seconds, tls=tls, body_cap=body_cap, whole_body=whole_body)
        return caught.value

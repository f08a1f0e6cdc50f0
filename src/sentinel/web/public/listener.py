"""The listener of the public status page: an address of its own, where nothing else answers."""

import asyncio
from collections.abc import Callable

from uvicorn.config import Config
from uvicorn.server import ServerState

from sentinel.base.clock import Clock
from sentinel.core.component import StatusPagePlan
from sentinel.core.tls import TlsFiles
from sentinel.web.gate import Gate
from sentinel.web.guard import Bounds, GuardedProtocol
from sentinel.web.public.app import PublicApp
from sentinel.web.public.shelf import Public, Shelf
from sentinel.web.sign_in.certificates import Certificate
from sentinel.web.sockets import CannotListen

#: What one visitor may cost: nobody has to send anything but a line and some headers.
BOUNDS = Bounds(request=5.0, response=10.0, body=0, head=16 * 1024, connections=500, from_one=250)

#: Seconds for which a connection may wait for another request: many visitors share what connections there are.
KEEP_ALIVE = 2

BACKLOG = 512


class PublicListener:
    """Serves one status page."""

    def __init__(self, page: Public, plan: StatusPagePlan, clock: Clock, bounds: Bounds = BOUNDS) -> None:
        self._plan = plan
        self._bounds = bounds
        self._clock = clock
        self._shelf = Shelf(page, clock.monotonic)
        self._state = ServerState()
        self._listener: asyncio.Server | None = None
        self._gate: Gate | None = None  # before TLS
        self._keeping: asyncio.Task[None] | None = None  # the certificate as new as its files

    @property
    def shelf(self) -> Shelf:
        """The answers."""
        return self._shelf

    @property
    def port(self) -> int:
        """The TCP port that was got; 0 before the start."""
        listening = self._listener.sockets if self._listener else ()
        return next((one.getsockname()[1] for one in listening), 0)

    async def start(self) -> None:
        """Listen.

        Raises:
            CannotListen: the port cannot be had.
        """
        host, port = self._plan.host, self._plan.port
        loop = asyncio.get_running_loop()
        try:
            make = self._secure(self._plan.tls) if self._plan.tls else self._protocols()
            self._listener = await loop.create_server(make, host, port, backlog=BACKLOG)
        except OSError as error:
            refused = CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}")
            refused.hint = "stop what uses it, or choose another `status_page.port`"
            raise refused from error

    async def stop(self) -> None:
        """Cut every connection: whoever misses an answer asks again."""
        if self._listener is not None:
            self._listener.close()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._gate is not None:
            await self._gate.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        await self._shelf.close()

    def _secure(self, files: TlsFiles) -> Gate:
        certificate = Certificate(files, self._clock)
        self._keeping = asyncio.create_task(certificate.keep(), name="status_page.certificate")
        self._gate = Gate(self._protocols(), certificate.context, self._bounds, self._bounds.request)
        return self._gate

    def _protocols(self) -> Callable[[], GuardedProtocol]:
        config = Config(
            PublicApp(self._shelf, self._clock),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        config.load()
        return lambda: GuardedProtocol(config, self._state, self._bounds)

"""Sentinel's listeners: the local socket for its owner, and TCP for whom the configuration lets in.

uvicorn's protocol runs on the loop of the engine, without uvicorn's server around it: that one would take over the signals and
wake ten times a second.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from sentinel.base.clock import Clock
from sentinel.core.plan import Plan
from sentinel.web import sockets
from sentinel.web.api import Api
from sentinel.web.gate import Gate
from sentinel.web.guard import Bounds, GuardedProtocol
from sentinel.web.headers import Headed
from sentinel.web.hosts import KnownHosts
from sentinel.web.monitor import Monitor
from sentinel.web.pages.site import Beside, Site
from sentinel.web.public.listener import PublicListener
from sentinel.web.sign_in.certificates import Certificate
from sentinel.web.sign_in.guard import Guard, OwnerGuard
from sentinel.web.sign_in.pages import SignInPages
from sentinel.web.sign_in.proxies import Forwarded
from sentinel.web.sockets import CannotListen

#: The header by which a command knows that the daemon it reached goes by the file that was meant.
CONFIG_HEADER = b"sentinel-config"

#: Seconds that a stop leaves to answers that are being given.
GRACE = 1.0

#: Seconds for a TLS handshake.
HANDSHAKE = 10.0

#: Connections that may wait to be accepted.
BACKLOG = 128


class WebServer:
    """Every listener of one Sentinel. Start it once; `run` does so and serves until it is cancelled."""

    def __init__(self, monitor: Monitor, plan: Plan, clock: Clock, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        # It warns of every request that is no HTTP: whoever can connect could fill the log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._plan = plan
        self._monitor = monitor
        self._clock = clock
        self._api = Api(monitor, clock)
        self._site = Site(monitor, clock, plan.name) if plan.web.dashboard else None
        self._sign_in: SignInPages | None = None
        self._keeping: asyncio.Task[None] | None = None  # the certificate as new as its files
        self._gate: Gate | None = None  # before TLS
        self._started = asyncio.Event()
        self._listeners: list[asyncio.Server] = []
        self._states: list[ServerState] = []
        self._inode = 0
        page = plan.status_page
        self.public = PublicListener(monitor.public, page, clock) if page is not None else None

    @property
    def port(self) -> int | None:
        """The TCP port that was got; None when none was asked for."""
        for listener in self._listeners:
            for listening in listener.sockets:
                if listening.family != socket.AF_UNIX:
                    port: int = listening.getsockname()[1]
                    return port
        return None

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    async def started(self) -> None:
        """Wait until connections are accepted."""
        await self._started.wait()

    async def start(self) -> None:
        """Listen.

        Raises:
            AlreadyRunning: another daemon answers on the socket.
            CannotListen: the folder, the socket or the port cannot be had.
        """
        web = self._plan.web
        try:
            await self._listen_locally(web.socket)
            if web.port is not None:
                await self._listen_on_tcp(web.host, web.port)
        except OSError as error:
            await self.stop()
            where = f"{web.host} port {web.port}" if self._inode else str(web.socket)
            raise CannotListen(f"cannot listen on {where}: {error.strerror or error}") from error
        if self.public is not None:
            await self._listen_to_the_public(self.public)
        self._started.set()

    async def stop(self) -> None:
        """Accept no more, let answers be given for a moment, then cut every connection."""
        for listener in self._listeners:
            listener.close()
        self._api.let_go()
        if self._site is not None:
            self._site.close()
        if self._sign_in is not None:
            self._sign_in.close()
        if self._keeping is not None:
            self._keeping.cancel()
        if self._gate is not None:
            await self._gate.close()
        connections = [connection for state in self._states for connection in state.connections]
        for connection in connections:
            connection.shutdown()
        tasks = [task for state in self._states for task in state.tasks]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GRACE)
            for task in late:
                task.cancel()
        for connection in connections:
            connection.transport.abort()
        if self.public is not None:
            await self.public.stop()
        sockets.remove(self._plan.web.socket, self._inode)
        self._api.close()

    async def _listen_locally(self, path: Path) -> None:
        listening = sockets.bind(path)
        self._inode = sockets.inode(path)
        header = (CONFIG_HEADER, quote(str(self._plan.file)).encode())
        make = self._protocols(OwnerGuard(self._api.for_everything(), self._monitor, self._clock), header)
        loop = asyncio.get_running_loop()
        self._listeners.append(await loop.create_unix_server(make, sock=listening, backlog=BACKLOG))

    async def _listen_on_tcp(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        names = {host, socket.gethostname(), urlsplit(self._plan.link).hostname or host}
        names = {name.lower() for name in names}
        guarded = Guard(self._for_tcp(), self._monitor, self._clock, host)
        forwarded = Forwarded(KnownHosts(guarded, names), lambda: self._monitor.plan.web.access.proxies)
        # By what it really asked for as well: a page whose name was rebound to this host may send X-Forwarded-Host, too.
        app = KnownHosts(forwarded, names)
        make: Callable[[], asyncio.Protocol] = self._protocols(app)
        if files := self._plan.web.tls:
            certificate = Certificate(files, self._clock)
            self._keeping = asyncio.create_task(certificate.keep(), name="certificate")
            make = self._gate = Gate(make, certificate.context, self._bounds, HANDSHAKE)
        self._listeners.append(await loop.create_server(make, host, port, backlog=BACKLOG))

    async def _listen_to_the_public(self, public: PublicListener) -> None:
        try:
            await public.start()
        except CannotListen:
            await self.stop()
            raise

    def _for_tcp(self) -> ASGIApp:
        programs = self._api.for_tcp()
        if self._site is None:
            return programs
        self._sign_in = SignInPages(self._monitor, self._clock, self._site.renderer.answer)
        return Beside(programs, self._site.application(*self._sign_in.routes()))

    def _protocols(self, app: ASGIApp, *headers: tuple[bytes, bytes]) -> Callable[[], GuardedProtocol]:
        config = Config(
            Headed(app),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
        config.load()
        state = ServerState()
        state.default_headers = list(headers)
        self._states.append(state)
        return lambda: GuardedProtocol(config, state, self._bounds)

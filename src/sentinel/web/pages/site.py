"""The dashboard as one application: every page, its assets, the live stream, and pages for what goes wrong."""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sentinel.base.clock import Clock
from sentinel.base.errors import SentinelError
from sentinel.web.headers import Headed
from sentinel.web.live import Live
from sentinel.web.monitor import Monitor
from sentinel.web.pages import looks
from sentinel.web.pages.assets import Assets
from sentinel.web.pages.channels import ChannelsPage
from sentinel.web.pages.check import CheckPage
from sentinel.web.pages.deployments import DeploymentPages
from sentinel.web.pages.errors import ErrorPages
from sentinel.web.pages.figures import FiguresPage
from sentinel.web.pages.frame import Renderer
from sentinel.web.pages.incidents import IncidentPages
from sentinel.web.pages.journal import JournalPage
from sentinel.web.pages.overview import OverviewPage
from sentinel.web.pages.own import OwnPage
from sentinel.web.pages.posts import PostsPage
from sentinel.web.pages.quiet import QuietPage
from sentinel.web.pages.reports import ReportsPage

#: Answers below this are not worth packing, in bytes.
_PACKED_FROM: Final = 1024

#: zlib's 5 takes a third of the time of 9 for pages, and packs almost as well.
_PACKING: Final = 5

#: Pages tell where a form comes from, or its Origin would be `null`; nothing is told to other sites.
_HEADERS: Final = ((b"referrer-policy", b"same-origin"),)

#: Where programs ask; everything else is a page.
PROGRAMS: Final = ("/api/", "/healthz", "/metrics", "/ping/", "/slack/", "/hooks/")


class Site:
    """The pages of one Sentinel."""

    def __init__(self, monitor: Monitor, clock: Clock, source: str) -> None:
        self._live = Live(monitor)
        self._assets = Assets()
        self._renderer = Renderer(monitor, source, self._assets)
        self._parts = (
            OverviewPage(monitor, self._renderer),
            CheckPage(monitor, self._renderer),
            IncidentPages(monitor, clock, self._renderer),
            DeploymentPages(monitor, clock, self._renderer),
            QuietPage(monitor, clock, self._renderer),
            FiguresPage(monitor, clock, self._renderer),
            ReportsPage(monitor, self._renderer),
            PostsPage(monitor, self._renderer),
            ChannelsPage(monitor, clock, self._renderer),
            OwnPage(monitor, self._renderer),
            JournalPage(monitor, clock, self._renderer),
        )

    @property
    def renderer(self) -> Renderer:
        """Makes pages that look like these."""
        return self._renderer

    def application(self, *more: BaseRoute) -> ASGIApp:
        """Every page, and `more` of them."""
        errors = ErrorPages(self._renderer)
        routes = [route for part in (*self._parts, self._live) for route in part.routes()]
        app = Starlette(
            routes=[*routes, *looks.routes(), self._assets.route(), *more],
            exception_handlers={
                HTTPException: errors.refused,
                SentinelError: errors.away,
                ClientDisconnect: _left,
                Exception: errors.fault,
            },
        )
        return Headed(GZipMiddleware(app, minimum_size=_PACKED_FROM, compresslevel=_PACKING), _HEADERS)

    def close(self) -> None:
        """End the streams that pages listen to."""
        self._live.close()
        self._renderer.close()


class Beside:
    """Pages for people beside the interface for programs, told apart by their paths."""

    def __init__(self, programs: ASGIApp, pages: ASGIApp) -> None:
        self._programs = programs
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._programs if scope["path"].startswith(PROGRAMS) else self._pages
        await app(scope, receive, send)


async def _left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # reaches nobody: the client has gone

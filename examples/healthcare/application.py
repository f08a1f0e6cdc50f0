"""The service as one ASGI application: every address, and what stands before all of them."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from examples.faults import Switches, Trouble
from examples.healthcare.answers import no_database, refusal
from examples.healthcare.api import Api
from examples.healthcare.database import DatabaseDownError
from examples.healthcare.faults import GENERAL
from examples.healthcare.portal import Headers, Portal
from examples.releases import Released, Releases


def application(api: Api) -> Starlette:
    portal = Portal(api.faults)
    listed, releases = routes(api), Releases("2.0.3")
    portal.describe(listed)
    return Starlette(
        routes=[
            *listed,
            *portal.routes(),
            *Switches(api.faults, api.effects.switched).routes(),
            *releases.routes(),
        ],
        lifespan=api.lifespan,
        middleware=[
            Middleware(Headers, board=api.faults),
            Middleware(Trouble, board=api.faults, faults=GENERAL),
            Middleware(Released, releases=releases),
        ],
        exception_handlers={HTTPException: refusal, DatabaseDownError: no_database},
    )


def routes(api: Api) -> list[Route]:
    """What the API offers."""
    return [
        Route("/health", api.health),
        Route("/api/v1/auth/status", api.auth_status),
        Route("/api/v1/auth/login", api.login, methods=["POST"]),
        Route("/api/v1/auth/me", api.me),
        Route("/api/v1/auth/logout", api.logout, methods=["POST"]),
        Route("/api/v1/patients", api.patients),
        Route("/api/v1/patients/{patient_id:int}", api.patient),
        Route("/api/v1/roles", api.roles),
        Route("/api/v1/users/{user_id:int}", api.user),
        Route("/api/v1/users/{user_id:int}/roles", api.assign_role, methods=["POST"]),
        Route("/api/v1/users/{user_id:int}/roles/{role}", api.remove_role, methods=["DELETE"]),
        Route("/api/v1/audit", api.audit),
    ]

"""Who asks, and whether they may: the one place where pages and the API look."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from sentinel.core.access import Principal, Role

#: Where the guard of a listener leaves who asks.
PRINCIPAL = "sentinel.principal"


def principal(request: Request) -> Principal:
    """Who asks; every listener has a guard that found out before."""
    found: Principal = request.scope[PRINCIPAL]
    return found


def require(request: Request, role: Role) -> Principal:
    """Who asks, when they may do what that role may.

    Raises:
        HTTPException: 403.
    """
    asking = principal(request)
    if not asking.may(role):
        raise HTTPException(403, f"this needs the role {role.label}")
    return asking

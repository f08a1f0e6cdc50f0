"""Who asks, and whether they may: the one place where pages and the API look."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from sentinel.core.access import Principal, Role, Scope, Via

#: Where the guard of a listener leaves who asks.
PRINCIPAL = "sentinel.principal"

#: Where it leaves the session by which they are known; empty when there is none.
SESSION = "sentinel.session"

#: Where the local socket leaves the name of the user at its other end.
PEER: Final = "sentinel.peer"


def principal(request: Request) -> Principal:
    """Who asks; every listener has a guard that found out before. Who did not sign in is there too, as Via.NOBODY."""
    found: Principal = request.scope[PRINCIPAL]
    return found


def require(request: Request, role: Role, scope: Scope | None = None) -> Principal:
    """Who asks, when they may do what that role may.

    Raises:
        HTTPException: 401 where signing in would help, else 403.
    """
    asking = principal(request)
    if asking.may(role, scope):
        return asking
    if asking.via is Via.NOBODY:
        raise HTTPException(401, "this needs signing in, or a token", {"www-authenticate": "Bearer"})
    if not asking.may(role):
        raise HTTPException(403, f"this needs the role {role.label}")
    raise HTTPException(403, f"this needs a token with the scope {scope}")


def session(request: Request) -> str:
    """The id of the session by which who asks is known; empty when there is none. It is a secret."""
    found: str = request.scope.get(SESSION, "")
    return found


def doer(request: Request, named: str | None) -> str:
    """Who does what is asked: over TCP whoever signed in, whatever the request says; over the socket whom it names.

    Raises:
        HTTPException: 400, the request names somebody else.
    """
    own = principal(request).name
    if own and named and named != own:
        raise HTTPException(400, "`by` has to be left out, or to be who signed in")
    return own or named or ""

"""What the service answers when something is not there, not allowed or not working."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, status_code=error.status_code, headers=error.headers)


async def no_database(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"detail": "the database does not answer"}, status_code=503)


def not_found() -> Response:
    return JSONResponse({"detail": "there is no such record"}, status_code=404)


def found_or_404(record: dict[str, object] | None) -> Response:
    return not_found() if record is None else JSONResponse(record)


def forbidden() -> Response:
    return JSONResponse({"detail": "your roles do not allow this"}, status_code=403)


def unauthorized(detail: str) -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})

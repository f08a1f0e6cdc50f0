"""What requests and answers for programs have in common: JSON in, JSON out."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.reports.documents import Document
from sentinel.web.access import doer, principal


async def body(request: Request) -> bytes:
    """The body of a request that changes something. Asking for JSON keeps forms of foreign pages out."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "expected content-type application/json")
    return await request.body()


async def signed(request: Request) -> bytes:
    """The same, with `by` as who signed in, whatever it says; over the socket as it says.

    Raises:
        HTTPException: 400, it names somebody else; 415.
    """
    content = await body(request)
    try:
        fields = orjson.loads(content)
    except orjson.JSONDecodeError:
        return content  # whoever reads it will say so
    if not isinstance(fields, dict) or not principal(request).name:
        return content
    named = fields.get("by")
    return orjson.dumps(fields | {"by": doer(request, None if named is None else str(named))})


def json_answer(value: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), status, media_type="application/json")


def document_answer(document: Document, status: int = 200) -> Response:
    return json_answer(document.to_json(), status)

"""What a form of a page sends, as a few short texts."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"

#: More fields than any form of ours has.
MOST_FIELDS = 200


def content_type(request: Request) -> str:
    """The type of what a request carries, without its parameters."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def form(request: Request) -> dict[str, str]:
    """The fields of a form; of one that stands twice, the last. May be asked for more than once.

    Raises:
        HTTPException: 415, it is no form; 400, it cannot be read.
    """
    return dict(await pairs(request))


async def pairs(request: Request) -> list[tuple[str, str]]:
    """The fields in their order, those that stand several times too, such as boxes that are ticked; raises as `form`."""
    if content_type(request) != FORM:
        raise HTTPException(415, f"expected content-type {FORM}")
    try:
        text = (await request.body()).decode("ascii")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise HTTPException(400, "the form cannot be read") from None

"""Light or dark: as the device has it, or as the visitor chose, which a cookie keeps."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.web.pages import forms
from sentinel.web.pages.frame import THEME_COOKIE, THEMES
from sentinel.web.sign_in.rules import Rule, rule

_YEAR: Final = 31_536_000  # seconds


def routes() -> tuple[Rule, ...]:
    return (rule("/theme", choose, least=None, methods=("POST",)),)


async def choose(request: Request) -> Response:
    """Keep the choice, and go back to where it was made."""
    form = await forms.read(request)
    answer = RedirectResponse(way_back(form.text("back")), 303)
    if form.text("theme") in THEMES:
        secure = request.url.scheme == "https"
        answer.set_cookie(THEME_COOKIE, form.text("theme"), max_age=_YEAR, secure=secure, httponly=True, samesite="lax")
    else:
        answer.delete_cookie(THEME_COOKIE)
    return answer


def way_back(path: str) -> str:
    """A path of ours; the first page where it leads elsewhere. Browsers read `//host` and `/\\host` as another site."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else "/"

"""The style, the script and the icons of pages: a few files beside the code, kept by browsers under the hash of their content."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.web.sign_in.rules import Rule, rule

FOLDER: Final = "/static"

_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

#: A name with a hash never means anything else, so it is kept for a year, the longest that RFC 9111's readers honour.
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """One file."""

    path: str  # with the hash
    kind: str
    content: bytes


class Assets:
    """The files, read once."""

    def __init__(self) -> None:
        folder = files("sentinel.web.pages").joinpath("static")
        self._by_name = {file.name: _asset(file.name, file.read_bytes()) for file in folder.iterdir() if file.is_file()}
        self._by_path = {asset.path: asset for asset in self._by_name.values()}

    def __getitem__(self, name: str) -> str:
        """The address of a file."""
        return self._by_name[name].path

    def route(self) -> Rule:
        return rule(f"{FOLDER}/{{name}}", self.give, least=None)

    async def give(self, request: Request) -> Response:
        asset = self._by_path.get(f"{FOLDER}/{request.path_params['name']}")
        if asset is None:
            raise HTTPException(404, "there is no such file")
        return Response(asset.content, headers={"content-type": asset.kind, "cache-control": _FOR_EVER})


def _asset(name: str, content: bytes) -> Asset:
    stem, dot, ending = name.rpartition(".")
    return Asset(f"{FOLDER}/{stem}.{sha256(content).hexdigest()[:12]}{dot}{ending}", _TYPES[dot + ending], content)

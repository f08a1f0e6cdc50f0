"""What an OpenAPI document lists, and what is wrong with the document itself. Pure work on bytes, for a thread."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

from sentinel.probes.expect.patterns import read_json

MOST_ENDPOINTS: Final = 10_000

#: OpenAPI 3.1, section 4.8.9; Swagger 2.0 has all but `trace`.
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

#: What stands under these are samples of data, in which `$ref` may mean anything.
_DATA: Final = frozenset({"example", "examples", "default", "enum", "const"})


class NotOpenApi(ValueError):
    """The body is no OpenAPI document in JSON; the text says how far it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The endpoints of a service, an endpoint being a method and a path: `GET /v1/jobs/{id}`."""

    endpoints: tuple[str, ...]  # in the order of the alphabet
    paths: int
    unsecured: tuple[str, ...]  # those that need no credential, by the document
    repeated: int  # operationIds that several endpoints have; each must be unique
    dangling: tuple[str, ...]  # references within the document that lead nowhere

    @property
    def fingerprint(self) -> str:
        """The same for the same endpoints."""
        return fingerprint(self.endpoints)


def fingerprint(endpoints: tuple[str, ...]) -> str:
    return sha256("\n".join(endpoints).encode()).hexdigest()[:12]


def read_listing(body: bytes) -> Listing:
    """The listing of a document of OpenAPI 3 or Swagger 2. Raises NotOpenApi."""
    try:
        document = read_json(body)
    except ValueError:
        raise NotOpenApi("it is not JSON") from None
    if not isinstance(document, dict) or not _is_known(document):
        raise NotOpenApi("it is JSON, but no document of OpenAPI 3 or Swagger 2")
    paths = document.get("paths", {})  # a document of 3.1 may have webhooks alone
    if not isinstance(paths, dict):
        raise NotOpenApi("its `paths` are no object")
    operations = dict(islice(_operations(paths), MOST_ENDPOINTS + 1))
    if len(operations) > MOST_ENDPOINTS:
        raise NotOpenApi(f"it lists more than {MOST_ENDPOINTS} endpoints, too many to look at")
    ids = Counter(one["operationId"] for one in operations.values() if isinstance(one.get("operationId"), str))
    return Listing(
        endpoints=tuple(sorted(operations)),
        paths=len({endpoint.partition(" ")[2] for endpoint in operations}),
        unsecured=tuple(sorted(name for name, one in operations.items() if not _is_secured(one, document))),
        repeated=sum(count > 1 for count in ids.values()),
        dangling=tuple(sorted(ref for ref in _references(document) if not _leads_somewhere(ref, document))),
    )


def _is_known(document: Mapping[str, Any]) -> bool:
    return str(document.get("openapi", "")).startswith("3.") or str(document.get("swagger", "")) == "2.0"


def _operations(paths: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, item in paths.items():
        if path.startswith("/") and isinstance(item, dict):  # other keys are extensions, `x-…`
            for method in _METHODS:
                if isinstance(item.get(method), dict):
                    yield f"{method.upper()} {path}", item[method]


def _is_secured(operation: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a credential is needed: an endpoint's own `security` goes before the document's, and `{}` means none."""
    alternatives = operation.get("security", document.get("security"))
    return isinstance(alternatives, list) and bool(alternatives) and all(alternatives)


def _references(document: Any) -> set[str]:
    """Every reference to a place in the document itself. By a list, not by recursion: documents may be deep."""
    found: set[str] = set()
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += [element for element in one if isinstance(element, dict | list)]
        elif isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str) and reference.startswith("#/"):
                found.add(reference)
            waiting += [value for key, value in one.items() if isinstance(value, dict | list) and key not in _DATA]
    return found


def _leads_somewhere(reference: str, document: Any) -> bool:
    """By JSON Pointer (RFC 6901) in the fragment of a URL."""
    place = document
    for part in unquote(reference[2:]).split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(place, dict) and key in place:
            place = place[key]
        elif isinstance(place, list) and key.isdecimal() and int(key) < len(place):
            place = place[int(key)]
        else:
            return False
    return True

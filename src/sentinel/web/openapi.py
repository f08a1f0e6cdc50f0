"""The interface for programs as a document (OpenAPI 3.1), from the contracts of its routes.

A running Sentinel hands it out at `/api/v1/openapi.json`; `sentinel.web.reference` writes it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from sentinel.core.access import Role, Scope
from sentinel.web.contract import Contract
from sentinel.web.fields import Field, Shape
from sentinel.web.schemas import Schemas
from sentinel.web.sign_in.rules import Rule

Json = dict[str, Any]

_ABOUT: Final = (
    "What the commands and the pages of a Sentinel show and do, for programs. Within this version fields are added, "
    "never changed: leave those alone that you do not know. Times are ISO 8601 in UTC, durations are in seconds."
)

#: What an error looks like.
_PROBLEM: Final[Json] = {
    "type": "object",
    "description": "Why it was not done.",
    "properties": {
        "error": {"type": "string"},
        "hint": {"type": "string", "description": "what a person can do"},
        "refusal": {"type": "string", "description": "a word of a closed list"},
        "number": {"type": "string", "description": "of a fault; the log has it beside the details"},
    },
    "required": ["error"],
}

#: What any request may be answered with, by status: a name, and what it means.
_ALWAYS: Final[dict[int, tuple[str, str]]] = {
    400: ("Unreadable", "It cannot be read."),
    403: ("Forbidden", "Not with this role or scope; or a page of another site asked."),
    421: ("UnknownHost", "This host is not known by that name."),
    431: ("LargeHeaders", "The headers are too large."),
    500: ("Fault", "A fault in Sentinel; its log has the details."),
    503: ("Unavailable", "The store cannot be used, or there are too many connections."),
}
_WHERE_ASKED_WHO: Final[dict[int, tuple[str, str]]] = {
    401: ("Unknown", "Sign in, or show a token."),
    429: ("TooManyTries", "Too many tokens that were wrong."),
}
_WITH_A_BODY: Final[dict[int, tuple[str, str]]] = {
    413: ("LargeBody", "The body is too large."),
    415: ("NotJson", "The body is not JSON by its type."),
}
_NOT_THERE: Final[dict[int, tuple[str, str]]] = {404: ("NotThere", "There is no such thing.")}
_REFUSED: Final[dict[int, tuple[str, str]]] = {409: ("Refused", "It makes no sense as things are.")}

#: Answered before anything is read, as text.
_AS_TEXT: Final = frozenset({413, 421, 431, 503})

_PARAMETER: Final = re.compile(r"\{([a-z_]+)(:[a-z]+)?\}")


def encoded(rules: Iterable[Rule]) -> bytes:
    """The document as JSON."""
    return orjson.dumps(document(rules), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def document(rules: Iterable[Rule]) -> Json:
    """The document of these routes; those without a contract are left out."""
    schemas, paths = Schemas(), dict[str, Json]()
    for one in rules:
        if one.contract is not None:
            method = "post" if "POST" in (one.methods or ()) else "get"
            path = _PARAMETER.sub(r"{\1}", one.path)
            paths.setdefault(path, {})[method] = _operation(one, one.contract, method, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sentinel", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, **schemas.found},
            "responses": dict(_problems()),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(one: Rule, contract: Contract, method: str, schemas: Schemas) -> Json:
    operation: Json = {
        "operationId": _name(one.path, method),
        "summary": contract.says,
        "parameters": [*_path(one.path), *map(_parameter, contract.asks.fields)],
        "responses": _responses(one, contract, schemas),
    }
    if one.least is not None:
        operation |= _who(one.least, one.scope)
    if contract.takes is not None:
        content = {"application/json": {"schema": _body(contract.takes)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _who(least: Role, scope: Scope | None) -> Json:
    words = [least.label, *([scope.value] if scope else [])]
    return {"security": [{"token": words}], "x-role": least.label, "x-scope": scope.value if scope else ""}


def _name(path: str, method: str) -> str:
    """Such as `get_incidents_number`."""
    words = re.findall(r"[a-z]+", _PARAMETER.sub(r"\1", path.removeprefix("/api/v1")))
    return "_".join([method, *words])


def _path(path: str) -> list[Json]:
    return [_path_parameter(*found) for found in _PARAMETER.findall(path)]


def _path_parameter(name: str, kind: str) -> Json:
    number = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    return {"name": name, "in": "path", "required": True, "schema": number if kind else text}


def _parameter(one: Field[Any]) -> Json:
    lists = {"style": "form", "explode": False} if one.schema.get("type") == "array" else {}
    return {"name": one.name, "in": "query", "required": False, "description": one.says, "schema": one.schema} | lists


def _body(shape: Shape) -> Json:
    return {
        "type": "object",
        "properties": {one.name: one.schema | ({"description": one.says} if one.says else {}) for one in shape.fields},
        "required": [one.name for one in shape.fields if one.needed],
        "additionalProperties": False,
    } | shape.also


def _responses(one: Rule, contract: Contract, schemas: Schemas) -> Json:
    problems = dict(_ALWAYS)
    if one.least is not None:
        problems |= _WHERE_ASKED_WHO
    if contract.takes is not None:
        problems |= _WITH_A_BODY
    if "{" in one.path or contract.asks.fields:
        problems |= _NOT_THERE
    if contract.refuses:
        problems |= _REFUSED
    found: dict[int, Json] = {200: {"description": "Done.", "content": _content(contract.answers, schemas)}}
    found |= {status: {"$ref": f"#/components/responses/{name}"} for status, (name, _) in problems.items()}
    found |= {
        status: {"description": "It is not so.", "content": _content(kind, schemas) | _TEXT}
        for status, kind in contract.otherwise.items()
    }
    return {str(status): found[status] for status in sorted(found)}


_TEXT: Final[Json] = {"text/plain": {"schema": {"type": "string"}}}


def _content(answers: type[Any] | tuple[str, ...], schemas: Schemas) -> Json:
    if isinstance(answers, tuple):
        return {kind: {} for kind in answers}
    return {"application/json": {"schema": schemas.of(answers)}}


def _problems() -> Iterator[tuple[str, Json]]:
    """Every error that there is, by its name."""
    every = _ALWAYS | _WHERE_ASKED_WHO | _WITH_A_BODY | _NOT_THERE | _REFUSED
    for status, (name, text) in every.items():
        own = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        yield name, {"description": text, "content": own | (_TEXT if status in _AS_TEXT else {})}

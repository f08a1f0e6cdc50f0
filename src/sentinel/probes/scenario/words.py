"""Words: values that one step learns and later steps use, written `{name}` where they go."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

from pydantic import JsonValue

from sentinel.base.redact import Secret
from sentinel.probes.calls.requests import RequestOptions

#: What a word stands for. A number stays one where it is all of a JSON value.
Value = str | int

Words = Mapping[str, Value]

#: The id of the run: the prefix that marks everything synthetic, and a part that no other run has.
RUN: Final = "run"

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]{0,49})\}")


def named_in(texts: Iterable[str]) -> frozenset[str]:
    """The names that stand in braces in these texts. Not all need be words: a body may have braces of its own."""
    return frozenset(name for text in texts for name in _PLACEHOLDER.findall(text))


def open_texts(request: RequestOptions) -> Iterator[str]:
    """Where nothing but a word can be meant by braces: the address and the headers."""
    yield request.url
    yield from request.headers.values()


def secret_texts(request: RequestOptions) -> Iterator[str]:
    """Headers that are secret, revealed."""
    return (value.reveal() for value in request.secret_headers.values())


def body_texts(request: RequestOptions) -> Iterator[str]:
    """The body, whether text or JSON; of JSON the keys are not looked at."""
    if request.body is not None:
        yield request.body
    yield from _texts(request.json_body)


def _texts(document: JsonValue) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, list | dict):
        for element in document.values() if isinstance(document, dict) else document:
            yield from _texts(element)


def filled(request: RequestOptions, words: Words) -> RequestOptions:
    """The request with every word that is known in its place; percent-encoded in the address and in a form."""
    body = request.body
    if body is not None:
        body = _filled(body, words, quote_plus if _is_form(request) else str)
    return request.model_copy(
        update={
            "url": _filled(request.url, words, lambda text: quote(text, safe="")),
            "headers": {name: _filled(text, words) for name, text in request.headers.items()},
            "secret_headers": {
                name: Secret(_filled(text.reveal(), words)) for name, text in request.secret_headers.items()
            },
            "body": body,
            "json_body": _filled_json(request.json_body, words),
        }
    )


def _is_form(request: RequestOptions) -> bool:
    types = (text for name, text in request.headers.items() if name.lower() == "content-type")
    return any(text.lower().startswith("application/x-www-form-urlencoded") for text in types)


def _filled(text: str, words: Words, write: Callable[[str], str] = str) -> str:
    def put(match: re.Match[str]) -> str:
        return write(str(words[match[1]])) if match[1] in words else match[0]

    return _PLACEHOLDER.sub(put, text)


def _filled_json(document: JsonValue, words: Words) -> JsonValue:
    if isinstance(document, str):
        whole = _PLACEHOLDER.fullmatch(document)
        return words[whole[1]] if whole is not None and whole[1] in words else _filled(document, words)
    if isinstance(document, list):
        return [_filled_json(element, words) for element in document]
    if isinstance(document, dict):
        return {key: _filled_json(element, words) for key, element in document.items()}
    return document

"""References in texts of the configuration: `${NAME}`, `${NAME:-default}`, `${file:PATH}`, and `$${` for a literal `${`.

Standard library only: `sentinel --status` uses this on its quick way.
"""

import re
from collections.abc import Callable, Iterator

#: What a reference asks for: `name` of a variable, or `path` of a file.
Lookup = Callable[[str], str]

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<body>(?:[^{}]|\$?\{[^{}]*\})*)\}|\$\{")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<otherwise>:-(?P<default>.*))?", re.DOTALL)
_FILE = "file:"


class BadReference(Exception):
    """A reference that cannot be followed. Its texts never hold a value, only names."""

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected
        self.hint = hint


def has_reference(text: str) -> bool:
    """Whether the text refers to something outside the file."""
    return any(body is not None for body in _bodies(text))


def stands_for_secret(text: str) -> bool:
    """Whether a secret written like this is kept outside the file: there is a reference, and none has a default in it."""
    bodies = [body for body in _bodies(text) if body is not None]
    return bool(bodies) and not any(_default(body) for body in bodies)


def without_defaults(text: str, mask: str) -> str:
    """The text with every default replaced by a mask: a default of a secret is a secret."""

    def write(match: re.Match[str]) -> str:
        body = match["body"]
        if body is None or not _default(body):
            return match[0]
        return f"${{{body.split(':-')[0]}:-{mask}}}"

    return _REFERENCE.sub(write, text)


def substitute(text: str, variable: Lookup, file: Lookup) -> str:
    """The text with its references followed.

    Args:
        variable: answers a variable's value; an empty text stands for one that is not set.
        file: answers the content of the file of a `${file:PATH}`, or raises BadReference.

    Raises:
        BadReference: a variable is not set, a reference is not closed, a name is none.
    """
    if "${" not in text:
        return text

    def follow(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        body = match["body"]
        if body is None:
            raise BadReference("a reference that is not closed", "'${NAME}'; a literal '${' is written '$${'")
        if body.startswith(_FILE):
            return file(substitute(body.removeprefix(_FILE), variable, _no_file))
        return _follow_variable(body, variable)

    return _REFERENCE.sub(follow, text)


def _follow_variable(body: str, variable: Lookup) -> str:
    match = _VARIABLE.fullmatch(body)
    if match is None:
        raise BadReference(
            "a reference to something that is no name", "'${NAME}', '${NAME:-default}' or '${file:PATH}'"
        )
    value = variable(match["name"])
    if value:
        return value
    if match["otherwise"]:
        return match["default"]
    raise BadReference(
        f"${{{match['name']}}}, and no variable {match['name']} is set (or it is empty)",
        "a variable of the environment that is set",
        f"set {match['name']}, or give a default: ${{{match['name']}:-...}}",
    )


def _no_file(_path: str) -> str:
    raise BadReference("a file reference within a file reference", "the path of a file, such as '${file:/path}'")


def _bodies(text: str) -> Iterator[str | None]:
    return (match["body"] for match in _REFERENCE.finditer(text)) if "${" in text else iter(())


def _default(body: str) -> str:
    match = None if body.startswith(_FILE) else _VARIABLE.fullmatch(body)
    return (match["default"] or "") if match else ""

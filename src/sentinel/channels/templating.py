"""The languages of templates: Jinja in a sandbox for the built-in ones, and a small part of it for those of users.

What users write is made to end: they have `if`, `for` and filters, and nothing that calls, repeats or grows by itself. So what a
template costs is bounded by its length and by what it is given, and what it is given is bounded too.
"""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sentinel.core.templates import MOST_BYTES

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

MOST_OUTPUT: Final = 500_000  # characters that one may make
MOST_DEPTH: Final = 2  # loops within each other
MOST_ITEMS: Final = 100  # of one loop

#: Filters that make no more of what they are given than a constant factor.
FILTERS: Final = (
    "abs",
    "capitalize",
    "default",
    "escape",
    "first",
    "float",
    "int",
    "last",
    "length",
    "lower",
    "padded",
    "round",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
)

_TESTS: Final = ("defined", "undefined", "none", "number", "string", "true", "false", "eq", "ne", "in")

_STATEMENTS: Final = "Template Output TemplateData If For"
_EXPRESSIONS: Final = (
    "Name Const Getattr Getitem Filter Test Compare Operand And Or Not CondExpr Concat Add Sub Neg List Tuple Keyword"
)
_ALLOWED: Final = frozenset(f"{_STATEMENTS} {_EXPRESSIONS}".split())

#: Words for what is not there, as it is written.
_WRITTEN: Final = {
    "Call": "a call",
    "CallBlock": "{% call %}",
    "Macro": "{% macro %}",
    "Assign": "{% set %}",
    "AssignBlock": "{% set %}",
    "Include": "{% include %}",
    "Import": "{% import %}",
    "FromImport": "{% from %}",
    "Extends": "{% extends %}",
    "Block": "{% block %}",
    "FilterBlock": "{% filter %}",
    "With": "{% with %}",
    "Mul": "*",
    "Pow": "**",
    "Mod": "%",
    "Div": "/",
    "FloorDiv": "//",
    "Slice": "a slice",
    "Dict": "an object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a template of a user."""

    line: int
    found: str
    expected: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.found}; expected {self.expected}"


class BadTemplate(Exception):
    """A template of a user cannot be used, or failed with what it was given."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@cache
def environment() -> "jinja2.Environment":
    """The environment of the built-in templates: sandboxed, HTML escaped, unknown names an error."""
    # 12 MB and 60 ms that only who needs templates pays for
    from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=lambda name: (name or "").endswith((".html", ".svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["padded"] = padded
    return made


def built_in(name: str) -> "jinja2.Template":
    """One of the built-in templates."""
    return environment().get_template(name)


def padded(text: object, width: int) -> str:
    """A filter: the text filled up with spaces to a width of at most 100."""
    return str(text).ljust(min(int(width), 100))


def rounded(number: float, digits: int = 0) -> float:
    """A filter: the number rounded to at most so many digits behind the point. Jinja's own also takes a count of digits that
    keeps the processor busy for hours."""
    return round(float(number), max(0, min(int(digits), 20)))


class UserTemplate:
    """A template that a user wrote."""

    def __init__(self, name: str, source: str, names: Mapping[str, Sequence[str]]) -> None:
        """Compile it.

        Args:
            name: of the file; one that ends in `.html` is escaped.
            source: its text.
            names: the variables that there are, each with its fields; without fields where nobody knows them.

        Raises:
            BadTemplate: it is no template, uses more than there is, or names what nobody knows.
        """
        self.name = name
        self._template = _compiled(name, source, names)

    def render(self, given: Mapping[str, object]) -> str:
        """The text for what is given.

        Raises:
            BadTemplate: it names what is not there, or makes too much.
        """
        pieces: list[str] = []
        room = MOST_OUTPUT
        try:
            for piece in self._template.generate(**given):
                pieces.append(piece)
                room -= len(piece)
                if room < 0:
                    raise BadTemplate(
                        Fault(line=1, found="too much text", expected=f"at most {MOST_OUTPUT} characters")
                    )
        except BadTemplate:
            raise
        # Whatever an expression of a user runs into: a type that does not fit, a name that is not there.
        except Exception as error:
            raise BadTemplate(_what_failed(self.name, error)) from None
        return "".join(pieces).rstrip("\n")


def _compiled(name: str, source: str, names: Mapping[str, Sequence[str]]) -> "jinja2.Template":
    from jinja2 import Template, TemplateSyntaxError  # noqa: PLC0415

    if len(source) > MOST_BYTES:
        raise BadTemplate(Fault(line=1, found=f"{len(source)} characters", expected=f"at most {MOST_BYTES}"))
    language = _users_language()
    try:
        tree = language.parse(source, filename=name)
        _look_through(tree, names)
        code = language.compile(tree, name=name, filename=name)
    except TemplateSyntaxError as error:
        raise BadTemplate(Fault(line=error.lineno, found=error.message or "no template", expected=_GRAMMAR)) from None
    except RecursionError:
        raise BadTemplate(Fault(line=1, found="expressions within expressions", expected="fewer of them")) from None
    template: Template = Template.from_code(language, code, dict(language.globals))
    return template


_GRAMMAR: Final = "{{ … }}, {% if … %} and {% for … %} of Jinja"


@cache
def _users_language() -> "jinja2.Environment":
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    class Unknown(StrictUndefined):
        """Says what there is beside what is not."""

        __slots__ = ()

        @property
        def _undefined_message(self) -> str:
            return _unknown(self._undefined_name, self._undefined_obj)

    made = ImmutableSandboxedEnvironment(
        autoescape=lambda name: (name or "").endswith(".html"), undefined=Unknown, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"padded": padded, "round": rounded}
    made.filters = {name: made.filters[name] for name in FILTERS} | {_FEW: _few}
    made.tests = {name: made.tests[name] for name in _TESTS}
    made.globals.clear()
    return made


#: Every loop goes through this filter. Its name cannot be written in a template.
_FEW: Final = "few items"


def _few(items: object) -> Sequence[object]:
    """What a loop may go through: the first `MOST_ITEMS` of a list, and never the characters of a text."""
    if isinstance(items, list | tuple):
        return items[:MOST_ITEMS]
    raise TypeError("a loop goes through a list")


def _look_through(tree: "nodes.Template", names: Mapping[str, Sequence[str]]) -> None:
    """Refuse what is not allowed, in the order of the lines, and bound every loop.

    Raises:
        BadTemplate: at the first such place.
    """
    from jinja2 import nodes  # noqa: PLC0415

    loops: list[tuple[nodes.Node, int, frozenset[str]]] = [(tree, 0, frozenset(names))]
    while loops:
        node, depth, known = loops.pop()
        _refuse(node, known, names)
        inside = known
        if isinstance(node, nodes.For):
            depth += 1
            _refuse_loop(node, depth)
            targets = {name.name for name in node.find_all(nodes.Name) if name.ctx == "store"}
            inside = known | targets | {"loop"}
            loops.append((node.iter, depth, known))
            node.iter = nodes.Filter(node.iter, _FEW, [], [], None, None, lineno=node.lineno)
            children = [child for child in node.iter_child_nodes() if child is not node.iter]
        else:
            children = list(node.iter_child_nodes())
        loops.extend((child, depth, inside) for child in reversed(children))


def _refuse_loop(node: "nodes.For", depth: int) -> None:
    if depth > MOST_DEPTH:
        raise BadTemplate(
            Fault(line=node.lineno, found=f"{depth} loops in each other", expected=f"at most {MOST_DEPTH}")
        )
    if node.recursive:
        raise BadTemplate(Fault(line=node.lineno, found="a recursive loop", expected="a plain one"))


def _refuse(node: "nodes.Node", known: frozenset[str], names: Mapping[str, Sequence[str]]) -> None:
    from jinja2 import nodes  # noqa: PLC0415

    kind = type(node).__name__
    if kind not in _ALLOWED:
        found = _WRITTEN.get(kind, kind)
        raise BadTemplate(Fault(line=node.lineno, found=found, expected=f"{_GRAMMAR}, without it"))
    if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in known:
        raise BadTemplate(Fault(line=node.lineno, found=f"`{node.name}`", expected=_one_of(sorted(known - {"loop"}))))
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name in names:
        there = names[node.node.name]
        if there and node.attr not in there:
            found = f"`{node.node.name}.{node.attr}`"
            raise BadTemplate(Fault(line=node.lineno, found=found, expected=_one_of(there)))
    if isinstance(node, nodes.Filter) and node.name not in (*FILTERS, _FEW):
        raise BadTemplate(Fault(line=node.lineno, found=f"the filter `{node.name}`", expected=_one_of(FILTERS)))
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise BadTemplate(Fault(line=node.lineno, found=f"the test `{node.name}`", expected=_one_of(_TESTS)))


def _one_of(names: Sequence[str]) -> str:
    return "one of " + ", ".join(names)


def _unknown(name: object, owner: Any) -> str:
    """What a template asked for in vain, and what there is."""
    if owner is None:
        return f"`.{name}` of nothing; put it inside of an {{% if … %}} that asks for what stands before the point"
    if isinstance(owner, Mapping):
        return f"`.{name}`; there is {', '.join(map(str, owner))}"
    if is_dataclass(owner):
        return f"`.{name}`; there is {', '.join(field.name for field in fields(owner))}"
    return f"`{name}`"


def _what_failed(name: str, error: Exception) -> Fault:
    """Where in the template an error came from. Of errors that are not the template's own only the kind is told: their text may
    hold what the template was given."""
    from jinja2 import UndefinedError  # noqa: PLC0415

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    said = error.message or "an unknown name" if isinstance(error, UndefinedError) else ""
    if isinstance(error, TypeError) and "a loop goes through a list" in str(error):
        said = "a loop through something that is no list"
    return Fault(
        line=(lines[-1] if lines else None) or 1,
        found=said or f"an expression that fails ({type(error).__name__})",
        expected="names and values that there are",
    )

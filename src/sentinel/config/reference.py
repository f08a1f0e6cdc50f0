"""The reference of the configuration in Markdown, written from the JSON Schema and so from the models themselves."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sentinel.base.units import Unit
from sentinel.config.guide import KEYS as GUIDE_KEYS
from sentinel.config.json_schema import Node, json_schema
from sentinel.config.kinds import ChannelKinds, CheckKinds, KindOfCheck
from sentinel.config.schema.rules import RULES

#: Ends the part of `docs/configuration.md` that is written by hand.
MARK = "<!-- What follows is written by `python -m tests.config.write_docs`: do not edit it here. -->"

_UNITS = {
    Unit.SECONDS: "seconds",
    Unit.RATIO: "ratio, 0 to 1",
    Unit.BYTES: "bytes",
    Unit.COUNT: "a count",
    Unit.DAYS: "days",
    Unit.NONE: "a number",
}
_SIMPLE = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
}


def reference(probe_kinds: CheckKinds, channel_kinds: ChannelKinds) -> str:
    """The generated part of the page."""
    writer = _Writer(json_schema(probe_kinds, channel_kinds))
    return "\n".join([MARK, "", *writer.write(probe_kinds, channel_kinds)])


class _Writer:
    """Writes each object once, in the order in which it is first met."""

    def __init__(self, schema: Node) -> None:
        self._schema = schema
        self._definitions: Mapping[str, Node] = schema["$defs"]
        self._written: set[str] = {"reference", "channel", "rule"}
        self._contents: set[str] = set()

    def write(self, probe_kinds: CheckKinds, channel_kinds: ChannelKinds) -> Iterator[str]:
        full = {key: node for key, node in self._schema["properties"].items() if key not in GUIDE_KEYS}
        short = {key: node for key, node in self._schema["properties"].items() if key in GUIDE_KEYS}
        yield from _heading(2, "All keys", "The keys at the top of the file.")
        yield from self._table({"properties": full})
        yield from self._below({"properties": full}, 3)
        yield from _heading(2, "Rules", "What turns readings into a warning or a critical incident.")
        for name, node in zip(RULES, self._definitions["rule"]["anyOf"], strict=True):
            yield from _heading(3, f"Rule `{name}`", node["description"])
            yield from self._table(node)
        yield from _heading(2, "Kinds of check", "What stands under `options`, and the readings that rules may name.")
        for name, kind in probe_kinds.items():
            yield from _heading(3, f"Check `{name}`", kind.summary)
            yield from _readings(kind)
            yield from self._object(f"check.{name}", 4)
        yield from _heading(2, "Kinds of channel", "What stands beside `kind`.")
        for name, node in zip(sorted(channel_kinds), self._definitions["channel"]["oneOf"], strict=True):
            yield from _heading(3, f"Channel `{name}`", channel_kinds[name].summary)
            yield from self._table(node)
            yield from self._below(node, 4)
        yield from _heading(2, "Keys of the short form", "They stand for parts of the full form.")
        yield from self._table({"properties": short})
        yield from self._below({"properties": short}, 3)

    def _object(self, name: str, level: int) -> Iterator[str]:
        """The table of one object, and below it those of the objects in it."""
        node = self._definitions[name]
        self._written.add(name)
        yield from self._table(node)
        yield from self._below(node, level)

    def _below(self, node: Node, level: int) -> Iterator[str]:
        for name in _references(node.get("properties", {})):
            below = self._definitions[name]
            if name in self._written or "properties" not in below or not self._is_new(name, below):
                continue
            yield from _heading(level, f"`{_title(name)}`", below.get("description", ""))
            yield from self._object(name, level)

    def _is_new(self, name: str, node: Node) -> bool:
        """Whether no other kind has the same object; each is written once."""
        self._written.add(name)
        prefix = name.rpartition(".")[0]
        content = json.dumps(node).replace(f"{prefix}.", "") if prefix else json.dumps(node)
        is_new = content not in self._contents
        self._contents.add(content)
        return is_new

    def _table(self, node: Node) -> Iterator[str]:
        if not node["properties"]:
            return
        yield "| Key | Value | Default | Meaning |"
        yield "|---|---|---|---|"
        needed = node.get("required", [])
        for key, value in node["properties"].items():
            default = "required" if key in needed else _default(value)
            yield f"| `{key}` | {_cell(self._words(value))} | {default} | {_cell(self._meaning(value))} |"
        yield ""

    def _meaning(self, node: Node) -> str:
        """What the key is for; what the object there is for where that says it all."""
        names = list(_references(node))
        below = self._definitions[names[0]].get("description", "") if names else ""
        return str(node.get("description") or below)

    def _words(self, node: Node) -> str:
        """What may stand there, in words."""
        if "$ref" in node:
            return self._name(node["$ref"].rpartition("/")[2])
        if "const" in node:
            const = node["const"]
            return f"`{str(const).lower() if isinstance(const, bool) else const}`"
        if "enum" in node:
            return " · ".join(f"`{one}`" for one in node["enum"] if one != "")
        if node.get("writeOnly"):
            return "secret"
        if "anyOf" in node or "oneOf" in node:
            return self._choice(node.get("anyOf") or node["oneOf"])
        return self._plain(node)

    def _plain(self, node: Node) -> str:
        kind = node.get("type")
        if kind == "array":
            return f"list of {self._words(node.get('items', {}))}"
        if kind == "object":
            value: Any = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), {})
            return f"object of {self._words(value)}" if isinstance(value, dict) and value else "object"
        if isinstance(kind, list):
            return " or ".join(_SIMPLE[one] for one in kind)
        return f"{_SIMPLE.get(str(kind), 'anything')}{_limits(node)}"

    def _choice(self, nodes: Sequence[Node]) -> str:
        texts = [node.get("pattern", "") for node in nodes]
        if any("ms|s|m" in text for text in texts):
            return "duration"
        if any("%" in text for text in texts):
            return "ratio or per cent"
        words = [
            self._words(node)
            for node in nodes
            if node.get("type") != "null" and node.get("$ref") != "#/$defs/reference"
        ]
        return " or ".join(dict.fromkeys(words))

    def _name(self, name: str) -> str:
        match name:
            case "rule":
                return "[rule](#rules)"
            case "channel":
                return "[channel](#kinds-of-channel)"
            case _ if "properties" in self._definitions[name]:
                return f"`{_title(name)}`"
            case _:
                return self._words(self._definitions[name])


def _references(node: Any) -> Iterator[str]:
    """The objects that a schema refers to, in its order."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _readings(kind: KindOfCheck) -> Iterator[str]:
    yield "| Reading | Unit |"
    yield "|---|---|"
    for name, unit in kind.readings.items():
        remarks = [("main", name == kind.main), ("less is worse", name in kind.lower_is_worse)]
        remark = ", ".join(text for text, applies in remarks if applies)
        yield f"| `{name}`{f' ({remark})' if remark else ''} | {_UNITS[unit]} |"
    yield ""


def _heading(level: int, title: str, text: str) -> Iterator[str]:
    yield from (f"{'#' * level} {title}", "", " ".join(text.split()), "")


def _title(name: str) -> str:
    return name.rpartition(".")[2].removesuffix("Entry").removesuffix("Options") or name


def _default(node: Node) -> str:
    value = node.get("default")
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, list):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _limits(node: Node) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f" ({low} to {high})"
    return f" (at least {low})" if low is not None else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

"""The JSON Schema of a file of configuration, so that editors complete keys and explain them."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, TypeAdapter

from sentinel.base.units import write_duration
from sentinel.config.kinds import ChannelKinds, CheckKinds
from sentinel.config.schema import Configuration
from sentinel.config.schema.checks import CheckEntry
from sentinel.config.schema.guide import GuideForm
from sentinel.config.schema.rules import RULES
from sentinel.config.schema.telling import ChannelEntry

Node = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: A text with a reference may stand wherever a value may: what it stands for is only known when it is read.
_REFERENCE: Node = {"type": "string", "pattern": r"\$\{.+\}", "description": "a reference such as '${NAME}'"}

#: How pydantic writes the default of a duration; a file could not have it so.
_ISO_DURATION = re.compile(r"P(\d+D)?(T[\dHMS.]+)?")
_DURATION = TypeAdapter(timedelta)

_REFERABLE = {"integer", "number", "boolean"}


def json_schema(probe_kinds: CheckKinds, channel_kinds: ChannelKinds) -> Node:
    """The schema for a file with checks and channels of these kinds."""
    definitions: dict[str, Node] = {"reference": _REFERENCE}
    schema = _model(Configuration, "", definitions)
    guide = _model(GuideForm, "", definitions)
    schema["properties"] |= guide["properties"]
    definitions["CheckEntry"] = _check(definitions, probe_kinds)
    schema["properties"]["defaults"] = {"$ref": "#/$defs/Defaults"}
    definitions["Defaults"]["properties"]["rules"] |= {
        "propertyNames": {"enum": sorted(probe_kinds)},
        "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
    }
    definitions["rule"] = {"anyOf": [_model(rule, "", definitions) for rule in RULES.values()]}
    definitions["channel"] = {"oneOf": [_channel(name, channel_kinds, definitions) for name in sorted(channel_kinds)]}
    names = schema["properties"]["channels"]["patternProperties"]
    schema["properties"]["channels"]["patternProperties"] = {name: {"$ref": "#/$defs/channel"} for name in names}
    definitions.pop("ChannelEntry", None)
    for rule in RULES.values():
        definitions.pop(rule.__name__, None)
    return {
        "$schema": DIALECT,
        "title": "Configuration of Sentinel",
        **{key: value for key, value in schema.items() if key != "title"},
        "$defs": dict(sorted(definitions.items())),
    }


def _check(definitions: dict[str, Node], kinds: CheckKinds) -> Node:
    """A check: its kind decides what its options are."""
    check = _model(CheckEntry, "", definitions)
    check["properties"]["kind"] |= {"enum": sorted(kinds)}
    check["properties"]["rules"] |= {"items": {"$ref": "#/$defs/rule"}}
    check["allOf"] = [_options(name, kinds[name].options, definitions) for name in sorted(kinds)]
    return check


def _options(name: str, options: type[BaseModel], definitions: dict[str, Node]) -> Node:
    definitions[f"check.{name}"] = _model(options, f"check.{name}.", definitions)
    when: Node = {"properties": {"kind": {"const": name}}, "required": ["kind"]}
    then: Node = {"properties": {"options": {"$ref": f"#/$defs/check.{name}"}}}
    if definitions[f"check.{name}"].get("required"):
        then["required"] = ["options"]
    return {"if": when, "then": then}


def _channel(name: str, kinds: ChannelKinds, definitions: dict[str, Node]) -> Node:
    """A channel: its kind and the options of that kind stand side by side."""
    channel = _model(kinds[name].options, f"channel.{name}.", definitions)
    common = _model(ChannelEntry, "", definitions)["properties"]
    kind = {"const": name, "description": kinds[name].summary}
    channel["properties"] = {**common, "kind": kind, **channel["properties"]}
    channel["required"] = ["kind", *channel.get("required", [])]
    return channel


def _model(model: type[BaseModel], prefix: str, definitions: dict[str, Node]) -> Node:
    """The schema of a model; those it refers to go to the definitions, under the prefix."""
    schema = model.model_json_schema(by_alias=True, ref_template=f"#/$defs/{prefix}{{model}}")
    for name, definition in schema.pop("$defs", {}).items():
        definitions[f"{prefix}{name}"] = _referable(_tidy(definition))
    tidy: Node = _referable(_tidy(schema))
    return tidy


def _tidy(node: Any) -> Any:
    """Without the titles that pydantic makes up and without defaults of whole objects: the keys say it all."""
    if isinstance(node, Mapping):
        return {key: _tidy_below(key, value) for key, value in node.items() if not _is_noise(key, value)}
    return [_tidy(one) for one in node] if isinstance(node, list) else node


def _is_noise(key: str, value: Any) -> bool:
    if key == "default":
        return value is None or isinstance(value, dict) or (isinstance(value, list) and not _is_plain(value))
    return key == "title"


def _is_plain(values: list[Any]) -> bool:
    """Whether a list has something, and no objects."""
    return bool(values) and not any(isinstance(one, dict | list) for one in values)


def _tidy_below(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _tidy(one) for name, one in value.items()}
    if key == "default":
        return [_default(one) for one in value] if isinstance(value, list) else _default(value)
    return _tidy(value)


def _default(value: Any) -> Any:
    """A default as a file could have it."""
    if isinstance(value, str) and _ISO_DURATION.fullmatch(value):
        return write_duration(_DURATION.validate_python(value))
    return value


def _referable(node: Any) -> Any:
    """Lets a reference stand for every value that is no text."""
    if isinstance(node, list):
        return [_referable(one) for one in node]
    if not isinstance(node, dict):
        return node
    below = {key: _referable_below(key, value) for key, value in node.items()}
    if not any(_wants_reference(one) for one in node.get("anyOf", [node])):
        return below
    kept = {key: below.pop(key) for key in ("description", "default") if key in below}
    choices = node.get("anyOf", [below])
    return {"anyOf": [*choices, {"$ref": "#/$defs/reference"}], **kept}


def _referable_below(key: str, value: Any) -> Any:
    if key in {"default", "examples", "enum", "const", "required"}:
        return value
    return {name: _referable(one) for name, one in value.items()} if key == "properties" else _referable(value)


def _wants_reference(node: Node) -> bool:
    kind = node.get("type")
    if kind == "string":
        return bool({"enum", "pattern", "format"} & node.keys()) and node != _REFERENCE
    return isinstance(kind, str) and kind in _REFERABLE

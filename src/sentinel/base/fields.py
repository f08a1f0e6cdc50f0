"""Types of fields for models of options: what a person writes in a file, checked and turned into our values.

Probes, channels and the configuration share these; they are the only part of `base` that knows pydantic.
"""

from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from sentinel.base.redact import MASK, Secret
from sentinel.base.units import parse_duration, write_duration


class Options(BaseModel):
    """Base of every model that a file of configuration is read into: strict about keys, frozen once read."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # what was given may be a secret in the wrong place
    )


class Refused(ValueError):
    """A value that an option does not take: what it expects, and what a person can do about it."""

    def __init__(self, expected: str, hint: str) -> None:
        super().__init__(expected)
        self.hint = hint


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str | int | float):
        return parse_duration(value)
    raise ValueError("a duration such as 30, '30s', '5m' or '1h30m'")


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("a duration above zero")
    return value


_DURATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*)+$"},
    ],
    "description": "seconds, or a text such as '30s', '5m', '1h30m', '250ms'",
}

#: Zero or longer: `30`, `"30s"`, `"1h30m"`.
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(write_duration, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]

#: Longer than zero.
PositiveDuration = Annotated[
    timedelta,
    BeforeValidator(lambda value: _positive(_duration(value))),
    PlainSerializer(write_duration, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a time zone by its IANA name, such as 'UTC' or 'Europe/Berlin'") from None
    return value


#: A time zone, such as `"Europe/Berlin"`.
ZoneName = Annotated[str, AfterValidator(_zone)]


class _SecretSchema:
    """How pydantic reads a Secret from a text and writes it as a mask."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> Secret:
            if isinstance(value, Secret):
                return value
            if not isinstance(value, str) or not value:
                raise ValueError("a secret that is not empty, such as '${NAME}' or '${file:/path}'")
            return Secret(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: MASK)
        )


#: A value that never prints.
SecretField = Annotated[Secret, _SecretSchema, WithJsonSchema({"type": "string", "minLength": 1, "writeOnly": True})]

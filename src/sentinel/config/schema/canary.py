"""Canaries through a channel, as a file has them."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from sentinel.base.fields import Options, PositiveDuration, ZoneName
from sentinel.config.schema.fields import TIME_OF_DAY, time_of_day

_DAY = timedelta(days=1)
_FASTEST = timedelta(minutes=1)


class CanaryEntry(Options):
    """A message that is sent on a schedule to prove that the channel works."""

    every: PositiveDuration = Field(default="1d", validate_default=True)
    """How often; at least a minute, and whole days with `at`."""
    at: (
        Annotated[str, AfterValidator(time_of_day), WithJsonSchema({"type": "string", "pattern": TIME_OF_DAY.pattern})]
        | None
    ) = None
    """Time of day."""
    zone: ZoneName = "UTC"
    """Time zone of `at`, by its IANA name."""
    silent_after: PositiveDuration | None = None
    """A channel that nothing has gone through for so long is told of through the others. Not given: twice `every`."""

    @model_validator(mode="after")
    def _rhythm(self) -> "CanaryEntry":
        if self.every < _FASTEST:
            raise ValueError("`every` of at least 1m")
        if self.at is not None and self.every % _DAY:
            raise ValueError("`every` of whole days, such as '1d', beside `at`")
        if self.silent_after is not None and self.silent_after <= self.every:
            raise ValueError("`silent_after` of more than `every`")
        return self

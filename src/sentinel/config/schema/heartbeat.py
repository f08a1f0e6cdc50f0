"""The sign of life to the outside, as a file has it."""

from datetime import timedelta

from pydantic import Field, field_validator

from sentinel.base.addresses import checked_url
from sentinel.base.fields import Options, PositiveDuration, SecretField

_FASTEST, _LONGEST_ANSWER = timedelta(seconds=1), timedelta(seconds=30)


class HeartbeatEntry(Options):
    """A URL that is asked for as long as Sentinel does its work; whoever answers it raises the alarm when that stops."""

    url: SecretField
    """The address, with http:// or https://. It is kept secret, since such addresses hold a token."""
    every: PositiveDuration = Field(default="60s", validate_default=True)
    """How often; at least a second."""
    timeout: PositiveDuration = Field(default="10s", validate_default=True)
    """How long the answer may take; at most 30 s."""

    _url = field_validator("url")(checked_url)

    @field_validator("every")
    @classmethod
    def _every(cls, value: timedelta) -> timedelta:
        if value < _FASTEST:
            raise ValueError("at least 1s")
        return value

    @field_validator("timeout")
    @classmethod
    def _timeout(cls, value: timedelta) -> timedelta:
        if value > _LONGEST_ANSWER:
            raise ValueError("at most 30s")
        return value

"""Where Sentinel answers, and who may ask it there."""

from typing import Annotated

from pydantic import Field

from sentinel.base.fields import Options


class WebEntry(Options):
    """Where Sentinel answers."""

    socket: str | None = None
    """Path of the Unix socket that `sentinel --status` asks. Default: `sentinel.sock` in the runtime or state folder."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on over TCP; only with `port`."""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """TCP port of status, health and metrics, read-only; none when not given."""

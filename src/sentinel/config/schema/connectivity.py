"""How Sentinel finds out whether its own network works."""

from typing import Annotated

from pydantic import Field

from sentinel.base.fields import Options, PositiveDuration


class ConnectivityEntry(Options):
    """Beacons: what nearly always answers. When none does, Sentinel's own network is down: results that say that nobody
    answered are unknown then, one incident of Sentinel's own tells of it, and no target is accused."""

    targets: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """Each is an address and port (`10.0.0.1:53`), which has to accept a connection; a URL, which has to give any answer; or
    `dns:` and a name, which has to be resolved. Choose them at different distances, one of them by address: a gateway, your
    name server, something outside. None is asked unless it stands here."""
    every: PositiveDuration = Field(default="20s", validate_default=True)
    """How often they are asked, beside when a check fails; at least a second."""
    timeout: PositiveDuration = Field(default="3s", validate_default=True)
    """How long an answer may take; a failed check may wait for it twice. At most 10 s."""
    need: Annotated[int, Field(ge=1)] = 1
    """How many have to answer for the network to count as there."""

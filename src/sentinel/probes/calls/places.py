"""A host and a port, for kinds that ask no URL."""

from typing import Annotated

from pydantic import AfterValidator, Field

from sentinel.base.fields import Options
from sentinel.probes.wire.names import host_name


def _known(host: str) -> str:
    if found := host_name(host):
        return found
    raise ValueError("the name or the address of a host, without a scheme and a port")


HostField = Annotated[str, AfterValidator(_known)]
PortField = Annotated[int, Field(ge=1, le=65535)]


class PlaceOptions(Options):
    """Where something listens."""

    host: HostField
    """Name or address of the host."""
    port: PortField
    """Its port."""

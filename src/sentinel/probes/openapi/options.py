"""What a configuration expects of an OpenAPI document."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from sentinel.base.fields import PositiveDuration
from sentinel.probes.calls.document import BodyLimit, DocumentOptions

_ENDPOINT: Final = re.compile(r"([A-Za-z]+) (/\S{0,300})")
_FINGERPRINT: Final = r"^[0-9a-f]{12}$"


def _endpoint(text: str) -> str:
    found = _ENDPOINT.fullmatch(text)
    if found is None:
        raise ValueError("a method and a path as the document has it, such as 'GET /v1/jobs/{job_id}'")
    return f"{found[1].upper()} {found[2]}"


#: `GET /v1/jobs/{job_id}`.
EndpointField = Annotated[str, AfterValidator(_endpoint)]


class OpenApiOptions(DocumentOptions):
    """Reads a service's OpenAPI (or Swagger) document in JSON: which endpoints there are, and whether they changed."""

    required: tuple[EndpointField, ...] = Field(default=(), max_length=500)
    """Endpoints that must be there, as the document writes them: `GET /v1/jobs/{job_id}`."""
    accepted: Annotated[str, Field(pattern=_FINGERPRINT)] | None = None
    """The fingerprint of the endpoints as they were agreed on. With it, every other set is a failure; messages of a change tell
    the new one. Without it, a change is a warning for as long as `remember` says."""
    remember: PositiveDuration = timedelta(days=1)
    """How long a change is told, before what is seen now becomes what is known."""
    public: tuple[EndpointField, ...] | None = Field(default=None, max_length=500)
    """Endpoints that need no credential. When given, and be it empty, every other one must declare that it needs one."""
    body_limit: BodyLimit = 4 << 20
    """Bytes of the document, decompressed, that are read at most."""

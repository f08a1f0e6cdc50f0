"""Every kind of probe, by the name that a check's `kind` gives."""

from collections.abc import Mapping
from typing import Final

from sentinel.probes import audit, auth, http, roles, sql
from sentinel.probes.base import ProbeKind

_KINDS: Final = (http.KIND, sql.KIND, auth.KIND, roles.KIND, audit.KIND)

CATALOGUE: Final[Mapping[str, ProbeKind]] = {kind.name: kind for kind in _KINDS}

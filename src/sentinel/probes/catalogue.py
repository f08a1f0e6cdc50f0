"""Every kind of probe, by the name that a check's `kind` gives."""

from collections.abc import Mapping
from typing import Final

from sentinel.probes import http, sql
from sentinel.probes.base import ProbeKind

CATALOGUE: Final[Mapping[str, ProbeKind]] = {kind.name: kind for kind in (http.KIND, sql.KIND)}

"""Every kind of probe, by the name that a check's `kind` gives."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Final

from sentinel.probes.base import ProbeKind

#: One module of this folder per kind, of the same name, with its `KIND`.
_KINDS: Final = (
    "http",
    "sql",
    "postgres",
    "sqlite",
    "redis",
    "jobs",
    "auth",
    "roles",
    "audit",
    "scenario",
    "health",
    "metrics",
    "openapi",
    "tls",
    "tcp",
    "dns",
    "ping",
    "hardening",
    "browser",
    "host",
    "service",
    "logs",
    "backup",
    "heartbeat",
    "command",
)


class Catalogue(Mapping[str, ProbeKind]):
    """Kinds by name. A module is imported when its kind is first asked for: most plans use few of them."""

    def __getitem__(self, name: str) -> ProbeKind:
        if name not in _KINDS:
            raise KeyError(name)
        return _kind(name)

    def __contains__(self, name: object) -> bool:
        return name in _KINDS

    def __iter__(self) -> Iterator[str]:
        return iter(_KINDS)

    def __len__(self) -> int:
        return len(_KINDS)


@cache
def _kind(name: str) -> ProbeKind:
    kind = import_module(f"sentinel.probes.{name}").KIND
    assert isinstance(kind, ProbeKind)
    return kind


CATALOGUE: Final = Catalogue()

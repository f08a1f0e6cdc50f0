"""What a listener that speaks TLS has to have."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The certificate of a listener, PEM."""

    certificate: Path  # with those that lead to its authority
    key: Path

"""Writes the document of the interface from its routes: `python -m sentinel.web.reference > docs/openapi.json`."""

import sys
from typing import Any

from sentinel.base.clock import SystemClock
from sentinel.web import openapi
from sentinel.web.api import Api


def reference() -> bytes:
    """The document, as it stands in `docs/openapi.json`."""
    nothing: Any = None  # routes are made without asking the monitor anything
    api = Api(nothing, SystemClock())
    api.close()
    return openapi.encoded(api.rules)


if __name__ == "__main__":
    sys.stdout.buffer.write(reference())

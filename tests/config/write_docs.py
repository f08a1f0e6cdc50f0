"""What the documentation says of the configuration, written anew: `python -m tests.config.write_docs`."""

import json
from pathlib import Path

from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.json_schema import json_schema
from sentinel.config.reference import MARK, reference
from sentinel.probes.catalogue import CATALOGUE as PROBES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "configuration.md"
SCHEMA = DOCS / "monitoring_config.schema.json"


def schema_text() -> str:
    return json.dumps(json_schema(PROBES, CHANNELS), indent=2, ensure_ascii=False) + "\n"


def page_text() -> str:
    """The page: what is written by hand as it is, and the reference as it should be."""
    by_hand = PAGE.read_text().partition(MARK)[0]
    return f"{by_hand}{reference(PROBES, CHANNELS)}"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text())
    PAGE.write_text(page_text())

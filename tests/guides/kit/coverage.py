"""The page of a guide: which id is served by what, read from its table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from examples.demo.system import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The ids of each system, as the requirements number them.
IDS = {
    "healthcare": [f"HC-{n}" for n in range(1, 23)],
    "fhs-prosight": [f"FP-{n}" for n in range(1, 18)],
    "employee-system": [f"EM-{n}" for n in range(1, 14)],
    "auraconnect": [f"AC-{n}" for n in range(1, 15)],
    "bhiv-hr": [f"BH-{n}" for n in range(1, 11)],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    id: str
    asked: str
    served: str
    faults: tuple[str, ...]

    @property
    def checks(self) -> set[str]:
        """The checks that it names: `check `health`` or `checks `health`, `database``."""
        lists = re.findall(r"\bchecks? ((?:`[\w.-]+`(?:, | and )?)+)", self.served)
        return {name for listed in lists for name in re.findall(r"`([\w.-]+)`", listed)}

    @property
    def commands(self) -> set[str]:
        """The commands that it names, such as `sentinel report`, without their options."""
        return {" ".join(found.split()[:2]) for found in re.findall(r"`(sentinel(?: [^`]*)?)`", self.served)}

    @property
    def links(self) -> set[str]:
        return set(re.findall(r"\]\(([^)#]+)", self.served))


def rows(system: str) -> list[Row]:
    """The table of a system's page."""
    page = (ROOT / "docs/guides" / f"{system}.md").read_text(encoding="utf-8")
    return list(_rows(page))


def _rows(page: str) -> Iterator[Row]:
    for line in page.splitlines():
        found = re.match(r"\| ([A-Z]{2}-\d+) \| (.*) \| (.*) \| (.*) \|$", line)
        if found:
            yield Row(id=found[1], asked=found[2], served=found[3], faults=tuple(re.findall(r"`([\w-]+)`", found[4])))

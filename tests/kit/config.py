"""Files of configuration for tests, and the kinds that they are compiled with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.compile import compile_plan
from sentinel.config.load import load
from sentinel.probes.catalogue import CATALOGUE as PROBES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sentinel.core.plan import Plan

#: The smallest check there is.
CHECK: Mapping[str, Any] = {"name": "api", "kind": "http", "options": {"url": "http://127.0.0.1:8001/health"}}


class ConfigFolder:
    """A folder with a configuration file in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, tree: Mapping[str, Any] | str, name: str = "monitoring_config.json", mode: int = 0o644) -> Path:
        """Write the file: a tree as JSON, a text as it is."""
        file = self.folder / name
        file.write_text(tree if isinstance(tree, str) else json.dumps(tree, indent=2))
        file.chmod(mode)
        return file

    def secret(self, name: str, value: str, mode: int = 0o600) -> Path:
        """Write a file that holds a secret."""
        return self.write(value, name, mode)

    def plan(self, tree: Mapping[str, Any] | str, environment: Mapping[str, str] | None = None, **how: Any) -> Plan:
        """The Plan of a tree or text, with every kind that Sentinel has."""
        return plan_of(self.write(tree, **how), environment)

    def plan_of_check(self, **more: Any) -> Plan:
        """The Plan of the smallest configuration, with more keys for its one check."""
        return self.plan({"checks": [{**CHECK, **more}]})


def plan_of(file: Path, environment: Mapping[str, str] | None = None, *, lenient: bool = False) -> Plan:
    return compile_plan(load(file, environment or {}, lenient=lenient), PROBES, CHANNELS)

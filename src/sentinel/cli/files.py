"""Which file of configuration a command goes by."""

import os
from collections.abc import Mapping
from pathlib import Path

from sentinel.base.errors import SentinelError

#: Looked for where no file is named, in this order.
DEFAULTS = (Path("monitoring_config.json"), Path("/etc/sentinel/monitoring_config.json"))

#: Names the file where no option does.
VARIABLE = "SENTINEL_CONFIG"


class NoConfiguration(SentinelError):
    """No file was named, and none stands where it is looked for."""

    exit_code = 78  # EX_CONFIG
    hint = f"name it with --config FILE, or in ${VARIABLE}"


def config_file(named: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file to go by, absolute: the one that was named, else the first that exists of those looked for.

    Raises:
        NoConfiguration: there is none.
    """
    chosen = named or environment.get(VARIABLE)
    if chosen:
        return Path(chosen).absolute()
    for path in DEFAULTS:
        if path.exists():
            return path.absolute()
    raise NoConfiguration(f"no configuration: looked for {' and '.join(map(str, DEFAULTS))}")

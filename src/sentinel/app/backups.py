"""Which checks of backups look after the backup of Sentinel's own store."""

import re
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote, urlsplit

from sentinel.core.check import Check
from sentinel.core.plan import Plan, StorePlan

_KIND: Final = "backup"

#: How dumps of PostgreSQL end, which no copy of an SQLite file does.
_DUMPS: Final = frozenset({".dump", ".pgdump", ".sql"})


def of_store(plan: Plan) -> frozenset[str]:
    """The names of the checks whose backups are named after the store: its file `sentinel.db`, or its database `sentinel`, and
    backups such as `/backups/sentinel-*.db` or `/backups/sentinel.dump`."""
    checks = [check for check in plan.checks if check.kind == _KIND]
    return frozenset(check.name for check in checks if _is_of(check, plan.store))


def _is_of(check: Check, store: StorePlan) -> bool:
    # Only where there is such a check.
    from sentinel.probes.backup.options import BackupOptions  # noqa: PLC0415

    return isinstance(check.options, BackupOptions) and _names(check.options.places[0], store)


def _names(place: PurePath, store: StorePlan) -> bool:
    url = urlsplit(store.url.reveal())
    kept = PurePath(unquote(url.path))
    is_file = url.scheme.startswith("sqlite")
    if is_file and _DUMPS & set(place.suffixes):
        return False
    name = kept.stem if is_file else kept.name
    return bool(name) and re.match(rf"{re.escape(name)}(?![A-Za-z0-9])", place.name) is not None

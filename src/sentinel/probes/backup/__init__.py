"""The `backup` probe: are there fresh backups in every place, are they whole, and can they be restored?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.probes.backup.options import BackupOptions
from sentinel.probes.backup.probe import UNITS, BackupProbe
from sentinel.probes.backup.tools import lacking
from sentinel.probes.base import ProbeKind, idle_unless


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {} if options.restore is None else {f"rows.{table}": Unit.COUNT for table in options.restore.tables}


def _idle(options: Any) -> Mapping[str, str]:
    restore = options.restore
    return {
        **idle_unless(restore, "`restore`", "restore_time", "restored_age"),
        **idle_unless(restore is not None and restore.tables, "`restore.tables`", "rows.*"),
        **idle_unless(options.verify, "`verify`", "objects"),
    }


def _usual_rules(_options: Any) -> Sequence[Mapping[str, Any]]:
    return [{"reading": "size_ratio", "direction": "below", "warning": "80%", "critical": "50%"}]


def _needed(options: BackupOptions) -> Iterator[tuple[str, str]]:
    """The programs that a check is sure to need, with their kinds."""
    programs = options.programs
    suffix = options.places[0].suffix
    restores = options.restore is not None and options.restore.server is not None
    if options.format == "sql" or (options.format == "auto" and suffix == ".sql"):
        if restores:
            yield programs.psql, "psql"
    elif options.format == "custom" or suffix == ".dump" or restores:
        yield programs.pg_restore, "pg_restore"
    elif options.format == "zstd" or suffix == ".zst":
        yield programs.zstd, "zstd"


def _lacks(options: Any) -> str:
    return next((missing for program, kind in _needed(options) if (missing := lacking(program, kind))), "")


def _makes(options: Any) -> bool:
    return options.restore is not None and options.restore.server is not None


KIND: Final = ProbeKind(
    name="backup",
    summary="Looks whether there are fresh backups in every place, whether they are whole, and whether they can be restored.",
    options=BackupOptions,
    readings={**UNITS, "rows.*": Unit.COUNT},
    lower_is_worse=frozenset({"size", "size_ratio", "kept", "places", "objects", "rows.*"}),
    main="age",
    build=BackupProbe,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
    lacks=_lacks,
    makes=_makes,
)

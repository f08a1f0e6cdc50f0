"""A part of the status: the checks that somebody asked for, and what is wrong with them.

Works on the JSON form, as `reports.text` does and for the same reason: it has to be quick to import.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from sentinel.reports.text import Json

#: The most urgent first.
SEVERITIES = ("CRITICAL", "WARNING", "UNKNOWN", "OK")


class Wanted(NamedTuple):
    """Which checks are shown. Parts that are empty let everything through; a check has to pass every part.

    A tuple, since making a dataclass takes a millisecond of each `sentinel --status`.
    """

    names: tuple[str, ...] = ()  # `*` stands for any letters, `?` for one
    tags: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()  # of SEVERITIES

    def __bool__(self) -> bool:
        return bool(self.names or self.tags or self.systems or self.severities)

    def means(self, check: Json) -> bool:
        """Whether the check is one of those, however it is now."""
        if self.names and not any(fnmatchcase(check["name"], pattern) for pattern in self.names):
            return False
        if self.tags and not set(self.tags) & set(check["tags"]):
            return False
        return not self.systems or check.get("system") in self.systems

    def shows(self, check: Json) -> bool:
        """Whether the check is one of those, and is as it was asked for."""
        return self.means(check) and (not self.severities or _standing(check) in self.severities)

    def __str__(self) -> str:
        """As people read it: `payroll-*, tag hr, critical or warning`."""
        parts = [" or ".join(self.names)] if self.names else []
        parts += [f"tag {' or '.join(self.tags)}"] if self.tags else []
        parts += [f"system {' or '.join(self.systems)}"] if self.systems else []
        parts += [" or ".join(word.lower() for word in self.severities)] if self.severities else []
        return ", ".join(parts)


def narrowed(document: Json, wanted: Wanted) -> Json:
    """The status of the checks that are wanted alone; its `overall` is theirs, and `shown` says what was left out.

    Args:
        document: a StatusDocument in its JSON form.
        wanted: everything that is asked for; nothing at all leaves the document as it is.
    """
    if not wanted:
        return document
    meant = [check for check in document["checks"] if wanted.means(check)]
    checks = [check for check in meant if wanted.shows(check)]
    names = {check["name"] for check in checks}
    incidents = [row for row in document["incidents"] if row["check"] in names]
    shown = {"checks": len(checks), "of": len(document["checks"]), "only": str(wanted)}
    part = {"checks": checks, "incidents": incidents, "shown": shown}
    return {**document, **part, "overall": _overall(document, bool(meant), checks, incidents)}


def worst(severities: Iterable[str]) -> str:
    """The most urgent of some; OK when there is none."""
    found = set(severities)
    return next((word for word in SEVERITIES if word in found), "OK")


def _overall(document: Json, meant: bool, checks: list[Json], incidents: list[Json]) -> str:
    """The worst of what is shown. Of a monitor that does not run, or of no check at all, nothing is known."""
    if document["from_store"] or not meant:
        return "UNKNOWN"
    counted = {check["name"] for check in checks if not check.get("excused")}
    found = [
        _standing(check) for check in checks if check["name"] in counted and (check["last_at"] or check["overdue"])
    ]
    found += [row["severity"] for row in incidents if row["check"] in counted]
    return "UNKNOWN" if checks and not found and counted else worst(found)


def _standing(check: Json) -> str:
    """How a check is; one that is overdue is unknown, whatever it was when it last ran."""
    return "UNKNOWN" if check["overdue"] else str(check["severity"])

"""The sections about Sentinel itself: store, reports, logs, limits."""

from typing import TypeVar

from sentinel.base.fields import Options
from sentinel.base.redact import Secret
from sentinel.config.load import Loaded
from sentinel.config.read import read_what_is_fine
from sentinel.config.schema.own import LimitsEntry, LogsEntry, StoreEntry
from sentinel.config.secrecy import anchored_url
from sentinel.core.plan import Limits, LogPlan, StorePlan

Section = TypeVar("Section", bound=Options)

_STORES = ("sqlite:///", "postgresql://", "postgres://")


def section(loaded: Loaded, name: str, model: type[Section]) -> Section:
    """A section of the file; its defaults where it is not there or is wrong, which is noted."""
    return read_what_is_fine(model, loaded.tree.get(name, {}), (name,), loaded.problems) or model()


def store_plan(loaded: Loaded, entry: StoreEntry) -> StorePlan:
    return StorePlan(
        url=_store_url(loaded, entry),
        keep_results=entry.keep.results,
        keep_rollups=entry.keep.rollups,
        keep_hours=entry.keep.hours,
        keep_days=entry.keep.days,
        keep_incidents=entry.keep.incidents,
        keep_deliveries=entry.keep.deliveries,
        keep_journal=entry.keep.journal,
    )


def log_plan(loaded: Loaded, entry: LogsEntry) -> LogPlan:
    return LogPlan(
        level=entry.level,
        format=entry.format,
        file=loaded.places.logs / entry.file if entry.file else None,
        max_bytes=entry.max_bytes,
        backups=entry.backups,
    )


def limits(entry: LimitsEntry) -> Limits:
    return Limits(
        concurrency=entry.concurrency,
        per_host=entry.per_host,
        rechecks=entry.rechecks,
        unknown_after=entry.unknown_after,
    )


def _store_url(loaded: Loaded, entry: StoreEntry) -> Secret:
    places, problems = loaded.places, loaded.problems
    if entry.url is None:
        return Secret(f"sqlite:///{places.resolve(entry.path) if entry.path else places.store}")
    url = entry.url.reveal()
    if entry.path is not None:
        problems.add(("store", "path"), "a path beside a url", "either url or path")
    if not url.startswith(_STORES) or url in _STORES:
        expected = "'sqlite:///path/to/file.db' or 'postgresql://user@host/database'"
        problems.add(("store", "url"), problems.shown(("store", "url"), secret=True), expected)
    return Secret(anchored_url(url, places))

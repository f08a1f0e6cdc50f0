"""The folder of reports: files that are whole or not there, manifests that vouch for them, revisions beside each other.

What a manifest vouches for is never written again. A report that says something else than the one before it is a revision of
its own: `daily-2026-11-21.html` stays, and `daily-2026-11-21.r2.html` stands beside it. The manifest comes last, so that a
crash leaves files that nobody vouches for and that the next making replaces.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sentinel.reports.forms import manifest as manifests
from sentinel.reports.forms.correction import differences
from sentinel.reports.forms.edition import Edition
from sentinel.reports.forms.manifest import SUFFIX, BadManifest, FileEntry, Manifest, sha256
from sentinel.reports.report import ReportDocument

#: Bytes of a manifest that are read at most: one of a report with 60 tables has 12,000.
_LARGEST_MANIFEST: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file that is to be written."""

    suffix: str  # such as `html` or `checks.csv`
    form: str
    content: bytes


class Fault(StrEnum):
    """What is wrong with a file. A closed list."""

    MISSING = "missing"
    ALTERED = "altered"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a look at the files of one manifest found."""

    manifest: str  # name of its file
    report: str
    period: str
    revision: int
    files: int
    faults: Mapping[str, Fault]  # file -> what is wrong with it; only those

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        faults = {name: fault.value for name, fault in self.faults.items()}
        return {name: getattr(self, name) for name in ("manifest", "report", "period", "revision", "files")} | {
            "faults": faults
        }


def stem(report: str, period: str, revision: int = 1) -> str:
    """What the names of a report's files begin with; a report's name cannot lead out of the folder."""
    safe = re.sub(r"[^\w.-]+", "-", f"{report}-{period}").lstrip(".-")
    return safe if revision == 1 else f"{safe}.r{revision}"


def latest(folder: Path, report: str, period: str) -> Manifest | None:
    """The newest revision of a report that can be read; None when there is none.

    Raises:
        OSError: the folder cannot be read.
    """
    begins, found = stem(report, period), []
    for name in _names(folder):
        ends = name.removeprefix(begins)
        if ends != name and re.fullmatch(r"(\.r\d+)?" + re.escape(SUFFIX), ends):
            with suppress(BadManifest, OSError):
                found.append(_manifest(folder / name))
    return max(found, key=lambda one: one.revision, default=None)


def edition(folder: Path, document: ReportDocument, known: int = 0) -> tuple[Edition, Manifest | None]:
    """Which making of a report this is, and the manifest of the same one, if it was made before.

    Args:
        folder: where reports are.
        document: the report.
        known: the newest revision that the store remembers, in case the folder was emptied.

    Raises:
        OSError: the folder cannot be read.
    """
    last = latest(folder, document.name, document.period)
    if last is not None and last.digest == manifests.digest(document):
        return Edition(number=last.revision, corrects=last.corrects), last
    number = max(last.revision if last else 0, known)
    if not number:
        return Edition(), None
    return Edition(number=number + 1, corrects=_corrects(folder, last, document)), None


def _corrects(folder: Path, last: Manifest | None, document: ReportDocument) -> tuple[str, ...]:
    """What the newest revision said otherwise, as far as its JSON is still there."""
    entry = next((file for file in last.files if file.form == "json"), None) if last else None
    if entry is None:
        return ()
    try:
        old = json.loads((folder / entry.name).read_bytes())
    except (OSError, ValueError):
        return ()
    return differences(old, json.loads(json.dumps(document.to_json()))) if isinstance(old, dict) else ()


def put(folder: Path, manifest: Manifest, pages: Iterable[Page]) -> Manifest:
    """Write the files of a report, and then the manifest that vouches for them; answers the manifest.

    Files that the manifest has already are left as they are.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    begins = stem(manifest.report, manifest.period, manifest.revision)
    entries = {entry.name: entry for entry in manifest.files}
    for page in pages:
        name = f"{begins}.{page.suffix}"
        if name not in entries:
            _write(folder / name, page.content)
            entries[name] = FileEntry(name=name, form=page.form, size=len(page.content), sha256=sha256(page.content))
    if tuple(entries.values()) == manifest.files:
        return manifest
    whole = replace(manifest, files=tuple(entries.values()))
    _write(folder / f"{begins}{SUFFIX}", whole.text().encode())
    return whole


def _write(path: Path, content: bytes) -> None:
    """Write beside, then rename: who reads meanwhile, or after a crash, sees the old file or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _settle(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """A rename is on disk once its folder is."""
    with suppress(OSError):  # some file systems have no such thing
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# --- Looking ----------------------------------------------------------------------------------------------------------


def shelved(folder: Path) -> Iterator[Manifest]:
    """Every manifest of the folder that can be read, in the order of their names; nothing without a folder."""
    for name in _names(folder):
        if name.endswith(SUFFIX) and not name.startswith("."):
            with suppress(BadManifest, OSError):
                state = os.stat(folder / name)
                yield _remembered(str(folder / name), state.st_mtime_ns, state.st_size)


@lru_cache(4096)
def _remembered(path: str, _changed: int, _size: int) -> Manifest:
    """A manifest, read once as long as its file stays the same: a page lists years of them."""
    return _manifest(Path(path))


def verify(path: Path) -> list[Verified]:
    """Compare files with what their manifests say.

    Args:
        path: a folder of reports, a manifest, or a file that a manifest beside it vouches for.

    Raises:
        OSError: there is no such file or folder.
        BadManifest: the file is no manifest, and none vouches for it.
    """
    if path.is_dir():
        return [_verified(path / name) for name in _names(path) if name.endswith(SUFFIX) and not name.startswith(".")]
    if path.name.endswith(SUFFIX):
        _manifest(path)
        return [_verified(path)]
    path.stat()
    for name in _names(path.parent):
        if name.endswith(SUFFIX) and not name.startswith("."):
            with suppress(BadManifest, OSError):
                if any(entry.name == path.name for entry in _manifest(path.parent / name).files):
                    return [_verified(path.parent / name)]
    raise BadManifest("no manifest beside it names this file")


def _verified(path: Path) -> Verified:
    try:
        manifest = _manifest(path)
    except (BadManifest, OSError):
        return Verified(
            manifest=path.name, report="", period="", revision=0, files=0, faults={path.name: Fault.UNREADABLE}
        )
    faults = {entry.name: fault for entry in manifest.files if (fault := _fault(path.parent / entry.name, entry))}
    return Verified(
        manifest=path.name,
        report=manifest.report,
        period=manifest.period,
        revision=manifest.revision,
        files=len(manifest.files),
        faults=faults,
    )


def _fault(path: Path, entry: FileEntry) -> Fault | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Fault.MISSING
    except OSError:
        return Fault.UNREADABLE
    return None if sha256(content) == entry.sha256 else Fault.ALTERED


def _manifest(path: Path) -> Manifest:
    with path.open("rb") as file:
        content = file.read(_LARGEST_MANIFEST + 1)
    if len(content) > _LARGEST_MANIFEST:
        raise BadManifest("it is too large for a manifest")
    return manifests.read(content.decode("utf-8", "replace"))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []

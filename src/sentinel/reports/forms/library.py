"""What is in the folder of reports, as a document: for the page, the command and the API. And where one of its files is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sentinel.reports.documents import FORMAT, Document
from sentinel.reports.forms.manifest import FileEntry, Manifest
from sentinel.reports.forms.shelf import shelved

#: Reports that one answer lists; `left_out` says how many more there are.
MOST: Final = 500

#: The media types of the forms that people can have; what a mail shows is not among them.
TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "markdown": "text/markdown; charset=utf-8; variant=GFM",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """One file that can be had."""

    name: str
    form: str
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One making of a report."""

    report: str
    period: str
    title: str
    since: datetime
    until: datetime
    severity: str  # of the whole, as a word
    revision: int
    corrects: tuple[str, ...]
    made_at: datetime
    files: tuple[ReportFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library(Document):
    """The reports that there are."""

    format: int = FORMAT
    reports: tuple[ReportLine, ...]  # the latest period first, of one period the newest revision first
    left_out: int = 0


def library(folder: Path, report: str = "") -> Library:
    """The reports of a folder; of one name only, if one is given. It reads every manifest, and blocks meanwhile.

    Raises:
        OSError: the folder cannot be read.
    """
    lines = [_line(one) for one in shelved(folder) if not report or one.report == report]
    lines.sort(key=lambda one: (one.until, one.report, one.revision), reverse=True)
    return Library(reports=tuple(lines[:MOST]), left_out=max(len(lines) - MOST, 0))


def _line(manifest: Manifest) -> ReportLine:
    return ReportLine(
        report=manifest.report,
        period=manifest.period,
        title=manifest.title,
        since=manifest.since,
        until=manifest.until,
        severity=manifest.severity,
        revision=manifest.revision,
        corrects=manifest.corrects,
        made_at=manifest.made_at,
        files=tuple(map(_file, _public(manifest))),
    )


def _public(manifest: Manifest) -> list[FileEntry]:
    return [entry for entry in manifest.files if entry.form in TYPES]


def _file(entry: FileEntry) -> ReportFile:
    return ReportFile(name=entry.name, form=entry.form, size=entry.size, sha256=entry.sha256)


def find(folder: Path, name: str) -> tuple[Path, str] | None:
    """Where a file is that somebody asks for, and its media type; None for everything that no manifest names.

    A name is looked for among those of the manifests and never joined to a path before, so that none leads out of the folder.

    Raises:
        OSError: the folder cannot be read.
    """
    for manifest in shelved(folder):
        for entry in _public(manifest):
            if entry.name == name:
                path = folder / entry.name
                return (path, TYPES[entry.form]) if path.is_file() and not path.is_symlink() else None
    return None

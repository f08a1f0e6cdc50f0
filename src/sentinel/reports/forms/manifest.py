"""What is known of the files of a report: their checksums, which revision they are, and what they rest on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sentinel.core.form import Form
from sentinel.reports.documents import Document
from sentinel.reports.forms.correction import said
from sentinel.reports.report import ReportDocument

#: How names of manifests end.
SUFFIX: Final = ".manifest.json"


#: Parts that reports of earlier releases do not have: a report without one says the same as theirs.
_LATER: Final = frozenset({"deployment", "deployment_review", "releases"})


class BadManifest(Exception):
    """It cannot be read as one. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of a report."""

    name: str  # in the folder of the manifest
    form: str  # `html`, `pdf`, `json`, `csv`, `markdown`; `mail` for what a mail shows
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Document):
    """The files of one making of a report."""

    format: int = 1
    report: str  # its name
    period: str  # key
    source: str  # name of the Sentinel
    title: str
    since: datetime
    until: datetime
    severity: str  # of the whole, as a word
    revision: int
    corrects: tuple[str, ...]  # what differs from the revision before; empty for the first
    digest: str  # SHA-256 of what the report says, whatever made it: the same where the same is said
    made_at: datetime
    version: str  # of Sentinel
    configuration: str  # fingerprint
    rows: Mapping[str, int] = field(default_factory=dict)  # table of the report -> its rows
    rests_on: Mapping[str, int] = field(default_factory=dict)  # table of the store -> rows that were read
    files: tuple[FileEntry, ...]

    def of(self, forms: Sequence[Form]) -> tuple[FileEntry, ...]:
        """The files of some forms, in the order of the forms."""
        return tuple(file for form in forms for file in self.files if file.form == form.value)

    def text(self) -> str:
        """The manifest as it is written."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n"


def digest(document: ReportDocument) -> str:
    """A checksum of what a report says, whenever and by whichever Sentinel it was made."""
    known = said(document.to_json()).items()
    kept = {name: value for name, value in known if value is not None or name not in _LATER}
    return sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())


def sha256(content: bytes) -> str:
    """The checksum of a file's content."""
    return hashlib.sha256(content).hexdigest()


def read(text: str) -> Manifest:
    """The manifest that a text is.

    Raises:
        BadManifest: it is none.
    """
    try:
        return _read(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadManifest(f"{type(error).__name__}: {error}") from None


def _read(form: Any) -> Manifest:
    return Manifest(
        report=str(form["report"]),
        period=str(form["period"]),
        source=str(form["source"]),
        title=str(form["title"]),
        severity=str(form["severity"]),
        digest=str(form["digest"]),
        version=str(form["version"]),
        configuration=str(form["configuration"]),
        since=_moment(form["since"]),
        until=_moment(form["until"]),
        revision=int(form["revision"]),
        corrects=tuple(map(str, form["corrects"])),
        made_at=_moment(form["made_at"]),
        rows={str(name): int(number) for name, number in form["rows"].items()},
        rests_on={str(name): int(number) for name, number in form["rests_on"].items()},
        files=tuple(_entry(file) for file in form["files"]),
    )


def _entry(form: Any) -> FileEntry:
    name = str(form["name"])
    if "/" in name or "\\" in name or name.startswith("."):
        raise ValueError(f"{name!r} is no name of a file beside it")
    return FileEntry(name=name, form=str(form["form"]), size=int(form["size"]), sha256=str(form["sha256"]))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)

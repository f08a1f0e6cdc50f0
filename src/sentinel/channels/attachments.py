"""What a mail brings along: the files of a report, and the whole list of what a digest stands for."""

import mimetypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from sentinel.channels.clean import one_line
from sentinel.channels.render import Row, Words

FILES_LIMIT: Final = 5_000_000  # bytes of all files of one mail
ROWS_SHOWN: Final = 50  # rows in the body of a mail; when there are more, the whole list is a file

#: How the name of a page ends that was made for a mail.
MAIL_PAGE: Final = ".mail.html"

#: Where such a page says what could not be sent along.
NOTES_HERE: Final = "<!--notes-->"

#: Name of the file with the whole list.
LIST_NAME: Final = "incidents.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a mail."""

    name: str
    content: bytes

    def attach_to(self, mail: EmailMessage) -> None:
        kind = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        if main == "text":  # the encoding is said, so that no reader has to guess
            text = self.content.decode("utf-8", "replace")
            mail.add_attachment(text, subtype=sub, filename=self.name, cte="base64")
        else:
            mail.add_attachment(self.content, maintype=main, subtype=sub, filename=self.name)


def read_files(names: Iterable[str]) -> tuple[list[File], list[str]]:
    """The files that can be sent along, and a note for each that cannot. It blocks."""
    files: list[File] = []
    notes = []
    room = FILES_LIMIT
    for path in map(Path, names):
        content = _content(path, room)
        if content is None:
            notes.append(left_out(path.name))
        else:
            files.append(File(name=header(path.name), content=content))
            room -= len(content)
    return files, notes


def left_out(name: str) -> str:
    """What is said of a file that is not in the mail."""
    return f"{one_line(name)} is not attached: it is missing or too large."


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPage:
    """A mail's HTML part that came as a file, and the pictures that it shows."""

    html: str
    pictures: tuple[File, ...] = ()  # named as the page names them, in `cid:NAME`


def take_page(files: list[File]) -> OwnPage | None:
    """The page that a mail shows and its pictures, taken out of the files; None when there is no page among them.

    It is the file that was made for a mail, `NAME.mail.html` with pictures `NAME.….png`; without such a one, the first HTML file.
    """
    for number, file in enumerate(files):
        if file.name.endswith(MAIL_PAGE):
            files.pop(number)
            return OwnPage(html=_text(file), pictures=tuple(_take_pictures(files, file.name.removesuffix(MAIL_PAGE))))
    for number, file in enumerate(files):
        if file.name.endswith((".html", ".htm")):
            return OwnPage(html=_text(files.pop(number)))
    return None


def _take_pictures(files: list[File], stem: str) -> Iterator[File]:
    for file in [file for file in files if file.name.startswith(f"{stem}.") and file.name.endswith(".png")]:
        files.remove(file)
        yield File(name=file.name.removeprefix(f"{stem}."), content=file.content)


def _text(file: File) -> str:
    return file.content.decode("utf-8", "replace")


def whole_list(said: Words) -> File | None:
    """The list of all rows, when there are more than the body shows."""
    if len(said.rows) <= ROWS_SHOWN:
        return None
    lines = (said.subject, said.footer, "", *map(row_text, said.rows), "")
    return File(name=LIST_NAME, content="\n".join(lines).encode("utf-8", "replace"))


def row_text(row: Row) -> str:
    """A row on one line: `CRITICAL      Till 1: connection refused (incident 1, 2026-03-02 03:18:05 UTC)`."""
    facts = ", ".join(part for part in (f"incident {row.incident}" if row.incident else "", row.at) if part)
    said = f"{row.title}: {row.text}" if row.text else row.title
    return f"{row.tag:<13} {said}" + (f" ({facts})" if facts else "")


def header(text: str) -> str:
    """The text as a header's value. EmailMessage reads `=?utf-8?q?=0A?=` in it as an encoded line end, and before Python
    3.11.10 it wrote that line end out, which began a new header (CVE-2024-6923)."""
    return one_line(text).replace("=?", "= ?")


def _content(path: Path, room: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(room + 1)
    except OSError:
        return None
    return content if len(content) <= room else None

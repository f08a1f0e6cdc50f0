"""Sets a PDF: `python -m sentinel.reports.forms.press` reads what stands on a report, as JSON, and writes the PDF.

A process of its own, since the typesetter is native code without bounds of its own: whatever it meets, the monitor goes on. It
has no network, reads no file but fonts, and no package.
"""

import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typst import PDFStandard

#: Bytes of address space. A report of 2,000 checks, with as many rows as a PDF has, takes half of it.
MEMORY: Final = 1 << 30

#: There are no packages.
_NOWHERE: Final = Path("/nonexistent")

#: The typesetter's own clock is not asked: the same report is the same file.
_NO_TIME: Final = 0


def main() -> None:
    """Set the report of standard input."""
    _bound(resource.RLIMIT_AS, MEMORY)
    _bound(resource.RLIMIT_CORE, 0)
    sys.stdout.buffer.write(press(sys.stdin.buffer.read().decode()))


def _bound(kind: int, most: int) -> None:
    """Take no more of something than that, or than was allowed before."""
    _, hard = resource.getrlimit(kind)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(ValueError, OSError):  # a service's filter of system calls may forbid it; the service has bounds then
        resource.setrlimit(kind, (limit, limit))


def press(report: str) -> bytes:
    """The PDF of a report: for archives (PDF/A-2a), unless it has a sign that no font here has.

    Args:
        report: what stands on it, as JSON (see `pdf.sheet`).
    """
    import typst  # noqa: PLC0415  after the bounds are set

    try:
        return _set(report, ["a-2a"])
    except typst.TypstError:
        return _set(report, [])


def _set(report: str, standards: "list[PDFStandard]") -> bytes:
    import typst  # noqa: PLC0415

    made = typst.compile(
        (Path(__file__).parents[1] / "templates" / "report.typ").read_bytes(),
        format="pdf",
        sys_inputs={"report": report},
        timestamp=_NO_TIME,
        pdf_standards=standards,
        package_path=_NOWHERE,
        package_cache_path=_NOWHERE,
    )
    assert isinstance(made, bytes), "one document, one file"
    return made


if __name__ == "__main__":
    main()

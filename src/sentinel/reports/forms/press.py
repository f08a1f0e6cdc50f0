"""Sets a PDF: `python -m sentinel.reports.forms.press` reads what stands on a report, as JSON, and writes the PDF.

A process of its own, since the typesetter is native code without bounds of its own: whatever it meets, the monitor goes on. It
has no network, reads no file but fonts, and no package.
"""

import resource
import sys
from pathlib import Path
from typing import Final

#: Bytes of address space. A report of 2,000 checks takes a quarter of it, threads and the library itself included.
MEMORY: Final = 2 << 30

#: The typesetter's own clock is not asked: the same report is the same file.
_NO_TIME: Final = 0


def main() -> None:
    """Set the report of standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(press(sys.stdin.buffer.read().decode()))


def press(report: str) -> bytes:
    """The PDF of a report.

    Args:
        report: what stands on it, as JSON (see `pdf.sheet`).
    """
    import typst  # noqa: PLC0415  after the bounds are set

    template = Path(__file__).parents[1] / "templates" / "report.typ"
    made = typst.compile(
        template.read_bytes(),
        format="pdf",
        sys_inputs={"report": report},
        timestamp=_NO_TIME,
        pdf_standards=["a-2a"],
        package_path=Path("/nonexistent"),
        package_cache_path=Path("/nonexistent"),
    )
    assert isinstance(made, bytes), "one document, one file"
    return made


if __name__ == "__main__":
    main()

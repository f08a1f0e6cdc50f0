"""Templates of HTML and SVG, all under the same rules."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def escaping(package: str) -> "Environment":
    """The templates of a package: they escape whatever they are given, and fail where a name is misspelt."""
    # Only a process that draws pays for the import.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader(package), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

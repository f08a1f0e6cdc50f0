"""Badges: small pictures with a word about a component, for README files and other people's pages."""

from collections.abc import Mapping
from unicodedata import east_asian_width

from markupsafe import Markup

from sentinel.core.component import FINE, PARTIAL_FROM, Condition

#: Behind white letters; each has a contrast of at least 4.5 to them (WCAG 2.2, 1.4.3).
COLOURS: Mapping[Condition, str] = {
    Condition.OPERATIONAL: "#1a7f4b",
    Condition.DEGRADED: "#946100",
    Condition.PARTIAL_OUTAGE: "#b8500c",
    Condition.MAJOR_OUTAGE: "#c1272d",
    Condition.MAINTENANCE: "#2f66c4",
    Condition.UNKNOWN: "#5f6672",
}

_LABEL = "#484f58"

#: Widths in pixels of Verdana at 11 pixels: of narrow, middle and wide letters.
_NARROW, _WIDE = "ijltfrI.,:;'|!()[] ", "mwMWQGOD@%"
_WIDTHS = (4.2, 7.2, 9.6)
_FULL = 11.5  # of letters as wide as they are high, such as Chinese ones
_SPACE = 6  # pixels beside each text

_BADGE = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {value}">'
    "<title>{label}: {value}</title>"
    '<clipPath id="r"><rect width="{width}" height="20" rx="4"/></clipPath>'
    '<g clip-path="url(#r)"><rect width="{split}" height="20" fill="{grey}"/>'
    '<rect x="{split}" width="{rest}" height="20" fill="{colour}"/></g>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-anchor="middle">'
    '<text x="{label_at}" y="14" textLength="{label_length}">{label}</text>'
    '<text x="{value_at}" y="14" textLength="{value_length}">{value}</text></g></svg>\n'
)


def badge(label: str, value: str, colour: str) -> str:
    """An SVG picture with two words; whatever they are, they are text in it."""
    left, right = _length(label), _length(value)
    split, rest = left + 2 * _SPACE, right + 2 * _SPACE
    return _BADGE.format(
        label=label,
        value=value,
        colour=colour,
        grey=_LABEL,
        width=split + rest,
        split=split,
        rest=rest,
        label_at=split / 2,
        label_length=left,
        value_at=split + rest / 2,
        value_length=right,
    )


def colour_of_uptime(uptime: float | None) -> str:
    """The colour for a share of time."""
    if uptime is None:
        return COLOURS[Condition.UNKNOWN]
    if uptime >= FINE:
        return COLOURS[Condition.OPERATIONAL]
    return COLOURS[Condition.DEGRADED if uptime >= PARTIAL_FROM else Condition.MAJOR_OUTAGE]


def _length(text: str) -> int:
    """Pixels that a text takes; the picture tells the browser, which spreads the letters by that."""
    return max(1, round(sum(map(_width, text))))


def _width(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return _FULL
    narrow, middle, wide = _WIDTHS
    return narrow if letter in _NARROW else wide if letter in _WIDE else middle

"""What all drawings have in common: their colours, their templates and how readings are called."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from sentinel.base.escaping import escaping

if TYPE_CHECKING:
    from jinja2 import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of drawings. Those of states can be told apart by people who see no red or green: they differ in lightness."""

    up: str
    degraded: str
    down: str
    unknown: str
    none: str  # where nothing was watched
    curve: str
    grid: str
    axis: str
    label: str
    paper: str  # behind everything
    warning: str
    critical: str
    window: str
    deployment: str
    warning_ink: str  # of words: darker, to be read on the paper
    critical_ink: str
    deployment_ink: str


LIGHT: Final = Palette(
    up="#2f9e63",
    degraded="#d98c00",
    down="#d92d20",
    unknown="#98a2b0",
    none="#e3e7ec",
    curve="#2b5fb8",
    grid="#e8ebef",
    axis="#aab3be",
    label="#57616d",
    paper="#ffffff",
    warning="#d98c00",
    critical="#d92d20",
    window="#6b7fa8",
    deployment="#7c4dbd",
    warning_ink="#8f5b00",
    critical_ink="#b42318",
    deployment_ink="#6a3da8",
)

DARK: Final = Palette(
    up="#37a36c",
    degraded="#e0a33a",
    down="#ef5350",
    unknown="#6b7684",
    none="#262d37",
    curve="#7aa7ff",
    grid="#252c36",
    axis="#4a5563",
    label="#9da8b5",
    paper="#161b22",
    warning="#e0a33a",
    critical="#ef5350",
    window="#8296bd",
    deployment="#b48cf0",
    warning_ink="#f0b64a",
    critical_ink="#ff8a80",
    deployment_ink="#c4a5f5",
)


def spoken(reading: str) -> str:
    """The name of a reading as people say it."""
    return reading.replace("_", " ")


@cache
def template(name: str) -> "Template":
    """A template of a drawing; it escapes what it shows."""
    return escaping("sentinel.reports").get_template(name)

"""The faces of the public status page: from its document to the bytes that are served, or written into a folder."""

import base64
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import orjson
from jinja2 import Environment
from markupsafe import Markup

from sentinel.base.escaping import escaping
from sentinel.base.units import format_duration
from sentinel.core.component import Condition
from sentinel.reports.public import PublicComponent, PublicDay, PublicDocument, PublicIncident, PublicWindow
from sentinel.web.public.badges import COLOURS, badge, colour_of_uptime
from sentinel.web.public.feeds import atom, rss

#: Smaller answers are sent as they are: packing them would save less than a packet.
_WORTH_PACKING = 1_000

#: Incidents that are over stand on the first page for so long; the page of the history has them all.
RECENT = timedelta(days=14)

_ICON = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="{}"/></svg>\n'
)

#: What stands in the pages themselves: they need no second request. The script fetches the page again each minute while
#: somebody looks, and works on nothing else; browsers without it load the page anew.
_STYLE, _SCRIPT = "style.css", "live.js"

#: Height of a bar, and the width of a day with its gap, in the units of the drawing.
_HIGH, _DAY, _THICK = 32, 4, 3

#: A day of which nothing is known has a low bar: it is told from the others without its colour, too.
_LOW = 10


@dataclass(frozen=True, slots=True)
class File:
    """What one address answers."""

    content_type: str
    body: bytes
    packed: bytes  # by gzip; empty: not worth it
    etag: str  # with its quotes


def files(document: PublicDocument, words: Mapping[str, str]) -> dict[str, File]:
    """Everything that is served, by its path without the first slash. The same document gives the same bytes."""
    return {path: _file(kind, body) for path, (kind, body) in _made(document, words)}


def policy() -> str:
    """The content security policy of the pages: their own style, script and pictures, and nothing else."""
    style, script = (_digest(_inline(name)) for name in (_STYLE, _SCRIPT))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


def _made(document: PublicDocument, words: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, bytes]]]:
    html, svg = "text/html; charset=utf-8", "image/svg+xml; charset=utf-8"
    yield "index.html", (html, _page("page.html", document, words))
    yield "history.html", (html, _page("history.html", document, words))
    yield "status.json", ("application/json", orjson.dumps(document.to_json()))
    yield "feed.atom", ("application/atom+xml; charset=utf-8", atom(document, words))
    yield "feed.rss", ("application/rss+xml; charset=utf-8", rss(document, words))
    yield "icon.svg", (svg, _ICON.format(COLOURS[document.condition]).encode())
    yield "badge/overall.svg", (svg, _state_badge(document.title, document.condition, words))
    for component in document.components:
        yield f"badge/{component.slug}.svg", (svg, _state_badge(component.name, component.condition, words))
        value = share(component.uptime) or words["unknown"]
        uptime = badge(f"{component.name} {words['uptime']}", value, colour_of_uptime(component.uptime))
        yield f"badge/{component.slug}/uptime-{document.days}d.svg", (svg, uptime.encode())


def _state_badge(name: str, condition: Condition, words: Mapping[str, str]) -> bytes:
    return badge(name, words[condition.value], COLOURS[condition]).encode()


def _file(kind: str, body: bytes) -> File:
    packed = gzip.compress(body, 6, mtime=0) if len(body) >= _WORTH_PACKING else b""
    return File(content_type=kind, body=body, packed=packed, etag=f'"{sha256(body).hexdigest()[:20]}"')


# --- Pages ------------------------------------------------------------------------------------------------------------


def _page(template: str, document: PublicDocument, words: Mapping[str, str]) -> bytes:
    recent = [one for one in document.past_incidents if one.ended_at and document.at - one.ended_at <= RECENT]
    return (
        _environment()
        .get_template(template)
        .render(
            page=document,
            words=words,
            headline=words[_HEADLINES[document.condition]],
            style=Markup(_inline(_STYLE)),  # noqa: S704  # our own file
            script=Markup(_inline(_SCRIPT)),  # noqa: S704  # our own file
            recent=recent,
            months=_months(document.past_incidents),
        )
        .encode()
    )


_HEADLINES = {
    Condition.OPERATIONAL: "all_operational",
    Condition.DEGRADED: "some_degraded",
    Condition.PARTIAL_OUTAGE: "some_out",
    Condition.MAJOR_OUTAGE: "all_out",
    Condition.MAINTENANCE: "some_maintenance",
    Condition.UNKNOWN: "some_unknown",
}


def _months(incidents: Sequence[PublicIncident]) -> list[tuple[str, list[PublicIncident]]]:
    return [(month, list(some)) for month, some in groupby(incidents, key=lambda one: f"{one.began_at:%Y-%m}")]


@cache
def _environment() -> Environment:
    made = escaping("sentinel.web.public")
    made.filters.update(moment=moment, stretch=stretch, lasted=lasted, share=share, scope=scope, bar=bar)
    return made


@cache
def _inline(name: str) -> str:
    return Path(__file__).with_name("templates").joinpath(name).read_text(encoding="utf-8")


def moment(at: datetime) -> Markup:
    """A time for people and programs; UTC."""
    return _time(at, f"{at:%Y-%m-%d %H:%M} UTC")


def _time(at: datetime, written: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", written)


def stretch(window: PublicWindow) -> Markup:
    """From when to when; the day of the end only where it is another one."""
    if window.starts_at.date() != window.ends_at.date():
        return Markup("{} \N{EN DASH} {}").format(moment(window.starts_at), moment(window.ends_at))
    begin, end = f"{window.starts_at:%Y-%m-%d %H:%M}", f"{window.ends_at:%H:%M} UTC"
    return Markup("{} \N{EN DASH} {}").format(_time(window.starts_at, begin), _time(window.ends_at, end))


def lasted(incident: PublicIncident) -> str:
    """How long it took; empty while it goes on."""
    if incident.ended_at is None:
        return ""
    return format_duration(max(60.0, (incident.ended_at - incident.began_at).total_seconds()))


def scope(component: PublicComponent) -> str:
    """Of how much of its bar something is known, where that is not all of it: 100 % of some minutes is no 100 % of 90 days.

    Empty where the bar is known from its first day on, or nothing is known. Numbers and units alone: every language has them.
    """
    if component.uptime is None or not component.days or component.days[0].uptime is not None:
        return ""
    first = next(day.date for day in component.days if day.uptime is not None)
    known = format_duration(max(60.0, component.known.total_seconds()))
    return f"({first}: {known} / {len(component.days)} d)"


def share(uptime: float | None) -> str:
    """A share as people read it, cut and never rounded up: 99.999 % is not all of the time. Empty where nothing is known."""
    if uptime is None:
        return ""
    cut = int(uptime * 10_000 + 1e-6) / 100
    return f"{cut:g} %" if cut in (0.0, 100.0) else f"{cut:.2f} %"


def bar(component: PublicComponent, words: Mapping[str, str]) -> Markup:
    """The days of a component as a drawing: fine days are one shape, each other day is one with a tip."""
    fine = "".join(
        f"M{at * _DAY} 0h{_THICK}v{_HIGH}h-{_THICK}z"
        for at, day in enumerate(component.days)
        if day.condition is Condition.OPERATIONAL
    )
    none = "".join(
        f"M{at * _DAY} {_HIGH - _LOW}h{_THICK}v{_LOW}h-{_THICK}z"
        for at, day in enumerate(component.days)
        if day.condition is Condition.UNKNOWN
    )
    tips = Markup("").join(
        _tip(at, day, words)
        for at, day in enumerate(component.days)
        if day.condition not in (Condition.OPERATIONAL, Condition.UNKNOWN)
    )
    return Markup(
        '<svg class="bar" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="operational" d="{}"/><path class="unknown" d="{}"/>{}</svg>'
    ).format(len(component.days) * _DAY - 1, _HIGH, _summary(component, words), fine, none, tips)


def _tip(at: int, day: PublicDay, words: Mapping[str, str]) -> Markup:
    down = f", {words['down']} {format_duration(day.down.total_seconds())}" if day.down else ""
    said = f"{day.date}: {share(day.uptime)}{down}"
    return Markup('<rect class="{}" x="{}" width="{}" height="{}"><title>{}</title></rect>').format(
        day.condition.value, at * _DAY, _THICK, _HIGH, said
    )


def _summary(component: PublicComponent, words: Mapping[str, str]) -> str:
    """What the drawing says, for those who do not see it."""
    bad = [day for day in component.days if day.condition not in (Condition.OPERATIONAL, Condition.UNKNOWN)]
    whole = f"{component.name}: {share(component.uptime) or words['unknown']}"
    return ". ".join([whole, *(f"{day.date}: {share(day.uptime)}" for day in bad[-10:])])

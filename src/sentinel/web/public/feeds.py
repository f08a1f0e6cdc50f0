"""What was posted, and which deployments are under way, as feeds: Atom (RFC 4287) and RSS 2.0."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from xml.etree import ElementTree as ET

from sentinel.reports.public import PublicDeployment, PublicDocument, PublicIncident, PublicUpdate

#: Troubles that a feed has at most.
MOST = 25

ATOM = "http://www.w3.org/2005/Atom"

#: Feeds have to have a time, also where nothing was posted yet.
_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def atom(document: PublicDocument, words: Mapping[str, str]) -> bytes:
    """An Atom feed with an entry for each trouble; an update changes its entry."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": document.language})
    _add(feed, "id", _id(document))
    _add(feed, "title", document.title)
    _add(feed, "updated", _iso(_updated(document)))
    ET.SubElement(_add(feed, "author"), f"{{{ATOM}}}name").text = document.title
    if document.link:
        _add(feed, "link", href=f"{document.link}/", rel="alternate", type="text/html")
        _add(feed, "link", href=f"{document.link}/feed.atom", rel="self", type="application/atom+xml")
    for incident in _listed(document):
        entry = _add(feed, "entry")
        _add(entry, "id", _id(document, incident))
        _add(entry, "title", incident.title)
        _add(entry, "published", _iso(incident.began_at))
        _add(entry, "updated", _iso(incident.updated_at))
        _add(entry, "summary", words[incident.updates[0].word])
        _add(entry, "content", "\n\n".join(_told(incident, words)), type="text")
        if document.link:
            _add(entry, "link", href=_address(document, incident), rel="alternate", type="text/html")
    for deployment in document.deployments:
        entry = _add(feed, "entry")
        _add(entry, "id", f"{_base(document)}deployment-{_iso(deployment.began_at)}")
        _add(entry, "title", deployment.text)
        _add(entry, "published", _iso(deployment.began_at))
        _add(entry, "updated", _iso(_moved(deployment)))
        _add(entry, "summary", _stands(deployment, words))
        _add(entry, "content", "\n\n".join(filter(None, (_parts(deployment), _span(deployment)))), type="text")
        if document.link:
            _add(entry, "link", href=f"{document.link}/", rel="alternate", type="text/html")
    return _written(feed)


def rss(document: PublicDocument, words: Mapping[str, str]) -> bytes:
    """An RSS feed with an item for each update, since its readers show an item once."""
    root = ET.Element("rss", {"version": "2.0", "xmlns:atom": ATOM})
    channel = ET.SubElement(root, "channel")
    for name, text in (
        ("title", document.title),
        ("link", f"{document.link}/"),
        ("description", document.text or document.title),
        ("language", document.language),
        ("lastBuildDate", format_datetime(_updated(document), usegmt=True)),
    ):
        ET.SubElement(channel, name).text = text
    if document.link:
        address = {"href": f"{document.link}/feed.rss", "rel": "self", "type": "application/rss+xml"}
        ET.SubElement(channel, "atom:link", address)
    told = [(incident, update) for incident in _listed(document) for update in incident.updates]
    for incident, update in sorted(told, key=lambda one: one[1].at, reverse=True)[: 2 * MOST]:
        item = ET.SubElement(channel, "item")
        ET.SubElement(item, "title").text = f"{incident.title}: {words[update.word]}"
        ET.SubElement(item, "description").text = _said(update, words)
        ET.SubElement(item, "pubDate").text = format_datetime(update.at, usegmt=True)
        marked = f"{_id(document, incident)}:{update.at.isoformat()}"
        ET.SubElement(item, "guid", {"isPermaLink": "false"}).text = marked
        if document.link:
            ET.SubElement(item, "link").text = _address(document, incident)
    for deployment in document.deployments:
        item = ET.SubElement(channel, "item")
        said, at = _stands(deployment, words), _moved(deployment)
        ET.SubElement(item, "title").text = said
        ET.SubElement(item, "description").text = ": ".join(filter(None, (_parts(deployment), _span(deployment))))
        ET.SubElement(item, "pubDate").text = format_datetime(at, usegmt=True)
        marked = f"{_base(document)}deployment-{_iso(deployment.began_at)}:{_iso(at)}"
        ET.SubElement(item, "guid", {"isPermaLink": "false"}).text = marked
    return _written(root)


def _moved(deployment: PublicDeployment) -> datetime:
    return deployment.ends_at if deployment.ended else deployment.began_at


def _stands(deployment: PublicDeployment, words: Mapping[str, str]) -> str:
    return words["deployment_over"] if deployment.ended else deployment.text


def _parts(deployment: PublicDeployment) -> str:
    return ", ".join(deployment.components)


def _span(deployment: PublicDeployment) -> str:
    return f"{deployment.began_at:%Y-%m-%d %H:%M} \N{EN DASH} {deployment.ends_at:%H:%M} UTC"


def _listed(document: PublicDocument) -> list[PublicIncident]:
    every = (*document.incidents, *document.past_incidents)
    return sorted(every, key=lambda incident: incident.updated_at, reverse=True)[:MOST]


def _updated(document: PublicDocument) -> datetime:
    told = [incident.updated_at for incident in _listed(document)]
    return max((*told, *map(_moved, document.deployments)), default=_NEVER)


def _told(incident: PublicIncident, words: Mapping[str, str]) -> Iterator[str]:
    if incident.components:
        yield ", ".join(incident.components)
    for update in incident.updates:
        yield f"{update.at:%Y-%m-%d %H:%M} UTC: {_said(update, words)}"


def _said(update: PublicUpdate, words: Mapping[str, str]) -> str:
    return ". ".join(filter(None, (words[update.word], update.text)))


def _id(document: PublicDocument, incident: PublicIncident | None = None) -> str:
    """An address that never changes, as Atom wants it; also where no public one is configured."""
    if incident is not None:
        return f"{_base(document)}incident-{incident.id}"
    return f"{document.link}/" if document.link else _base(document).removesuffix(":")


def _base(document: PublicDocument) -> str:
    """What stands before the name of a part of the page."""
    if document.link:
        return f"{document.link}/#"
    return f"urn:sentinel:{sha256(document.title.encode()).hexdigest()[:32]}:"


def _address(document: PublicDocument, incident: PublicIncident) -> str:
    page = "" if incident.ended_at is None else "history.html"
    return f"{document.link}/{page}#incident-{incident.id}"


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    element.text = text
    return element


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _written(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"

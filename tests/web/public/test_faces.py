"""What the public status page looks like, in each of its forms."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from sentinel.core.component import Component, ComponentGroup, Condition, Share
from sentinel.core.posting import Stage
from sentinel.core.recurrence import Occurrence
from sentinel.reports.public import Announced, build
from sentinel.web.public.badges import COLOURS, badge
from sentinel.web.public.faces import files, policy, share
from tests.kit.public import FINE, PAGE, PAYROLL, PORTAL, WORDS, page, posted
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from sentinel.core.posting import Post
    from sentinel.reports.public import PublicDocument

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "<img src=x onerror=alert(1)>\"'&"
POSTS = (
    posted(1, title="Payroll is slow", components=("payroll",), text="Pages take a minute.", incident=4711),
    posted(2, Stage.IDENTIFIED, thread=1, ago=30, text="It is the network."),
    posted(3, components=("patient-portal",), condition=Condition.MAJOR_OUTAGE, ago=50_000),
    posted(4, Stage.RESOLVED, thread=3, ago=49_900, condition=Condition.OPERATIONAL),
    posted(5, title="Letters were late", ago=3000),
    posted(6, Stage.RESOLVED, thread=5, ago=2900, text="All were sent."),
)


class Texts(HTMLParser):
    """The words of a page, and the names of its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.elements: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words += f" {data.strip()}" if data.strip() else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)


def text_of(name: str, *posts: Post) -> str:
    return files(page(*posts), WORDS)[name].body.decode()


def test_the_page_says_how_everything_is_and_since_when_people_write() -> None:
    words = Texts(text_of("index.html", *POSTS)).words
    assert "Payroll is slow Payroll Identified 2026-11-22 11:30 UTC It is the network. Investigating" in words
    assert (
        "Patient portal Operational Results & letters 7 days ago 100 % uptime (2026-11-22: 10 min / 7 d) today" in words
    )
    assert "As of 2026-11-22 12:00 UTC" in words


def test_the_first_page_has_the_past_of_two_weeks_and_the_history_has_all_by_months() -> None:
    first, history = (Texts(text_of(name, *POSTS)).words for name in ("index.html", "history.html"))
    assert ("Letters were late" in first, "Patient portal: Major outage" in first) == (True, False)
    assert history.index("2026-11 Letters were late") < history.index("2026-10 Patient portal: Major outage")


@pytest.mark.parametrize(
    ("condition", "headline"),
    [
        (Condition.OPERATIONAL, "All systems are operational"),
        (Condition.DEGRADED, "Some systems are slower"),
        (Condition.MAJOR_OUTAGE, "Some systems are out"),
        (Condition.MAINTENANCE, "Planned maintenance is under way"),
        (Condition.UNKNOWN, "The state of some systems is not known"),
    ],
)
def test_the_banner_says_the_worst(condition: Condition, headline: str) -> None:
    known = replace(FINE, conditions={**FINE.conditions, "payroll": condition})
    made = files(page(known=known), WORDS)
    assert headline in Texts(made["index.html"].body.decode()).words
    assert WORDS[condition.value] in made["badge/payroll.svg"].body.decode()


def test_what_is_unknown_is_never_green() -> None:
    made = files(page(known=replace(FINE, conditions={}, days={})), WORDS)
    for name in ("badge/payroll.svg", "badge/overall.svg", "badge/payroll/uptime-7d.svg", "icon.svg"):
        assert COLOURS[Condition.OPERATIONAL] not in made[name].body.decode()
    assert "All systems" not in made["index.html"].body.decode()


def test_a_bad_day_has_a_tip_and_is_said_to_those_who_do_not_see() -> None:
    days = {"payroll": {NOW.date(): Share(up=85_000, down=1_400)}}
    html = files(page(known=replace(FINE, days=days)), WORDS)["index.html"].body.decode()
    assert "<title>2026-11-22: 98.37 %, down 12 min</title>" in html
    assert 'aria-label="Payroll: 98.37 %. 2026-11-22: 98.37 %"' in html


@pytest.mark.parametrize(
    ("uptime", "written"),
    [(1.0, "100 %"), (0.99999, "99.99 %"), (0.5, "50.00 %"), (0.0, "0 %"), (None, "")],
)
def test_a_share_is_cut_not_rounded(uptime: float | None, written: str) -> None:
    assert share(uptime) == written


def test_figures_that_are_old_say_so() -> None:
    known = replace(FINE, figures_at=NOW - timedelta(hours=2))
    assert "Figures of 2026-11-22 10:00 UTC" in Texts(files(page(known=known), WORDS)["index.html"].body.decode()).words


def test_maintenance_says_when() -> None:
    occurrence = Occurrence(starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(hours=2))
    known = replace(FINE, announced=[Announced(text="New version", slugs=("payroll",), occurrence=occurrence)])
    words = Texts(files(page(known=known), WORDS)["index.html"].body.decode()).words
    assert "New version Planned Payroll 2026-11-22 13:00 \N{EN DASH} 14:00 UTC" in words


def deploying(began: int, ends: int) -> PublicDocument:
    """The page with a deployment that began, and ends, so many minutes from now."""
    occurrence = Occurrence(starts_at=NOW + timedelta(minutes=began), ends_at=NOW + timedelta(minutes=ends))
    one = Announced(text="", slugs=("payroll",), occurrence=occurrence, deployment=True)
    return page(known=replace(FINE, announced=[one]))


def test_a_deployment_that_is_under_way_stands_on_the_page_in_fixed_words() -> None:
    words = Texts(files(deploying(-10, 20), WORDS)["index.html"].body.decode()).words
    assert "A new version is being installed Maintenance Payroll 2026-11-22 11:50 \N{EN DASH} 12:20 UTC" in words


@pytest.mark.parametrize(
    ("ends", "title", "updated"),
    [(20, "A new version is being installed", "11:50:00Z"), (-2, "The installation is over", "11:58:00Z")],
)
def test_feeds_tell_that_a_deployment_began_and_that_it_is_over(ends: int, title: str, updated: str) -> None:
    made = files(deploying(-10, ends), WORDS)
    entry = ET.fromstring(made["feed.atom"].body).find(f"{ATOM}entry")
    item = ET.fromstring(made["feed.rss"].body).find("channel/item")
    assert entry is not None
    assert item is not None
    assert entry.findtext(f"{ATOM}id") == "https://status.example.org/#deployment-2026-11-22T11:50:00Z"
    assert (entry.findtext(f"{ATOM}summary"), item.findtext("title")) == (title, title)
    assert (entry.findtext(f"{ATOM}updated") or "").endswith(updated)


def test_a_deployment_that_is_over_is_no_maintenance_any_more() -> None:
    told = json.loads(files(deploying(-10, -2), WORDS)["status.json"].body)
    assert told["maintenance"] == []
    assert told["deployments"] == [
        {
            "text": "A new version is being installed",
            "components": ["Payroll"],
            "began_at": "2026-11-22T11:50:00.000Z",
            "ends_at": "2026-11-22T11:58:00.000Z",
            "ended": True,
        }
    ]


def test_the_atom_feed_has_what_its_format_asks_for() -> None:
    feed = ET.fromstring(text_of("feed.atom", *POSTS))
    assert [feed.findtext(f"{ATOM}{name}") for name in ("id", "title")] == ["https://status.example.org/", PAGE.title]
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == PAGE.title
    entries = feed.findall(f"{ATOM}entry")
    assert entries[0].findtext(f"{ATOM}title") == "Payroll is slow"
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries) == 3
    times = [datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "") for entry in entries]
    assert times == sorted(times, reverse=True)
    assert datetime.fromisoformat(feed.findtext(f"{ATOM}updated") or "") == times[0]


def test_the_rss_feed_has_what_its_format_asks_for() -> None:
    channel = ET.fromstring(text_of("feed.rss", *POSTS)).find("channel")
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    items = channel.findall("item")
    assert (items[0].findtext("title"), len(items)) == ("Payroll is slow: Identified", len(POSTS))
    assert len({item.findtext("guid") for item in items}) == len(items)
    assert parsedate_to_datetime(items[0].findtext("pubDate") or "") == NOW - timedelta(minutes=30)


def test_browsers_find_both_feeds_and_each_says_where_it_is() -> None:
    html, rss = text_of("index.html", *POSTS), ET.fromstring(text_of("feed.rss", *POSTS))
    assert 'rel="alternate" type="application/atom+xml"' in html
    assert 'rel="alternate" type="application/rss+xml"' in html
    own = rss.find(f"channel/{ATOM}link")
    assert own is not None
    assert own.get("href") == "https://status.example.org/feed.rss"


def test_an_edit_makes_an_entry_of_the_atom_feed_newer() -> None:
    edited = replace(POSTS[0], changed_at=NOW - timedelta(minutes=1))
    feed = ET.fromstring(text_of("feed.atom", *(edited, *POSTS[1:])))
    assert feed.findtext(f"{ATOM}updated") == "2026-11-22T11:59:00Z"


def test_feeds_without_posts_and_without_an_address_can_be_read() -> None:
    made = files(page(plan=replace(PAGE, link="")), WORDS)
    assert (ET.fromstring(made["feed.atom"].body).findtext(f"{ATOM}id") or "").startswith("urn:sentinel:")
    assert ET.fromstring(made["feed.rss"].body).find("channel/title") is not None


def test_the_json_has_its_version_and_the_same_values() -> None:
    told = json.loads(text_of("status.json", *POSTS))
    assert (told["format"], told["condition"], told["at"]) == (1, "operational", "2026-11-22T12:00:00.000Z")
    [staff, _] = told["groups"]
    assert staff["components"][0]["days"][-1] == {
        "date": "2026-11-22",
        "condition": "operational",
        "uptime": 1.0,
        "down": 0.0,
    }
    assert [one["id"] for one in told["incidents"]] == [1]


def test_a_badge_is_as_wide_as_its_words() -> None:
    narrow, wide = (ET.fromstring(badge(name, "ok", "#000")) for name in ("iii", "WWW\N{CJK UNIFIED IDEOGRAPH-7D66}"))
    assert int(narrow.attrib["width"]) < int(wide.attrib["width"])


def hostile() -> dict[str, str]:
    """Every text that a person can write is hostile."""
    component = Component(name=HOSTILE, slug="hostile", checks=("a",), description=HOSTILE)
    plan = replace(
        PAGE,
        title=HOSTILE,
        text=HOSTILE,
        groups=(ComponentGroup(name=HOSTILE, components=(component,)),),
        words=dict.fromkeys(WORDS, HOSTILE),
    )
    occurrence = Occurrence(starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    known = replace(
        FINE,
        days={"hostile": {NOW.date(): Share(up=1, down=1)}},
        announced=[Announced(text=HOSTILE, slugs=("hostile",), occurrence=occurrence)],
    )
    posts = (posted(1, title=HOSTILE, text=HOSTILE, components=("hostile",)), posted(2, title=HOSTILE, text=HOSTILE))
    over = posted(3, Stage.RESOLVED, thread=2, text=HOSTILE)
    made = files(page(*posts, over, known=known, plan=plan), plan.words)
    return {path: file.body.decode() for path, file in made.items()}


def test_no_text_is_ever_markup() -> None:
    """W04: what people write stays text in pages, feeds and pictures."""
    for path, content in hostile().items():
        if path.endswith(".html"):
            assert "img" not in Texts(content).elements
        elif path.endswith((".svg", ".atom", ".rss")):
            assert all("img" not in element.tag for element in ET.fromstring(content).iter())


def test_the_page_is_light_and_loads_nothing_from_elsewhere() -> None:
    many = tuple(Component(name=f"Component {n}", slug=f"c{n}", checks=("a",)) for n in range(20))
    plan = replace(PAGE, days=90, groups=(ComponentGroup(name="All", components=many),))
    days = {
        one.slug: {
            NOW.date() - timedelta(days=back): Share(up=86_000, down=400 * (back % 9 == 0)) for back in range(90)
        }
        for one in many
    }
    made = files(build(plan, replace(FINE, days=days), NOW), WORDS)["index.html"]
    assert len(made.packed) < 10_000
    assert len(made.body) < 64_000
    html = made.body.decode()
    assert " src=" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_the_policy_lets_the_page_have_its_own_style_and_script_and_nothing_else() -> None:
    assert policy().startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy()
    script = text_of("index.html").partition("<script>")[2].partition("</script>")[0]
    assert base64.b64encode(sha256(script.encode()).digest()).decode() in policy()


def test_the_same_document_gives_the_same_bytes() -> None:
    assert files(page(*POSTS), WORDS) == files(page(*POSTS), WORDS)


def test_nothing_but_what_is_public_is_in_any_face() -> None:
    posts = [replace(post, by="canary-ann", edited_by="canary-bob") for post in POSTS]
    for path, file in files(page(*posts), WORDS).items():
        for secret in ("canary", "4711", *PAYROLL.checks, *(f'"{name}"' for name in PORTAL.checks)):
            assert secret not in file.body.decode(), path

"""The public status page as a file has it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sentinel.base.errors import ConfigError
from sentinel.config.status_page import slug_of
from sentinel.core.component import StatusPagePlan
from tests.kit.config import CHECK, ConfigFolder

CHECKS = [
    {**CHECK, "tags": ["pay"]},
    {**CHECK, "name": "db", "tags": ["pay"]},
    {**CHECK, "name": "off", "tags": ["pay"], "enabled": False},
    {**CHECK, "name": "portal"},
]


def page(config: ConfigFolder, *components: dict[str, Any], **more: Any) -> StatusPagePlan:
    groups = [{"name": "Staff", "components": list(components)}]
    section = {"title": "Example", "port": 8610, "groups": groups, **more}
    found = config.plan({"checks": CHECKS, "status_page": section}).status_page
    assert found is not None
    return found


def wrong(config: ConfigFolder, *components: dict[str, Any], **more: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        page(config, *components, **more)
    return str(raised.value)


PORTAL = {"name": "Portal", "checks": ["portal"]}


def test_there_is_none_unless_it_is_asked_for(config: ConfigFolder) -> None:
    assert config.plan({"checks": CHECKS}).status_page is None


def test_a_component_stands_for_its_checks_and_for_those_with_its_tags(config: ConfigFolder) -> None:
    found = page(config, {"name": "Pay & more", "checks": ["portal"], "tags": ["pay"]})
    [component] = found.components
    assert (component.name, component.slug) == ("Pay & more", "pay-more")
    assert component.checks == ("portal", "api", "db")  # the one that is not enabled is left out


def test_it_says_little_by_itself(config: ConfigFolder) -> None:
    found = page(config, PORTAL, link="https://status.example.org/")
    assert (found.host, found.days, found.automatic_after) == ("127.0.0.1", 90, None)
    assert (found.link, found.words["operational"]) == ("https://status.example.org", "Operational")


def test_it_can_speak_another_language(config: ConfigFolder) -> None:
    found = page(config, PORTAL, language="de", words={"operational": "In Betrieb"}, automatic=True, history="30d")
    assert (found.language, found.words["operational"], found.words["degraded"]) == ("de", "In Betrieb", "Degraded")
    assert (found.automatic_after, found.days) == (timedelta(minutes=5), 30)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Payroll", "payroll"), ("  A/B  test ", "a-b-test"), ("Löhne", "löhne"), ("給与", "給与"), ("!?", "")],
)
def test_a_slug_is_the_letters_and_digits_of_a_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_the_address_of_the_dashboard_is_not_public(config: ConfigFolder) -> None:
    section = {"title": "E", "port": 8600, "groups": [{"name": "S", "components": [PORTAL]}]}
    with pytest.raises(ConfigError, match=r"another port than `web\.port`"):
        config.plan({"checks": CHECKS, "web": {"port": 8600}, "status_page": section})


def test_only_so_many_checks_stand_on_a_page(config: ConfigFolder) -> None:
    many = [{**CHECK, "name": f"c{number}", "tags": ["all"]} for number in range(501)]
    groups = [{"name": "S", "components": [{"name": "All", "tags": ["all"]}]}]
    with pytest.raises(ConfigError, match="at most 500 checks"):
        config.plan({"checks": many, "status_page": {"title": "E", "port": 0, "groups": groups}})


def test_a_window_says_whether_it_is_public(config: ConfigFolder) -> None:
    entry = {"every": "day", "at": "02:00", "duration": "1h", "public": True, "public_text": "New version"}
    [window] = config.plan({"checks": CHECKS, "windows": {"move": entry}}).windows
    assert (window.public, window.public_text) == (True, "New version")


def test_a_certificate_that_is_not_there_is_said(config: ConfigFolder) -> None:
    said = wrong(config, PORTAL, tls={"certificate": "cert.pem", "key": "key.pem"})
    assert "status_page.tls.certificate" in said
    assert "where there is no file" in said

"""Beacons as a file writes them, and rechecks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.core.sight import Beacon, BeaconKind, Connectivity
from tests.kit.config import CHECK

if TYPE_CHECKING:
    from tests.kit.config import ConfigFolder


@pytest.mark.parametrize(
    ("text", "beacon"),
    [
        ("10.0.0.1:53", Beacon(kind=BeaconKind.TCP, name="10.0.0.1 port 53", host="10.0.0.1", port=53)),
        ("[2001:db8::1]:53", Beacon(kind=BeaconKind.TCP, name="[2001:db8::1] port 53", host="2001:db8::1", port=53)),
        (
            "gw.example.org:443",
            Beacon(kind=BeaconKind.TCP, name="gw.example.org port 443", host="gw.example.org", port=443),
        ),
        ("dns:example.org.", Beacon(kind=BeaconKind.DNS, name="the name example.org", host="example.org")),
        (
            "https://status.example.org/up?who=us",
            Beacon(
                kind=BeaconKind.HTTP,
                name="status.example.org port 443",
                host="status.example.org",
                port=443,
                url="https://status.example.org/up?who=us",
            ),
        ),
    ],
)
def test_a_beacon_is_a_place_an_address_or_a_name(config: ConfigFolder, text: str, beacon: Beacon) -> None:
    plan = config.plan({"checks": [CHECK], "connectivity": {"targets": [text]}})
    assert plan.connectivity == Connectivity(beacons=(beacon,))


def test_without_the_section_nobody_is_asked(config: ConfigFolder) -> None:
    assert config.plan({"checks": [CHECK]}).connectivity.beacons == ()


@pytest.mark.parametrize(
    ("defaults", "own", "recheck"),
    [
        ({}, {}, 20),
        ({"interval": "5s"}, {}, 5),  # never above the interval, where it is the next slot
        ({"recheck": "7s"}, {}, 7),
        ({"recheck": "7s"}, {"recheck": "3s"}, 3),
        ({"recheck": "7s"}, {"recheck": 0}, 0),
        ({"recheck": 0}, {}, 0),
    ],
)
def test_a_check_is_looked_at_again_after_its_own_time_or_the_default(
    config: ConfigFolder, defaults: dict[str, object], own: dict[str, object], recheck: int
) -> None:
    plan = config.plan({"defaults": defaults, "checks": [{**CHECK, **own}]})
    assert plan.checks[0].recheck == timedelta(seconds=recheck)

"""Beacons: from the texts of the file to what is asked."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from sentinel.base.units import write_duration
from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.problems import Problems
from sentinel.config.schema.connectivity import ConnectivityEntry
from sentinel.config.sections import section
from sentinel.core.sight import Beacon, BeaconKind, Connectivity, is_here

AT: KeyPath = ("connectivity",)

#: A failed check waits for beacons before it is judged, so they must not take long.
LONGEST_TIMEOUT = timedelta(seconds=10)

#: A network far away needs some time to answer.
SHORTEST_TIMEOUT = timedelta(milliseconds=100)

#: Beacons are somebody else's: they are not asked all the time. A check that fails has them asked at once.
SHORTEST_INTERVAL = timedelta(seconds=1)

_EXPECTED = "'HOST:PORT', such as '10.0.0.1:53'; a URL, such as 'https://status.example.org/'; or 'dns:NAME'"
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_HOST = re.compile(rf"{_NAME.pattern}|[0-9a-f:.]+")  # or an address of IPv6
_PORTS = {"http": 80, "https": 443}


def compile_connectivity(loaded: Loaded) -> Connectivity:
    """The section as a value; what is wrong with it is noted."""
    entry, problems = section(loaded, "connectivity", ConnectivityEntry), loaded.problems
    beacons = [_beacon((*AT, "targets", number), text, problems) for number, text in enumerate(entry.targets)]
    if entry.timeout > LONGEST_TIMEOUT:
        expected = f"at most {write_duration(LONGEST_TIMEOUT)}"
        problems.add((*AT, "timeout"), write_duration(entry.timeout), expected, "a failed check waits for the answers")
    if entry.timeout < SHORTEST_TIMEOUT:
        expected = f"at least {write_duration(SHORTEST_TIMEOUT)}"
        problems.add((*AT, "timeout"), write_duration(entry.timeout), expected, "else every network looks dead")
    for number, text in enumerate(entry.targets):
        if text in entry.targets[:number]:
            problems.add((*AT, "targets", number), repr(text), "a target that does not stand there twice")
    if entry.every < SHORTEST_INTERVAL:
        problems.add((*AT, "every"), write_duration(entry.every), f"at least {write_duration(SHORTEST_INTERVAL)}")
    if entry.targets and entry.need > len(entry.targets):
        problems.add((*AT, "need"), str(entry.need), f"at most {len(entry.targets)}, as many as there are targets")
    return Connectivity(
        beacons=tuple(beacon for beacon in beacons if beacon is not None),
        every=entry.every,
        timeout=entry.timeout,
        need=entry.need,
    )


def _beacon(path: KeyPath, text: str, problems: Problems) -> Beacon | None:
    beacon = _read(text)
    if beacon is None:
        problems.add(path, problems.shown(path, secret="@" in text), _EXPECTED)
    elif is_here(beacon.host):
        expected = "something beyond this host"
        problems.add(path, repr(text), expected, "this answers without a network as well")
    else:
        return beacon
    return None


def _read(text: str) -> Beacon | None:
    """What a text stands for; None when it is none of the forms."""
    if text.startswith("dns:"):
        name = text.removeprefix("dns:").rstrip(".")
        return Beacon(kind=BeaconKind.DNS, name=f"the name {name}", host=name) if _NAME.fullmatch(name) else None
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not _HOST.fullmatch(host) or parts.username is not None or not text.isprintable() or " " in text:
        return None
    shown = f"[{host}]" if ":" in host else host
    if parts.scheme in _PORTS:
        port = port or _PORTS[parts.scheme]
        return Beacon(kind=BeaconKind.HTTP, name=f"{shown} port {port}", host=host, port=port, url=text)
    if parts.scheme or not port or parts.path or parts.query or parts.fragment:
        return None
    return Beacon(kind=BeaconKind.TCP, name=f"{shown} port {port}", host=host, port=port)

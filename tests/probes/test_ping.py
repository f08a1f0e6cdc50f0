"""The `ping` probe over the loopback address, in a network of its own where the kernel gives one.

Where it gives none, each test proves what can be proven in the machine's own network: the answers of the loopback address if
echoes are permitted there, and else that the check is unknown and says what to grant.
"""

from __future__ import annotations

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.ping import Trips, permitted
from tests.kit.bench import Bench, problem, readings
from tests.kit.echo_lab import Seen, measure_ping
from tests.kit.ports import LOOPBACK


def expected(seen: Seen, in_own_network: FailureClass | None) -> FailureClass | None:
    """The class of failure that must come out, wherever the run took place."""
    if seen.own_network:
        return in_own_network
    return None if seen.permitted else FailureClass.NOT_PERMITTED


@pytest.mark.parametrize("host", [LOOPBACK, "localhost", "::1"])
def test_echoes_come_back_with_their_times(host: str) -> None:
    seen = measure_ping(host=host, count=4, gap="10ms")
    assert seen.failure is expected(seen, None)
    if seen.permitted:
        numbers = seen.readings
        assert (numbers["loss"], numbers["sent"]) == (0, 4)
        assert 0 < numbers["fastest"] <= numbers["round_trip"] <= numbers["slowest"] < 1
        assert 0 <= numbers["jitter"] < 1


def test_a_host_that_does_not_answer_is_told() -> None:
    seen = measure_ping(host=LOOPBACK, count=3, gap="10ms", wait="100ms", answering=False)
    assert seen.failure is expected(seen, FailureClass.NO_REPLY)
    if seen.own_network:
        assert seen.explanation == "none of 3 echoes came back"
        assert seen.readings["loss"] == 1
        assert "firewall" in seen.hint


def test_the_deadline_holds_with_echoes_that_would_take_longer() -> None:
    seen = measure_ping(host=LOOPBACK, count=50, gap="1s", wait="60s", answering=False, within=0.4)
    assert seen.failure is expected(seen, FailureClass.NO_REPLY)
    assert seen.seconds < 1.4


def test_a_cancelled_run_leaves_nothing_behind() -> None:
    seen = measure_ping(host=LOOPBACK, wait="60s", answering=False, within=20, cancel=0.2)
    assert seen.left_open == 0
    assert seen.seconds < 5


def test_a_network_that_is_not_there_is_our_own_fault() -> None:
    # The lab has a loopback alone, and no way to any other address; this one is of a net for documentation (RFC 3849).
    seen = measure_ping(host="2001:db8::1", count=1, wait="100ms", within=1)
    assert seen.failure is expected(seen, FailureClass.NETWORK_DOWN)


def test_a_kernel_that_forbids_it_makes_the_check_unknown() -> None:
    seen = measure_ping(host=LOOPBACK, allowed=False)
    assert seen.failure is expected(seen, FailureClass.NOT_PERMITTED)
    if not seen.permitted:
        assert seen.explanation == "this host lets none of Sentinel's groups send echoes"
        assert "net.ipv4.ping_group_range" in seen.hint


async def test_this_machine_is_judged_as_its_kernel_permits(bench: Bench) -> None:
    found = await bench.measure("ping", host=LOOPBACK, count=1)
    lacks = CATALOGUE["ping"].lacks(CATALOGUE["ping"].options.model_validate({"host": LOOPBACK}))
    assert found.outcome is (Outcome.PASS if permitted() else Outcome.UNKNOWN)
    assert ("ping_group_range" in lacks) is not permitted()


async def test_a_name_that_does_not_exist_is_told(bench: Bench) -> None:
    found = await bench.measure("ping", host="nowhere.invalid")
    assert found.failure is FailureClass.DNS_NOT_FOUND


async def test_an_address_of_the_other_family_is_told(bench: Bench) -> None:
    found = await bench.measure("ping", host="::1", family="ipv4")
    assert (found.failure, found.explanation) == (FailureClass.DNS_NOT_FOUND, "the host has no ipv4 address")
    assert "resolve" in readings(found)


def test_loss_and_jitter_are_those_of_the_echoes_that_came_back() -> None:
    trips = Trips(sent=4, seconds=[0.010, 0.030, 0.020])
    numbers = {reading.name: reading.value for reading in trips.readings()}
    assert numbers["loss"] == 0.25
    assert numbers["jitter"] == pytest.approx(0.015)
    assert numbers["round_trip"] == pytest.approx(0.020)


def test_no_echo_has_no_times() -> None:
    assert [reading.name for reading in Trips(sent=0, seconds=[]).readings()] == ["loss", "sent"]


@pytest.mark.parametrize("options", [{"count": 0}, {"size": 8}, {"host": "a b"}, {"wait": 0}])
def test_wrong_options_are_told(options: dict[str, object]) -> None:
    assert problem("ping", **{"host": LOOPBACK, **options})

"""How often a watch errs, on a few of the deployments that `python -m benchmarks deployments` simulates by the thousand."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.deployments import NOISE, Noise, Release, Setting, read_noise, simulate
from sentinel.core.deployment.deployment import Judged


@pytest.fixture(scope="module")
def noise() -> Noise:
    return read_noise(NOISE)


def verdicts(noise: Noise, setting: Setting, runs: int) -> list[Judged]:
    return [simulate(noise, setting, Random(run)).verdict for run in range(runs)]


def test_noise_alone_passes(noise: Noise) -> None:
    alone = Setting(release=Release(name="noise"), checks=8)
    assert verdicts(noise, alone, 30).count(Judged.PASS) >= 29


def test_slower_by_60_per_cent_fails_at_the_first_judged_point(noise: Noise) -> None:
    slower = Setting(release=Release(name="slower", slower=0.6), checks=8)
    assert all(simulate(noise, slower, Random(run)).first is Judged.FAIL for run in range(6))


def test_3_per_cent_of_failing_looks_fail(noise: Noise) -> None:
    failing = Setting(release=Release(name="failing", failing=0.03), checks=8)
    assert verdicts(noise, failing, 5) == [Judged.FAIL] * 5


def test_too_little_of_a_past_is_inconclusive(noise: Noise) -> None:
    young = Setting(release=Release(name="noise"), checks=8, past=120.0)
    assert verdicts(noise, young, 3) == [Judged.INCONCLUSIVE] * 3

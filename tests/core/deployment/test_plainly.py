"""Why a deployment failed, for who has no time for figures."""

from dataclasses import replace

import pytest

from sentinel.base.units import Unit
from sentinel.core.deployment.deployment import Judged, Measure
from sentinel.core.deployment.plainly import why_failed, worse_by
from tests.kit.released import PASSED, UNDONE, compared, errors


@pytest.mark.parametrize(
    ("check", "before", "after", "said"),
    [
        ("", 1.01, 6.54, "answers take 6.5 times as long"),
        ("search", 0.25, 0.41, "answers of search take 1.6 times as long"),
        ("search", 0.25, 0.3, "answers of search take 20 % longer"),
    ],
)
def test_times_are_told_as_how_much_longer_people_wait(check: str, before: float, after: float, said: str) -> None:
    assert worse_by(compared(check, before, after, Judged.FAIL, 0.001)) == said


def test_failures_are_told_as_a_share_and_logs_by_the_minute() -> None:
    assert worse_by(errors(0.0, 0.12, Judged.FAIL)) == "12 % of all looks fail, 0 % before"
    logs = replace(compared("app-log", 0.5, 6.0, Judged.FAIL, 0.001), measure=Measure.LOGS, unit=Unit.NONE)
    assert worse_by(logs) == "the logs of app-log have 6 matches a minute, 0.5 before"


def test_what_broke_goes_before_what_became_slower() -> None:
    assert why_failed(UNDONE) == "several of its checks are critical at once"
    assert why_failed(replace(UNDONE, broken=None)) == "answers of login take 1.6 times as long"
    assert why_failed(PASSED) == ""

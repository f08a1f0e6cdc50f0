"""Which of several findings a run is told by."""

from __future__ import annotations

import pytest

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding, measurement


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ([FailureClass.NOT_PERMITTED, FailureClass.DEGRADED], FailureClass.DEGRADED),
        ([FailureClass.DEGRADED, FailureClass.INSECURE], FailureClass.INSECURE),
        ([FailureClass.INSECURE, FailureClass.ACCESS_GAINED], FailureClass.ACCESS_GAINED),
        ([FailureClass.INSECURE, FailureClass.WRONG_STATUS], FailureClass.INSECURE),
    ],
)
def test_the_gravest_finding_is_told_and_a_warning_hides_no_failure(
    classes: list[FailureClass], told: FailureClass
) -> None:
    found = measurement([Finding(failure, failure.value) for failure in classes], [])
    assert (found.failure, found.explanation) == (told, f"{told.value} (and 1 more)")

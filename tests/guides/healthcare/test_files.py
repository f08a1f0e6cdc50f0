"""What lies beside the healthcare service is what it claims to be."""

from __future__ import annotations

import hashlib

import pytest

from examples.healthcare.faults import CATALOGUE, Fault
from tests.guides.healthcare.service import ROOT

GUIDE = ROOT / "examples/healthcare/guide_config.json"
README = ROOT / "examples/healthcare/README.md"


def test_the_guide_configuration_is_the_guides_byte_for_byte() -> None:
    digest = "374c01d4c0275d4f15b6ef68f7187502a40372475d69d8f0b156bf1c3f177a5e"
    assert hashlib.sha256(GUIDE.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("fault", list(Fault))
def test_the_readme_describes_each_fault_as_the_catalogue_does(fault: Fault) -> None:
    what = CATALOGUE[fault].what
    assert f"| `{fault}` | {what} |" in README.read_text().replace("`/health`", "/health")

"""The heartbeat to the outside, as a file has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.base.errors import ConfigError
from tests.kit.config import CHECK

if TYPE_CHECKING:
    from tests.kit.config import ConfigFolder


@pytest.mark.parametrize("url", ["http://alive.example.org:x/4711", "http://::::/4711", "alive.example.org/4711"])
def test_an_address_that_can_never_be_asked_for_is_refused(config: ConfigFolder, url: str) -> None:
    """A port that is no number was found out by the first beat, as a fault of Sentinel's."""
    with pytest.raises(ConfigError) as refused:
        config.plan({"checks": [CHECK], "heartbeat": {"url": "${ALIVE}"}}, {"ALIVE": url})
    assert "heartbeat.url" in str(refused.value)
    assert "expected: an address such as https://example.org" in str(refused.value)
    assert "4711" not in str(refused.value)

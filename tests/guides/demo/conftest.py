"""Demos, ended after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.guides.demo.demos import Demos
from tests.kit.process import Children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def demos(tmp_path: Path) -> AsyncIterator[Demos]:
    async with Children() as children:
        demos = Demos(children, tmp_path)
        try:
            yield demos
        finally:
            await demos.end()

"""One running healthcare service per module, mended after each test; demos, ended after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.guides.healthcare.demos import Demos
from tests.guides.healthcare.service import Service, start
from tests.kit.process import Children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with Children() as children:
        service = await start(children, tmp_path_factory.mktemp("service"))
        async with service.client:
            yield service


@pytest_asyncio.fixture(loop_scope="module")
async def service(running: Service) -> AsyncIterator[Service]:
    yield running
    await running.mend()


@pytest.fixture
async def demos(tmp_path: Path) -> AsyncIterator[Demos]:
    async with Children() as children:
        demos = Demos(children, tmp_path)
        try:
            yield demos
        finally:
            await demos.end()

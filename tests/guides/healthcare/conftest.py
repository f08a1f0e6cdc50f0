"""One running healthcare service per module, mended after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.guides.healthcare.service import Service, start
from tests.kit.process import Children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


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

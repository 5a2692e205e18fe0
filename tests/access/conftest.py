"""The stage of the matrix: one for each test module and engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.access.stage import Stage, open_stage
from tests.engines import ENGINES, postgres_url


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ENGINES)
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    if request.param == "postgres" and postgres_url() is None:
        pytest.skip("no PostgreSQL here: set DARKROOM_TEST_POSTGRES_URL")
    folder: Path = tmp_path_factory.mktemp("matrix")
    async with open_stage(str(request.param), folder) as opened:
        yield opened

"""A PostgreSQL database of one's own, for tests of the engine itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines import drop_postgres, new_postgres, postgres_url


@pytest.fixture
def url() -> Iterator[str]:
    if postgres_url() is None:
        pytest.skip("no PostgreSQL here: set DARKROOM_TEST_POSTGRES_URL")
    made = new_postgres()
    yield made
    drop_postgres(made)

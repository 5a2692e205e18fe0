"""Fixtures of the in-process tests. Whatever touches data runs once per engine."""

from __future__ import annotations

import compileall
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.engines import ENGINES, drop_postgres, new_postgres, postgres_url
from tests.inprocess import Person, World, open_world
from tests.newcomer import Meet, Newcomer


def pytest_configure(config: pytest.Config) -> None:
    """Compile the program once: some hundred processes are started, and where PYTHONDONTWRITEBYTECODE is set each would compile it anew."""
    if not hasattr(config, "workerinput"):
        for folder in ("app", "bridge", "storage_backends"):
            compileall.compile_dir(Path(__file__).parent.parent / folder, quiet=2)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """sqlite, then postgres. Where no PostgreSQL can run its tests are skipped, and the run's last lines say so."""
    name = str(request.param)
    if name == "postgres" and postgres_url() is None:
        pytest.skip("no PostgreSQL here: set DARKROOM_TEST_POSTGRES_URL")
    return name


@pytest.fixture
def url() -> Iterator[str]:
    """A PostgreSQL database of one's own, for tests of that engine or of whole servers on it."""
    if postgres_url() is None:
        pytest.skip("no PostgreSQL here: set DARKROOM_TEST_POSTGRES_URL")
    made = new_postgres()
    yield made
    drop_postgres(made)


@pytest.fixture
async def world(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine, tmp_path) as w:
        yield w


@pytest.fixture
async def alice(world: World) -> Person:
    return await world.person("alice")


@pytest.fixture
async def bob(world: World) -> Person:
    return await world.person("bob")


@pytest.fixture
async def carol(world: World) -> Person:
    return await world.person("carol")


@pytest.fixture
def meet(world: World) -> Meet:
    """`meet("dora")`: somebody who has not signed up yet."""
    return lambda name: Newcomer(world, f"{name}@example.net", world.anon())


@pytest.fixture
async def dora(meet: Meet) -> Newcomer:
    """A complete account: keys and password."""
    return await meet("dora").complete()

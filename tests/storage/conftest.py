"""The stores under test: every backend, and S3 against moto in this process or a real server named by the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from storage_backends import ObjectStore, S3Store, StoreConfig, open_store
from tests import buckets
from tests.buckets import moto_url

__all__ = ["moto_url"]

KINDS = ["filesystem", "sqlite", "memory", "s3", *(["s3-real"] if buckets.REAL else [])]


@pytest.fixture
def moto_config(moto_url: str, tmp_path: Path) -> StoreConfig:
    """A fresh bucket on moto."""
    spool = tmp_path / "spool"
    spool.mkdir()
    return buckets.on_moto(moto_url, spool)


@pytest.fixture
async def moto_store(moto_config: StoreConfig) -> AsyncIterator[S3Store]:
    store = S3Store(moto_config)
    yield store
    await store.close()


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStore]:
    config = _configs(request, tmp_path)[request.param]()
    made = open_store(config)
    yield made
    await made.close()
    if request.param.startswith("s3-real"):
        await buckets.empty(config)


def _configs(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Callable[[], StoreConfig]]:
    return {
        "filesystem": lambda: StoreConfig("fs", "filesystem", path=tmp_path / "data"),
        "sqlite": lambda: StoreConfig("small", "sqlite", path=tmp_path / "small"),
        "memory": lambda: StoreConfig("memory", "memory"),
        "s3": lambda: request.getfixturevalue("moto_config"),
        "s3-real": lambda: buckets.on_real(tmp_path),
    }

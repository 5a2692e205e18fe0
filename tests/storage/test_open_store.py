"""From a configuration to a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage_backends import FilesystemStore, MemoryStore, S3Store, SqliteStore, StoreConfig, open_store


async def test_each_kind(tmp_path: Path) -> None:
    s3 = StoreConfig("hot", "s3", endpoint="http://127.0.0.1:1", bucket="b", access_key="a", secret_key="very secret")
    kinds = {
        FilesystemStore: StoreConfig("disk", "filesystem", path=tmp_path / "deep" / "data"),
        MemoryStore: StoreConfig("ram", "memory"),
        SqliteStore: StoreConfig("small", "sqlite", path=tmp_path / "small"),
        S3Store: s3,
    }
    for kind, config in kinds.items():
        store = open_store(config)
        assert isinstance(store, kind)
        assert (store.name, store.kind) == (config.name, config.kind)
        await store.close()
    assert "very secret" not in repr(s3)


@pytest.mark.parametrize(
    "config",
    [
        StoreConfig("x", "filesystem"),
        StoreConfig("x", "sqlite"),
        StoreConfig("x", "floppy"),
        StoreConfig("x", "s3", endpoint="http://127.0.0.1:1", bucket="b", access_key="a"),
        StoreConfig("x", "s3", endpoint="not a url", bucket="b", access_key="a", secret_key="s"),
    ],
)
def test_configurations_that_cannot_work(config: StoreConfig) -> None:
    with pytest.raises(ValueError):
        open_store(config)


@pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
async def test_a_store_opened_again_holds_what_it_held(tmp_path: Path, kind: str) -> None:
    from .bodies import ALICE, put, read

    first = open_store(StoreConfig("disk", kind, path=tmp_path))
    await put(first, ALICE, b"photo")
    await first.close()
    second = open_store(StoreConfig("disk", kind, path=tmp_path))
    assert await read(second, ALICE) == b"photo"
    await second.close()

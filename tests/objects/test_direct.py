"""A store that clients reach themselves: its own presigned URLs instead of ours (files.md §2.1)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from app.kernel.clock import DAY
from app.objects import service
from storage_backends import S3Store, StoreConfig
from tests.inprocess import Person, World
from tests.objects.parcels import ORIGIN, md5


@pytest.fixture
def s3(world: World, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """Takes the place of the world's store. Nothing listens there: presigning asks nobody."""
    config = StoreConfig(
        name=world.kernel.store.name, kind="s3", endpoint="http://inside.test:9000", public_endpoint="https://s3.test", bucket="photos",
        access_key="AK", secret_key="SK",
    )  # fmt: skip
    store = S3Store(config)

    async def begin(key: str) -> str:
        return "upload-1"

    monkeypatch.setattr(store, "create_multipart", begin)
    monkeypatch.setitem(world.kernel.stores, config.name, store)
    return store


async def test_it_works(s3: S3Store, alice: Person) -> None:
    sized = (await alice.post("/files/upload-url", {"contentLength": 3, "contentMD5": md5(b"abc")})).json()
    assert sized["url"].startswith(f"https://s3.test/photos/{sized['objectKey']}?")
    query = parse_qs(urlsplit(sized["url"]).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-md5;host"]
    assert query["X-Amz-Expires"] == ["604800"]


async def test_unbound_urls_stay_on_our_own_origin(s3: S3Store, alice: Person) -> None:
    """The store would let their holder replace what was committed: see test_s3."""
    free = (await alice.get("/files/upload-urls?count=2")).json()["urls"]
    assert len({u["url"] for u in free}) == 2
    for made in free:
        assert made["url"].startswith(f"{ORIGIN}/objects/{made['objectKey']}?")


async def test_multipart(s3: S3Store, alice: Person) -> None:
    ask = {"contentLength": (5 << 20) + 1, "partLength": 5 << 20, "partMd5s": [md5(b"a"), md5(b"b")]}
    made = (await alice.post("/files/multipart-upload-url", ask)).json()
    for n, url in enumerate(made["partURLs"], 1):
        query = parse_qs(urlsplit(url).query)
        assert (query["partNumber"], query["uploadId"]) == ([str(n)], ["upload-1"])
        assert query["X-Amz-SignedHeaders"] == ["content-length;content-md5;host"]
    assert parse_qs(urlsplit(made["completeURL"]).query)["uploadId"] == ["upload-1"]
    free = (await alice.get("/files/multipart-upload-urls?count=1")).json()["urls"]
    assert free["partURLs"][0].startswith("https://s3.test/photos/")


async def test_reading_urls_repeat_within_a_day(s3: S3Store, world: World, alice: Person) -> None:
    key = world.kernel.crypto.mint_key(alice.user_id)
    world.clock.advance(DAY - world.clock.now() % DAY)
    first = service.url(world.kernel, "http://darkroom.test", key, s3.name)
    assert first.startswith("https://s3.test/photos/")
    world.clock.advance(DAY - 1)
    assert service.url(world.kernel, "http://darkroom.test", key, s3.name) == first
    world.clock.advance(1)
    assert service.url(world.kernel, "http://darkroom.test", key, s3.name) != first

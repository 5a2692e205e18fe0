"""GET /files/download and /files/preview: where they lead and for whom (files.md §5)."""

from __future__ import annotations

import pytest

from app.db import Tx
from tests.inprocess import AUTH, Person, World
from tests.objects.parcels import delete_for_good, make_file, send, share, uploaded

WAYS = ("download", "preview")


@pytest.fixture
async def photo(world: World, alice: Person) -> int:
    return await make_file(world, alice, await uploaded(alice, b"file"), await uploaded(alice, b"thumb"))


def _run(tx: Tx, sql: str) -> None:
    tx.run(sql)


async def statuses(person: Person, file_id: object) -> list[int]:
    return [(await person.get(f"/files/{way}/{file_id}", expect=None)).status for way in WAYS]


async def test_it_works(alice: Person, photo: int) -> None:
    for way, data in zip(WAYS, (b"file", b"thumb"), strict=True):
        for ask in (alice.get(f"/files/{way}/{photo}", expect=307), alice.get(f"/files/{way}/{photo}?token={alice.token}", token=None, expect=307)):
            answer = await ask
            assert "no-store" not in answer.headers.get("cache-control", "")
            location = answer.headers["location"]
            assert str(alice.token) not in location
            assert (await send(alice, "GET", location, expect=200)).content == data


async def test_strangers_and_unknown_files(world: World, alice: Person, bob: Person, photo: int) -> None:
    assert await statuses(bob, photo) == [403, 403]
    for unknown in (1, 0, -1, "junk", 9 * 10**22, f"{photo}x", "%20"):
        assert await statuses(alice, unknown) == [404, 404]
    assert (await bob.get(f"/files/download/{photo}", expect=403)).json() == {}
    assert (await alice.get("/files/download/1", expect=404)).json() == {}
    await alice.get(f"/files/download/{photo}", token=None, expect=401)
    await (await world.in_app(alice, AUTH)).get(f"/files/download/{photo}", expect=403)


async def test_sharees_while_the_share_lasts(world: World, alice: Person, bob: Person, carol: Person, photo: int) -> None:
    await share(world, alice, bob, photo)
    await share(world, alice, carol, photo, ended=True)
    assert await statuses(bob, photo) == [307, 307]
    assert await statuses(carol, photo) == [403, 403]
    for change in ("UPDATE collection_files SET is_deleted = TRUE", "UPDATE collections SET is_deleted = TRUE"):
        await world.kernel.db.write("test.end", _run, change)
        assert await statuses(bob, photo) == [403, 403]
        await world.kernel.db.write("test.end", _run, change.replace("TRUE", "FALSE"))
    await world.kernel.db.write("test.end", lambda tx: tx.run("UPDATE collection_shares SET is_deleted = TRUE"))
    assert await statuses(bob, photo) == [403, 403]
    assert await statuses(alice, photo) == [307, 307]


async def test_deleted_for_good(world: World, alice: Person, bob: Person, photo: int) -> None:
    await delete_for_good(world, photo)
    assert await statuses(alice, photo) == [404, 404]
    assert await statuses(bob, photo) == [403, 403]


async def test_a_file_without_bytes(world: World, alice: Person, photo: int) -> None:
    await world.kernel.db.write("test.meta", lambda tx: tx.run("UPDATE files SET file_object_id = NULL, thumb_object_id = NULL"))
    assert await statuses(alice, photo) == [404, 404]


async def test_the_address_clients_used_is_where_they_are_sent(world: World, alice: Person, photo: int) -> None:
    """Without a configured public URL the bytes are where the request came to."""
    bare = world.kernel.config.model_copy(update={"public_url": None})
    object.__setattr__(world.kernel, "config", bare)
    location = (await alice.get(f"/files/preview/{photo}", headers={"host": "nas.local:8080"}, expect=307)).headers["location"]
    assert location.startswith("http://nas.local:8080/objects/")


async def test_newer_apps_ask_for_the_url_in_json(world: World, alice: Person, bob: Person, photo: int) -> None:
    for way, data in (("download/v2", b"file"), ("preview/v2", b"thumb"), ("download/v3", b"file"), ("thumbnail/v3", b"thumb")):
        answer = (await alice.get(f"/files/{way}/{photo}")).json()
        assert list(answer) == ["url"]
        assert str(alice.token) not in answer["url"]
        assert (await send(alice, "GET", answer["url"], expect=200)).content == data
        assert (await bob.get(f"/files/{way}/{photo}", expect=403)).json() == {}
        await alice.get(f"/files/{way}/{photo}", token=None, expect=401)
        await (await world.in_app(alice, AUTH)).get(f"/files/{way}/{photo}", expect=403)
    for way in ("download/v2", "preview/v2"):
        for missing in (1, "junk"):
            assert (await alice.get(f"/files/{way}/{missing}", expect=404)).json() == {}
    for way in ("download", "thumbnail"):
        for missing in (1, 0):  # 404 is theirs for a server that does not know the route
            assert (await alice.get(f"/files/{way}/v3/{missing}", expect=400)).json()["code"] == "NOT_FOUND"
        await alice.get(f"/files/{way}/v3/junk", expect=400)
    await delete_for_good(world, photo)
    assert (await alice.get(f"/files/download/v3/{photo}", expect=400)).json()["code"] == "NOT_FOUND"

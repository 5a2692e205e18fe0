"""What commits ask of objects: presence, claims, server-written bytes, direct stores."""

from __future__ import annotations

import hashlib

import pytest

from app.kernel import errors
from app.kernel.errors import BadRequest, CodedBadRequest
from app.kernel.errors import Unavailable as Away
from app.objects import service
from storage_backends import NoSpace, ObjectInfo, Unavailable
from tests.inprocess import Person, World
from tests.objects.parcels import row, sized_url, stored_bytes, uploaded


async def test_it_works(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"abc")
    await service.present(world.kernel, alice.user_id, [key])
    (claimed,) = await world.kernel.db.write("test.claim", service.claim, alice.user_id, key)
    assert (claimed.size, claimed.state) == (3, "pending")
    await world.kernel.db.write("test.mark", service.mark_stored, [claimed.object_id])
    (again,) = await world.kernel.db.write("test.claim", service.claim, alice.user_id, key)
    assert (again.object_id, again.state) == (claimed.object_id, "stored")


async def test_keys_that_were_never_issued_or_to_somebody_else(world: World, alice: Person, bob: Person) -> None:
    key = await uploaded(alice, b"abc")
    for wrong in (key.replace(str(alice.user_id), str(bob.user_id)), "", "x"):
        with pytest.raises(BadRequest):
            await service.present(world.kernel, alice.user_id, [wrong])
    for invented in (f"{alice.user_id}/8d3c2f00-0000-4000-8000-000000000000", key + "x", key.upper() + "/", f"{alice.user_id}/mldata"):
        with pytest.raises(CodedBadRequest):
            await service.present(world.kernel, alice.user_id, [invented])
    with pytest.raises(BadRequest):
        await service.present(world.kernel, bob.user_id, [key])
    with pytest.raises(Away):
        await world.kernel.db.write("test.claim", service.claim, bob.user_id, key)


async def test_keys_whose_bytes_never_came(world: World, alice: Person) -> None:
    key = (await sized_url(alice, b"abc"))["objectKey"]
    with pytest.raises(Away) as away:
        await service.present(world.kernel, alice.user_id, [await uploaded(alice, b"x"), key])
    assert (away.value.status, away.value.body()) == (503, b'{"code":"OBJECT_SIZE_FETCH_FAILED","message":""}')
    with pytest.raises(Away):
        await world.kernel.db.write("test.claim", service.claim, alice.user_id, key)


async def test_bytes_that_a_client_put_into_the_store(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    there, absent, joined = (world.kernel.crypto.mint_key(alice.user_id) for _ in range(3))
    etags = {there: hashlib.md5(b"abc", usedforsecurity=False).hexdigest(), joined: "0" * 32 + "-3"}

    async def head(key: str) -> ObjectInfo | None:
        return ObjectInfo(key, 3, etags[key], 5) if key in etags else None

    monkeypatch.setattr(world.kernel.store, "presigner", object(), raising=False)
    monkeypatch.setattr(world.kernel.store, "head", head)
    await service.present(world.kernel, alice.user_id, [there, joined])
    assert await row(world, there) == ("pending", 3, etags[there])
    assert await row(world, joined) == ("pending", 3, None)
    with pytest.raises(Away):
        await service.present(world.kernel, alice.user_id, [there, absent])

    async def away(key: str) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(world.kernel.store, "head", away)
    await service.present(world.kernel, alice.user_id, [there])  # known: the store is not asked
    with pytest.raises(Away):
        await service.present(world.kernel, alice.user_id, [absent])


async def test_server_written_bytes(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await service.store_bytes(world.kernel, alice.user_id, b"{}")
    assert await stored_bytes(world, key) == b"{}"
    assert (await row(world, key) or ("",))[0] == "pending"
    await service.abandon(world.kernel, alice.user_id, key)
    assert (await row(world, key) or ("",))[0] == "deleting"
    kept = await service.store_bytes(world.kernel, alice.user_id, b"{}")
    (claimed,) = await world.kernel.db.write("test.claim", service.claim, alice.user_id, kept)
    await world.kernel.db.write("test.mark", service.mark_stored, [claimed.object_id])
    await service.abandon(world.kernel, alice.user_id, kept)
    assert (await row(world, kept) or ("",))[0] == "stored"

    async def full(*_: object, **__: object) -> None:
        raise NoSpace("full")

    monkeypatch.setattr(world.kernel.store, "put", full)
    with pytest.raises(errors.NoSpace):
        await service.store_bytes(world.kernel, alice.user_id, b"{}")


async def test_what_a_copy_is_about_to_name(world: World, alice: Person) -> None:
    key = await service.store_bytes(world.kernel, alice.user_id, b"{}")
    (claimed,) = await world.kernel.db.write("test.claim", service.claim, alice.user_id, key)
    with pytest.raises(Away):
        await world.kernel.db.write("test.hold", service.hold, [claimed.object_id])
    await world.kernel.db.write("test.mark", service.mark_stored, [claimed.object_id])
    await world.kernel.db.write("test.hold", service.hold, [claimed.object_id])

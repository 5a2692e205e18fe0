"""Pictures of contacts: staged, attached, replaced, let go of (misc.md §5)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from app.contacts import pictures
from app.kernel import quota
from app.kernel.clock import DAY
from app.kernel.crypto import b64
from app.objects import deletion
from tests.contacts.test_contacts import Json, add, diff, know
from tests.inprocess import Person, World

PICTURE = bytes(range(256)) * 8


def md5(data: bytes) -> str:
    return b64(hashlib.md5(data).digest())


async def staged(who: Person, data: bytes = PICTURE, path: str = "/attachments/profile_picture/upload-url") -> str:
    """An uploaded picture's name."""
    r = (await who.post(path, {"contentLength": len(data), "contentMD5": md5(data)})).json()
    assert set(r) == {"attachmentID", "url"}
    await who.call("PUT", r["url"].removeprefix("http://darkroom.test"), content=data, headers={"content-md5": md5(data)}, token=None)
    return str(r["attachmentID"])


async def attach(who: Person, contact: Json, name: str, size: int = len(PICTURE), **kw: Any) -> Json:
    row: Json = (await who.put(f"/contacts/{contact['id']}/attachments/profile_picture", {"attachmentID": name, "size": size}, **kw)).json()
    return row


async def seen(who: Person, path: str) -> bytes:
    url = (await who.get(path)).json()["url"]
    return (await who.get(url.removeprefix("http://darkroom.test"), token=None)).content


@pytest.fixture
async def contact(alice: Person, bob: Person) -> Json:
    await know(alice, bob)
    return await add(alice, bob)


async def test_it_works(alice: Person, bob: Person, contact: Json) -> None:
    name = await staged(alice)
    assert name.startswith("ua_")
    row = await attach(alice, contact, name)
    assert row == {**contact, "profilePictureAttachmentID": name, "updatedAt": row["updatedAt"]}
    assert await diff(alice, contact["updatedAt"]) == [row]
    for path in (f"/attachments/profile_picture/{name}", f"/contacts/{contact['id']}/attachments/profile_picture",
                 f"/contacts/{contact['id']}/profile-picture", f"/contacts/{contact['id']}/profile-picture?attachmentID={name}"):  # fmt: skip
        assert await seen(alice, path) == PICTURE
        await bob.get(path, expect=404)
    assert await attach(alice, contact, name) == row  # its answer got lost
    bare = (await alice.delete(f"/contacts/{contact['id']}/attachments/profile_picture")).json()
    assert bare == {**contact, "updatedAt": bare["updatedAt"]}
    assert bare["updatedAt"] > row["updatedAt"]
    assert (await alice.delete(f"/contacts/{contact['id']}/profile-picture")).json() == bare
    for path in (f"/attachments/profile_picture/{name}", f"/contacts/{contact['id']}/attachments/profile_picture"):
        assert (await alice.get(path, expect=404)).json()["code"] == "NOT_FOUND"


async def test_the_older_spelling(alice: Person, contact: Json) -> None:
    path = f"/contacts/{contact['id']}/profile-picture"
    name = await staged(alice, path=f"{path}/upload-url")
    assert (await alice.put(path, {"attachmentID": name, "size": len(PICTURE)})).json()["profilePictureAttachmentID"] == name
    assert (await alice.get(f"{path}?attachmentID=ua_{'x' * 22}", expect=404)).json()["code"] == "NOT_FOUND"
    assert await seen(alice, path) == PICTURE


async def test_refusals(alice: Person, bob: Person, contact: Json) -> None:
    name = await staged(alice)
    for wrong in ("ua_" + "x" * 22, "nonsense", "ua_", await staged(bob)):
        assert (await attach(alice, contact, wrong, expect=400))["code"] == "BAD_REQUEST"
    assert (await attach(alice, contact, name, size=5, expect=400))["code"] == "BAD_REQUEST"
    assert (await attach(alice, {"id": "ct_none"}, name, expect=404))["code"] == "NOT_FOUND"
    assert (await attach(bob, contact, name, expect=400))["code"] == "BAD_REQUEST"
    ask = {"contentLength": 5, "contentMD5": md5(b"12345")}
    for wrong in ({}, {**ask, "contentLength": 0}, {**ask, "contentLength": pictures.LARGEST + 1}, {**ask, "contentMD5": "x"}):
        assert (await alice.post("/attachments/profile_picture/upload-url", wrong, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await alice.post("/attachments/banner/upload-url", ask, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await alice.get(f"/attachments/banner/{name}", expect=404)).json()["code"] == "NOT_FOUND"
    never = (await alice.post("/attachments/profile_picture/upload-url", ask)).json()
    assert (await attach(alice, contact, never["attachmentID"], size=5, expect=400))["code"] == "BAD_REQUEST"
    assert await diff(alice) == [contact]
    await attach(alice, contact, name)
    await alice.delete(f"/contacts/{contact['id']}")
    assert (await attach(alice, contact, await staged(alice), expect=404))["code"] == "NOT_FOUND"


async def test_one_picture_belongs_to_one_contact(alice: Person, bob: Person, carol: Person, contact: Json) -> None:
    await know(alice, carol)
    other = await add(alice, carol)
    name = await staged(alice)
    await attach(alice, contact, name)
    assert (await attach(alice, other, name, expect=400))["code"] == "BAD_REQUEST"


async def test_the_url_takes_those_bytes_and_no_others(alice: Person) -> None:
    r = (await alice.post("/attachments/profile_picture/upload-url", {"contentLength": 5, "contentMD5": md5(b"12345")})).json()
    url = r["url"].removeprefix("http://darkroom.test")
    await alice.call("PUT", url, content=b"1234567", headers={"content-md5": md5(b"1234567")}, token=None, expect=403)
    await alice.call("PUT", url, content=b"54321", headers={"content-md5": md5(b"54321")}, token=None, expect=403)


async def test_pictures_have_a_bound(world: World, alice: Person, contact: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    name = await staged(alice)
    monkeypatch.setattr(quota, "plan", lambda *_: quota.Plan(-world.kernel.config.quota.tolerance + 100, None))
    assert await attach(alice, contact, name, expect=426) == {}


async def test_bytes_go_when_nothing_names_them(world: World, alice: Person, bob: Person, carol: Person, contact: Json) -> None:
    grace = world.kernel.config.trash.deletion_grace_days * DAY

    async def kept() -> int:
        await deletion.run_deletions(world.kernel)
        return sum([await world.kernel.store.head(key) is not None for key in keys])

    async def add_picture(row: Json, data: bytes) -> None:
        await attach(alice, row, await staged(alice, data), len(data))
        keys.append(await world.kernel.db.read(lambda tx: tx.value("SELECT object_key FROM objects ORDER BY object_id DESC LIMIT 1")))

    keys: list[str] = []
    await add_picture(contact, b"first")
    world.clock.advance(60 * DAY)
    await deletion.sweep(world.kernel)
    assert await kept() == 1  # a contact names it
    await add_picture(contact, b"second")
    assert await kept() == 2  # somebody may be fetching the first
    world.clock.advance(grace + 1)
    assert await kept() == 1
    await alice.delete(f"/contacts/{contact['id']}")
    world.clock.advance(grace + 1)
    assert await kept() == 0
    assert (await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM objects WHERE state = 'stored'"))) == 0

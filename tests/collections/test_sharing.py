"""Sharing with other accounts (collections.md §5): who sees what, from when, until when."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.collections.service import forget_person
from app.kernel.access import Session
from app.kernel.crypto import b64
from tests.collections.scenes import KEY, MAGIC, SEALED, album, diff, items, listed, live, photo, share, version
from tests.inprocess import Person, World

UNKNOWN = 1 << 52


async def unshare(who: Person, cid: int, other: Person, **kw: Any) -> Any:
    return await who.post("/collections/unshare", {"collectionID": cid, "email": other.email}, **kw)


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice, magicMetadata=MAGIC, pubMagicMetadata=MAGIC)
    (f,) = await photo(world, alice, cid)
    r = (await share(alice, cid, bob)).json()
    assert r == {"sharees": [{"id": bob.user_id, "email": bob.email, "name": "", "role": "VIEWER"}]}
    got = await listed(bob, cid)
    assert got is not None
    assert got["owner"] == {"id": alice.user_id, "email": alice.email, "name": "", "role": ""}
    assert got["encryptedKey"] == SEALED
    assert got["sharees"] == r["sharees"]
    assert got["attributes"] == {"version": 0}
    assert got["pubMagicMetadata"] == MAGIC
    assert isinstance(got["sharedAt"], int)
    assert not {"magicMetadata", "sharedMagicMetadata", "keyDecryptionNonce", "isDeleted"} & set(got)
    assert [x["id"] for x in await diff(bob, cid)] == [f]
    by_id = (await bob.get(f"/collections/{cid}")).json()["collection"]
    assert by_id["encryptedKey"] == SEALED
    assert "magicMetadata" not in by_id
    assert (await alice.get(f"/collections/sharees?collectionID={cid}")).json() == r


async def test_a_new_sharee_with_a_late_cursor_still_hears_of_the_album(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    await photo(world, alice, cid)
    world.clock.advance(1_000)
    await album(bob)
    cursor = max(c["updationTime"] for c in (await bob.get("/collections/v2")).json()["collections"])
    assert cursor > await version(alice, cid)
    await share(alice, cid, bob)
    assert await listed(bob, cid, cursor) is not None


async def test_sharing_again_changes_the_role_and_keeps_the_rest(alice: Person, bob: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob)
    first = await listed(bob, cid) or {}
    for role in ("COLLABORATOR", "ADMIN", "VIEWER"):
        before = await version(alice, cid)
        await share(alice, cid, bob, role)
        got = await listed(bob, cid, before) or {}
        assert [s["role"] for s in got["sharees"]] == [role]
        assert (got["encryptedKey"], got["sharedAt"]) == (first["encryptedKey"], first["sharedAt"])


async def test_an_unshared_album_becomes_a_tombstone_that_tells_nothing_new(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid, his = await album(alice), await album(bob)
    (f,), (g,) = await photo(world, alice, cid), await photo(world, bob, his)
    await share(alice, cid, bob, "COLLABORATOR")
    await bob.post("/collections/add-files", {"collectionID": cid, "files": items(g)})
    cursor = (await listed(bob, cid) or {})["updationTime"]
    assert (await unshare(alice, cid, bob)).json() == {"sharees": []}
    gone = await listed(bob, cid, cursor) or {}
    assert gone["isDeleted"] is True
    assert (gone["owner"]["email"], gone["sharees"], gone["encryptedName"]) == ("", [], "bmFtZQ==")
    assert await live(alice, cid) == {f}
    assert await live(bob, his) == {g}
    for path in (f"/collections/{cid}", f"/collections/v2/diff?collectionID={cid}", f"/collections/sharees?collectionID={cid}"):
        await bob.get(path, expect=404)
    await alice.post("/collections/rename", {"collectionID": cid, "encryptedName": "c2VjcmV0", "nameDecryptionNonce": "x"})
    await share(alice, cid, carol)
    assert await listed(bob, cid, gone["updationTime"]) is None
    assert "c2VjcmV0" not in (await bob.get("/collections/v2")).content.decode()
    await share(alice, cid, bob)
    back = await listed(bob, cid, gone["updationTime"]) or {}
    assert back["encryptedName"] == "c2VjcmV0"
    assert back["sharedAt"] > gone["sharedAt"]


async def test_leaving(world: World, alice: Person, bob: Person) -> None:
    cid, his = await album(alice), await album(bob)
    (g,) = await photo(world, bob, his)
    await share(alice, cid, bob, "COLLABORATOR")
    await bob.post("/collections/add-files", {"collectionID": cid, "files": items(g)})
    cursor = (await listed(bob, cid) or {})["updationTime"]
    assert (await bob.post(f"/collections/leave/{cid}")).content == b""
    assert (await listed(bob, cid, cursor) or {})["isDeleted"] is True
    assert await live(alice, cid) == set()
    before = await version(alice, cid)
    await bob.post(f"/collections/leave/{cid}")  # no member any more: nothing happens
    assert await version(alice, cid) == before
    await alice.post(f"/collections/leave/{cid}", expect=403)
    await bob.post(f"/collections/leave/{UNKNOWN}", expect=404)
    await bob.post("/collections/leave/abc", expect=400)


async def test_admins_manage_people_but_never_the_owner(alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob, "ADMIN")
    assert {s["id"] for s in (await share(bob, cid, carol, "ADMIN")).json()["sharees"]} == {bob.user_id, carol.user_id}
    await share(bob, cid, alice, expect=400)  # museum lists the album twice for its owner afterwards
    await unshare(bob, cid, alice, expect=403)
    await unshare(carol, cid, bob)
    assert [s["id"] for s in (await listed(alice, cid) or {})["sharees"]] == [carol.user_id]
    await share(alice, cid, carol, "VIEWER")
    await share(carol, cid, bob, expect=403)
    await unshare(carol, cid, bob, expect=403)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"encryptedKey": ""}, 400),
        ({"encryptedKey": "%%%"}, 400),
        ({"encryptedKey": b64(bytes(48))}, 400),
        ({"role": "OWNER"}, 400),
        ({"role": "BOSS"}, 400),
        ({"email": ""}, 400),
        ({"collectionID": 0}, 400),
        ({"collectionID": UNKNOWN}, 404),
        ({"email": "nobody@example.org"}, 404),
    ],
)
async def test_refused_shares(alice: Person, bob: Person, change: dict[str, Any], status: int) -> None:
    cid = await album(alice)
    body = {"collectionID": cid, "email": bob.email, "encryptedKey": SEALED, "role": "VIEWER", **change}
    assert (await alice.post("/collections/share", body, expect=status)).json() == {}
    assert (await bob.get("/collections/v2")).json() == {"collections": []}


async def test_more_refusals(alice: Person, bob: Person, carol: Person) -> None:
    cid, special = await album(alice), await album(alice, "uncategorized")
    await share(alice, cid, alice, expect=400)
    for role in ("COLLABORATOR", "ADMIN"):
        await share(alice, special, bob, role, expect=400)
    await share(bob, cid, carol, expect=403)
    await unshare(bob, cid, carol, expect=403)
    await unshare(alice, cid, alice, expect=403)
    await unshare(alice, UNKNOWN, bob, expect=404)
    await unshare(alice, cid, carol, expect=404)  # never was a sharee
    await alice.post("/collections/unshare", {"collectionID": cid}, expect=400)
    await alice.delete(f"/collections/v3/1?collectionID={cid}&keepFiles=true")
    await share(alice, cid, bob, expect=404)
    assert all(c.get("isDeleted") for c in (await bob.get("/collections/v2")).json()["collections"])


async def test_addresses_match_in_any_case(alice: Person, bob: Person) -> None:
    cid = await album(alice)
    body = {"collectionID": cid, "email": f"  {bob.email.upper()} ", "encryptedKey": SEALED}
    assert (await alice.post("/collections/share", body)).json()["sharees"][0] == {
        "id": bob.user_id,
        "email": bob.email,
        "name": "",
        "role": "VIEWER",
    }


async def test_each_sharee_has_private_settings(alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob)
    await share(alice, cid, carol)
    await bob.put("/collections/sharee-magic-metadata", {"id": cid, "magicMetadata": {**MAGIC, "version": 4}})
    assert (await listed(bob, cid) or {})["sharedMagicMetadata"] == {**MAGIC, "version": 4}
    for who in (alice, carol):
        assert "sharedMagicMetadata" not in (await listed(who, cid) or {})
    r = await alice.put("/collections/sharee-magic-metadata", {"id": cid, "magicMetadata": MAGIC}, expect=400)
    assert r.json()["code"] == "BAD_REQUEST"


async def test_one_invitation_however_many_at_once(alice: Person, bob: Person) -> None:
    cid = await album(alice)
    await asyncio.gather(*(share(alice, cid, bob, r) for r in ("VIEWER", "COLLABORATOR", "ADMIN") * 3))
    (s,) = (await listed(alice, cid) or {})["sharees"]
    assert s["id"] == bob.user_id


async def test_an_account_that_is_deleted_leaves_every_album(world: World, alice: Person, bob: Person, carol: Person) -> None:
    hers, his = await album(alice), await album(bob)
    (g,) = await photo(world, bob, his)
    await share(alice, hers, bob, "COLLABORATOR")
    await share(bob, his, carol)
    await bob.post("/collections/add-files", {"collectionID": hers, "files": items(g)})
    told, seen = await version(alice, hers), (await listed(carol, his) or {})["updationTime"]
    await world.kernel.db.write("test.forget", forget_person, world.kernel, bob.user_id, world.clock.now())
    assert await live(alice, hers) == set()
    assert (await listed(alice, hers, told) or {})["sharees"] == []
    assert (await listed(carol, his, seen) or {})["isDeleted"] is True  # no ghost in carol's client
    await carol.get(f"/collections/v2/diff?collectionID={his}", expect=404)


def test_a_session_never_shows_its_token() -> None:
    assert "sesame" not in repr(Session(1, "photos", b"hash", "sesame", 0, 0))
    assert KEY

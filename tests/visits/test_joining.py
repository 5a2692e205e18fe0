"""From visitor to member (collections.md §5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from app.kernel.clock import SECOND
from tests.collections.scenes import SEALED, album, listed, share, version
from tests.inprocess import Person, Response, World
from tests.visits.scenes import SECRET, Visitor, change, end, link, linked, token


async def join(who: Person, cid: int, visitor: Visitor | str | None, *, proof: str = "", expect: int = 200, key: str = SEALED) -> Response:
    shown = visitor.carried["x-auth-access-token"] if isinstance(visitor, Visitor) else visitor
    headers = {**({"x-auth-access-token": shown} if shown else {}), **({"x-auth-access-token-jwt": proof} if proof else {})}
    return await who.post("/collections/join-link", {"collectionID": cid, "encryptedKey": key}, headers=headers, expect=expect)


async def role(who: Person, cid: int) -> str | None:
    found = await listed(who, cid)
    if found is None or found.get("isDeleted"):
        return None
    (mine,) = [s["role"] for s in found["sharees"] if s["id"] == who.user_id]
    return str(mine)


async def test_it_works(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid, visitor = await linked(world, alice)
    since = await version(alice, cid)
    assert (await join(bob, cid, visitor)).json() == {}
    assert await role(bob, cid) == "VIEWER"
    found = await listed(bob, cid) or {}
    assert (found["encryptedKey"], found["owner"]["email"]) == (SEALED, alice.email)
    assert [s["id"] for s in (await listed(alice, cid, since) or {})["sharees"]] == [bob.user_id]
    await change(alice, cid, enableCollect=True)
    await join(carol, cid, visitor)
    assert await role(carol, cid) == "COLLABORATOR"


@pytest.mark.parametrize(
    ("has", "collects", "gets"),
    [
        ("ADMIN", False, "ADMIN"),
        ("ADMIN", True, "ADMIN"),
        ("COLLABORATOR", False, "COLLABORATOR"),
        ("VIEWER", False, "VIEWER"),
        ("VIEWER", True, "COLLABORATOR"),
    ],
)
async def test_a_role_is_raised_never_lowered(world: World, alice: Person, bob: Person, has: str, collects: bool, gets: str) -> None:
    cid, visitor = await linked(world, alice, enableCollect=collects)
    await share(alice, cid, bob, has)
    before = await version(alice, cid)
    await join(bob, cid, visitor)
    assert await role(bob, cid) == gets
    assert (await version(alice, cid) == before) is (has == gets)


async def test_coming_back(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await linked(world, alice)
    await share(alice, cid, bob, "ADMIN")
    await bob.post(f"/collections/leave/{cid}")
    assert await role(bob, cid) is None
    await join(bob, cid, visitor)
    assert await role(bob, cid) == "VIEWER"


async def test_the_wrong_link_and_none(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await linked(world, alice)
    _, other = await linked(world, alice)
    for shown in (other, None, "Q" * 16):
        assert (await join(bob, cid, shown, expect=403)).json() == {}
    for key in ("", "c2hvcnQ=", "no base64"):
        await join(bob, cid, visitor, key=key, expect=400)
    await join(bob, 77, visitor, expect=404)
    body = {"collectionID": cid, "encryptedKey": SEALED}
    await world.anon().post("/collections/join-link", body, headers={"x-auth-access-token": visitor.carried["x-auth-access-token"]}, expect=401)
    await end(alice, cid)
    await join(bob, cid, visitor, expect=404)
    assert await listed(bob, cid) is None


@pytest.mark.parametrize("off", [{"enableJoin": False}, {"enableDownload": False}, {"validTill": "soon"}], ids=str)
async def test_links_that_let_nobody_join(world: World, alice: Person, bob: Person, off: dict[str, Any]) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, **({"validTill": world.clock.now() + SECOND} if "validTill" in off else off))
    world.clock.advance(2 * SECOND)
    await join(bob, cid, visitor, expect=400)
    assert await listed(bob, cid) is None
    await change(alice, cid, enableJoin=True, enableDownload=True, validTill=0)
    await join(bob, cid, visitor)


async def test_the_owner_does_not_join(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    for shown in (visitor, None, "wrong"):
        await join(alice, cid, shown, expect=400)
    assert (await listed(alice, cid) or {})["sharees"] == []


async def test_the_password_is_asked_here_too(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, **SECRET)
    other = await album(alice)
    elsewhere = Visitor(world, token(await link(alice, other)))
    await change(alice, other, **SECRET)
    for proof in ("", "x", await elsewhere.unlock()):
        await join(bob, cid, visitor, proof=proof, expect=401)
    assert await listed(bob, cid) is None
    await join(bob, cid, visitor, proof=await visitor.unlock())


async def test_a_deleted_album(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await linked(world, alice)
    await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")
    await join(bob, cid, visitor, expect=404)

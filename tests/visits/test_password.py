"""Passwords of links: what they close, what proves them, what does not (collections.md §7.4, §18.3)."""

from __future__ import annotations

import pytest

from app.kernel import link_secrets
from app.kernel.clock import DAY, SECOND
from tests.inprocess import Person, World
from tests.visits.scenes import DIFF, GUESS, INFO, SECRET, Visitor, change, end, link, linked, token

CLOSED = (
    DIFF,
    "/public-collection/files/download/1",
    "/public-collection/files/preview/1",
    "/public-collection/files/download/v3/1",
    "/public-collection/files/thumbnail/v3/1",
    "/public-collection/files/data/fetch?fileID=1&type=vid_preview",
    "/public-collection/files/data/preview?fileID=1&type=vid_preview",
)


@pytest.fixture
async def locked(world: World, alice: Person) -> tuple[int, Visitor]:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, **SECRET)
    return cid, visitor


async def test_it_works(world: World, alice: Person, locked: tuple[int, Visitor]) -> None:
    cid, visitor = locked
    (shown,) = (await visitor.album())["publicURLs"]
    assert shown["passwordEnabled"] is True
    assert {k: shown[k] for k in ("nonce", "memLimit", "opsLimit")} == {k: SECRET[k] for k in ("nonce", "memLimit", "opsLimit")}
    assert str(SECRET["passHash"]) not in (await visitor.get(INFO)).content.decode()
    for path in CLOSED:
        assert (await visitor.get(path, expect=401)).json() == {"error": {}}
    proof = await visitor.unlock()
    assert str(SECRET["passHash"]) not in proof
    assert await visitor.diff() == []
    await visitor.get(INFO)
    await change(alice, cid, disablePassword=True)
    assert await Visitor(world, visitor.carried["x-auth-access-token"]).diff() == []
    assert await visitor.diff() == []


async def test_wrong_passwords(world: World, alice: Person, locked: tuple[int, Visitor]) -> None:
    _, visitor = locked
    assert (await visitor.post("/public-collection/verify-password", {"passHash": GUESS["passHash"]}, expect=401)).json() == {}
    for body in ({"passHash": ""}, {}, {"passHash": 7}):
        await visitor.post("/public-collection/verify-password", body, expect=400)
    _, open_one = await linked(world, alice)
    await open_one.post("/public-collection/verify-password", {"passHash": SECRET["passHash"]}, expect=400)


async def test_a_proof_ends(world: World, locked: tuple[int, Visitor]) -> None:
    _, visitor = locked
    await visitor.unlock()
    world.clock.advance(30 * DAY - SECOND)
    await visitor.get(DIFF)
    world.clock.advance(SECOND)
    await visitor.get(DIFF, expect=401)


async def test_a_new_password_is_asked_for_at_once(alice: Person, locked: tuple[int, Visitor]) -> None:
    cid, visitor = locked
    await visitor.unlock()
    await change(alice, cid, **GUESS)
    await visitor.get(DIFF, expect=401)
    await visitor.unlock(GUESS)
    await change(alice, cid, **SECRET)
    await visitor.get(DIFF, expect=401)


async def test_nothing_else_is_a_proof(world: World, alice: Person, locked: tuple[int, Visitor]) -> None:
    cid, visitor = locked
    other_cid, other = await linked(world, alice)
    device = (await other.get(INFO)).headers["x-ente-link-device-token"]
    mine = (await visitor.get(INFO)).headers["x-ente-link-device-token"]
    await change(alice, other_cid, **SECRET)  # the same password
    elsewhere = await other.unlock()
    crypto, later = world.kernel.crypto, world.clock.now() + DAY
    good = await Visitor(world, visitor.carried["x-auth-access-token"]).unlock()
    head, body, mac = good.split(".")
    forged = {
        "another link's": elsewhere,
        "a device token": mine,
        "another link's device token": device,
        "nothing": "",
        "no JWT": "x",
        "dots": "..",
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "cut": f"{head}.{body}.{mac[:-4]}",
        "another scope": crypto.jwt({"claimScope": "FAMILIES", "passKey": "x", "expiryTime": later}),
        "no scope": crypto.jwt({"passKey": SECRET["passHash"], "expiryTime": later}),
        "the password itself": crypto.jwt({"claimScope": link_secrets.SCOPE, "passKey": SECRET["passHash"], "expiryTime": later}),
        "no password": crypto.jwt({"claimScope": link_secrets.SCOPE, "expiryTime": later}),
        "a number": crypto.jwt({"claimScope": link_secrets.SCOPE, "passKey": 1, "expiryTime": later}),
    }
    for why, jwt in forged.items():
        visitor.carried["x-auth-access-token-jwt"] = jwt
        assert (await visitor.get(DIFF, expect=None)).status == 401, why
    visitor.carried["x-auth-access-token-jwt"] = good
    await visitor.get(DIFF)
    await alice.get(f"/collections/{cid}", headers={"x-auth-token": good}, token=None, expect=401)


async def test_a_proof_dies_with_its_link(world: World, alice: Person, locked: tuple[int, Visitor]) -> None:
    cid, visitor = locked
    old = await visitor.unlock()
    await end(alice, cid)
    fresh = Visitor(world, token(await link(alice, cid)))
    await change(alice, cid, **SECRET)
    fresh.carried["x-auth-access-token-jwt"] = old
    await fresh.get(DIFF, expect=401)


async def test_guessing_is_bounded_per_link_and_address(world: World, alice: Person, locked: tuple[int, Visitor]) -> None:
    _, visitor = locked
    path = "/public-collection/verify-password"
    for _ in range(10):
        await visitor.post(path, {"passHash": GUESS["passHash"]}, expect=401)
    assert (await visitor.post(path, {"passHash": SECRET["passHash"]}, expect=429)).json()["error"]
    elsewhere = Visitor(world, visitor.carried["x-auth-access-token"])
    await elsewhere.unlock()
    world.clock.advance(61 * SECOND)
    await visitor.unlock()

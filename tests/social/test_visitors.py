"""Comments and reactions of a link's visitors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.kernel.clock import DAY
from app.kernel.config import Config, Links, Storage
from app.kernel.crypto import b64
from app.social import writing
from app.social.visiting import masked
from tests.collections.scenes import album, photo, share
from tests.inprocess import Person, World, open_world
from tests.social.test_social import HEART, ID, comment, diff
from tests.visits.scenes import Visitor, change, link, token

SAID = {"cipher": b64(bytes(20)), "nonce": "bm9uY2U="}
OFF = {"code": "PUBLIC_COMMENT_DISABLED", "message": "User has not enabled public comments for this url"}
WRITES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "anon-identity", SAID),
    ("POST", "comments", SAID),
    ("PUT", f"comments/cmt_{ID}", SAID),
    ("DELETE", f"comments/cmt_{ID}", {}),
    ("POST", "reactions", HEART),
    ("DELETE", f"reactions/rct_{ID}", {}),
)
READS = ("anon-profiles", "participants/masked-emails", "social/diff", "comments/diff", "reactions/diff")


async def opened(world: World, owner: Person, **options: Any) -> tuple[int, Visitor]:
    cid = await album(owner)
    return cid, Visitor(world, token(await link(owner, cid, **{"enableComment": True, **options})))


async def named(visitor: Visitor) -> dict[str, str]:
    made = (await visitor.post("/public-collection/anon-identity", SAID, expect=201)).json()
    return {"anonUserID": made["anonUserID"], "anonToken": made["token"]}


async def say(visitor: Visitor, me: dict[str, str], **more: Any) -> str:
    return str((await visitor.post("/public-collection/comments", {**SAID, **me, **more}, expect=201)).json()["id"])


async def test_it_works(world: World, alice: Person) -> None:
    cid, visitor = await opened(world, alice)
    (file_id,) = await photo(world, alice, cid)
    me = await named(visitor)
    made = await say(visitor, me, fileID=file_id)
    heart = (await visitor.post("/public-collection/reactions", {"fileID": file_id, "commentID": made, **HEART, **me})).json()["id"]
    found = await diff(alice, cid)
    (x,), (y,) = found["comments"], found["reactions"]
    assert (x["id"], x["userID"], x["anonUserID"]) == (made, -1, me["anonUserID"])
    assert (y["id"], y["userID"], y["anonUserID"]) == (heart, -1, me["anonUserID"])
    assert (await visitor.get(f"/public-collection/social/diff?fileID={file_id}")).json() == found
    assert (await visitor.get("/public-collection/comments/diff")).json() == {"comments": [x], "hasMore": False}
    assert (await visitor.get("/public-collection/reactions/diff")).json() == {"reactions": [y], "hasMore": False}
    profiles = (await alice.get(f"/social/anon-profiles?collectionID={cid}")).json()
    assert profiles["profiles"][0]["anonUserID"] == me["anonUserID"]
    assert (await visitor.get("/public-collection/anon-profiles")).json() == profiles
    assert "anonProfilesUpdatedAt" in (await alice.get("/comments-reactions/updated-at")).json()["updates"][0]


async def test_the_name_may_be_proved_in_headers(world: World, alice: Person) -> None:
    _, visitor = await opened(world, alice)
    me = await named(visitor)
    for headers in ({"x-anon-user-token": me["anonToken"]}, {"x-anon-user-id": me["anonUserID"], "authorization": f"Bearer {me['anonToken']}"}):
        await visitor.post("/public-collection/comments", SAID, headers=headers, expect=201)


async def test_without_comments_nothing_is_read_or_written(world: World, alice: Person) -> None:
    _, visitor = await opened(world, alice, enableComment=False)
    for method, path, body in WRITES:
        assert (await visitor.call(method, f"/public-collection/{path}", body, expect=405)).json() == OFF
    for path in READS:
        assert (await visitor.get(f"/public-collection/{path}", expect=405)).json() == OFF


async def test_switched_off_is_off_at_once(world: World, alice: Person) -> None:
    cid, visitor = await opened(world, alice)
    me = await named(visitor)
    await change(alice, cid, enableComment=False)
    await visitor.post("/public-collection/comments", {**SAID, **me}, expect=405)


async def test_words_need_somebody_who_says_them(world: World, alice: Person) -> None:
    cid, visitor = await opened(world, alice)
    _, elsewhere = await opened(world, alice)
    me, you, other = await named(visitor), await named(visitor), await named(elsewhere)
    cases: tuple[tuple[dict[str, str], int], ...] = (
        ({}, 401),
        ({"anonUserID": me["anonUserID"]}, 401),
        ({"anonToken": me["anonToken"]}, 401),
        ({**me, "anonUserID": you["anonUserID"]}, 400),
        (other, 403),
        ({**me, "anonToken": "x"}, 401),
        ({**me, "anonToken": "a.b.c"}, 401),
    )
    for body, status in cases:
        await visitor.post("/public-collection/comments", {**SAID, **body}, expect=status)
        await visitor.post("/public-collection/reactions", {**HEART, **body}, expect=status)
    await visitor.post("/public-collection/comments", SAID, headers={"x-anon-user-token": "x"}, expect=401)
    await visitor.post("/public-collection/comments", SAID, headers={"x-auth-token": "bm9wZQ=="}, expect=401)
    assert (await diff(alice, cid))["comments"] == []
    world.clock.advance(366 * DAY)
    await visitor.post("/public-collection/comments", {**SAID, **me}, expect=401)


async def test_visitors_change_only_their_own_words(world: World, alice: Person) -> None:
    cid, visitor = await opened(world, alice)
    _, elsewhere = await opened(world, alice)
    me, you = await named(visitor), await named(visitor)
    mine, owners = await say(visitor, me), await comment(alice, cid)
    heart = (await visitor.post("/public-collection/reactions", {**HEART, **me})).json()["id"]
    at = f"/public-collection/comments/{mine}"
    await visitor.put(at, {**SAID, **you}, expect=403)
    await visitor.delete(at, you, expect=403)
    await visitor.delete(at, {}, expect=401)
    await visitor.put(f"/public-collection/comments/{owners}", {**SAID, **me}, expect=403)
    await visitor.delete(f"/public-collection/comments/{owners}", me, expect=403)
    await visitor.delete(f"/public-collection/reactions/{heart}", you, expect=403)
    stranger = await named(elsewhere)
    await elsewhere.put(at, {**SAID, **stranger}, expect=404)
    await elsewhere.delete(f"/public-collection/reactions/{heart}", stranger, expect=404)
    assert (await visitor.put(at, {**SAID, **me})).json() == {}
    assert (await visitor.delete(f"/public-collection/reactions/{heart}", me)).json() == {}
    assert (await visitor.delete(at, me)).json() == {}


async def test_people_with_accounts_write_as_themselves_and_their_addresses_are_masked(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await opened(world, alice)
    signed = {"x-auth-token": bob.token or ""}
    made = (await visitor.post("/public-collection/comments", SAID, headers=signed, expect=201)).json()["id"]
    (row,) = (await diff(alice, cid))["comments"]
    assert row["userID"] == bob.user_id
    assert "anonUserID" not in row
    people = (await visitor.get("/public-collection/participants/masked-emails")).json()["participants"]
    assert people == [{"userID": bob.user_id, "emailMasked": masked(bob.email)}]
    assert bob.email not in str(people)
    owners = await comment(alice, cid)
    await visitor.delete(f"/public-collection/comments/{owners}", {}, headers=signed, expect=404)
    await visitor.delete(f"/public-collection/comments/{made}", {}, headers=signed)
    people = (await visitor.get("/public-collection/participants/masked-emails")).json()["participants"]
    assert [p["userID"] for p in people] == [alice.user_id]


async def test_the_owner_moderates_from_the_page(world: World, alice: Person) -> None:
    _, visitor = await opened(world, alice)
    made = await say(visitor, await named(visitor))
    await visitor.delete(f"/public-collection/comments/{made}", {}, headers={"x-auth-token": alice.token or ""})


async def test_the_owner_deletes_a_visitors_reaction(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid, visitor = await opened(world, alice)
    await share(alice, cid, bob)
    me = await named(visitor)
    heart = (await visitor.post("/public-collection/reactions", {**HEART, **me})).json()["id"]
    at = f"/public-collection/reactions/{heart}"
    for who, status in ((bob, 403), (carol, 403)):
        await who.delete(f"/reactions/{heart}", expect=status)
        await visitor.delete(at, {}, headers={"x-auth-token": who.token or ""}, expect=status)
    await alice.delete(f"/reactions/{heart}")
    await visitor.post("/public-collection/reactions", {**HEART, **me})
    await visitor.delete(at, {}, headers={"x-auth-token": alice.token or ""})
    assert [r["isDeleted"] for r in (await diff(alice, cid))["reactions"]] == [True]
    bobs = (await bob.put("/reactions", {"collectionID": cid, **HEART})).json()["id"]
    await alice.delete(f"/reactions/{bobs}", expect=403)


async def test_visitors_fill_half_of_the_room_and_no_more(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The album's people still write, and delete; what they delete makes room."""
    monkeypatch.setattr(writing, "MOST", 8)
    cid, visitor = await opened(world, alice)
    me = await named(visitor)
    heart = (await visitor.post("/public-collection/reactions", {**HEART, **me})).json()["id"]
    said = [await say(visitor, me) for _ in range(2)]
    for path, body in (("comments", {**SAID, **me}), ("reactions", {**HEART, **me}), ("anon-identity", SAID)):
        await visitor.post(f"/public-collection/{path}", body, expect=429)
    await visitor.put(f"/public-collection/comments/{said[0]}", {**SAID, **me})
    await comment(alice, cid)
    await alice.put("/reactions", {"collectionID": cid, **HEART})
    for made in said:
        await alice.delete(f"/comments/{made}")
    await alice.delete(f"/reactions/{heart}")
    await say(visitor, me)


async def test_names_that_nobody_wrote_under_make_room(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST", 6)
    cid, visitor = await opened(world, alice)
    me, idle = await named(visitor), await named(visitor)
    await say(visitor, me)
    await visitor.post("/public-collection/anon-identity", SAID, expect=429)
    world.clock.advance(2 * writing.IDLE)
    await named(visitor)
    names = [p["anonUserID"] for p in (await alice.get(f"/social/anon-profiles?collectionID={cid}")).json()["profiles"]]
    assert me["anonUserID"] in names
    assert idle["anonUserID"] not in names


async def test_writing_and_deleting_again_and_again_ends_too(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST", 4)
    cid, visitor = await opened(world, alice)
    me = await named(visitor)
    for _ in range(7):
        await visitor.delete(f"/public-collection/comments/{await say(visitor, me)}", me)
    await visitor.post("/public-collection/comments", {**SAID, **me}, expect=429)
    await comment(alice, cid)


async def test_a_link_takes_so_many_words_in_a_day(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), links=Links(words=3))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        cid, visitor = await opened(world, alice)
        _, elsewhere = await opened(world, alice)
        me = await named(visitor)
        await say(visitor, me)
        await visitor.post("/public-collection/reactions", {**HEART, **me})
        await visitor.post("/public-collection/comments", {**SAID, **me}, expect=429)
        await visitor.post("/public-collection/comments", SAID, headers={"x-auth-token": alice.token or ""}, expect=429)
        await comment(alice, cid)
        await named(elsewhere)
        world.clock.advance(DAY)
        await say(visitor, me)


async def test_lengths(world: World, alice: Person) -> None:
    _, visitor = await opened(world, alice)
    me = await named(visitor)
    long = await visitor.post("/public-collection/anon-identity", {**SAID, "cipher": b64(bytes(67))}, expect=400)
    assert long.json()["code"] == "ANON_NAME_TOO_LONG"
    await visitor.post("/public-collection/comments", {**SAID, "cipher": b64(bytes(296)), **me}, expect=201)
    long = await visitor.post("/public-collection/comments", {**SAID, "cipher": b64(bytes(297)), **me}, expect=400)
    assert long.json()["code"] == "PUBLIC_COMMENT_TOO_LONG"
    await visitor.post("/public-collection/comments", {**SAID, "cipher": "AAAA", **me}, expect=400)
    await visitor.post("/public-collection/comments", {**SAID, "cipher": "?", **me}, expect=400)
    await visitor.post("/public-collection/reactions", {**SAID, **me}, expect=400)


@pytest.mark.parametrize(
    ("email", "shown"),
    [("john@example.io", "jo**@e********o"), ("jo@io", "jo@io"), ("a@b", "a@b"), ("nobody", "[invalid_email]"), ("@x.y", "[invalid_email]")],
)
def test_masks(email: str, shown: str) -> None:
    assert masked(email) == shown

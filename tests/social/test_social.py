"""Comments and reactions of an album's people."""

from __future__ import annotations

from typing import Any

import pytest

from app.social import writing
from tests.collections.scenes import album, photo, share
from tests.inprocess import Person, World

WORDS = {"cipher": "d29yZHM=", "nonce": "bm9uY2U="}
HEART = {"cipher": "A" * 156, "nonce": "bm9uY2U="}
ID = "x" * 21


async def comment(who: Person, cid: int, **more: Any) -> str:
    return str((await who.post("/comments", {"collectionID": cid, **WORDS, **more}, expect=201)).json()["id"])


async def react(who: Person, cid: int, **more: Any) -> str:
    return str((await who.put("/reactions", {"collectionID": cid, **HEART, **more})).json()["id"])


async def diff(who: Person, cid: int, since: int = 0, **more: Any) -> Any:
    query = "&".join(f"{k}={v}" for k, v in more.items())
    return (await who.get(f"/social/diff?collectionID={cid}&sinceTime={since}&{query}")).json()


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    (file_id,) = await photo(world, alice, cid)
    await share(alice, cid, bob)
    root = await comment(bob, cid, fileID=file_id)
    reply = await comment(alice, cid, fileID=file_id, parentCommentID=root)
    heart = await react(alice, cid, fileID=file_id, commentID=root)
    found = await diff(bob, cid)
    assert [c["id"] for c in found["comments"]] == [root, reply]
    assert found["comments"][1]["parentCommentID"] == root
    (row,) = found["reactions"]
    assert (row["id"], row["commentID"], row["userID"]) == (heart, root, alice.user_id)
    assert "fileID" not in row
    assert (await bob.get(f"/comments/diff?collectionID={cid}")).json() == {"comments": found["comments"], "hasMore": False}
    assert (await bob.get(f"/reactions/diff?collectionID={cid}")).json() == {"reactions": found["reactions"], "hasMore": False}


async def test_a_device_that_asks_above_what_it_has_seen_misses_nothing(world: World, alice: Person) -> None:
    cid = await album(alice)
    ids = [await comment(alice, cid) for _ in range(5)]
    seen: list[str] = []
    since, more = 0, True
    while more:
        page = await diff(alice, cid, since, limit=2)
        seen += [c["id"] for c in page["comments"]]
        since, more = page["comments"][-1]["updatedAt"], page["hasMoreComments"]
    assert seen == ids


async def test_only_the_author_changes_a_comment_and_who_manages_the_album_deletes_it(alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    for person in (bob, carol):
        await share(alice, cid, person)
    theirs = await comment(bob, cid)
    await carol.put(f"/comments/{theirs}", WORDS, expect=403)
    await alice.put(f"/comments/{theirs}", WORDS, expect=403)
    assert (await bob.put(f"/comments/{theirs}", {**WORDS, "cipher": "bmV3"})).json() == {}
    assert (await diff(alice, cid))["comments"][0]["cipher"] == "bmV3"
    await carol.delete(f"/comments/{theirs}", expect=403)
    heart = await react(carol, cid, commentID=theirs)
    assert (await alice.delete(f"/comments/{theirs}")).json() == {}
    found = await diff(carol, cid)
    for row in (*found["comments"], *found["reactions"]):
        assert row["isDeleted"]
        assert not {"cipher", "nonce"} & set(row)
    assert found["reactions"][0]["id"] == heart
    await bob.delete(f"/comments/{theirs}", expect=404)
    await bob.put(f"/comments/{theirs}", WORDS, expect=404)
    await bob.post("/comments", {"collectionID": cid, "parentCommentID": theirs, **WORDS}, expect=400)


async def test_one_reaction_of_a_person_to_a_thing(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    (file_id,) = await photo(world, alice, cid)
    await share(alice, cid, bob)
    first = await react(alice, cid, fileID=file_id)
    assert await react(alice, cid, fileID=file_id, id=f"rct_{ID}") == first
    assert await react(alice, cid) != first
    await bob.delete(f"/reactions/{first}", expect=403)
    for _ in range(2):
        assert (await alice.delete(f"/reactions/{first}")).json() == {}
    assert await react(alice, cid, fileID=file_id) == first
    await bob.put("/reactions", {"collectionID": cid, "id": first, **HEART}, expect=409)
    await alice.delete(f"/reactions/rct_{ID}", expect=404)


async def test_replies_are_about_what_their_parent_is_about(world: World, alice: Person) -> None:
    cid, other = await album(alice), await album(alice)
    one, two = await photo(world, alice, cid, 2)
    on_album, on_file = await comment(alice, cid), await comment(alice, cid, fileID=one)
    for body in (
        {"collectionID": cid, "parentCommentID": on_file},
        {"collectionID": cid, "parentCommentID": on_file, "fileID": two},
        {"collectionID": cid, "parentCommentID": on_album, "fileID": one},
        {"collectionID": other, "parentCommentID": on_album},
    ):
        await alice.post("/comments", {**body, **WORDS}, expect=400)
    await alice.post("/comments", {"collectionID": cid, "parentCommentID": f"cmt_{ID}", **WORDS}, expect=404)
    await alice.put("/reactions", {"collectionID": cid, "commentID": on_file, **HEART}, expect=400)
    await alice.post("/comments", {"collectionID": other, "fileID": one, **WORDS}, expect=403)
    await alice.put("/reactions", {"collectionID": other, "fileID": one, **HEART}, expect=403)


@pytest.mark.parametrize(
    "body", [{}, {"cipher": "QQ=="}, {"cipher": "A" * 20_481, "nonce": "bg=="}, {**WORDS, "id": "short"}, {**WORDS, "id": f"rct_{ID}"}]
)
async def test_what_does_not_fit(alice: Person, body: dict[str, Any]) -> None:
    cid = await album(alice)
    await alice.post("/comments", {"collectionID": cid, **body}, expect=400)
    await alice.put("/reactions", {"collectionID": cid, "cipher": "QQ==", "nonce": "bg=="}, expect=400)
    for query in ("limit=0", "limit=-1", "limit=x", "sinceTime=x", "fileID=x"):
        await alice.get(f"/social/diff?collectionID={cid}&{query}", expect=400)
    for path in ("/social/diff", "/comments/diff", "/reactions/diff", "/social/anon-profiles"):
        await alice.get(path, expect=400)
    assert (await diff(alice, cid)) == {"comments": [], "reactions": [], "hasMoreComments": False, "hasMoreReactions": False}


async def test_an_id_is_used_once(alice: Person) -> None:
    cid = await album(alice)
    made = await comment(alice, cid, id=f"cmt_{ID}")
    await alice.post("/comments", {"collectionID": cid, "id": made, **WORDS}, expect=409)


async def test_outsiders_find_nothing(alice: Person, bob: Person) -> None:
    cid = await album(alice)
    made = await comment(alice, cid)
    await share(alice, cid, bob)
    theirs = await comment(bob, cid)
    await alice.post("/collections/unshare", {"collectionID": cid, "email": bob.email})
    await bob.post("/comments", {"collectionID": cid, **WORDS}, expect=404)
    await bob.put("/reactions", {"collectionID": cid, **HEART}, expect=404)
    for path in ("/social/diff", "/comments/diff", "/reactions/diff", "/social/anon-profiles"):
        await bob.get(f"{path}?collectionID={cid}", expect=404)
    await bob.delete(f"/comments/{made}", expect=404)
    await bob.delete(f"/comments/{theirs}", expect=404)
    await bob.put(f"/comments/{made}", WORDS, expect=403)


async def test_the_polls_of_every_app_tell_the_truth(alice: Person, bob: Person) -> None:
    assert (await bob.get("/comments-reactions/updated-at")).json() == {"updates": None}
    assert (await bob.get("/comments-reactions/counts")).json() == {"counts": None}
    cid, silent = await album(alice), await album(alice)
    await share(alice, cid, bob)
    await comment(alice, cid)
    heart = await react(bob, cid)
    found = await diff(alice, cid)
    newest = {"commentsUpdatedAt": found["comments"][0]["updatedAt"], "reactionsUpdatedAt": found["reactions"][0]["updatedAt"]}
    for person in (alice, bob):
        assert (await person.get("/comments-reactions/updated-at")).json() == {"updates": [{"collectionID": cid, **newest}]}
    row = {"collectionID": cid, "comments": 1, "reactions": 1}
    assert (await bob.get("/comments-reactions/counts")).json() == {"counts": [row]}
    assert (await alice.get("/comments-reactions/counts")).json() == {"counts": [row, {"collectionID": silent, "comments": 0, "reactions": 0}]}
    await bob.delete(f"/reactions/{heart}")
    (update,) = (await alice.get("/comments-reactions/updated-at")).json()["updates"]
    assert update["reactionsUpdatedAt"] > newest["reactionsUpdatedAt"]
    assert (await bob.get("/comments-reactions/counts")).json()["counts"][0]["reactions"] == 0


async def test_an_album_holds_no_more_than_the_bound(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST", 2)
    cid = await album(alice)
    for _ in range(2):
        await comment(alice, cid)
    await alice.post("/comments", {"collectionID": cid, **WORDS}, expect=429)

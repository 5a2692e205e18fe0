"""Sharing many albums with one person, and one album with many (collections.md §5.6, §5.7)."""

from __future__ import annotations

from typing import Any

import pytest

from app.kernel.clock import DAY, MINUTE, SECOND
from tests.collections.scenes import NONCE, SEALED, album, listed, live, photo, share, version
from tests.inprocess import Person, Response, World

UNKNOWN = 1 << 52


def _item(cid: int, role: str = "VIEWER", **more: Any) -> dict[str, Any]:
    return {"collectionID": cid, "encryptedKey": SEALED, "role": role, **more}


async def give(who: Person, to: Person, *asked: dict[str, Any], source: str = "manual", over: dict[str, Any] | None = None, **kw: Any) -> Response:
    body = {"recipientUserID": to.user_id, "recipientEmail": to.email, "source": source, "collections": list(asked), **(over or {})}
    return await who.post("/collections/share/bulk", body, **kw)


async def take(who: Person, to: Person, *cids: int, source: str = "manual", over: dict[str, Any] | None = None, **kw: Any) -> Response:
    body = {"recipientUserID": to.user_id, "source": source, "collectionIDs": list(cids), **(over or {})}
    return await who.post("/collections/unshare/bulk", body, **kw)


def statuses(r: Response) -> list[tuple[int, str]]:
    return [(x["collectionID"], x["status"]) for x in r.json()["results"]]


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    one, two = await album(alice), await album(alice)
    (f,) = await photo(world, alice, one)
    assert statuses(await give(alice, bob, _item(one), _item(two, "ADMIN"))) == [(one, "shared"), (two, "shared")]
    assert await live(bob, one) == {f}
    got = await listed(bob, two)
    assert got is not None
    assert got["sharees"] == [{"id": bob.user_id, "email": bob.email, "name": "", "role": "ADMIN"}]
    before = await version(alice, one)
    assert statuses(await give(alice, bob, _item(one, "COLLABORATOR"))) == [(one, "shared")]
    assert await version(alice, one) > before
    assert statuses(await take(alice, bob, one, two)) == [(one, "unshared"), (two, "unshared")]
    assert (await bob.get("/collections/v2?sinceTime=0")).json()["collections"][0]["isDeleted"]


async def test_each_album_stands_for_itself(alice: Person, bob: Person) -> None:
    mine, theirs, special = await album(alice), await album(bob), await album(alice, "uncategorized")
    odd = [_item(mine, "OWNER"), _item(theirs), _item(special, "COLLABORATOR"), _item(UNKNOWN)]
    assert [s for _, s in statuses(await give(alice, bob, *odd))] == ["failed"] * 4
    for bad in ({"encryptedKey": NONCE}, {"encryptedKey": "%%"}, {"encryptedKey": ""}):
        assert statuses(await give(alice, bob, _item(mine, **bad), _item(special))) == [(mine, "failed"), (special, "shared")]
    assert {c["id"] for c in (await bob.get("/collections/v2")).json()["collections"]} == {theirs, special}


async def test_refusals(alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    one = _item(cid)
    assert (await give(alice, bob, expect=400)).json() == {}
    await give(alice, bob, one, one, expect=400)
    await give(alice, bob, *(_item(UNKNOWN + i) for i in range(101)), expect=413)
    wrong: tuple[dict[str, Any], ...] = (
        {"source": "x"}, {"source": None}, {"recipientUserID": 0}, {"recipientUserID": -5}, {"recipientUserID": alice.user_id},
        {"recipientEmail": None}, {"collections": None},
    )  # fmt: skip
    for over in wrong:
        await give(alice, bob, one, over=over, expect=400)
    for email in (carol.email, "nobody@example.org"):
        refused = (await give(alice, bob, one, over={"recipientEmail": email}, expect=409)).json()
        assert refused["code"] == "RECIPIENT_IDENTITY_MISMATCH"
    refused = (await give(alice, bob, one, source="automatic", expect=403)).json()
    assert refused["code"] == "AUTOMATIC_SHARE_RECIPIENT_NOT_ELIGIBLE"
    assert (await bob.get("/collections/v2")).json() == {"collections": []}


async def test_taking_back(alice: Person, bob: Person, carol: Person) -> None:
    cid, never, theirs = await album(alice), await album(alice), await album(bob)
    await share(alice, cid, bob, "ADMIN")
    await share(alice, cid, carol)
    assert statuses(await take(bob, alice, cid)) == statuses(await take(carol, bob, cid)) == [(cid, "failed")]
    assert statuses(await take(bob, carol, cid, source="automatic")) == [(cid, "failed")]  # the owner's alone
    assert statuses(await take(bob, carol, cid)) == [(cid, "unshared")]
    asked = statuses(await take(alice, carol, cid, never, UNKNOWN, theirs))
    assert asked == [(cid, "already_unshared"), (never, "not_shared"), (UNKNOWN, "failed"), (theirs, "failed")]
    for cids in ([], [cid, cid]):
        await take(alice, bob, *cids, expect=400)
    await take(alice, bob, *range(1, 102), expect=413)
    wrong: tuple[dict[str, Any], ...] = ({"source": "x"}, {"recipientUserID": 0}, {"recipientUserID": alice.user_id}, {"collectionIDs": None})
    for over in wrong:
        await take(alice, bob, cid, over=over, expect=400)


def _person(cid: int, who: Person, **more: Any) -> dict[str, Any]:
    return {"collectionID": cid, "email": who.email, "encryptedKey": SEALED, **more}


async def test_one_album_for_many(alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    got = (await alice.post("/collections/share/batch", {"shares": [_person(cid, bob, role="COLLABORATOR"), _person(cid, carol)]})).json()
    assert {(s["id"], s["role"]) for s in got["sharees"]} == {(bob.user_id, "COLLABORATOR"), (carol.user_id, "VIEWER")}
    ours = [await listed(who, cid) for who in (bob, carol)]
    assert len({c["sharedAt"] for c in ours if c}) == 1


async def test_a_batch_is_all_or_nothing(alice: Person, bob: Person, carol: Person) -> None:
    cid, other = await album(alice), await album(alice)
    one = _person(cid, bob)
    path = "/collections/share/batch"
    for shares in ([], [{**one, "email": ""}], [{**one, "encryptedKey": ""}], [{**one, "collectionID": 0}]):
        assert (await alice.post(path, {"shares": shares}, expect=400)).json() == {}
    for shares in (
        [one, _person(other, carol)],
        [one, {**one, "email": f" {bob.email.upper()} "}],
        [{**one, "role": "OWNER"}],
        [{**one, "encryptedKey": "x"}],
    ):
        assert (await alice.post(path, {"shares": shares}, expect=400)).json()["code"] == "BAD_REQUEST"
    await alice.post(path, {"shares": [{**one, "email": f"{i}@example.org"} for i in range(11)]}, expect=413)
    await alice.post(path, {"shares": [one, {**one, "email": "nobody@example.org"}]}, expect=404)
    await carol.post(path, {"shares": [one]}, expect=403)
    assert (await bob.get("/collections/v2")).json() == {"collections": []}
    await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=true")
    assert (await alice.post(path, {"shares": [one]}, expect=404)).json()["code"] == "COLLECTION_DELETED"


# --- who has an account is nobody's business


async def _ask(who: Person, cid: int, email: str, expect: int | None = None) -> Response:
    return await who.post("/collections/share", {"collectionID": cid, "email": email, "encryptedKey": SEALED}, expect=expect)


@pytest.mark.parametrize("path", ["/collections/share", "/collections/unshare"])
async def test_without_the_role_every_address_gets_the_same_answer(alice: Person, bob: Person, carol: Person, path: str) -> None:
    cid = await album(alice)
    await share(alice, cid, bob)
    for who in (bob, carol):
        answers = [
            await who.post(path, {"collectionID": cid, "email": e, "encryptedKey": SEALED}, expect=403) for e in (alice.email, "nobody@example.org")
        ]
        assert answers[0].content == answers[1].content


async def test_unsharing_tells_nothing_of_who_is_not_in_the_album(alice: Person, bob: Person) -> None:
    cid = await album(alice)
    answers = [await alice.post("/collections/unshare", {"collectionID": cid, "email": e}, expect=404) for e in (bob.email, "nobody@example.org")]
    assert answers[0].content == answers[1].content


async def test_looking_for_strangers_has_an_end(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    most = world.kernel.config.limits.unknown_lookups.count
    for i in range(most):
        await _ask(alice, cid, f"nobody-{i}@example.org", expect=404)
        world.clock.advance(MINUTE // 2)  # within the budget of a minute, too
    for path in ("nobody@example.org", bob.email):  # from here on no answer tells the one from the other
        assert (await _ask(alice, cid, path, expect=429)).json() == {}
        await alice.get(f"/users/public-key?email={path}", expect=429)
        await give(alice, bob, _item(cid), over={"recipientEmail": path}, expect=429)
        await alice.post("/collections/share/batch", {"shares": [{**_person(cid, bob), "email": path}]}, expect=429)
    await carol.get(f"/users/public-key?email={bob.email}")  # others look on
    world.clock.advance(DAY + SECOND)
    await _ask(alice, cid, bob.email, expect=200)

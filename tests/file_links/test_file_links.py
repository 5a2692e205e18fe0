"""Links to a single file: what its owner may do with them, what a visitor sees, and when they end."""

from __future__ import annotations

from typing import Any

import pytest

from app.kernel.clock import DAY, SECOND
from tests.collections.scenes import MAGIC, album, share
from tests.files.photos import body as commit_body
from tests.inprocess import LOCKER, Person, World
from tests.visits.scenes import GUESS, SECRET, Visitor

SECRETS = {
    "encryptedFileKey": "a2V5", "encryptedFileKeyNonce": "bm9uY2U=", "kdfNonce": "a2Rm", "kdfMemLimit": 67108864, "kdfOpsLimit": 2,
    "encryptedShareKey": "c2hhcmU=",
}  # fmt: skip
Json = dict[str, Any]


async def photo(world: World, who: Person) -> tuple[int, int]:
    """(album, file) of a new committed photo."""
    cid = await album(who)
    return cid, int((await who.post("/files", await commit_body(world, who, cid))).json()["id"])


async def link(who: Person, file_id: int, **more: Any) -> Json:
    made: Json = (await who.post("/files/share-url", {"fileID": file_id, "app": "photos", **more})).json()
    return made


async def change(who: Person, made: Json, **more: Any) -> Json:
    changed: Json = (await who.put("/files/share-url", {"linkID": made["linkID"], "fileID": made["fileID"], **more})).json()["result"]
    return changed


def visitor(world: World, made: Json, agent: str = "Firefox") -> Visitor:
    return Visitor(world, made["url"].rpartition("=")[2], agent)


async def test_it_works(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    await alice.put("/files/magic-metadata", {"metadataList": [{"id": file_id, "magicMetadata": MAGIC}]})
    made = await link(alice, file_id, **SECRETS)
    assert made["url"].startswith("http://darkroom.test/file/?t=")
    assert (made["ownerID"], made["createdAt"]) == (alice.user_id, world.clock.now())
    v = visitor(world, made)
    seen = (await v.get("/file-link/info")).json()
    assert seen["link"] == {k: v for k, v in SECRETS.items() if k != "encryptedShareKey"}
    f = seen["file"]
    assert (f["id"], f["encryptedKey"], f["keyDecryptionNonce"], f["collectionID"]) == (file_id, "", "", 0)
    assert "magicMetadata" not in f
    assert "objectKey" not in f["file"]
    for way in ("file", "thumbnail"):
        assert "/objects/" in (await v.get(f"/file-link/{way}", expect=307)).headers["location"]
        assert "/objects/" in (await v.get(f"/file-link/{way}/v3")).json()["url"]


async def test_asking_again_gives_the_same_link_with_what_was_missing(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    first = await link(alice, file_id)
    assert await link(alice, file_id, **SECRETS) == {**first, **SECRETS}
    assert await link(alice, file_id, **{**SECRETS, "encryptedFileKey": "b3RoZXI="}) == {**first, **SECRETS}


async def test_only_the_owner_of_a_file_that_is_there_in_its_app(world: World, alice: Person, bob: Person) -> None:
    cid, file_id = await photo(world, alice)
    await share(alice, cid, bob, "ADMIN")
    for refused in (
        await bob.post("/files/share-url", {"fileID": file_id, "app": "photos"}, expect=403),
        await bob.put("/files/share-url", {"linkID": "x", "fileID": file_id, "deviceLimit": 1}, expect=403),
        await bob.delete(f"/files/share-url/{file_id}", expect=403),
    ):
        assert refused.json()["code"] == "PERMISSION_DENIED"
    assert (await alice.post("/files/share-url", {"fileID": file_id, "app": "locker"}, expect=400)).json()["code"] == "BAD_REQUEST"
    for body in ({"fileID": file_id}, {"app": "photos"}, {}):
        await alice.post("/files/share-url", body, expect=400)
    await alice.post("/files/share-url", {"fileID": 77, "app": "photos"}, expect=404)
    await alice.put("/files/share-url", {"linkID": "x", "fileID": file_id, "deviceLimit": 1}, expect=404)
    await alice.delete("/files/share-url/pft_x", expect=400)
    for odd in ({"kdfMemLimit": 1 << 20}, {"kdfOpsLimit": 1}, {"kdfMemLimit": None}):
        await alice.post("/files/share-url", {"fileID": file_id, "app": "photos", **SECRETS, **odd}, expect=400)
    await alice.post("/files/trash", {"items": [{"fileID": file_id, "collectionID": cid}]})
    await alice.post("/files/share-url", {"fileID": file_id, "app": "photos"}, expect=404)


async def test_options_change_one_by_one(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    want = await link(alice, file_id)
    for name, value in (("enableDownload", False), ("deviceLimit", 7), ("validTill", world.clock.now() + DAY)):
        want = {**want, name: value}
        assert await change(alice, want, **{name: value}) == want
    assert await link(alice, file_id) == want


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"memLimit": 1, "opsLimit": 1},
        {"deviceLimit": 51},
        {"deviceLimit": -1},
        {"validTill": 1},
        {"passHash": "aGFzaA=="},
        {**SECRET, "disablePassword": True},
    ],
)
async def test_changes_that_do_not_fit(world: World, alice: Person, body: Json) -> None:
    _, file_id = await photo(world, alice)
    made = await link(alice, file_id)
    answer = await alice.put("/files/share-url", {"linkID": made["linkID"], "fileID": file_id, **body}, expect=400)
    assert answer.json()["code"] == "BAD_REQUEST"
    assert await link(alice, file_id) == made


async def test_ended_is_ended_for_good(world: World, alice: Person) -> None:
    cid, file_id = await photo(world, alice)
    first = await link(alice, file_id)
    v = visitor(world, first)
    await v.get("/file-link/info")
    for _ in range(2):
        assert (await alice.delete(f"/files/share-url/{file_id}")).json() == {}
    for path in ("info", "file", "thumbnail", "pass-info", "file/v3", "thumbnail/v3"):
        assert (await v.get(f"/file-link/{path}", expect=410)).json() == {"error": "disabled token"}
    second = await link(alice, file_id)
    assert second["linkID"] != first["linkID"]
    await alice.post("/files/trash", {"items": [{"fileID": file_id, "collectionID": cid}]})
    await visitor(world, second).get("/file-link/file", expect=410)
    await alice.post("/collections/restore-files", {"collectionID": cid, "files": [{"id": file_id, "encryptedKey": "a", "keyDecryptionNonce": "b"}]})
    await visitor(world, second).get("/file-link/file", expect=410)
    third = await link(alice, file_id)
    await change(alice, third, validTill=world.clock.now() + SECOND)
    world.clock.advance(2 * SECOND)
    assert (await visitor(world, third).get("/file-link/info", expect=410)).json() == {"error": "expired token"}


async def test_the_list_of_ones_links(world: World, alice: Person, bob: Person) -> None:
    assert (await alice.get("/files/share-url?sinceTime=0")).json() == {"diff": None}
    _, file_id = await photo(world, alice)
    made = await link(alice, file_id, **SECRETS)
    for path in ("/files/share-url", "/files/share-urls/"):
        assert (await alice.get(f"{path}?sinceTime=0")).json()["diff"] == [made]
    assert (await alice.get(f"/files/share-url?sinceTime={made['createdAt']}")).json() == {"diff": None}
    assert (await bob.get("/files/share-url?sinceTime=0")).json() == {"diff": None}
    await alice.delete(f"/files/share-url/{file_id}")
    assert (await alice.get("/files/share-url?sinceTime=0")).json()["diff"][0]["isDisabled"] is True
    for query in ("", "?sinceTime=x", "?sinceTime=0&limit=0"):
        await alice.get(f"/files/share-url{query}", expect=400)


async def test_who_has_no_token_or_no_good_one(world: World) -> None:
    for path in ("info", "file", "thumbnail", "pass-info"):
        assert (await world.anon().get(f"/file-link/{path}", expect=401)).json() == {"error": "missing accessToken", "context": "file_link"}
        assert (await Visitor(world, "QQQQQQQQ").get(f"/file-link/{path}", expect=401)).json() == {"error": "invalid token"}


async def test_a_password(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    made = await link(alice, file_id)
    v = visitor(world, made)
    assert (await v.get("/file-link/pass-info")).json() == {"nonce": None, "opsLimit": None, "memLimit": None}
    await v.post("/file-link/verify-password", {"passHash": "x"}, expect=400)
    await change(alice, made, **SECRET)
    for path in ("info", "file", "thumbnail", "file/v3"):
        assert (await v.get(f"/file-link/{path}", expect=401)).json()["error"]["code"] == "PASS_PROTECTED_RESOURCE"
    assert (await v.get("/file-link/pass-info")).json() == {k: SECRET[k] for k in ("nonce", "opsLimit", "memLimit")}
    assert (await v.post("/file-link/verify-password", {"passHash": GUESS["passHash"]}, expect=401)).json() == {}
    proof = (await v.post("/file-link/verify-password", {"passHash": SECRET["passHash"]})).json()["jwtToken"]
    v.carried["x-auth-access-token-jwt"] = proof
    await v.get("/file-link/info")
    await change(alice, made, **GUESS)
    for path in ("info", "file", "pass-info"):
        await v.get(f"/file-link/{path}", expect=401)


async def test_guesses_are_counted(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    made = await link(alice, file_id)
    await change(alice, made, **SECRET)
    v = visitor(world, made)
    statuses = [(await v.post("/file-link/verify-password", {"passHash": "x"}, expect=None)).status for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2


async def test_the_device_limit_holds_where_the_file_is_opened(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    made = await link(alice, file_id)
    await change(alice, made, deviceLimit=1)
    first, late = visitor(world, made), visitor(world, made, "Chrome")
    token = (await first.get("/file-link/info")).headers["x-link-device-token"]
    assert (await late.get("/file-link/info", expect=403)).json()["code"] == "LINK_DEVICE_LIMIT_EXCEEDED"
    await first.get("/file-link/info")
    await late.get("/file-link/info", headers={"x-auth-link-device-token": token})
    _, other = await photo(world, alice)
    foreign = (await visitor(world, await link(alice, other)).get("/file-link/info")).headers["x-link-device-token"]
    await late.get("/file-link/info", headers={"x-auth-link-device-token": foreign}, expect=403)


async def test_it_ends_with_the_account(world: World, alice: Person) -> None:
    from app.file_links import service

    _, file_id = await photo(world, alice)
    v = visitor(world, await link(alice, file_id))
    await world.kernel.db.write("t", service.forget_person, alice.user_id, world.clock.now())
    await v.get("/file-link/info", expect=410)


async def test_the_address_has_the_form_of_the_app(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    await link(alice, file_id)
    locker = await world.in_app(alice, LOCKER)
    assert (await locker.get("/files/share-url?sinceTime=0")).json() == {"diff": None}


async def test_tokens_and_passwords_are_not_kept_readable(world: World, alice: Person) -> None:
    _, file_id = await photo(world, alice)
    made = await link(alice, file_id)
    await change(alice, made, **SECRET)
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT * FROM file_links"))
    assert made["url"].rpartition("=")[2] not in str(rows)
    assert SECRET["passHash"] not in str(rows)

"""An album on a TV: who pairs, what the TV sees, and when it ends."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from app.cast import service
from app.cast.jobs import expire
from app.kernel.clock import DAY, HOUR, MINUTE
from app.kernel.crypto import b64
from tests.collections.scenes import album, items, share
from tests.files.photos import body as commit_body
from tests.inprocess import Api, Person, Response, World

KEY, DIFF = b64(bytes(32)), "/cast/diff?sinceTime=0"
TV_AGENT = {"user-agent": "Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0)"}


class Tv(Api):
    """A TV: first a code, then a token."""

    def __init__(self, world: World) -> None:
        super().__init__(world.app, ip=world.anon().ip)
        self.code = self.cast_id = ""
        self.carried = dict(TV_AGENT)

    async def call(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **kw: Any) -> Response:
        return await super().call(method, path, body, headers={**self.carried, **(headers or {})}, **kw)

    async def register(self) -> str:
        self.code = (await self.post("/cast/device-info", {"publicKey": KEY})).json()["deviceCode"]
        return self.code


def answered(code: str, cid: int, token: str = "") -> dict[str, Any]:
    return {"castToken": token or f"cast_{uuid.uuid4().hex[:22]}", "deviceCode": code, "encPayload": "c2VhbGVk", "collectionID": cid}


async def casting(world: World, who: Person, cid: int) -> Tv:
    tv = Tv(world)
    body = answered(await tv.register(), cid)
    tv.cast_id = (await who.post("/cast/cast-data", body)).json()["deviceID"]
    tv.carried["x-cast-access-token"] = body["castToken"]
    return tv


async def test_it_works(world: World, alice: Person) -> None:
    cid = await album(alice)
    file_id = (await alice.post("/files", await commit_body(world, alice, cid))).json()["id"]
    tv = Tv(world)
    code = await tv.register()
    assert (await tv.get(f"/cast/cast-data/{code}")).json() == {"encCastData": None}
    assert (await alice.get(f"/cast/device-info/{code.lower()}")).json() == {"publicKey": KEY}
    body = answered(code.lower(), cid)
    made = (await alice.post("/cast/cast-data", body)).json()
    assert (await tv.get(f"/cast/cast-data/{code}")).json() == {"encCastData": body["encPayload"]}
    tv.carried["x-cast-access-token"] = body["castToken"]
    (row,) = (await tv.get(DIFF)).json()["diff"]
    assert row["id"] == file_id
    assert not {"magicMetadata", "action", "actionUser"} & set(row)
    assert (await tv.get("/cast/info")).json()["collection"]["id"] == cid
    for way in ("download", "preview"):
        assert "/objects/" in (await tv.get(f"/cast/files/{way}/{file_id}", expect=307)).headers["location"]
    for way in ("download", "thumbnail"):
        assert "/objects/" in (await tv.get(f"/cast/files/{way}/v3/{file_id}")).json()["url"]
    (device,) = (await alice.get("/cast/device-info")).json()["devices"]
    assert device["deviceID"] == made["deviceID"]
    assert (device["collectionID"], device["deviceName"], device["deviceIP"]) == (cid, "Tv", tv.ip)


async def test_a_second_key_is_told_and_never_null(world: World, alice: Person) -> None:
    tv, second = Tv(world), b64(bytes(1216))
    code = (await tv.post("/cast/device-info", {"publicKey": KEY, "pqPublicKey": second})).json()["deviceCode"]
    assert (await alice.get(f"/cast/device-info/{code}")).json() == {"publicKey": KEY, "pqPublicKey": second}
    for bad in (b64(bytes(1215)), b64(bytes(1217)), "x" * 1624):
        await tv.post("/cast/device-info", {"publicKey": KEY, "pqPublicKey": bad}, expect=400)


async def test_what_does_not_fit(world: World, alice: Person) -> None:
    cid, tv = await album(alice), Tv(world)
    await tv.post("/cast/device-info", {}, expect=400)
    await tv.post("/cast/device-info", {"publicKey": "x" * 513}, expect=400)
    good = answered(await tv.register(), cid)
    for name in good:
        await alice.post("/cast/cast-data", {k: v for k, v in good.items() if k != name}, expect=400)
    await alice.post("/cast/cast-data", {**good, "encPayload": "A" * 2049}, expect=400)
    await alice.post("/cast/cast-data", {**good, "deviceCode": "ZZZZZ0"}, expect=404)
    assert (await tv.get("/cast/cast-data/ZZZZZ0", expect=404)).json()["code"] == "NOT_FOUND"
    assert (await alice.get("/cast/device-info/ZZZZZ0", expect=404)).json()["code"] == "NOT_FOUND"
    await alice.delete("/cast/device-info/tv", expect=400)


async def test_a_tv_sees_the_album_and_only_that(world: World, alice: Person, bob: Person) -> None:
    cid, other, foreign = await album(alice), await album(alice), await album(bob)
    own = (await alice.post("/files", await commit_body(world, alice, other))).json()["id"]
    theirs = (await bob.post("/files", await commit_body(world, bob, foreign))).json()["id"]
    tv = await casting(world, alice, cid)
    for file_id in (own, theirs, 99):
        for way in ("download", "preview", "download/v3", "thumbnail/v3"):
            await tv.get(f"/cast/files/{way}/{file_id}", expect=403)
    await tv.get("/cast/files/download/first", expect=400)
    for query in ("", "?sinceTime=x"):
        await tv.get(f"/cast/diff{query}", expect=400)
    link = (await alice.post("/collections/share-url", {"collectionID": cid})).json()["result"]["url"]
    seen = await tv.get("/cast/info")
    assert link.rpartition("=")[2] not in seen.content.decode()
    assert alice.email not in seen.content.decode()


async def test_only_a_cast_token_opens_and_only_these_routes(world: World, alice: Person) -> None:
    cid = await album(alice)
    tv = await casting(world, alice, cid)
    for path in ("/cast/info", DIFF, "/cast/files/preview/1", "/cast/files/download/1"):
        assert (await alice.get(path, expect=401)).json() == {"error": "cast access token missing"}
        for token in (alice.token or "", "cast_" + "0" * 22):
            assert (await world.anon().get(path, headers={"x-cast-access-token": token}, expect=401)).json() == {"error": "invalid token"}
    token = tv.carried["x-cast-access-token"]
    await world.anon().get(f"/collections/{cid}", headers={"x-auth-token": token}, expect=401)
    await world.anon().get(f"{DIFF}&castToken={token}")
    with pytest.raises(AssertionError, match="401"):
        await world.anon().get("/cast/device-info")


async def test_ended_is_ended_at_the_next_request(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob)
    one, two, bobs = await casting(world, alice, cid), await casting(world, alice, cid), await casting(world, bob, cid)
    await bob.delete(f"/cast/device-info/{one.cast_id}")
    await one.get(DIFF)
    await alice.delete(f"/cast/device-info/{one.cast_id}")
    await one.get(DIFF, expect=401)
    assert [d["deviceID"] for d in (await alice.get("/cast/device-info")).json()["devices"]] == [two.cast_id]
    await alice.delete("/cast/revoke-all-tokens")
    await two.get(DIFF, expect=401)
    await two.get(f"/cast/cast-data/{two.code}", expect=404)
    await bobs.get(DIFF)


async def test_who_leaves_the_album_takes_the_tv_along_for_good(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob)
    tv = await casting(world, bob, cid)
    await tv.get(DIFF)
    await alice.post("/collections/unshare", {"collectionID": cid, "email": bob.email})
    await tv.get(DIFF, expect=401)
    world.clock.advance(MINUTE)
    await share(alice, cid, bob)
    await tv.get(DIFF, expect=401)


async def test_a_deleted_album_or_one_of_strangers_is_not_shown(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    tv = await casting(world, alice, cid)
    strangers = await casting(world, bob, cid)
    await strangers.get(DIFF, expect=401)
    await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")
    await tv.get(DIFF, expect=401)


async def test_photos_that_leave_the_album_leave_the_tv(world: World, alice: Person) -> None:
    cid = await album(alice)
    file_id = (await alice.post("/files", await commit_body(world, alice, cid))).json()["id"]
    tv = await casting(world, alice, cid)
    await alice.post("/files/trash", {"items": [{"fileID": file_id, "collectionID": cid}]})
    await tv.get(f"/cast/files/download/{file_id}", expect=403)
    assert items(file_id)


async def test_codes_live_an_hour_and_sessions_a_week_from_their_last_use(world: World, alice: Person) -> None:
    cid = await album(alice)
    idle, tv = Tv(world), await casting(world, alice, cid)
    code = await idle.register()
    world.clock.advance(HOUR)
    await idle.get(f"/cast/cast-data/{code}", expect=404)
    await alice.post("/cast/cast-data", answered(code, cid), expect=404)
    for _ in range(2):
        world.clock.advance(6 * DAY)
        await tv.get(DIFF)
        await expire(world.kernel)
    assert await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM casts")) == 1
    world.clock.advance(7 * DAY)
    await tv.get(DIFF, expect=401)
    assert (await alice.get("/cast/device-info")).json() == {"devices": []}
    await expire(world.kernel)
    assert await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM casts")) == 0


async def test_bounds(world: World, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_SESSIONS", 1)
    monkeypatch.setattr(service, "MOST_CODES", 2)
    cid = await album(alice)
    await casting(world, alice, cid)
    tv = Tv(world)
    await alice.post("/cast/cast-data", answered(await tv.register(), cid), expect=429)
    world.clock.advance(1)
    await Tv(world).register()
    await Tv(world).register()
    await tv.get(f"/cast/cast-data/{tv.code}", expect=404)


async def test_an_answered_code_and_a_token_in_use_belong_to_their_person(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    tv = await casting(world, alice, cid)
    await bob.post("/cast/cast-data", answered(tv.code, cid), expect=404)
    token = tv.carried["x-cast-access-token"]
    await bob.post("/cast/cast-data", answered(await Tv(world).register(), cid, token), expect=400)
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT * FROM casts"))
    assert token not in str(rows)

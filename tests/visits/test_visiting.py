"""What visitors see and fetch, what they never see, and how they are turned away (collections.md §7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.kernel.clock import DAY, SECOND
from app.kernel.config import Apps, Config, CustomDomains, Storage
from app.objects import urls
from tests.collections.scenes import KEY, MAGIC, NONCE, album, diff, items, share
from tests.files import photos
from tests.inprocess import LOCKER, Api, Person, World, open_world
from tests.objects.parcels import commit_bytes, send
from tests.visits.scenes import DIFF, INFO, SECRET, Visitor, change, end, link, linked, token

GETS = (
    INFO,
    DIFF,
    "/public-collection/files/download/{f}",
    "/public-collection/files/preview/{f}",
    "/public-collection/files/download/v3/{f}",
    "/public-collection/files/thumbnail/v3/{f}",
    "/public-collection/files/data/fetch?fileID={f}&type=vid_preview",
    "/public-collection/files/data/preview?fileID={f}&type=vid_preview",
)
FETCHES = GETS[2:]


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice, magicMetadata=MAGIC, pubMagicMetadata=MAGIC)
    await share(alice, cid, bob)
    made = await link(alice, cid, deviceLimit=9, validTill=world.clock.now() + DAY, enableComment=True)
    await change(alice, cid, minRole="ADMIN")
    file_id = await commit_bytes(alice, cid, b"bytes", b"thumb")
    await alice.put("/files/magic-metadata", {"metadataList": [{"id": file_id, "magicMetadata": MAGIC}]})
    await alice.put("/files/public-magic-metadata", {"metadataList": [{"id": file_id, "magicMetadata": MAGIC}]})
    visitor = Visitor(world, token(made))
    r = await visitor.get(INFO)
    told = r.json()
    assert set(told) == {"collection", "referralCode"}
    assert len(told["referralCode"]) == 6
    got = told["collection"]
    assert got["owner"] == {"id": alice.user_id, "email": "", "name": "", "role": ""}
    assert (got["encryptedKey"], got["keyDecryptionNonce"]) == (KEY, NONCE)
    assert got["sharees"] is None
    assert got["pubMagicMetadata"] == MAGIC
    assert got["publicURLs"] == [{**made, "url": "", "deviceLimit": 0, "validTill": 0}]
    assert not {"magicMetadata", "sharedMagicMetadata", "isDeleted"} & set(got)
    assert r.headers["cache-control"] == "no-store"
    (mine,), (seen,) = await diff(alice, cid), await visitor.diff()
    assert mine.pop("magicMetadata")
    assert seen == mine
    for kind, data in (("download", b"bytes"), ("preview", b"thumb")):
        place = (await visitor.get(f"/public-collection/files/{kind}/{file_id}", expect=307)).headers["location"]
        assert (await send(world.anon(), "GET", place, expect=200)).content == data
    for kind, data in (("download", b"bytes"), ("thumbnail", b"thumb")):  # as newer apps ask
        answer = (await visitor.get(f"/public-collection/files/{kind}/v3/{file_id}")).json()
        assert list(answer) == ["url"]
        assert (await send(world.anon(), "GET", answer["url"], expect=200)).content == data


async def test_nothing_of_people_or_tokens_leaks(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await linked(world, alice)
    await share(alice, cid, bob, "COLLABORATOR")
    file_id = await commit_bytes(alice, cid, b"1", b"2")
    answers = [await visitor.get(path.format(f=file_id), expect=None) for path in GETS]
    answers.append(await visitor.get(DIFF, headers={"x-auth-token": alice.token or ""}))
    for r in answers:
        told = r.content.decode() + str(r.headers)
        for secret in (alice.email, bob.email, alice.token or "", visitor.carried["x-auth-access-token"]):
            assert secret not in told


async def test_the_query_may_carry_the_token(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, **SECRET)
    proof = await visitor.unlock()
    text = f"accessToken={visitor.carried['x-auth-access-token']}&accessTokenJWT={proof}"
    assert (await world.anon().get(f"{DIFF}&{text}")).json() == {"diff": [], "hasMore": False}


async def test_without_a_token_of_a_link(world: World, alice: Person) -> None:
    for path in (*(g.format(f=1) for g in GETS), "/public-collection/verify-password"):
        method = "POST" if path.endswith("password") else "GET"
        r = await world.anon().call(method, path, expect=401)
        assert r.json() == {"error": "missing accessToken", "context": "album_link"}
        assert (await Visitor(world, "Q" * 16).call(method, path, expect=401)).json() == {"error": "invalid token"}
        await alice.call(method, path, expect=401)


async def test_revoked_and_expired_links_answer_gone_at_once(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    file_id = await commit_bytes(alice, cid, b"1", b"2")
    await visitor.get(f"/public-collection/files/download/{file_id}", expect=307)
    await change(alice, cid, validTill=world.clock.now() + SECOND)
    await visitor.get(INFO)
    world.clock.advance(2 * SECOND)
    for path in GETS:
        assert (await visitor.get(path.format(f=file_id), expect=410)).json() == {"error": "expired token"}
    await change(alice, cid, validTill=0)
    await visitor.get(INFO)
    await end(alice, cid)
    for path in GETS:
        assert (await visitor.get(path.format(f=file_id), expect=410)).json() == {"error": "disabled token"}
    await visitor.post("/public-collection/verify-password", {"passHash": "x"}, expect=410)


async def test_only_what_the_album_shows_can_be_fetched(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await linked(world, alice)
    hidden, foreign = await album(alice), await album(bob)
    trashed, asked, shown = [await commit_bytes(alice, cid, bytes([n]), b"t" + bytes([n])) for n in range(3)]
    others = [await commit_bytes(alice, hidden, b"4", b"5"), await commit_bytes(bob, foreign, b"6", b"7"), 1]
    await photos.trash(alice, (trashed, cid))
    await share(alice, cid, bob, "ADMIN")
    await bob.post("/collections/v3/remove-files", {"collectionID": cid, "fileIDs": [asked]})
    rows = {f["id"]: f for f in await visitor.diff()}
    assert {i: f["isDeleted"] for i, f in rows.items()} == {trashed: True, asked: True, shown: False}
    assert all(not {"action", "actionUser", "magicMetadata"} & set(f) for f in rows.values())
    for path in FETCHES:
        for file_id in (trashed, asked, *others):
            assert (await visitor.get(path.format(f=file_id), expect=403)).json() == {}
        await visitor.get(path.format(f=shown), expect=(200, 307, 404))
        assert (await visitor.get(path.format(f="first"), expect=400)).json().get("code") in (None, "BAD_REQUEST")


async def test_a_collaborators_photo_is_shown_like_any(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await linked(world, alice)
    await share(alice, cid, bob, "COLLABORATOR")
    own = await album(bob)
    file_id = await commit_bytes(bob, own, b"1", b"2")
    await bob.post("/collections/add-files", {"collectionID": cid, "files": items(file_id)})
    assert [f["id"] for f in await visitor.diff()] == [file_id]
    await visitor.get(f"/public-collection/files/download/{file_id}", expect=307)


async def test_the_cursor(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    for query in ("", "?sinceTime=soon", "?sinceTime="):
        assert (await visitor.get(f"/public-collection/diff{query}", expect=400)).json()["code"] == "BAD_REQUEST"
    first = await commit_bytes(alice, cid, b"1", b"2")
    (row,) = await visitor.diff()
    assert await visitor.diff(row["updationTime"]) == []
    second = await commit_bytes(alice, cid, b"3", b"4")
    assert [f["id"] for f in await visitor.diff(row["updationTime"])] == [second]
    assert [f["id"] for f in await visitor.diff()] == [first, second]


async def test_bytes_stay_readable_with_the_download_switch_off(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    file_id = await commit_bytes(alice, cid, b"1", b"2")
    await change(alice, cid, enableDownload=False)
    assert (await visitor.album())["publicURLs"][0]["enableDownload"] is False
    await visitor.get(f"/public-collection/files/download/{file_id}", expect=307)


async def test_a_saved_address_does_not_outlive_the_link_by_more_than_minutes(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    file_id = await commit_bytes(alice, cid, b"1", b"2")
    ways = [f"/public-collection/files/{path}/{file_id}" for path in ("download", "preview")]
    places = [(await visitor.get(way, expect=307)).headers["location"] for way in ways]
    assert [(await visitor.get(way, expect=307)).headers["location"] for way in ways] == places
    await end(alice, cid)
    world.clock.advance(2 * urls.VISIT_S * SECOND)
    for place in places:
        await send(world.anon(), "GET", place, expect=403)


async def test_an_address_lives_long_enough_to_be_used(world: World, alice: Person) -> None:
    """Whenever in its period it was given."""
    cid, visitor = await linked(world, alice)
    file_id = await commit_bytes(alice, cid, b"1", b"2")
    for _ in range(4):
        world.clock.advance(urls.VISIT_S * SECOND // 3)
        place = (await visitor.get(f"/public-collection/files/download/{file_id}", expect=307)).headers["location"]
        world.clock.advance(urls.VISIT_S * SECOND - SECOND)
        await send(world.anon(), "GET", place, expect=200)


async def test_video_previews(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    file_id = await commit_bytes(alice, cid, b"1", b"2")
    fetch, preview = (p.format(f=file_id) for p in GETS[6:])
    for path in (fetch, preview):
        assert (await visitor.get(path, expect=404)).json()["code"] == "NOT_FOUND"
        for bad in (path.replace("vid_preview", "mldata"), path.replace(f"fileID={file_id}&", ""), path.split("&")[0]):
            assert (await visitor.get(bad, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await visitor.get(f"{fetch}&preferNoContent=true", expect=204)).content == b""
    assert (await visitor.get(f"{fetch}&preferNoContent=maybe", expect=400)).json()["code"] == "BAD_REQUEST"
    made = (await alice.get(f"/files/data/preview-upload-url?fileID={file_id}&type=vid_preview")).json()
    await send(alice, "PUT", made["url"], b"video", expect=200)
    video = {"fileID": file_id, "objectID": made["objectID"], "objectSize": 5, "playlist": "cA==", "playlistHeader": "aA=="}
    await alice.put("/files/video-data", video)
    data = (await visitor.get(fetch)).json()["data"]
    updated = data.pop("updatedAt")
    assert data == {"fileID": file_id, "type": "vid_preview", "encryptedData": "cA==", "decryptionHeader": "aA=="}
    assert updated > 0
    url = (await visitor.get(preview)).json()["url"]
    assert (await send(world.anon(), "GET", url, expect=200)).content == b"video"
    world.clock.advance((urls.FILM_S - 1) * SECOND)  # while somebody watches
    assert (await send(world.anon(), "GET", url, expect=200)).content == b"video"
    await end(alice, cid)
    world.clock.advance((urls.FILM_S + 1) * SECOND)
    await send(world.anon(), "GET", url, expect=403)


async def test_a_locker_album_comes_in_one_page(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kernel.sync.PAGE", 1)
    cid, visitor = await linked(world, await world.in_app(alice, LOCKER))

    def add(tx: Any) -> None:
        from tests.collections.scenes import _insert_photo

        for stamp in range(3):
            _insert_photo(tx, alice.user_id, cid, stamp + 1)

    await world.kernel.db.write("test.photos", add)
    assert len(await visitor.diff()) == 3


# --- pages of other origins
ORIGINS = {
    "http://localhost:3002": 200,
    "http://localhost:3005": 200,
    "http://localhost:3006": 200,
    "http://localhost:99": 200,
    "https://localhost": 200,
    "http://albums.localhost:3002": 200,
    "http://127.3.2.1:8080": 200,
    "http://[::1]:3002": 200,
    "ftp://localhost": 410,
    "http://128.0.0.1": 410,
    "http://xlocalhost": 410,
    "https://evil.example.org": 410,
    "http://localhost.evil.example.org": 410,
    "null": 410,
    "http://[": 410,
}


@pytest.mark.parametrize("origin", ORIGINS)
async def test_origins(world: World, alice: Person, origin: str) -> None:
    _, visitor = await linked(world, alice)
    r = await visitor.get(INFO, headers={"origin": origin}, expect=ORIGINS[origin])
    if r.status == 410:
        assert r.json() == {"error": "no active subscription"}


async def test_the_log_names_a_page_that_is_not_configured_once(engine: str, world: World, alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    _, visitor = await linked(world, alice)
    mine = f"https://{engine}.albums.example.org"  # what was said is remembered by the process
    for page in (mine, mine, f"https://\x1b[31m{engine}.example.org"):
        await visitor.get(INFO, headers={"origin": page}, expect=410)
    said = [r.getMessage() for r in caplog.records if r.name == "darkroom.visits"]
    assert len(said) == 2
    assert repr(mine) in said[0]
    assert "apps.albums" in said[0]
    assert "\x1b" not in said[1]
    assert visitor.carried["x-auth-access-token"] not in caplog.text


async def test_the_configured_origins_are_matched_whole(engine: str, tmp_path: Path) -> None:
    apps = Apps(albums="https://albums.example.org", embed="https://embed.example.org", share="https://share.example.org")
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", apps=apps, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        _, visitor = await linked(world, alice)
        for origin in (apps.albums, apps.embed, apps.share):
            await visitor.get(INFO, headers={"origin": origin})
        for origin in (apps.albums + "/", apps.albums + ".evil.net", "http://albums.example.org", "https://cast.example.org"):
            await visitor.get(INFO, headers={"origin": origin}, expect=410)


async def test_the_owners_own_domain(engine: str, tmp_path: Path) -> None:
    apps, domains = Apps(custom_domain_cname="my.darkroom.example"), CustomDomains(allowed={"*.example.org": "*"})
    config = Config(data_dir=tmp_path, apps=apps, custom_domains=domains, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        _, visitor = await linked(world, alice)
        _, other = await linked(world, bob)
        await alice.post("/remote-store/update", {"key": "customDomain", "value": "pics.example.org"})
        for origin in ("https://pics.example.org", "https://PICS.example.org:8443"):
            await visitor.get(INFO, headers={"origin": origin})
            await other.get(INFO, headers={"origin": origin}, expect=410)
        for origin in ("https://pics.example.org.evil.net", "https://mypics.example.org", "pics.example.org"):
            await visitor.get(INFO, headers={"origin": origin}, expect=410)


async def test_a_browser_may_read_the_device_token(world: World, alice: Person) -> None:
    _, visitor = await linked(world, alice)
    r = await visitor.get(INFO, headers={"origin": "http://localhost:3002"})
    assert r.headers["access-control-allow-origin"] == "http://localhost:3002"
    assert "X-Ente-Link-Device-Token" in r.headers["access-control-expose-headers"]
    assert r.headers["x-ente-link-device-token"]


async def test_a_session_is_no_visitor(world: World, alice: Person) -> None:
    await linked(world, alice)
    await Api(world.app, alice.token).get(INFO, expect=401)

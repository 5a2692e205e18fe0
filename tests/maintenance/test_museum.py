"""`darkroom import-museum`, rehearsed on a PostgreSQL database with museum's tables (museum_tables.sql, museum_rows.py)."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from app.db import Tx
from app.kernel.crypto import b64
from app.maintenance import fsck
from app.maintenance.museum import importing, minio, source
from app.maintenance.museum.objects import Objects
from app.maintenance.museum.rows import PARTS
from app.maintenance.vault import Unfit
from tests.inprocess import Api, World
from tests.killing import Points, at_every_point, mortal
from tests.maintenance.museum_rows import (
    ALBUM,
    ALICE,
    BOB,
    BYTES,
    CAST,
    DELETED,
    FILE_LINK,
    GONE,
    HASHED,
    KEY,
    LINK,
    MEMORY,
    PASTE,
    PHOTO,
    PHOTO_KEY,
    PLAIN,
    SECRET,
    SKIP,
    TABLES,
    THUMB_KEY,
    TRASHED,
    fill,
)
from tests.rows import insert


@pytest.fixture
def museum(url: str) -> str:
    with psycopg.connect(url) as db:
        db.execute("CREATE SCHEMA museum")
        db.execute("SET search_path = museum")
        db.execute(TABLES)
        fill(db)
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3Dmuseum"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for key, data in BYTES.items():
        file = tmp_path / "bucket" / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return tmp_path / "bucket"


async def come(world: World, museum: str, folder: Path | None, key: bytes = KEY) -> importing.Report:
    with source.opened(museum) as db:
        return await importing.bring_over(world.kernel, db, source.Keys(key), Objects(world.kernel.store, folder))


async def test_it_works(world: World, museum: str, folder: Path) -> None:
    report = await come(world, museum, folder)
    assert (report.missing, report.problems) == ([], {})
    assert (report.left, report.bad, report.damaged) == ({}, {}, {})
    assert report.objects == {"copied": 8}
    assert report.came["users"] == 3
    assert {part.table for part in PARTS if not report.came[part.table]} == set()
    alice, bob = Api(world.app, PLAIN), Api(world.app, HASHED)
    albums = (await alice.get("/collections/v2?sinceTime=0")).json()["collections"]
    assert [(a["id"], a["encryptedName"]) for a in albums] == [(ALBUM, "bmFtZQ==")]
    for who in (alice, bob):
        diff = (await who.get(f"/collections/v2/diff?collectionID={ALBUM}&sinceTime=0")).json()["diff"]
        assert {f["id"]: f["isDeleted"] for f in diff} == {PHOTO: False, TRASHED: True, DELETED: True}
        place = (await who.get(f"/files/download/{PHOTO}", expect=307)).headers["location"]
        assert (await who.get(place.removeprefix("http://darkroom.test"), token=None)).content == b"the photo"
    trashed = (await alice.get("/trash/v2/diff?sinceTime=0")).json()["diff"]
    assert {t["file"]["id"]: t["isDeleted"] for t in trashed} == {TRASHED: False, DELETED: True}
    details = (await alice.get("/users/details/v2")).json()
    assert (details["email"], details["usage"]) == ("alice@example.org", 28)
    info = await world.anon().get("/public-collection/info", headers={"X-Auth-Access-Token": LINK})
    assert info.json()["collection"]["id"] == ALBUM
    data = await alice.post("/files/data/fetch", {"type": "mldata", "fileIDs": [PHOTO]})
    assert data.json()["data"][0]["encryptedData"] == "ZA=="
    preview = (await alice.get(f"/files/data/preview?type=vid_preview&fileID={PHOTO}")).json()["url"]
    assert (await alice.get(preview.removeprefix("http://darkroom.test"), token=None)).content == b"video"
    assert len((await alice.get("/user-entity/entity/diff?type=location&sinceTime=0&limit=10")).json()["diff"]) == 1
    assert (await fsck.check(world.kernel)).ok


async def test_second_factors_go_on(world: World, museum: str, folder: Path) -> None:
    await come(world, museum, folder)
    kept = await world.kernel.db.read(lambda tx: tx.one("SELECT secret_cipher, secret_nonce, secret_hash FROM totp WHERE user_id = :a", a=ALICE))
    assert kept is not None
    assert world.kernel.crypto.decrypt(bytes(kept[0]), bytes(kept[1])) == SECRET
    assert kept[2] == world.kernel.crypto.hash(f"totp\0{ALICE}\0{SECRET}")
    passkey = await world.kernel.db.read(
        lambda tx: tx.one("SELECT name, credential_id, public_key, transports FROM passkeys WHERE user_id = :b", b=BOB)
    )
    assert passkey is not None
    assert (passkey[0], bytes(passkey[1]), bytes(passkey[2]), passkey[3]) == ("phone", b"cred", b"key", '["usb", "nfc"]')


async def test_run_again_it_changes_nothing_and_brings_what_was_missing(world: World, museum: str, folder: Path) -> None:
    lost = folder / PHOTO_KEY
    data = lost.read_bytes()
    lost.unlink()
    first = await come(world, museum, folder)
    assert (first.missing, first.plain()["ok"]) == ([PHOTO_KEY], False)
    lost.write_bytes(data)
    second = await come(world, museum, folder)
    assert (second.missing, second.objects) == ([], {"here": 7, "copied": 1})
    assert second.came == first.came
    assert (await fsck.check(world.kernel)).ok


async def test_a_bucket_is_adopted_as_it_is(world: World, museum: str) -> None:
    async def body(data: bytes) -> Any:
        yield data

    for key, data in BYTES.items():
        await world.kernel.store.put(key, body(data), length=len(data), md5=None)
    report = await come(world, museum, None)
    assert (report.objects, report.missing) == ({"adopted": 8}, [])
    assert (await fsck.check(world.kernel)).ok


async def test_new_rows_get_numbers_beyond(world: World, museum: str, folder: Path) -> None:
    await come(world, museum, folder)
    person = await world.kernel.db.write("test.person", lambda tx: insert(tx, "users"))
    assert person > GONE
    assert await world.kernel.db.write("test.file", _file, person) > DELETED


def _file(tx: Tx, owner: int) -> int:
    return insert(tx, "files", owner_id=owner)


async def test_refusals(world: World, museum: str, folder: Path, url: str) -> None:
    with pytest.raises(Unfit, match="wrote with"):
        await come(world, museum, folder, bytes(32))
    with pytest.raises(Unfit, match="no museum"):
        await come(world, f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3Dpg_temp", folder)
    with pytest.raises(Unfit, match="museum's database"):
        await come(world, "postgresql://nobody@127.0.0.1:1/x", folder)
    await world.person("dora")
    with pytest.raises(Unfit, match="of its own"):
        await come(world, museum, folder)


def test_the_key(tmp_path: Path) -> None:
    file = tmp_path / "museum.yaml"
    file.write_text(f"# comment\ndb:\n  host: x\nkey:\n  encryption: {b64(KEY)}\n  hash: aGFzaA==\n")
    assert source.read_keys(file, {}).encryption == KEY
    assert source.read_keys(None, {"ENTE_KEY_ENCRYPTION": base64.urlsafe_b64encode(KEY).decode()}).encryption == KEY
    for given, said in [({}, "is needed"), ({"ENTE_KEY_ENCRYPTION": "c2hvcnQ="}, "32 bytes")]:
        with pytest.raises(Unfit, match=said):
            source.read_keys(None, given)
    with pytest.raises(Unfit, match="No such file"):
        source.read_keys(tmp_path / "none", {})


async def test_what_people_say_and_whom_they_trust(world: World, museum: str, folder: Path) -> None:
    await come(world, museum, folder)
    alice, bob = Api(world.app, PLAIN), Api(world.app, HASHED)
    said = (await alice.get(f"/social/diff?collectionID={ALBUM}&sinceTime=0")).json()
    assert [(c["id"], c["userID"], c.get("anonUserID")) for c in said["comments"]] == [
        ("cmt_1", BOB, None), ("cmt_2", -1, "anon_1"), ("cmt_3", ALICE, None)]  # fmt: skip
    assert {r["id"] for r in said["reactions"]} == {"rct_0", "rct_1", "rct_2"}
    assert len((await alice.get(f"/social/anon-profiles?collectionID={ALBUM}")).json()["profiles"]) == 1
    family = (await alice.get("/family/members")).json()["members"]
    assert {(m["userID"], m["status"], m["storageLimit"]) for m in family} == {(ALICE, "SELF", None), (BOB, "ACCEPTED", 5 << 30)}
    assert (await alice.get("/storage")).json()["limit"] == (123 << 30) + 3  # with the bonuses that have not ended
    info = (await alice.get("/emergency-contacts/info")).json()
    assert [(c["emergencyContact"]["id"], c["state"], c["recoveryNoticeInDays"]) for c in info["contacts"]] == [(BOB, "ACCEPTED", 30)]
    assert [r["status"] for r in info["recoverSessions"]] == ["WAITING"]
    (kit,) = (await alice.get("/legacy-kits")).json()["kits"]
    came = (await alice.get(f"/legacy-kits/{kit['id']}/recovery-session")).json()
    assert came["initiators"] == [{"usedPartIndexes": [1, 3], "ip": "10.0.0.9", "userAgent": "web"}]
    session = {"sessionID": came["session"]["id"], "sessionToken": "token"}
    assert (await world.anon().post("/legacy-kits/recovery/session", session)).json()["status"] == "WAITING"
    face = (await alice.get("/contacts/ct_1/attachments/profile_picture")).json()["url"]
    assert (await alice.get(face.removeprefix("http://darkroom.test"), token=None)).content == b"a face"
    assert (await bob.get("/contacts/diff?sinceTime=0&limit=10")).json()["diff"][0]["isDeleted"]


async def test_links_of_all_kinds_go_on(world: World, museum: str, folder: Path) -> None:
    await come(world, museum, folder)
    counts = "SELECT (SELECT count(*) FROM album_link_devices), (SELECT count(*) FROM file_link_devices)"
    assert await world.kernel.db.read(lambda tx: tx.one(counts)) == (1, 1)
    anybody = world.anon()
    for path, header, token in (("/file-link/info", "X-Auth-Access-Token", FILE_LINK), ("/public-memory/info", "X-Auth-Access-Token", MEMORY),
                                ("/cast/info", "X-Cast-Access-Token", CAST)):  # fmt: skip
        await anybody.get(path, headers={header: token})
    hashed = world.kernel.crypto.hash(f"paste:{PASTE}")
    assert await world.kernel.db.read(lambda tx: tx.all("SELECT token_hash FROM pastes")) == [(hashed,)]
    kept = await world.kernel.db.read(lambda tx: tx.value("SELECT secret_hash FROM passkey_recovery WHERE user_id = :b", b=BOB))
    assert kept == world.kernel.crypto.hash(f"passkey recovery\0{BOB}\0{SKIP}")


async def test_rows_that_cannot_come_are_told_and_the_others_come(world: World, museum: str, folder: Path) -> None:
    with psycopg.connect(museum, autocommit=True) as db:
        db.execute("UPDATE users SET encrypted_email = 'torn' WHERE user_id = %s", [BOB])
        db.execute("ALTER TABLE collections DROP CONSTRAINT collections_owner_id_fkey")
        db.execute("INSERT INTO collections (collection_id, owner_id, encrypted_key, key_decryption_nonce, type, attributes, updation_time) "
                   "OVERRIDING SYSTEM VALUE VALUES (5, 77, 'k', 'n', 'album', '{}', 1)")  # fmt: skip
        db.execute("UPDATE object_keys SET size = 3 WHERE object_key = %s", [THUMB_KEY])
    report = await come(world, museum, folder)
    assert report.bad["users"] == [f"user_id {BOB}: a sealed text cannot be opened"]
    assert [line.partition(":")[0] for line in report.bad["collections"]] == ["collection_id 5, type album"]
    assert report.damaged == {THUMB_KEY: "5 bytes instead of 3"}
    assert "a2V5" not in str(report.bad)
    assert (report.came["users"], report.came["collections"], report.plain()["ok"]) == (2, 1, False)
    assert (await Api(world.app, PLAIN).get("/collections/v2?sinceTime=0")).json()["collections"][0]["id"] == ALBUM
    with psycopg.connect(museum, autocommit=True) as db:
        fill_in = "UPDATE users u SET encrypted_email = o.encrypted_email, email_decryption_nonce = o.email_decryption_nonce FROM users o "
        db.execute((fill_in + "WHERE u.user_id = %s AND o.user_id = %s").encode(), [BOB, ALICE])
    report = await come(world, museum, folder)  # an address that somebody else has
    assert len(report.bad["users"]) == 1


# --- MinIO's own files
def in_minio(place: Path, data: bytes, *, parts: tuple[bytes, ...] = (), minor: int = 3, drives: int = 1, deleted: bool = False, **more: Any) -> None:
    """An object as MinIO keeps it: small ones inline, large ones in files; `parts` for one that came in parts."""
    place.mkdir(parents=True, exist_ok=True)
    block, folder = 4, bytes(range(16))
    pieces = parts or (data,)
    etags = [hashlib.md5(p).hexdigest() for p in pieces]
    stored = [b"".join(bytes(32) + p[i : i + block] for i in range(0, len(p), block)) for p in pieces]
    inline = not parts and len(data) < 64
    its = {
        "ID": bytes(16), "DDir": folder, "EcAlgo": 1, "EcM": drives, "EcN": 0, "EcBSize": block, "EcIndex": 1, "EcDist": [1], "CSumAlgo": 1,
        "PartNums": [*range(1, len(pieces) + 1)], "PartETags": etags if parts else None, "PartSizes": [len(p) for p in pieces],
        "PartASizes": [len(p) for p in pieces], "Size": len(data), "MTime": 5, "MetaSys": {"x-minio-internal-inline-data": b"true"} if inline else {},
        "MetaUsr": {"etag": f"{etags[0]}-{len(parts)}" if parts else etags[0], "content-type": "x"}, **more,
    }  # fmt: skip
    version = {"Type": 2, "DelObj": {"ID": bytes(16), "MTime": 9}} if deleted else {"Type": 1, "V2Obj": its, "v": 1}
    pack = msgspec.msgpack.encode
    if minor == 3:
        short = pack([bytes(16), 9, b"sign", 2 if deleted else 1, 0, 0, drives])
        meta = b"\x03\x03\x01" + pack(short) + pack(pack(version))
    else:
        meta = pack({"Versions": [{"Type": 1, "V2Obj": {**its, "MTime": 1, "Size": 99}}, version]})
    head = b"XL2 " + (1).to_bytes(2, "little") + minor.to_bytes(2, "little")
    tail = b"\x01" + pack({"null": stored[0]}) if inline else b""
    (place / "xl.meta").write_bytes(head + b"\xc6" + len(meta).to_bytes(4, "big") + meta + b"\xce\0\0\0\0" + tail)
    if not inline:
        (place / "00010203-0405-0607-0809-0a0b0c0d0e0f").mkdir(exist_ok=True)
        for n, piece in enumerate(stored, 1):
            (place / "00010203-0405-0607-0809-0a0b0c0d0e0f" / f"part.{n}").write_bytes(piece)


async def test_out_of_the_folder_of_a_minio_that_is_gone(world: World, museum: str, tmp_path: Path) -> None:
    (tmp_path / ".minio.sys").mkdir()
    for n, (key, data) in enumerate(BYTES.items()):
        in_minio(tmp_path / ("b2-eu-cen" if n % 2 else "scw-eu-fr") / key, data, minor=2 + n % 2)
    report = await come(world, museum, tmp_path)
    assert (report.objects, report.missing, report.damaged) == ({"copied out of MinIO": 8}, [], {})
    assert (await fsck.check(world.kernel)).ok
    place = (await Api(world.app, PLAIN).get(f"/files/download/{PHOTO}", expect=307)).headers["location"]
    assert (await world.anon().get(place.removeprefix("http://darkroom.test"))).content == b"the photo"


def read(place: Path) -> bytes | None:
    found = minio.look(place)
    return None if found is None else b"".join(minio.blocks(place, found))


def test_what_minio_keeps(tmp_path: Path) -> None:
    long = bytes(range(256))
    in_minio(tmp_path, long)
    assert read(tmp_path) == long
    in_minio(tmp_path, long, parts=(long[:101], long[101:]))
    assert read(tmp_path) == long
    in_minio(tmp_path, b"", minor=2)
    assert read(tmp_path) == b""
    for minor in (2, 3):
        in_minio(tmp_path, b"gone", minor=minor, deleted=True)
        assert read(tmp_path) is None


def test_what_cannot_be_read_of_minio(tmp_path: Path) -> None:
    in_minio(tmp_path, bytes(256))
    part = next(tmp_path.glob("*/part.1"))
    whole = part.read_bytes()
    for torn in (whole[:-1], whole[:-5], whole[:33] + b"x" + whole[34:], b""):
        part.write_bytes(torn)
        with pytest.raises(minio.Unreadable):
            read(tmp_path)
    for made, said in (({"drives": 2}, "several drives"), ({"MetaSys": {"X-Minio-Internal-compression": b"s2"}}, "compressed"),
                       ({"MetaSys": {"X-Minio-Internal-Server-Side-Encryption-Iv": b"x"}}, "encrypted")):  # fmt: skip
        in_minio(tmp_path, b"small", **made)
        with pytest.raises(minio.Unreadable, match=said):
            read(tmp_path)
    for data in (b"", b"XL2 ", b"{}", b"XL2 \1\0\3\0\xc6\0\0\0\x09abc", b"XL2 \1\0\x09\0", b"XL2 \1\0\3\0\xc4\3\3\3\1"):
        with pytest.raises(minio.Unreadable):
            minio.parse(data)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_killed_again_and_again_it_goes_on(world: World, museum: str, folder: Path) -> None:
    points = Points()
    mortal(world.kernel, points)

    async def between(nth: int) -> None:
        shown = await fsck.check(world.kernel)
        assert fsck.MISSING not in [p.check for p in shown.problems]

    seen = await at_every_point(points, lambda: come(world, museum, folder), between, step=9)
    assert {"before museum.rows", "after museum.rows", "before main.put", "after main.put"} <= seen
    report = await come(world, museum, folder)
    assert (report.objects, report.came["users"], report.plain()["ok"]) == ({"here": 8}, 3, True)
    assert (await fsck.check(world.kernel)).ok
    assert len((await Api(world.app, PLAIN).get("/collections/v2?sinceTime=0")).json()["collections"]) == 1

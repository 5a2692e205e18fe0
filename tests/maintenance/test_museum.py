"""`darkroom import-museum`, rehearsed on a PostgreSQL database with museum's tables as the protocol notes describe them."""

from __future__ import annotations

import base64
import hashlib
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from nacl.bindings import crypto_secretbox_easy

from app.db import Tx
from app.kernel.crypto import b64
from app.maintenance import fsck
from app.maintenance.museum import importing, source
from app.maintenance.vault import Unfit
from tests.inprocess import Api, World
from tests.rows import insert

ALICE, BOB, GONE = 1580559962386440, 1580559962386441, 1580559962386442
ALBUM, PHOTO, TRASHED, DELETED = 1580559962386450, 10000017, 10000018, 10000019
KEY = bytes(range(32))
NOW = 1_782_800_000_000_000
PLAIN, HASHED = base64.urlsafe_b64encode(b"a" * 32).decode(), base64.urlsafe_b64encode(b"b" * 32).decode()
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PHOTO_KEY, THUMB_KEY, TRASHED_KEY, TRASHED_THUMB_KEY = (f"{ALICE}/{uuid.UUID(int=n << 64)}" for n in range(1, 5))
BYTES = {PHOTO_KEY: b"the photo", THUMB_KEY: b"thumb", TRASHED_KEY: b"in the trash", TRASHED_THUMB_KEY: b"tt",
         f"{ALICE}/file-data/{PHOTO}/vid_preview/pv_1": b"video", f"{ALICE}/file-data/{PHOTO}/vid_preview/pv_1_playlist": b"{}",
         f"{ALICE}/file-data/{PHOTO}/mldata": b'{"v":1,"encryptedData":"ZA==","header":"aA==","client":"x"}'}  # fmt: skip


def sealed(text: str) -> tuple[bytes, bytes]:
    nonce = hashlib.sha256(text.encode()).digest()[:24]
    return crypto_secretbox_easy(text.encode(), nonce, KEY), nonce


def fill(db: psycopg.Connection[Any]) -> None:
    def row(table: str, **values: Any) -> None:
        marks = ", ".join(["%s"] * len(values))
        db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})".encode(), list(values.values()))

    for user, email in ((ALICE, "alice@example.org"), (BOB, "Bob@example.org ")):
        cipher, nonce = sealed(email)
        row("users", user_id=user, creation_time=NOW, encrypted_email=cipher, email_decryption_nonce=nonce, is_two_factor_enabled=user == ALICE)
        keys = {k: b64(hashlib.sha256(f"{user}{k}".encode()).digest()) for k in ("kek_salt", "encrypted_key", "public_key", "encrypted_secret_key")}
        nonces = {"key_decryption_nonce": "bm9uY2U=", "secret_key_decryption_nonce": "bm9uY2U="}
        row("key_attributes", user_id=user, kek_hash_bytes=b"", mem_limit=1 << 27, ops_limit=32, **keys, **nonces)
        row("srp_auth", user_id=user, srp_user_id=uuid.UUID(int=user), salt="c2FsdA==", verifier="dmVy")
    row("users", user_id=GONE, creation_time=NOW, email_hash=f"deleted+{GONE}@ente.io", delete_feedback='{"reason": "x"}')
    row("tokens", user_id=ALICE, token=PLAIN, app="photos", creation_time=NOW, last_used_at=NOW, ip="10.0.0.1", user_agent="web")
    row("tokens", user_id=BOB, token_hash=hashlib.sha256(HASHED.encode()).digest(), app="photos", creation_time=NOW, last_used_at=NOW)
    row("tokens", user_id=BOB, token="ended", app="photos", creation_time=NOW, last_used_at=NOW, is_deleted=True)
    cipher, nonce = sealed(SECRET)
    row("two_factor", user_id=ALICE, encrypted_two_factor_secret=cipher, two_factor_secret_decryption_nonce=nonce,
        recovery_encrypted_two_factor_secret="cmVj", recovery_two_factor_secret_decryption_nonce="bm9u")  # fmt: skip
    row("passkeys", id=uuid.UUID(int=5), user_id=BOB, friendly_name="phone")
    row("passkey_credentials", passkey_id=uuid.UUID(int=5), credential_id="Y3JlZA==", public_key="a2V5", authenticator_transports="usb,nfc")
    row("subscriptions", user_id=ALICE, storage=123 << 30, expiry_time=NOW)
    times = {"created_at": NOW, "updated_at": NOW}
    row("entity_key", user_id=ALICE, type="location", encrypted_key="ZQ==", header="aA==", **times)
    row("entity_data", id="e1", user_id=ALICE, type="location", encrypted_data="ZA==", header="aA==", **times)
    row("authenticator_key", user_id=ALICE, encrypted_key="ZQ==", header="aA==", **times)
    row("authenticator_entity", id=uuid.UUID(int=7), user_id=ALICE, encrypted_data="ZA==", header="aA==", **times)
    row("remote_store", user_id=ALICE, key_name="mapEnabled", key_value="true", **times)
    row("collections", collection_id=ALBUM, owner_id=ALICE, encrypted_key="a2V5", key_decryption_nonce="bg==", encrypted_name="bmFtZQ==",
        name_decryption_nonce="bg==", type="album", attributes='{"version": 1}', updation_time=NOW + 5)  # fmt: skip
    row("collection_shares", collection_id=ALBUM, from_user_id=ALICE, to_user_id=BOB, encrypted_key="c2VhbGVk", updation_time=NOW + 4)
    magic = '{"version": 3, "count": 1, "data": "ZA==", "header": "aA=="}'
    for file_id, keys_of in ((PHOTO, (PHOTO_KEY, THUMB_KEY)), (TRASHED, (TRASHED_KEY, TRASHED_THUMB_KEY)), (DELETED, ())):
        row("files", file_id=file_id, owner_id=ALICE,
            file_decryption_header="fh", thumbnail_decryption_header="th", metadata_decryption_header="mh",
            encrypted_metadata="bWV0YQ==" if keys_of else "-", magic_metadata=magic, info="{}", updation_time=NOW)  # fmt: skip
        row("collection_files", file_id=file_id, collection_id=ALBUM, encrypted_key="Zms=", key_decryption_nonce="bg==",
            is_deleted=file_id != PHOTO, updation_time=NOW + 1, c_owner_id=ALICE)  # fmt: skip
        for kind, name in zip(("file", "thumbnail"), keys_of, strict=False):
            row("object_keys", file_id=file_id, o_type=kind, object_key=name, size=len(BYTES[name]))
    row("trash", file_id=TRASHED, user_id=ALICE, collection_id=ALBUM, delete_by=NOW * 2, **times)
    row("trash", file_id=DELETED, user_id=ALICE, collection_id=ALBUM, is_deleted=True, delete_by=NOW, **times)
    row("file_data", file_id=PHOTO, user_id=ALICE, data_type="mldata", size=60, updated_at=NOW)
    row("file_data", file_id=PHOTO, user_id=ALICE, data_type="vid_preview", size=7, obj_id="pv_1", updated_at=NOW)
    row("public_collection_tokens", collection_id=ALBUM, access_token="A1B2C3D4", **times)
    row("contact_entity", id="ct_1", user_id=ALICE, contact_user_id=BOB, encrypted_key=b"key", encrypted_data=b"data", **times)
    row("families", id=uuid.UUID(int=9), admin_id=ALICE)


@pytest.fixture
def museum(url: str) -> str:
    with psycopg.connect(url) as db:
        db.execute("CREATE SCHEMA museum")
        db.execute("SET search_path = museum")
        db.execute((Path(__file__).parent / "museum_tables.sql").read_bytes())
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
        return await importing.bring_over(world.kernel, db, source.Keys(key), importing.Objects(world.kernel.store, folder))


async def test_it_works(world: World, museum: str, folder: Path) -> None:
    report = await come(world, museum, folder)
    assert (report.missing, report.problems) == ([], {})
    assert report.left == {"families": "1 rows do not come", "public_file_tokens": "this museum has no public_file_tokens"}
    assert report.objects == {"copied": 7}
    assert report.came["users"] == 3
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
    assert (details["email"], details["usage"], details["subscription"]["storage"]) == ("alice@example.org", 28, 123 << 30)
    info = await world.anon().get("/public-collection/info", headers={"X-Auth-Access-Token": "A1B2C3D4"})
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
    assert (second.missing, second.objects) == ([], {"here": 6, "copied": 1})
    assert second.came == first.came
    assert (await fsck.check(world.kernel)).ok


async def test_a_bucket_is_adopted_as_it_is(world: World, museum: str) -> None:
    async def body(data: bytes) -> Any:
        yield data

    for key, data in BYTES.items():
        await world.kernel.store.put(key, body(data), length=len(data), md5=None)
    report = await come(world, museum, None)
    assert (report.objects, report.missing) == ({"adopted": 7}, [])
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

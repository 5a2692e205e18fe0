"""Texts in the database: each column of them is on somebody's account or bounded otherwise, and an account keeps no more than it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.kernel import texts
from app.kernel.clock import MINUTE
from app.kernel.config import Config, Quota, Storage
from app.kernel.parts import Kernel
from app.main import TABLE
from app.maintenance import fsck
from tests.collections import scenes
from tests.entities.test_entities import key, make
from tests.files import photos
from tests.hostile.schema import tables
from tests.inprocess import Person, World, open_world
from tests.social.test_social import comment
from tests.social.test_visitors import named, opened, say

KIB = 1 << 10
LIMIT = 100 * KIB
SHORT = "short: ids, kinds, hashes, names of ours"
ONE = "one row an account"
ELSEWHERE = {
    "users": ONE, "key_attributes": ONE, "srp_auth": ONE, "totp": ONE, "passkey_recovery": ONE, "authenticator_keys": ONE,
    "remote_store": "a dozen known settings", "passkeys": "ten of an account", "legacy_kits": "a hundred of an account",
    "emergency_contacts": "five hundred of an account", "push_tokens": "a hundred of an account", "casts": "fifty of an account, 5,000 of strangers",
    "events": "fifty of an account, 2,000 of strangers", "pastes": "2,000 of all, for a day", "otts": "for minutes, by budget",
    "srp_sessions": "for minutes, by budget", "passkey_ceremonies": "for minutes, by budget", "passkey_logins": "for minutes, by budget",
    "totp_pending": "for minutes, by budget", "sessions": "by the budget of log-ins", "rate_counters": "swept, by budget",
    "legacy_kit_openings": "by budget", "album_links": "a few hundred bytes a request, by budget", "album_link_devices": "by the limit of devices",
    "file_link_devices": "by the limit of devices", "invites": "the operator's", "invite_codes": "the operator's", "admin_acts": "the operator's",
    "admin_entries": "the operator's", "waiting_mail": "for a day, by budget", "job_runs": "the server's", "instance": "the server's",
    "instance_stores": "the server's", "leases": "the server's", "storage_stores": "the server's", "storage_sweeps": "the server's",
    **dict.fromkeys(("usage", "objects", "collection_actions", "trash", "file_data", "totp_logins", "emergency_recoveries", "legacy_kit_sessions",
                     "family_members", "multiparts", "object_copies"), SHORT),
}  # fmt: skip
"""Tables whose texts are not measured, and why they cannot fill a disk."""
SHORT_COLUMNS = {
    "id", "type", "app", "role", "action", "picture_id", "comment_id", "parent_id", "anon_id", "reaction_id", "author", "target", "link_id",
    "token_hash", "token_cipher", "token_nonce", "pass_hash", "pass_nonce", "memory_hash",
}  # fmt: skip


def test_every_column_of_texts_was_thought_of() -> None:
    measured: dict[str, set[str]] = {}
    for name, (columns, _) in texts.MEASURED.items():
        measured.setdefault(name.split()[0], set()).update(c.rpartition(".")[2] for c in columns.split())
    for table, columns_of in tables().items():
        if table not in measured:
            assert table in ELSEWHERE or not any(c.kind in ("TEXT", "BLOB") for c in columns_of), f"measure {table} in kernel.texts, or say why not"
            continue
        assert {c.name for c in columns_of if c.kind in ("TEXT", "BLOB")} - measured[table] <= SHORT_COLUMNS, table


def test_deleting_and_changing_a_password_always_work() -> None:
    full = {(route.method, route.path) for route in TABLE.routes if route.fills}
    assert not [where for where in full if where[0] == "DELETE"]
    assert not [path for _, path in full if path.startswith(("/trash", "/users", "/files/trash", "/family"))]
    assert {("POST", "/user-entity/entity"), ("POST", "/files"), ("POST", "/comments"), ("POST", "/collections")} <= full


def config(folder: Path) -> Config:
    return Config(data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), quota=Quota(texts=LIMIT))


async def measured(kernel: Kernel, who: Person) -> int:
    return await kernel.db.scan(texts.measure, who.user_id)


async def test_an_account_keeps_no_more_than_it_may(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        await key(alice)
        made = [(await make(alice, encryptedData="A" * 20 * KIB))["id"] for _ in range(4)]
        body = {"type": "location", "encryptedData": "A" * 20 * KIB, "header": "aA=="}
        refused = await alice.post("/user-entity/entity", body, expect=426)
        assert "Too much text" in refused.json()["message"]
        assert await measured(world.kernel, alice) <= LIMIT
        await scenes.album(bob)
        await alice.delete(f"/user-entity/entity?id={made[0]}")
        world.clock.advance(MINUTE)
        await alice.post("/user-entity/entity", body)
        assert await measured(world.kernel, alice) <= LIMIT


async def test_replacing_is_not_keeping(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        album = await scenes.album(alice)
        for _ in range(12):
            world.clock.advance(MINUTE)
            await alice.post("/collections/rename", {"collectionID": album, "encryptedName": "A" * 20 * KIB, "nameDecryptionNonce": "bm9uY2U="})
        await world.kernel.texts.flush()
        assert 20 * KIB < await world.kernel.db.read(texts.counted, alice.user_id) <= LIMIT


async def test_what_visitors_write_is_on_the_links_owner(world: World, alice: Person, bob: Person) -> None:
    cid, visitor = await opened(world, alice)
    me = await named(visitor)
    await say(visitor, me)
    await scenes.share(alice, cid, bob)
    before = await measured(world.kernel, alice)
    await comment(bob, cid)
    assert await measured(world.kernel, alice) == before, "an account's own words are its own"
    await world.kernel.texts.flush()
    for who in (alice, bob):
        assert await measured(world.kernel, who) <= await world.kernel.db.read(texts.counted, who.user_id)


async def test_what_the_server_copies_is_counted(world: World, alice: Person, bob: Person) -> None:
    source, target = await scenes.album(alice), await scenes.album(bob)
    await alice.post("/collections/rename", {"collectionID": source, "encryptedName": "A" * 20 * KIB, "nameDecryptionNonce": "bm9uY2U="})
    made = (await alice.post("/files", await photos.body(world, alice, source))).json()["id"]
    await world.kernel.db.write("t", lambda tx: tx.run("UPDATE files SET encrypted_metadata = :m", m="A" * 30 * KIB))
    await scenes.share(alice, source, bob)
    await bob.post("/files/copy", {"srcCollectionID": source, "dstCollection": target, "dstCollectionID": target, "files": scenes.items(made)})
    await alice.post("/collections/unshare", {"collectionID": source, "email": bob.email})
    await world.kernel.texts.flush()
    assert await measured(world.kernel, bob) > 30 * KIB
    assert await measured(world.kernel, bob) <= await world.kernel.db.read(texts.counted, bob.user_id)
    assert await world.kernel.db.read(texts.counted, alice.user_id) >= 40 * KIB, "the name that bob saw last is kept for him"


async def test_fsck_tells_what_each_account_holds(world: World, alice: Person) -> None:
    album = await scenes.album(alice)
    await photos.body(world, alice, album)
    await world.kernel.db.write("t", lambda tx: tx.run("INSERT INTO texts (user_id, bytes) VALUES (:u, 99999999)", u=alice.user_id))
    report = await fsck.check(world.kernel)
    held = report.accounts[alice.user_id]
    assert held["uncommitted"] == 1100
    assert held["texts"] == await measured(world.kernel, alice)


async def test_devices_have_a_bound(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.push.service.MOST_DEVICES", 3)
    for n in range(5):
        world.clock.advance(1)
        await alice.post("/push/token", {"fcmToken": f"token{n}", "apnsToken": ""})
    kept = await world.kernel.db.scan(lambda tx: tx.all("SELECT fcm_token FROM push_tokens ORDER BY fcm_token"))
    assert [t for (t,) in kept] == ["token2", "token3", "token4"]

"""A database with something of every common feature in it, made through the application."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from app.db import Tx
from app.db.copying.raw_sqlite import scratch
from app.db.copying.tables import Table, ordered
from tests.files import photos
from tests.inprocess import AUTH, World

SCHEMA = (Path(__file__).parents[2] / "schema.sql").read_text(encoding="utf-8")


async def fill(world: World) -> None:
    """Accounts, codes, sessions, albums, shares, files, copies, the trash, settings, entities, authenticator codes, budgets, jobs."""
    alice, bob = await world.person("alice"), await world.person("bob é😀")
    src, dst = await photos.album(alice), await photos.album(bob)
    await photos.album(alice, "favorites")
    await photos.share(alice, src, bob, "COLLABORATOR")
    made = [await photos.commit(world, alice, src) for _ in range(5)]
    await photos.staged(world, alice)
    await alice.put("/files/magic-metadata", {"metadataList": [{"id": made[0]["id"], "magicMetadata": photos.MAGIC}]})
    await bob.post("/files/copy", {"srcCollectionID": src, "dstCollectionID": dst, "files": photos.items(made[0]["id"])})
    await photos.trash(alice, (made[1]["id"], src), (made[2]["id"], src))
    await photos.restore(alice, src, made[1]["id"])
    await alice.post("/trash/delete", {"fileIDs": [made[2]["id"]]})
    await bob.post("/collections/suggest-delete", {"collectionID": src, "fileIDs": [made[3]["id"]]}, expect=None)
    await world.anon().post("/users/ott", {"email": "carol@example.org", "purpose": "signup"})
    await alice.post("/remote-store/update", {"key": "mapEnabled", "value": "true"}, expect=None)
    auth = await world.in_app(alice, AUTH)
    await auth.post("/authenticator/key", {"encryptedKey": "a2V5", "header": "aGVhZA=="})
    await auth.post("/authenticator/entity", {"encryptedData": "ZGF0YQ==", "header": "aGVhZA=="})
    await alice.post("/push/token", {"fcmToken": "fcm", "apnsToken": ""}, expect=None)
    await world.kernel.db.write("test.rest", _rest)


def _rest(tx: Tx) -> None:
    """Odd values, then a row in every table that is still empty: nothing is proved about a table without rows."""
    odd = "'; -- \" \\ \t\n \\N é 😀"
    tx.run("INSERT INTO invites (email_hash, created_at) VALUES (:odd, -5)", odd=odd)
    tx.run(
        "INSERT INTO events (id, event, app, platform, data, user_id, created_at) VALUES ('e', :odd, 'photos', '', '', NULL, 9223372036854775807)",
        odd=odd,
    )
    tx.run(
        "INSERT INTO srp_sessions (session_id, srp_user_id, server_secret, client_public, is_fake, created_at) "
        "VALUES ('s', 'srp', :raw, :empty, TRUE, 1)",
        raw=bytes(range(256)),
        empty=b"",
    )
    with closing(scratch()) as db:
        tables = ordered(db.tables())
    for table in tables:
        if not tx.value(f"SELECT count(*) FROM {table.name}"):
            _one_row(tx, table)


def _one_row(tx: Tx, table: Table) -> None:
    (text,) = re.findall(rf"^CREATE TABLE {table.name} \((.*?)^\)", SCHEMA, re.DOTALL | re.MULTILINE)
    refers = {c: (t, k) for c, t, k in re.findall(r"^  (\w+) .*?REFERENCES (\w+)\((\w+)\)", text, re.MULTILINE)}
    values: dict[str, object] = {}
    for column, kind in table.kinds.items():
        if column in refers:
            other, key = refers[column]
            values[column] = tx.value(f"SELECT {key} FROM {other} ORDER BY {key} LIMIT 1")
        elif column != table.identity:
            values[column] = {"int": 1, "text": "x", "bool": True, "bytes": b"x"}[kind]
    tx.run(f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({', '.join(f':{c}' for c in values)})", **values)

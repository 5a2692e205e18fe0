"""No statement of a sync or point route reads a table that grows from end to end: asked of each engine's planner, on tables that have grown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.contacts import service as contacts
from app.db import Tx
from app.db.dialect import with_attributes
from app.db.postgres import replay, statements, values
from app.db.postgres.database import PostgresDatabase
from app.db.postgres.statements import Connection, PostgresTx, configure, simple
from app.db.postgres.values import numbered
from app.db.sqlite import SqliteTx
from app.kernel import sync
from app.legacy import service as legacy
from tests.contacts.test_pictures import attach, staged
from tests.files import photos
from tests.files.test_scale import everything
from tests.inprocess import Person, World, open_world
from tests.legacy.scenes import make_kit, proof

BIG = {
    "users", "sessions", "feeds", "usage", "collections", "collection_shares", "collection_files", "files", "objects", "trash", "file_data",
    "deletions", "srp_sessions", "rate_counters", "contacts", "emergency_contacts", "emergency_recoveries", "legacy_kits", "legacy_kit_sessions",
    "legacy_kit_openings", "object_copies",
}  # fmt: skip
PEOPLE, ALBUMS, FILES = 2000, 4000, 20_000
Statements = dict[str, dict[str, Any]]


def grow(tx: Tx, alice: int, album: int) -> None:
    """2,000 people with two albums each, one of them shared with the next; 20,000 files, 5,000 of them Alice's; one in 25 is in the trash."""
    rows: list[tuple[Any, ...]] = [(n, f"hash{n}") for n in range(PEOPLE)]
    users = [
        u
        for (u,) in tx.all("INSERT INTO users (email_hash, created_at) SELECT r.h, r.n FROM :r[n int, h text] r WHERE TRUE RETURNING user_id", r=rows)
    ]
    tx.run("INSERT INTO feeds (user_id, stamp) SELECT r.u, 5 FROM :r[u int] r", r=[(u,) for u in users])
    tx.run("INSERT INTO usage (user_id, app, bytes, files) SELECT r.u, 'photos', 0, 0 FROM :r[u int] r", r=[(u,) for u in users])
    for u in users:
        tx.run(
            "INSERT INTO sessions (token_hash, user_id, app, handle, created_at, last_used_at) VALUES (:t, :u, 'photos', 'h', 1, 1)", t=b"%d" % u, u=u
        )
    grow_trust(tx, users)
    made = tx.all(
        "INSERT INTO collections (owner_id, app, type, encrypted_key, key_nonce, attributes, created_at, updation_time) "
        "SELECT r.u, 'photos', 'album', 'k', 'n', '{}', 1, r.n FROM :r[u int, n int] r WHERE TRUE RETURNING collection_id, owner_id",
        r=[(users[n % PEOPLE], n) for n in range(ALBUMS)],
    )
    place = {u: i for i, u in enumerate(users)}
    tx.run(
        "INSERT INTO collection_shares (collection_id, to_user_id, encrypted_key, role, shared_at, updation_time) "
        "SELECT r.c, r.u, 'k', 'VIEWER', 1, 1 FROM :r[c int, u int] r",
        r=[(c, users[(place[u] + 1) % PEOPLE]) for c, u in made],
    )
    homes = [(c, u) for c, u in made]
    where = [(album, alice) if n % 4 == 0 else homes[n % ALBUMS] for n in range(FILES)]
    objects = tx.all(
        "INSERT INTO objects (object_key, owner_id, store, size, state, created_at) "
        "SELECT r.k, r.u, 'main', 1, 'stored', r.n FROM :r[n int, k text, u int] r WHERE TRUE RETURNING object_id",
        r=[(n, f"{u}/big-{n}", u) for n, (_, u) in enumerate(where)],
    )
    files = tx.all(
        "INSERT INTO files (owner_id, app, file_object_id, thumb_object_id, file_size, thumb_size, metadata_header, encrypted_metadata, created_at, "
        "updation_time) SELECT r.u, 'photos', r.o, r.o, 1, 1, 'h', 'm', 1, r.n FROM :r[n int, u int, o int] r WHERE TRUE "
        "RETURNING file_id, updation_time",
        r=[(n, u, o) for n, ((_, u), (o,)) in enumerate(zip(where, objects, strict=True))],
    )
    rows = [(where[n][0], f, where[n][1], n, n % 25 == 4) for f, n in files]
    tx.run(
        "INSERT INTO collection_files (collection_id, file_id, owner_id, encrypted_key, key_nonce, is_deleted, added_at, updation_time) "
        "SELECT r.c, r.f, r.u, 'k', 'n', r.gone, 1, r.n FROM :r[c int, f int, u int, n int, gone bool] r",
        r=rows,
    )
    tx.run(
        "INSERT INTO trash (file_id, user_id, app, collection_id, delete_by, created_at, updated_at) "
        "SELECT r.f, r.u, 'photos', r.c, :later, 1, r.n FROM :r[c int, f int, u int, n int] r",
        r=[(c, f, u, n) for c, f, u, n, gone in rows if gone],
        later=1 << 52,
    )
    tx.run(
        "INSERT INTO file_data (file_id, type, user_id, object_id, size, updated_at) SELECT r.f, 'mldata', r.u, r.o, 1, r.n "
        "FROM :r[f int, u int, o int, n int] r",
        r=[(f, u, o, n) for (_, f, u, n, _), (o,) in zip(rows, objects, strict=True)],
    )
    now = sync.stamp(tx, 1, [alice])
    tx.run("UPDATE collections SET updation_time = :now WHERE collection_id = :album", now=now + FILES, album=album)


def grow_trust(tx: Tx, users: list[int]) -> None:
    """Everybody keeps the next one as a contact and trusts them, who is recovering the account; has a kit, which was opened."""
    pairs = [(u, users[(n + 1) % len(users)], n, f"{u}") for n, u in enumerate(users)]
    for sql in (
        "INSERT INTO contacts (id, user_id, contact_user_id, encrypted_key, encrypted_data, created_at, updated_at) "
        "SELECT r.k, r.u, r.v, '', '', 1, r.n",
        "INSERT INTO emergency_contacts (user_id, contact_id, state, notice_days, encrypted_key, created_at, updated_at) "
        "SELECT r.u, r.v, 'ACCEPTED', 7, '', 1, 1",
        "INSERT INTO emergency_recoveries (id, user_id, contact_id, status, wait_till, remind_at, created_at, updated_at) "
        "SELECT r.k, r.u, r.v, 'WAITING', r.n, r.n, 1, 1",
        "INSERT INTO legacy_kits (id, user_id, notice_hours, recovery_blob, owner_blob, auth_public_key, created_at, updated_at) "
        "SELECT r.k, r.u, 24, '', '', '', 1, 1",
        "INSERT INTO legacy_kit_sessions (id, kit_id, status, wait_till, remind_at, created_at, updated_at) "
        "SELECT r.k, r.k, 'WAITING', r.n, r.n, 1, 1",
    ):
        tx.run(f"{sql} FROM :r[u int, v int, n int, k text] r", r=pairs)
    for *_, key in pairs:
        tx.run(
            "INSERT INTO legacy_kit_openings (token_hash, session_id, challenge_hash, part_indexes, ip, user_agent, created_at) "
            "VALUES (:h, :k, :h, '[]', '', '', 1)",
            h=key.encode(),
            k=key,
        )


async def trusting(world: World, alice: Person, bob: Person) -> None:
    """Contacts, trusted people and kits: every call that is made again and again."""
    await alice.post("/emergency-contacts/add", {"email": bob.email, "encryptedKey": "eA=="})
    pair = {"userID": alice.user_id, "emergencyContactID": bob.user_id}
    await bob.post("/emergency-contacts/update", {**pair, "state": "ACCEPTED"})
    await bob.post("/emergency-contacts/start-recovery", pair)
    (begun,) = (await bob.get("/emergency-contacts/info")).json()["othersRecoverySession"]
    await alice.post("/emergency-contacts/approve-recovery", {"id": begun["id"], **pair})
    await bob.get(f"/emergency-contacts/recovery-info/{begun['id']}")
    made = (await alice.post("/contacts", {"contactUserID": bob.user_id, "encryptedKey": "eA==", "encryptedData": "eA=="})).json()
    await attach(alice, made, await staged(alice))
    for path in (f"/contacts/{made['id']}", "/contacts/diff?sinceTime=0&limit=100", f"/contacts/{made['id']}/attachments/profile_picture"):
        await alice.get(path)
    kit, finder = await make_kit(alice, 24), world.anon()
    opened = await kit.open(finder)
    await finder.post("/legacy-kits/recovery/session", proof(opened))
    for path in ("/legacy-kits", f"/legacy-kits/{kit.id}/recovery-session"):
        await alice.get(path)
    await alice.delete(f"/contacts/{made['id']}")
    await alice.delete(f"/legacy-kits/{kit.id}")
    await world.kernel.db.write("test.address", contacts.address_changed, bob.user_id, world.clock.now())
    await world.kernel.db.write("test.close", legacy.forget_person, alice.user_id, world.clock.now())


async def routes(world: World, alice: Person, bob: Person, album: int) -> None:
    """Every sync and point route once, with cursors at the beginning, in the middle and at the end."""
    await photos.share(alice, album, bob)
    for since in (0, FILES // 2, 1 << 60):
        for path in ("/collections/v2?", "/collections/v3?", f"/collections/v2/diff?collectionID={album}&", "/trash/v2/diff?"):
            await alice.get(f"{path}sinceTime={since}")
            await bob.get(f"{path}sinceTime={since}")
    made = await photos.commit(world, alice, album)
    for who in (alice, bob):
        await who.get(f"/collections/{album}")
        await who.get(f"/collections/file?collectionID={album}&fileID={made['id']}")
        await who.get(f"/files/download/{made['id']}", expect=307)
        await who.get(f"/files/preview/{made['id']}", expect=307)
        await who.get("/users/session-validity/v2")
        await who.get("/users/details/v2")
        await who.get("/users/sessions")
    await alice.get(f"/collections/sharees?collectionID={album}")
    await alice.get("/files/upload-urls?count=2")
    await alice.get(f"/users/public-key?email={bob.email}")
    await alice.post("/collections/rename", {"collectionID": album, "encryptedName": "eA==", "nameDecryptionNonce": "eA=="})
    await trusting(world, alice, bob)
    await bob.post(f"/collections/leave/{album}")
    await everything(world, alice, bob)


def capture(monkeypatch: pytest.MonkeyPatch) -> Statements:
    seen: Statements = {}
    execute, make = SqliteTx._execute, values.statement_of

    def on_sqlite(self: SqliteTx, text: str, of: object, params: dict[str, Any]) -> Any:
        note(text, of, params)
        return execute(self, text, of, params)

    def on_postgres(text: str, of: object, params: dict[str, Any]) -> Any:
        note(text, of, params)
        return make(text, of, params)

    def note(text: str, of: object, params: dict[str, Any]) -> None:
        if text not in seen:
            seen[text] = with_attributes(text, dict(params), of)

    monkeypatch.setattr(SqliteTx, "_execute", on_sqlite)
    for module in (statements, replay):
        monkeypatch.setattr(module, "statement_of", on_postgres)
    return seen


async def test_an_index_serves_every_statement(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_world(engine, tmp_path) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        album = await photos.album(alice)
        await world.kernel.db.write("test.grow", grow, alice.user_id, album)
        await world.kernel.db.write("test.analyze", lambda tx: tx.run("ANALYZE"))
        with monkeypatch.context() as patch:
            patch.setattr("tests.inprocess.strict.check", lambda *_: None)  # of pages of 2,500 rows, which others look at
            patch.setattr(sync, "PAGE", 250)  # as much smaller than 2,500 as this library is than a large one: else reading it whole is right
            patch.setattr(sync.page, "__defaults__", (250,))
            seen = capture(patch)
            await routes(world, alice, bob, album)
        asked = {text: params for text, params in seen.items() if text.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")}
        assert len(asked) > 70
        if isinstance(world.kernel.db, PostgresDatabase):
            found = postgres_scans(world.kernel.db.url, asked)
        else:
            found = [wrong for text, params in asked.items() if (wrong := await sqlite_scans(world, text, params))]
        assert not found, "\n".join(found)


async def sqlite_scans(world: World, text: str, params: dict[str, Any]) -> str:
    """What a plan reads whole, with the statement; "" when an index serves."""
    plan = await world.kernel.db.read(lambda tx: tx.all(f"EXPLAIN QUERY PLAN {text}", **params))
    tables = {alias: table for table, alias in re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO) (\w+) (?:AS )?([a-z]\w?)\b", text)}
    lines = [line for *_, line in plan if line.startswith("SCAN") and tables.get(line.split()[1], line.split()[1]) in BIG]
    return f"{'; '.join(lines)}: {text}" if lines else ""


def postgres_scans(url: str, asked: Statements) -> list[str]:
    """The plan for these values, and the one without knowledge of values, which is what Darkroom's connections ask for.

    On a disk without heads (random_page_cost): the default believes that reading 4,000 rows is cheaper than looking up 100.
    """
    found = []
    with Connection.connect(url, autocommit=True) as db:
        configure(db)
        simple(db, b"SET random_page_cost = 1.1")
        for text, params in asked.items():
            found.append(whole([line for (line,) in PostgresTx(db).all(f"EXPLAIN {text}", **params)], text))
            if db.info.server_version >= 160_000:
                result = db.pgconn.exec_(b"EXPLAIN (GENERIC_PLAN) " + numbered(text)[0])
                assert result.ntuples, (text, result.get_error_message())
                lines = [(result.get_value(n, 0) or b"").decode() for n in range(result.ntuples)]
                found.append(whole(lines, f"(generic) {text}"))
    return [f for f in found if f]


def whole(plan: list[str], text: str) -> str:
    lines = [line.strip() for line in plan if (m := re.search(r"Seq Scan on (\w+)", line)) and m[1] in BIG]
    return f"{'; '.join(lines)}: {text}" if lines else ""

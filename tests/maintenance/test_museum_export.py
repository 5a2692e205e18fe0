"""`darkroom export-museum`: what came from a museum goes into another one as it was, and comes back from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from nacl.bindings import crypto_secretbox_open_easy

from app.cli import main
from app.maintenance import fsck
from app.maintenance.museum import exporting, importing, source
from app.maintenance.museum.objects import Objects
from app.maintenance.museum.seals import Seals
from app.maintenance.vault import Unfit
from tests.engines import drop_postgres, empty_postgres, postgres_url
from tests.inprocess import Api, World, open_world
from tests.maintenance.museum_rows import ALICE, BYTES, DERIVED, HASHED, HOT, KEY, PHOTO, PLAIN, SECRET, TABLES, fill
from tests.rows import insert

SEALS = Seals(KEY, bytes(range(64)))
AFRESH = {"created_at", "updated_at", "email_hash", "encrypted_email", "email_decryption_nonce", "two_factor_secret_hash", "last_notified_at",
          "encrypted_two_factor_secret", "two_factor_secret_decryption_nonce", "id", "share_id"}  # fmt: skip
"""Columns that are made anew: sealed with another nonce, counted, or of no meaning outside."""
LEFT = {"public_paste_tokens", "casting", "two_factor_recovery", "storage_bonus", "usage", "tokens", "events", "emergency_recovery", "subscriptions"}
"""Tables that are looked at one by one, or do not go."""


@pytest.fixture
def museums() -> Iterator[tuple[str, str]]:
    """A full one and an empty one."""
    if postgres_url() is None:
        pytest.skip("no PostgreSQL here")
    urls = empty_postgres(), empty_postgres()
    for n, url in enumerate(urls):
        with psycopg.connect(url) as db:
            db.execute(TABLES)
            if n == 0:
                fill(db)
    yield urls
    for url in urls:
        drop_postgres(url)


async def come(world: World, museum: str, folder: Path) -> importing.Report:
    for key, data in {} if folder.exists() else BYTES.items():
        file = folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    with source.opened(museum) as db:
        return await importing.bring_over(world.kernel, db, source.Keys(KEY), Objects(world.kernel.store, folder))


def rows(url: str, table: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as db:
        cursor = db.execute(f"SELECT * FROM {table}".encode())
        names = [c.name for c in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def alike(url: str, table: str) -> list[str]:
    """Rows as far as they should be the same; what was null and is empty now is."""
    kept = [{k: v if v != "" else None for k, v in row.items() if k not in AFRESH} for row in rows(url, table)]
    if table == "files":
        kept = [{k: v for k, v in row.items() if k != "info"} for row in kept]
    if table == "legacy_kit_recovery_session":
        kept = [{k: v for k, v in row.items() if k != "next_reminder_at"} for row in kept]
    if table in ("emergency_contact", "families"):  # notice is whole days here; an invitation's token is made of its row
        kept = [{k: -(-v // 24) if k == "notice_period_in_hrs" else v for k, v in row.items() if k != "token"} for row in kept]
    if table == "collection_shares":
        kept = [{k: v for k, v in row.items() if k != "shared_at"} for row in kept]
    return sorted(json.dumps(row, default=repr, sort_keys=True) for row in kept)


async def test_it_goes_as_it_came_and_comes_back(world: World, engine: str, museums: tuple[str, str], tmp_path: Path) -> None:
    full, empty = museums
    await come(world, full, tmp_path / "bucket")
    out = tmp_path / "out"
    report = await exporting.hand_over(world.kernel, empty, SEALS, out, HOT)
    assert (report.missing, report.objects) == ([], {"copied": 8})
    assert {key.relative_to(out).as_posix(): key.read_bytes() for key in out.rglob("*") if key.is_file()} == BYTES
    assert set(report.left) == {"pastes", "casts", "passkey_recovery"}
    with psycopg.connect(full) as db:
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        tables = {name for (name,) in db.execute(sql).fetchall()} - LEFT - {"object_copies"}
    assert {t: alike(empty, t) for t in tables} == {t: alike(full, t) for t in tables}
    assert {r["storage"] for r in rows(empty, "subscriptions")} == {123 << 30}
    assert [r["storage"] for r in rows(empty, "storage_bonus")] == [3]
    assert [(r["user_id"], r["storage_consumed"]) for r in rows(empty, "usage")] == [(ALICE, 28)]
    assert [r["status"] for r in rows(empty, "emergency_recovery")] == ["WAITING"]
    (factor,) = rows(empty, "two_factor")
    assert crypto_secretbox_open_easy(factor["encrypted_two_factor_secret"], factor["two_factor_secret_decryption_nonce"], KEY).decode() == SECRET
    assert {r["email_hash"] for r in rows(empty, "users")} >= {SEALS.hash("alice@example.org"), SEALS.hash("bob@example.org")}
    with pytest.raises(Unfit, match="has accounts"):
        await exporting.hand_over(world.kernel, empty, SEALS, out, HOT)
    (tmp_path / "again").mkdir()
    async with open_world("sqlite", tmp_path / "again") as other:
        back = await come(other, empty, out)
        assert (back.bad, back.missing, back.damaged, back.problems) == ({}, [], {}, {})
        assert (await fsck.check(other.kernel)).ok
        for token in (PLAIN, HASHED):
            place = (await Api(other.app, token).get(f"/files/download/{PHOTO}", expect=307)).headers["location"]
            assert (await other.anon().get(place.removeprefix("http://darkroom.test"))).content == b"the photo"


async def test_what_was_made_here_goes_where_museum_looks(world: World, museums: tuple[str, str], tmp_path: Path) -> None:
    """Derived data has keys of its own here; what a killed run brought stays."""
    full, empty = museums
    await come(world, full, tmp_path / "bucket")
    fresh = world.kernel.crypto.mint_key(ALICE)

    async def body() -> Any:
        yield b"new faces"

    await world.kernel.store.put(fresh, body(), length=9, md5=None)

    def renew(tx: Any) -> None:
        made = insert(tx, "objects", object_key=fresh, owner_id=ALICE, size=9, state="stored", store=world.kernel.store.name)
        tx.run("UPDATE file_data SET object_id = :o, size = 9 WHERE type = 'mldata'", o=made)
        tx.run("UPDATE album_links SET pass_hash = 'x', pass_nonce = 'n', mem_limit = 1, ops_limit = 1")

    await world.kernel.db.write("test.renew", renew)
    out = tmp_path / "out"
    (out / DERIVED).mkdir(parents=True)
    (out / DERIVED / "mldata").write_bytes(b"half")
    await world.kernel.store.delete(f"{DERIVED}/vid_preview/pv_1")
    report = await exporting.hand_over(world.kernel, empty, SEALS, out, HOT)
    assert (report.missing, report.plain()["ok"]) == ([f"{DERIVED}/vid_preview/pv_1"], False)
    assert (out / DERIVED / "mldata").read_bytes() == b"new faces"
    (link,) = rows(empty, "public_collection_tokens")
    assert (link["is_disabled"], link["pw_hash"]) == (True, None)  # it does not open without its password
    assert "disabled" in report.left["album_links"]


async def test_refusals(world: World, museums: tuple[str, str], tmp_path: Path, url: str) -> None:
    with pytest.raises(Unfit, match="no bucket elsewhere"):
        await exporting.hand_over(world.kernel, museums[1], SEALS, tmp_path, "elsewhere")
    bare = empty_postgres()
    with pytest.raises(Unfit, match="no museum database"):
        await exporting.hand_over(world.kernel, bare, SEALS, tmp_path, HOT)
    drop_postgres(bare)
    with pytest.raises(Unfit, match="museum's database"):
        await exporting.hand_over(world.kernel, "postgresql://nobody@127.0.0.1:1/x", SEALS, tmp_path, HOT)


def test_as_a_command(tmp_path: Path, museums: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "museum.yaml"
    keys.write_text(f"key:\n  encryption: {'A' * 43}=\n")
    command = ["export-museum", "--data-dir", str(tmp_path / "data"), "--postgres", museums[1], "--objects", str(tmp_path / "out")]
    assert main.main([*command, "--museum-config", str(keys)]) == 1
    assert "key.hash is needed" in capsys.readouterr().err
    keys.write_text(f"key:\n  encryption: {'A' * 43}=\n  hash: {'A' * 86}==\n")
    assert main.main([*command, "--museum-config", str(keys)]) == 0
    assert "Everything went." in capsys.readouterr().out

"""Backup, drill, restore and pruning, on both engines; while people upload and while things are deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli import build
from app.db import Tx
from app.db.copying.opening import opened
from app.db.sqlite import SqliteDatabase
from app.kernel import secrets_file
from app.kernel.clock import DAY, HOUR, SECOND
from app.kernel.config import Backup, Config, Storage
from app.kernel.parts import Kernel
from app.maintenance import backup, fsck, places, restore, schedule, vault, verify
from app.maintenance.backup import reading
from app.objects import deletion
from storage_backends import FilesystemStore, ObjectStore
from tests.collections.scenes import album
from tests.engines import drop_postgres, new_postgres, postgres_url
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import commit_bytes, uploaded


@pytest.fixture
async def world(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """With its objects in a folder, unless told otherwise, and its secrets in a file."""
    async with open_world(engine, tmp_path / "live" if _made(tmp_path / "live") else tmp_path, store=getattr(request, "param", "filesystem")) as w:
        secrets_file.create(tmp_path / "live" / "secrets.toml", w.kernel.crypto._secrets)
        yield w


def _made(folder: Path) -> bool:
    folder.mkdir()
    return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


async def photo(who: Person, text: str) -> int:
    return await commit_bytes(who, await album(who), f"photo {text}".encode(), f"thumb {text}".encode())


async def take(world: World, folder: Path) -> backup.Report:
    world.clock.advance(SECOND)
    return await backup.take(world.kernel, folder)


async def drill(folder: Path, name: str | None = None) -> verify.Report:
    async with places.opened(folder) as place:
        return await verify.verify(place, name)


async def back(folder: Path, data: Path, name: str | None = None, *, url: str | None = None, store: str = "main") -> restore.Report:
    data.mkdir(exist_ok=True)
    stores: dict[str, ObjectStore] = {store: FilesystemStore(store, data)}
    async with places.opened(folder) as place:
        return await restore.restore(place, name, restore.Target(data, stores, url))


async def whole(data: Path, store: str = "main") -> fsck.Report:
    """What fsck says of the restored installation, started as the server starts it."""
    config = Config(data_dir=data, storage=(Storage(name=store),))
    async with build.started(config) as kernel:
        await build.check_parts(kernel)
        return await fsck.check(kernel)


@pytest.mark.parametrize("world", ["filesystem", "memory"], indirect=True)
async def test_it_works(world: World, alice: Person, bob: Person, folder: Path, tmp_path: Path) -> None:
    for n in range(3):
        await photo(alice, str(n))
    await photo(bob, "of bob")
    await uploaded(bob, b"not committed")
    report = await take(world, folder)
    assert (report.objects, report.missing, report.damaged) == (9, [], [])
    assert (report.linked, report.copied) == ((9, 0) if world.kernel.store.kind == "filesystem" else (0, 9))
    checked = await drill(folder)
    assert (checked.faults, checked.users, checked.files, checked.objects) == ([], 2, 4, 9)
    done = await back(folder, tmp_path / "new")
    assert (done.objects, done.damaged, done.files) == (9, [], 4)
    report_of_new = await whole(tmp_path / "new")
    assert (report_of_new.ok, report_of_new.objects, report_of_new.listed) == (True, 9, 9)
    assert not list((tmp_path / "new").glob(".restoring*"))
    assert (tmp_path / "new" / "secrets.toml").stat().st_mode & 0o77 == 0


async def test_what_was_uploaded_comes_out(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    file_id = await photo(alice, "1")
    await take(world, folder)
    await back(folder, tmp_path / "new")
    store = FilesystemStore("main", tmp_path / "new")
    with reading(tmp_path / "new" / "darkroom.db") as tx:
        sql = "SELECT o.object_key FROM files f JOIN objects o ON o.object_id = f.file_object_id WHERE f.file_id = :f"
        key = tx.value(sql, f=file_id)
        assert tx.value("SELECT count(*) FROM sessions") == 1
    assert b"".join([block async for block in await store.open(key)]) == b"photo 1"


async def test_the_next_one_copies_what_is_new(world: World, alice: Person, folder: Path) -> None:
    await photo(alice, "1")
    first = await take(world, folder)
    await photo(alice, "2")
    second = await take(world, folder)
    assert (first.linked, second.linked, second.objects) == (2, 2, 4)
    assert [(await drill(folder, name)).objects for name in (first.name, second.name)] == [2, 4]


async def test_two_in_one_second_are_two_in_order(world: World, alice: Person, folder: Path) -> None:
    await photo(alice, "one")
    first = await backup.take(world.kernel, folder)
    await photo(alice, "two")
    second = await backup.take(world.kernel, folder)
    assert vault.Vault(folder).names() == [first.name, second.name]
    assert (first.objects, second.objects) == (2, 4)


async def test_pruning_keeps_what_the_newer_ones_need(world: World, alice: Person, folder: Path) -> None:
    gone = await photo(alice, "1")
    await photo(alice, "2")
    await take(world, folder)
    await world.kernel.db.write("test.gone", _forget, gone)
    await take(world, folder)
    with vault.opened(folder) as place:
        assert len(list(place.pool.glob("*/*"))) == 4
        names, count, size = place.prune(1)
        assert (len(names), count, size) == (1, 2, 14)
        assert len(list(place.pool.glob("*/*"))) == 2
    assert (await drill(folder)).faults == []


def _forget(tx: Tx, file_id: int) -> None:
    run = tx.run
    ids = tx.one("SELECT file_object_id, thumb_object_id FROM files WHERE file_id = :f", f=file_id)
    run("DELETE FROM collection_files WHERE file_id = :f", f=file_id)
    run("DELETE FROM files WHERE file_id = :f", f=file_id)
    run("DELETE FROM objects WHERE object_id IN (:ids[])", ids=list(ids))
    run("UPDATE usage SET files = files - 1, bytes = bytes - 14")


async def test_uploads_and_deletions_go_on(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    doomed = await photo(alice, "doomed")
    await world.kernel.db.write("test.due", _schedule, doomed, world.clock.now())

    async def live() -> None:
        for n in range(12):
            await photo(alice, str(n))
            await deletion.run_deletions(world.kernel)

    going = asyncio.create_task(live())
    reports = [await take(world, folder) for _ in range(3)]
    await going
    assert all(not r.missing and not r.damaged for r in reports)
    for n, report in enumerate(reports):
        assert (await drill(folder, report.name)).faults == []
        await back(folder, tmp_path / str(n), report.name)
        assert (await whole(tmp_path / str(n))).ok


def _schedule(tx: Tx, file_id: int, now: int) -> None:
    run = tx.run
    run("UPDATE files SET is_deleted = TRUE WHERE file_id = :f", f=file_id)
    run("UPDATE collection_files SET is_deleted = TRUE WHERE file_id = :f", f=file_id)
    run("UPDATE usage SET files = files - 1, bytes = bytes - 24")
    run(
        "INSERT INTO deletions (object_id, due_at, owner_id, held) SELECT object_id, :now, owner_id, size FROM objects WHERE object_id IN "
        "(SELECT file_object_id FROM files WHERE file_id = :f UNION SELECT thumb_object_id FROM files WHERE file_id = :f)",
        f=file_id,
        now=now,
    )


async def test_an_upload_whose_bytes_have_gone_is_not_promised(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    key = await uploaded(alice, b"gone")
    await uploaded(alice, b"there")
    await world.kernel.store.delete(key)
    report = await take(world, folder)
    assert (report.objects, report.missing) == (1, [])
    assert (await drill(folder)).faults == []
    await back(folder, tmp_path / "new")
    assert (await whole(tmp_path / "new")).ok


async def test_missing_and_damaged_photos_are_said(world: World, alice: Person, folder: Path) -> None:
    file_id = await photo(alice, "1")
    sql = (
        "SELECT o.object_key, t.object_key FROM files f JOIN objects o ON o.object_id = f.file_object_id "
        "JOIN objects t ON t.object_id = f.thumb_object_id WHERE f.file_id = :f"
    )
    key, thumb = await world.kernel.db.read(lambda tx: tx.one(sql, f=file_id)) or ("", "")
    await world.kernel.store.delete(key)
    path = world.kernel.store.path(thumb)
    assert path is not None
    path.write_bytes(b"thumb X")
    report = await take(world, folder)
    assert (report.missing, report.damaged) == ([(key, "main")], [(thumb, "main")])
    assert not report.plain()["ok"]
    assert any(key in fault for fault in (await drill(folder)).faults)


async def test_the_drill_sees_rot(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    await photo(alice, "1")
    name = (await take(world, folder)).name
    victim = sorted((folder / "objects").glob("*/*"))[0]
    data = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(data[:-1] + b"?")
    assert any("damaged or missing" in fault for fault in (await drill(folder)).faults)
    assert len((await back(folder, tmp_path / "new")).damaged) == 1
    victim.unlink()
    assert any("damaged or missing" in fault for fault in (await drill(folder)).faults)
    for file in ("objects.jsonl", "darkroom.db"):
        with (folder / "snapshots" / name / file).open("ab") as out:
            out.write(b"\n")
        assert f"{file} is damaged" in (await drill(folder)).faults
    with pytest.raises(vault.Unfit, match="damaged"):
        await back(folder, tmp_path / "newer")
    (folder / "snapshots" / name / "backup.json").write_text("{}")
    with pytest.raises(vault.Unfit, match="cannot be read"):
        await drill(folder)


async def test_refusals(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    with pytest.raises(vault.Unfit, match="not empty"):
        await take(world, tmp_path / "other")
    with pytest.raises(vault.Unfit, match="no complete backup"):
        async with places.opened(folder, make=True) as place:
            await places.chosen(place, None)
    await take(world, folder)
    with pytest.raises(vault.Unfit, match="no backup x"):
        await drill(folder, "x")
    with vault.opened(folder), pytest.raises(vault.Unfit, match="in use"):
        await take(world, folder)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "darkroom.db").touch()
    with pytest.raises(vault.Unfit, match="never writes over"):
        await back(folder, tmp_path / "new")
    (tmp_path / "new" / "darkroom.db").unlink()
    (tmp_path / "new" / "secrets.toml").write_text("another's")
    with pytest.raises(vault.Unfit, match="another installation"):
        await back(folder, tmp_path / "new")
    facts = json.loads((folder / "backup.json").read_text())
    (folder / "backup.json").write_text(json.dumps({**facts, "instance": "x"}))
    with pytest.raises(vault.Unfit, match="another installation"):
        await take(world, folder)


async def test_without_secrets(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    await photo(alice, "1")
    kept = tmp_path / "live" / "secrets.toml"
    report = await backup.take(world.kernel, folder, secrets=False)
    assert not list(folder.rglob("secrets.toml"))
    assert not report.secrets
    assert (await drill(folder)).faults == []
    with pytest.raises(vault.Unfit, match="--secrets"):
        await back(folder, tmp_path / "new")
    stores: dict[str, ObjectStore] = {"main": FilesystemStore("main", tmp_path / "new")}
    async with places.opened(folder) as place:
        await restore.restore(place, None, restore.Target(tmp_path / "new", stores), secrets=kept)
    assert (await whole(tmp_path / "new")).ok
    kept.unlink()
    world.clock.advance(SECOND)
    with pytest.raises(vault.Unfit, match="no-secrets"):
        await backup.take(world.kernel, folder)


async def test_into_a_store_of_another_name(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    await photo(alice, "1")
    await take(world, folder)
    await back(folder, tmp_path / "new", store="disk")
    assert (await whole(tmp_path / "new", "disk")).ok


async def test_into_postgres(world: World, alice: Person, folder: Path, tmp_path: Path) -> None:
    if postgres_url() is None:
        pytest.skip("no PostgreSQL here")
    await photo(alice, "1")
    await take(world, folder)
    url = new_postgres()
    try:
        await back(folder, tmp_path / "new", url=url)
        db = opened(url, writable=False)
        assert (db.count("files"), db.count("objects"), db.count("users")) == (1, 2, 1)
        db.close()
        assert not (tmp_path / "new" / "darkroom.db").exists()
        mark = tmp_path / "new" / restore.MARK
        mark.write_text(str(folder / "snapshots" / vault.Vault(folder).names()[0]))  # killed at its very end
        await back(folder, tmp_path / "new", url=url)
        assert not mark.exists()
        await photo(alice, "2")
        await take(world, folder)
        with pytest.raises(vault.Unfit, match="not empty"):
            await back(folder, tmp_path / "other", url=url)
    finally:
        drop_postgres(url)


async def test_the_schedule(world: World, alice: Person, folder: Path) -> None:
    await photo(alice, "1")
    await schedule.run(world.kernel)  # not configured
    assert not folder.exists()
    kernel = _with(world, Backup(dir=str(folder), every_hours=24, keep=2))
    made = []
    for _ in range(4):
        await schedule.run(kernel)
        await schedule.run(kernel)
        made.append(len(vault.Vault(folder).names()))
        world.clock.advance(DAY)
    assert made == [1, 2, 2, 2]
    world.clock.advance(-2 * DAY)
    world.clock.advance(HOUR)
    await schedule.run(kernel)
    assert len(vault.Vault(folder).names()) == 2


def _with(world: World, wanted: Backup) -> Kernel:

    return replace(world.kernel, config=world.kernel.config.model_copy(update={"backup": wanted}))


async def test_one_backup_holds_deletions_at_a_time(world: World) -> None:
    async with backup.holding(world.kernel, "here"):
        with pytest.raises(vault.Unfit, match="another place"):
            async with backup.holding(world.kernel, "there"):
                pass
        async with backup.holding(world.kernel, "here"):  # the one before was killed
            pass
    async with backup.holding(world.kernel, "there"):
        pass


def test_the_engine_knows_its_url(tmp_path: Path) -> None:
    assert SqliteDatabase(tmp_path / "darkroom.db").url == f"sqlite:///{tmp_path}/darkroom.db"

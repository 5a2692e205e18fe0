"""Backups in a bucket (moto): what goes there, what does not go twice, what comes back, and what an operator reads when it does not work."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli import upgrade_check
from app.kernel import secrets_file
from app.kernel.clock import DAY, MINUTE, SECOND
from app.kernel.config import Backup, Storage
from app.maintenance import backup, place_bucket, places, restore, schedule, sealing, vault, verify
from app.maintenance.place_bucket import BucketPlace
from storage_backends import FilesystemStore, MemoryStore, ObjectStore, S3Store, StoreConfig, Unavailable
from tests import buckets
from tests.buckets import moto_url
from tests.engines import ENGINES, postgres_url
from tests.inprocess import Person, World, open_world
from tests.killing import DyingStore, Points, at_every_point, mortal
from tests.maintenance.test_backup import _forget, photo, whole
from tests.objects.parcels import uploaded

__all__ = ["moto_url"]

CHEAP = {"OPS": 1, "MEM": 1 << 13}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """One is enough for what happens in the bucket, unless a test asks for all."""
    name = str(getattr(request, "param", "sqlite"))
    if name == "postgres" and postgres_url() is None:
        pytest.skip("no PostgreSQL here: set DARKROOM_TEST_POSTGRES_URL")
    return name


@pytest.fixture(autouse=True)
def cheap_sealing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CHEAP.items():
        monkeypatch.setattr(sealing, name, value)


class Scene:
    """A server, and a bucket for its backups that `where` names."""

    def __init__(self, world: World, bucket: StoreConfig, secrets: Path) -> None:
        self.world, self.bucket, self.secrets = world, bucket, secrets
        self.where = f"s3://{bucket.bucket}/of/alice"
        self.settings = Backup(
            dir=self.where,
            endpoint=bucket.endpoint,
            access_key=bucket.access_key,  # type: ignore[arg-type]  # as from a file
            secret_key=bucket.secret_key,  # type: ignore[arg-type]
            passphrase="correct horse",  # type: ignore[arg-type]
        )

    def kernel(self, **changed: Any) -> Any:
        settings = self.settings.model_copy(update=changed)
        return replace(self.world.kernel, config=self.world.kernel.config.model_copy(update={"backup": settings}))

    async def take(self, **changed: Any) -> backup.Report:
        self.world.clock.advance(SECOND)
        return await backup.take(self.kernel(**changed), changed.get("dir", self.where))

    async def drill(self, name: str | None = None) -> verify.Report:
        async with places.opened(self.where, self.settings, writing=False) as place:
            return await verify.verify(place, name)

    async def prune(self, keep: int) -> tuple[list[str], int, int]:
        async with places.opened(self.where, self.settings, clock=self.world.clock) as place:
            return await place.prune(keep)

    async def back(self, data: Path, *, passphrase: str | None = "correct horse", secrets: Path | None = None) -> restore.Report:
        data.mkdir(exist_ok=True)
        stores: dict[str, ObjectStore] = {"main": FilesystemStore("main", data)}
        async with places.opened(self.where, self.settings, writing=False) as place:
            return await restore.restore(place, None, restore.Target(data, stores), passphrase=passphrase, secrets=secrets)

    async def keys(self, prefix: str = "of/alice/") -> list[str]:
        store = S3Store(self.bucket)
        try:
            return [info.key async for info in store.list(prefix)]
        finally:
            await store.close()

    async def remove(self, key: str) -> None:
        store = S3Store(self.bucket)
        await store.delete(key)
        await store.close()

    async def put(self, key: str, data: bytes) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield data

        await self.remove(key)
        store = S3Store(self.bucket)
        await store.put(key, body(), length=len(data), md5=None)
        await store.close()


@pytest.fixture
async def scene(engine: str, tmp_path: Path, moto_url: str) -> AsyncIterator[Scene]:
    live = tmp_path / "live"
    live.mkdir()
    async with open_world(engine, live, store="filesystem") as world:
        secrets_file.create(live / "secrets.toml", world.kernel.crypto._secrets)
        bucket = buckets.on_moto(moto_url, tmp_path)
        yield Scene(world, bucket, live / "secrets.toml")


@pytest.fixture
def world(scene: Scene) -> World:
    return scene.world


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
async def test_it_works(scene: Scene, alice: Person, bob: Person, tmp_path: Path) -> None:
    for n in range(3):
        await photo(alice, str(n))
    await photo(bob, "of bob")
    await uploaded(bob, b"not committed")
    report = await scene.take()
    assert (report.objects, report.copied, report.linked, report.missing, report.damaged) == (9, 9, 0, [], [])
    kept = scene.world.kernel.config.data_dir
    assert not [p for p in kept.iterdir() if p.name.startswith(".backup-")]
    keys = await scene.keys()
    files = sorted(key.rpartition("/")[2] for key in keys if "/snapshots/" in key)
    assert files == ["backup.json", "darkroom.db", "objects.jsonl", "secrets.sealed"]
    assert len([key for key in keys if key.startswith("of/alice/objects/")]) == 9
    assert "of/alice/lock" not in keys
    checked = await scene.drill()
    assert (checked.faults, checked.users, checked.files, checked.objects, checked.secrets) == ([], 2, 4, 9, True)
    done = await scene.back(tmp_path / "new")
    assert (done.objects, done.damaged, done.files, done.linked) == (9, [], 4, 0)
    found = await whole(tmp_path / "new")
    assert (found.ok, found.objects, found.listed) == (True, 9, 9)
    assert (tmp_path / "new" / "secrets.toml").read_text() == scene.secrets.read_text()


def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Objects whose bytes are given to the bucket from now on."""
    names: list[str] = []
    real = S3Store.put

    async def put(self: S3Store, key: str, *args: Any, **kwargs: Any) -> Any:
        if key.startswith("objects/"):
            names.append(key)
        return await real(self, key, *args, **kwargs)

    monkeypatch.setattr(S3Store, "put", put)
    return names


async def test_what_is_there_is_not_sent_again(scene: Scene, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    names = sent(monkeypatch)
    await photo(alice, "1")
    first = await scene.take()
    await photo(alice, "2")
    second = await scene.take()
    assert (first.copied, second.copied, second.objects, len(names)) == (2, 2, 4, 4)
    assert [(await scene.drill(name)).objects for name in (first.name, second.name)] == [2, 4]


async def test_an_interrupted_one_goes_on(scene: Scene, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(4):
        await photo(alice, str(n))
    names = sent(monkeypatch)
    real, left = BucketPlace.bring, 5

    async def bring(self: BucketPlace, *args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Unavailable("the line is cut")
        return await real(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(BucketPlace, "bring", bring)
        patched.setattr(backup, "AT_ONCE", 1)
        with pytest.raises(vault.Unfit, match="the line is cut"):
            await scene.take()
    assert len(names) == 5
    assert not [key for key in await scene.keys() if "/snapshots/" in key]
    report = await scene.take()
    assert (report.objects, report.copied, len(names), len(set(names))) == (8, 3, 8, 8)
    assert (await scene.drill()).faults == []


async def test_what_is_there_but_another_is_replaced(scene: Scene, alice: Person) -> None:
    """Of the same size, and no snapshot says what it is: rot, or an upload of before that was written anew."""
    await photo(alice, "1")
    await scene.take()
    key, _ = await scene.keys("of/alice/objects/")
    store = S3Store(scene.bucket)
    head = await store.head(key)
    await store.close()
    assert head is not None
    for name in [key for key in await scene.keys("of/alice/snapshots/") if key.endswith("backup.json")]:
        await scene.remove(name)
    await scene.put(key, b"?" * head.size)
    report = await scene.take()
    assert (report.copied, report.objects) == (1, 2)
    assert (await scene.drill()).faults == []


async def test_pruning_keeps_what_the_newer_ones_need(scene: Scene, alice: Person) -> None:
    gone = await photo(alice, "1")
    await photo(alice, "2")
    await scene.take()
    await scene.world.kernel.db.write("test.gone", _forget, gone)
    second = await scene.take()
    names, count, size = await scene.prune(1)
    assert (len(names), count, size) == (1, 2, 14)
    assert len(await scene.keys("of/alice/objects/")) == 2
    assert {key.split("/")[3] for key in await scene.keys("of/alice/snapshots/")} == {second.name}
    assert (await scene.drill()).faults == []


async def test_missing_and_damaged_photos_are_said(scene: Scene, alice: Person) -> None:
    file_id = await photo(alice, "1")
    sql = (
        "SELECT o.object_key, t.object_key FROM files f JOIN objects o ON o.object_id = f.file_object_id "
        "JOIN objects t ON t.object_id = f.thumb_object_id WHERE f.file_id = :f"
    )
    key, thumb = await scene.world.kernel.db.read(lambda tx: tx.one(sql, f=file_id)) or ("", "")
    await scene.world.kernel.store.delete(key)
    path = scene.world.kernel.store.path(thumb)
    assert path is not None
    path.write_bytes(b"thumb X")
    report = await scene.take()
    assert (report.missing, report.damaged, report.copied) == ([(key, "main")], [(thumb, "main")], 1)
    again = await scene.take()
    assert (again.missing, again.objects) == ([(key, "main")], 1)


async def test_the_drill_sees_rot(scene: Scene, alice: Person, tmp_path: Path) -> None:
    await photo(alice, "1")
    await scene.take()
    victim, other = await scene.keys("of/alice/objects/")
    await scene.put(victim, b"something else")
    await scene.remove(other)
    faults = (await scene.drill()).faults
    assert len([fault for fault in faults if "damaged or missing" in fault]) == 2
    assert len((await scene.back(tmp_path / "new")).damaged) == 2
    (manifest,) = [key for key in await scene.keys("of/alice/snapshots/") if key.endswith("objects.jsonl")]
    await scene.put(manifest, b"[]")
    assert (await scene.drill()).faults == ["objects.jsonl is damaged"]
    with pytest.raises(vault.Unfit, match=r"objects\.jsonl is damaged"):
        await scene.back(tmp_path / "newer")
    (facts,) = [key for key in await scene.keys("of/alice/snapshots/") if key.endswith("backup.json")]
    await scene.put(facts, b"{}")
    with pytest.raises(vault.Unfit, match="cannot be read"):
        await scene.drill()


async def test_an_interrupted_restore_does_not_fetch_again(scene: Scene, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        await photo(alice, str(n))
    await scene.take()
    real = FilesystemStore.put
    left = 4

    async def full(self: FilesystemStore, *args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Unavailable("the disk is gone")
        return await real(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(FilesystemStore, "put", full)
        patched.setattr(restore, "AT_ONCE", 1)
        with pytest.raises(vault.Unfit, match=r"store main does not take .*: the disk is gone"):
            await scene.back(tmp_path / "new")
    fetched: list[str] = []
    opened = S3Store.open

    async def open_it(self: S3Store, key: str, *args: Any) -> Any:
        fetched.append(key)
        return await opened(self, key, *args)

    with monkeypatch.context() as patched:
        patched.setattr(S3Store, "open", open_it)
        done = await scene.back(tmp_path / "new")
    assert (done.objects, len([key for key in fetched if key.startswith("objects/")])) == (6, 2)
    assert (await whole(tmp_path / "new")).ok


async def test_secrets_go_sealed_or_not_at_all(scene: Scene, alice: Person, tmp_path: Path) -> None:
    await photo(alice, "1")
    report = await scene.take(passphrase=None)
    assert not report.secrets
    assert not [key for key in await scene.keys() if "secrets" in key]
    with pytest.raises(vault.Unfit, match="--secrets"):
        await scene.back(tmp_path / "new")
    await scene.back(tmp_path / "new", secrets=scene.secrets)
    report = await scene.take()
    assert report.secrets
    with pytest.raises(vault.Unfit, match=r"set backup\.passphrase"):
        await scene.back(tmp_path / "newer", passphrase=None)
    with pytest.raises(vault.Unfit, match="another one"):
        await scene.back(tmp_path / "newer", passphrase="wrong")
    assert not (tmp_path / "newer" / "secrets.toml").exists()
    await scene.back(tmp_path / "newer")
    assert (await whole(tmp_path / "newer")).ok


def test_what_is_sealed_opens_with_its_passphrase_only() -> None:
    sealed = sealing.seal("the keys", "correct horse")
    assert "the keys" not in sealed
    assert sealing.unseal(sealed, "correct horse") == "the keys"
    for damaged in ("", "{}", "[]", sealed.replace('"mem": 8192', '"mem": 99999999999999')):
        with pytest.raises(vault.Unfit, match="is damaged"):
            sealing.unseal(damaged, "correct horse")


async def test_a_folder_takes_sealed_secrets_too(scene: Scene, alice: Person, tmp_path: Path) -> None:
    await photo(alice, "1")
    await scene.take(dir=str(tmp_path / "saved"))
    (snapshot,) = (tmp_path / "saved" / "snapshots").iterdir()
    assert (snapshot / "secrets.sealed").exists()
    assert not (snapshot / "secrets.toml").exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dir": "s3://no"}, "is no place"),
        ({"dir": "s3://bucket/a//b"}, "is no place"),
        ({"dir": "s3://bucket/" + "a" * 61}, "is no place"),
        ({"endpoint": None}, r"needs backup\.endpoint"),
        ({"access_key": None}, r"needs backup\.endpoint"),
        ({"dir": "s3://gone-away/x"}, "is the bucket there"),
        ({"endpoint": "http://127.0.0.1:9"}, "is the bucket there"),
    ],
)
async def test_refusals(scene: Scene, alice: Person, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(vault.Unfit, match=said) as refused:
        await scene.take(**changed)
    assert "\n" not in refused.value.log


async def test_a_place_of_somebody_else(scene: Scene, alice: Person) -> None:
    await scene.take()
    facts = f"of/alice/{vault.FACTS}"
    await scene.put(facts, json.dumps({"format": 1, "instance": "x"}).encode())
    with pytest.raises(vault.Unfit, match="another installation"):
        await scene.take()
    await scene.put(facts, b"nothing")
    with pytest.raises(vault.Unfit, match="something else in the place of"):
        await scene.take()
    await scene.put("photos/holiday.jpg", b"jpeg")
    with pytest.raises(vault.Unfit, match="not empty"):
        await scene.take(dir=f"s3://{scene.bucket.bucket}/photos")


async def test_not_into_the_bucket_of_a_store(scene: Scene) -> None:
    own = Storage(name="bucket", kind="s3", endpoint=scene.bucket.endpoint + "/", bucket=scene.bucket.bucket)
    kernel = scene.kernel()
    config = kernel.config.model_copy(update={"storage": (*kernel.config.storage, own)})
    with pytest.raises(vault.Unfit, match="the bucket of store bucket"):
        await backup.take(replace(kernel, config=config), scene.where)


async def test_one_at_a_time(scene: Scene, alice: Person) -> None:
    async with places.opened(scene.where, scene.settings, clock=scene.world.clock):
        with pytest.raises(vault.Unfit, match="in use"):
            await scene.take()
        async with places.opened(scene.where, scene.settings, writing=False) as reading:
            assert await reading.names() == []
    await scene.put("of/alice/lock", place_bucket._lock("killed", scene.world.clock.now()))
    with pytest.raises(vault.Unfit, match="killed less than ten minutes ago"):
        await scene.take()
    scene.world.clock.advance(11 * MINUTE)
    assert (await scene.take()).objects == 0


async def test_who_lost_the_lock_makes_no_snapshot(scene: Scene, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    real = BucketPlace.finish

    async def finish(self: BucketPlace, partial: Path, name: str) -> None:
        await scene.put("of/alice/lock", place_bucket._lock("another", scene.world.clock.now()))
        await real(self, partial, name)

    monkeypatch.setattr(BucketPlace, "finish", finish)
    with pytest.raises(vault.Unfit, match="took this place over"):
        await scene.take()
    assert not [key for key in await scene.keys() if key.endswith("Z/backup.json")]
    assert "of/alice/lock" in await scene.keys()


async def test_the_schedule(scene: Scene, alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    await photo(alice, "1")
    kernel = scene.kernel(keep=1, passphrase=None)
    made = []
    for _ in range(2):
        await schedule.run(kernel)
        await schedule.run(kernel)
        async with places.looked_at(scene.where, scene.settings) as place:
            made += await place.names()
        scene.world.clock.advance(DAY)
    assert len(set(made)) == len(made) == 2
    assert caplog.text.count("WITHOUT secrets.toml") == 2
    name, facts = await upgrade_check._in_bucket(scene.where, kernel.config)
    assert (name, facts.secrets) == (made[1], False)
    with pytest.raises(vault.Unfit) as refused:  # its job's problem, which the administration page shows
        await schedule.run(scene.kernel(dir="s3://gone-away/x"))
    assert "s3://gone-away/x: " in refused.value.log


# --- killed at every point
class Kept(MemoryStore):
    """Objects stay when it is closed."""

    async def close(self) -> None:
        pass


def remembered(points: Points, monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """A bucket in memory, whose changes are points: no server is asked a thousand times."""
    store = Kept("backup")
    monkeypatch.setattr(place_bucket, "_store", lambda *_: DyingStore(store, points))
    return store


async def test_a_backup_killed_at_every_point(scene: Scene, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    points = Points()
    bucket = remembered(points, monkeypatch)
    mortal(scene.world.kernel, points)
    await photo(alice, "first")
    made: list[str] = []

    async def between(nth: int) -> None:
        scene.world.clock.advance(11 * MINUTE)
        async with places.looked_at(scene.where, scene.settings) as place:
            names = await place.names()
        assert set(made) <= set(names)
        if names and names[-1] not in made:  # killed when it was done
            assert (await scene.drill(names[-1])).faults == []
        report = await scene.take()
        assert report.plain()["ok"]
        assert (await scene.drill()).faults == []
        assert await bucket.head("lock") is None
        await scene.prune(1)
        made[:] = [report.name]
        await photo(alice, str(nth))

    seen = await at_every_point(points, scene.take, between)
    assert {"after backup.put", "after backup.delete", "after backup.hold", "before backup.release"} <= seen


async def test_a_restore_killed_at_every_point(scene: Scene, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points, data = Points(), tmp_path / "new"
    remembered(points, monkeypatch)
    for n in range(3):
        await photo(alice, str(n))
    await scene.take()
    real: list[DyingStore] = []

    async def story() -> None:
        data.mkdir(exist_ok=True)
        real.append(DyingStore(FilesystemStore("main", data), points))
        stores: dict[str, ObjectStore] = {"main": real[-1]}
        async with places.opened(scene.where, scene.settings, writing=False) as place:
            await restore.restore(place, None, restore.Target(data, stores), passphrase="correct horse")

    async def between(nth: int) -> None:
        assert (data / "darkroom.db").exists() != (data / restore.MARK).exists()

    seen = await at_every_point(points, story, between)
    assert {"before main.put", "after main.put", "after main.mark"} <= seen
    assert (await whole(data)).ok
    for store in real:
        await store.close()

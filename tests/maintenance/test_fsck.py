"""`darkroom fsck`: what it finds and what it mends, on both engines, beside a server that works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.db import Tx
from app.kernel.clock import DAY
from app.maintenance import fsck
from app.maintenance.consistency import CHECKS
from app.objects import deletion
from storage_backends import Unavailable
from tests.collections.scenes import album
from tests.inprocess import Person, World
from tests.objects.parcels import commit_bytes, row, stored_bytes, uploaded
from tests.rows import insert


async def broken(world: World, *, mend: bool = False) -> dict[str, tuple[int, int]]:
    """Problem → (how many, how many are left)."""
    report = await fsck.check(world.kernel, mend=mend)
    assert report.ok == all(p.left == 0 for p in report.problems)
    return {p.check: (p.count, p.left) for p in report.problems}


async def damage(world: World, sql: str, **values: Any) -> None:
    assert await world.kernel.db.write("test.damage", lambda tx: tx.run(sql, **values)) > 0


@pytest.fixture
async def photo(alice: Person) -> tuple[int, int]:
    """(album, file) of alice."""
    holidays = await album(alice)
    return holidays, await commit_bytes(alice, holidays, b"photo", b"thumb")


async def test_it_works(world: World, alice: Person, photo: tuple[int, int]) -> None:
    await uploaded(alice, b"not committed")
    report = await fsck.check(world.kernel)
    (held,) = report.accounts.values()
    told = {"ok": True, "objects": 3, "listed": 3, "foreign": 0, "unread": {}, "problems": [], "accounts": report.accounts}
    assert report.plain() == told
    assert held.keys() == {"committed", "texts", "uncommitted"}


async def test_a_ledger_that_drifted_is_counted_anew(world: World, alice: Person, photo: tuple[int, int]) -> None:
    await damage(world, "UPDATE usage SET bytes = bytes + 7, files = 9 WHERE user_id = :a", a=alice.user_id)
    name = "the ledger is the sum of the files"
    assert (await broken(world))[name] == (1, 1)
    assert (await broken(world, mend=True))[name] == (1, 0)
    assert await broken(world) == {}
    await damage(world, "DELETE FROM usage WHERE user_id = :a", a=alice.user_id)
    assert await broken(world, mend=True) == {"every owner of files has a ledger": (1, 0)}
    assert await world.kernel.db.read(lambda tx: tx.one("SELECT bytes, files FROM usage WHERE user_id = :a", a=alice.user_id)) == (10, 1)


async def test_rows_without_bytes_are_told_and_stay(world: World, alice: Person, photo: tuple[int, int]) -> None:
    key = await _key_of(world, photo[1])
    await world.kernel.store.delete(key)
    report = await fsck.check(world.kernel, mend=True)
    (problem,) = report.problems
    assert (problem.check, problem.rows, problem.left) == (fsck.MISSING, [[key, "main", "stored", 5, None]], 1)
    assert "backup" in problem.advice
    assert not report.ok
    assert (await row(world, key) or ("",))[0] == "stored"


async def test_bytes_of_another_size_are_missing_bytes(world: World, photo: tuple[int, int]) -> None:
    key = await _key_of(world, photo[1])
    await damage(world, "UPDATE objects SET size = 6 WHERE object_key = :key", key=key)
    (problem,) = (await fsck.check(world.kernel)).problems
    assert problem.rows == [[key, "main", "stored", 6, 5]]


async def test_an_upload_that_lost_its_bytes_is_given_up(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"never committed")
    await world.kernel.store.delete(key)
    assert await broken(world, mend=True) == {fsck.MISSING: (1, 0)}
    assert (await row(world, key) or ("",))[0] == "deleting"
    assert await broken(world) == {}


async def test_bytes_without_a_row_are_adopted_and_expire(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"lost its row")
    await damage(world, "DELETE FROM objects WHERE object_key = :key", key=key)
    await _put(world, "5/something-else", b"foreign")
    world.clock.advance(10 * 365 * DAY)  # the store's clock is the machine's
    report = await fsck.check(world.kernel, mend=True)
    assert [(p.check, p.count, p.repaired, p.left) for p in report.problems] == [(fsck.STRAYS, 1, 1, 0)]
    assert report.foreign == 1
    assert await row(world, key) == ("pending", 12, None) or (await row(world, key) or ("", 0))[:2] == ("pending", 12)
    world.clock.advance(15 * DAY)
    await deletion.sweep(world.kernel)
    assert await stored_bytes(world, key) is None
    assert await stored_bytes(world, "5/something-else") == b"foreign"


async def test_young_bytes_without_a_row_may_still_get_one(world: World, alice: Person) -> None:
    world.clock.advance(-10 * 365 * DAY)
    await _put(world, world.kernel.crypto.mint_key(alice.user_id), b"on its way")
    assert await broken(world) == {}


async def test_a_photo_in_trash_and_album_is_in_the_album(world: World, alice: Person, photo: tuple[int, int]) -> None:
    def go(tx: Tx) -> None:
        insert(tx, "trash", now=world.clock.now(), file_id=photo[1], user_id=alice.user_id, collection_id=photo[0])

    await world.kernel.db.write("test.trash", go)
    assert "a file is live in an album, or in the trash, or gone" in await broken(world)
    assert all(left == 0 for _, left in (await broken(world, mend=True)).values())
    assert await broken(world) == {}


async def test_a_photo_that_is_nowhere_is_told(world: World, photo: tuple[int, int]) -> None:
    await damage(world, "UPDATE collection_files SET is_deleted = TRUE WHERE file_id = :f", f=photo[1])
    found = await broken(world, mend=True)
    assert found["a file is live in an album, or in the trash, or gone"] == (1, 1)


async def test_a_photo_that_is_gone_leaves_its_album_once_for_every_client(world: World, alice: Person, photo: tuple[int, int]) -> None:
    since = (await alice.get(f"/collections/v2/diff?collectionID={photo[0]}&sinceTime=0")).json()["diff"][0]["updationTime"]
    await damage(world, "UPDATE files SET is_deleted = TRUE WHERE file_id = :f", f=photo[1])
    assert all(left == 0 for _, left in (await broken(world, mend=True)).values())
    assert await broken(world) == {}
    diff = (await alice.get(f"/collections/v2/diff?collectionID={photo[0]}&sinceTime={since}")).json()["diff"]
    assert [(f["id"], f["isDeleted"]) for f in diff] == [(photo[1], True)]


async def test_stamps_out_of_order_are_raised(world: World, alice: Person, photo: tuple[int, int]) -> None:
    ahead = world.clock.now() + DAY
    await damage(world, "UPDATE collection_files SET updation_time = :t WHERE file_id = :f", t=ahead, f=photo[1])
    await damage(world, "UPDATE collections SET updation_time = updation_time + 5 WHERE collection_id = :c", c=photo[0])
    found = await broken(world, mend=True)
    assert set(found) == {"an album is at least as new as its entries", "a feed is at least as new as what its person sees"}
    assert await broken(world) == {}
    assert (await alice.get("/collections/v2?sinceTime=0")).json()["collections"][0]["updationTime"] > ahead


async def test_a_photo_in_a_deleted_album_stays_elsewhere(world: World, alice: Person, photo: tuple[int, int]) -> None:
    def go(tx: Tx) -> None:
        now = world.clock.now()
        dead = insert(tx, "collections", now=now, owner_id=alice.user_id, is_deleted=True)
        insert(tx, "collection_files", now=now, collection_id=dead, file_id=photo[1], owner_id=alice.user_id)

    await world.kernel.db.write("test.dead", go)
    assert (await broken(world, mend=True))["no file is live in a deleted album"] == (1, 0)
    await damage(world, "UPDATE collections SET is_deleted = TRUE WHERE collection_id = :c", c=photo[0])
    assert (await broken(world, mend=True))["no file is live in a deleted album"] == (1, 1)  # its only place


@pytest.mark.parametrize("state", ["pending", "deleting"])
async def test_an_object_of_a_living_photo_is_stored(world: World, photo: tuple[int, int], state: str) -> None:
    key = await _key_of(world, photo[1])
    await damage(world, "UPDATE objects SET state = :state WHERE object_key = :key", state=state, key=key)
    assert await broken(world, mend=True) == {"objects of living files are stored": (1, 0)}
    assert (await row(world, key) or ("",))[0] == "stored"


async def test_bytes_that_nothing_names_are_scheduled(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"forgotten")
    await damage(world, "UPDATE objects SET state = 'stored' WHERE object_key = :key", key=key)
    assert await broken(world, mend=True) == {"stored objects are named or on their way out": (1, 0)}
    world.clock.advance(8 * DAY)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) is None


async def test_a_share_with_the_owner_goes(world: World, alice: Person, photo: tuple[int, int]) -> None:
    await world.kernel.db.write(
        "test.share", lambda tx: insert(tx, "collection_shares", now=1, collection_id=photo[0], to_user_id=alice.user_id, is_deleted=True)
    )
    assert await broken(world, mend=True) == {"no share is of an album's owner": (1, 0)}


async def test_a_store_that_is_away_is_not_said_to_be_empty(world: World, photo: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> Any:
        raise Unavailable("the disk is gone")

    monkeypatch.setattr(world.kernel.store, "list", away)
    report = await fsck.check(world.kernel, mend=True)
    assert (report.ok, report.unread, report.problems) == (False, {"main": "the disk is gone"}, [])


async def test_it_tells_how_far_it_is(world: World, photo: tuple[int, int]) -> None:
    told: list[tuple[str, int, int | None]] = []
    await fsck.check(world.kernel, tell=lambda *words: told.append(words))
    assert told[-1] == ("comparing rows with bytes", 2, 2)


def test_every_repair_belongs_to_a_statement() -> None:
    said: dict[str, Callable[..., Any]] = fsck.REPAIRS
    assert set(said) <= set(CHECKS)
    assert set(fsck.HOW_TO_MEND) - {fsck.MISSING} <= set(CHECKS)


async def _key_of(world: World, file_id: int) -> str:
    sql = "SELECT o.object_key FROM files f JOIN objects o ON o.object_id = f.file_object_id WHERE f.file_id = :f"
    return str(await world.kernel.db.read(lambda tx: tx.value(sql, f=file_id)))


async def _put(world: World, key: str, data: bytes) -> None:
    async def body() -> Any:
        yield data

    await world.kernel.store.put(key, body(), length=len(data), md5=None)

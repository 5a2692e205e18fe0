"""What the tests of files and trash set up again and again: uploaded objects, commits, albums, and the figures to compare them with."""

from __future__ import annotations

import itertools
from typing import Any

from app.db import Tx
from app.kernel import quota, sync
from tests.collections.scenes import album, diff, items, share, version
from tests.inprocess import Person, World
from tests.rows import insert as insert_row

MAGIC = {"version": 1, "count": 1, "data": "ZGF0YQ==", "header": "aGVhZA=="}
UNKNOWN = 1
__all__ = ["album", "diff", "items", "share", "version"]
_count = itertools.count(1)
Json = dict[str, Any]


async def staged(world: World, who: Person, size: int = 100) -> str:
    """The key of an object that was uploaded and not committed."""
    key = world.kernel.crypto.mint_key(who.user_id)
    now = world.clock.now()
    await world.kernel.db.write("test.stage", lambda tx: insert_row(tx, "objects", now=now, object_key=key, owner_id=who.user_id, size=size))
    return key


async def body(world: World, who: Person, collection: int, size: int = 1000, thumb: int = 100, **more: Any) -> Json:
    """A commit whose objects are uploaded; every text in it is its own."""
    n = next(_count)
    return {
        "collectionID": collection,
        "encryptedKey": f"key{n}",
        "keyDecryptionNonce": f"nonce{n}",
        "file": {"objectKey": await staged(world, who, size), "decryptionHeader": f"file{n}", "size": size},
        "thumbnail": {"objectKey": await staged(world, who, thumb), "decryptionHeader": f"thumb{n}", "size": thumb},
        "metadata": {"encryptedData": f"meta{n}", "decryptionHeader": f"mh{n}"},
        **more,
    }


def changed(value: Json, **changes: Any) -> Json:
    """A copy with fields replaced: `file__size=1` is value["file"]["size"]; None takes one out."""
    out = {k: dict(v) if isinstance(v, dict) else v for k, v in value.items()}
    for path, new in changes.items():
        *way, last = path.split("__")
        inner = out
        for step in way:
            inner = inner[step]
        if new is None:
            inner.pop(last, None)
        else:
            inner[last] = new
    return out


async def commit(world: World, who: Person, collection: int, size: int = 1000, thumb: int = 100, **more: Any) -> Json:
    """A committed file: the reply, with the request under "request"."""
    ask = await body(world, who, collection, size, thumb, **more)
    made: Json = (await who.post("/files", ask)).json()
    return {**made, "request": ask}


async def entry(who: Person, collection: int, file_id: int) -> Json:
    (row,) = [f for f in await diff(who, collection) if f["id"] == file_id]
    return row


async def trash(who: Person, *pairs: tuple[int, int], **kw: Any) -> Any:
    return await who.post("/files/trash", {"items": [{"fileID": f, "collectionID": c} for f, c in pairs]}, **kw)


async def trash_diff(who: Person, since: int = 0) -> list[Json]:
    rows: list[Json] = (await who.get(f"/trash/v2/diff?sinceTime={since}")).json()["diff"]
    return rows


async def purge(who: Person, file_id: int, collection: int) -> None:
    await trash(who, (file_id, collection))
    await who.post("/trash/delete", {"fileIDs": [file_id]})


async def restore(who: Person, collection: int, *files: int, **kw: Any) -> Any:
    items = [{"id": f, "encryptedKey": "a2V5", "keyDecryptionNonce": "bm9uY2U="} for f in files]
    return await who.post("/collections/restore-files", {"collectionID": collection, "files": items}, **kw)


async def value(world: World, sql: str, **params: Any) -> Any:
    return await world.kernel.db.read(lambda tx: tx.value(sql, **params))


async def rows(world: World, sql: str, **params: Any) -> list[tuple[Any, ...]]:
    return await world.kernel.db.read(lambda tx: tx.all(sql, **params))


async def used(world: World, who: Person, app: str = "photos") -> tuple[int, int]:
    """(bytes, files) of the ledger, which must equal the sum over the person's files."""
    got = await world.kernel.db.read(lambda tx: tx.one("SELECT bytes, files FROM usage WHERE user_id = :u AND app = :app", u=who.user_id, app=app))
    summed = await world.kernel.db.read(
        lambda tx: tx.one(
            "SELECT COALESCE(sum(file_size + thumb_size), 0), count(*) FROM files WHERE owner_id = :u AND app = :app AND NOT is_deleted",
            u=who.user_id,
            app=app,
        )
    )
    assert summed is not None
    found = (0, 0) if got is None else (got[0], got[1])
    assert found == tuple(summed)
    return found


async def insert(world: World, who: Person, collection: int, n: int) -> list[int]:
    """Many committed files at once, 110 bytes each, straight in the database, with their part of the ledger."""
    return await world.kernel.db.write("test.insert", _insert, who.user_id, collection, n, world.clock.now())


def _insert(tx: Tx, owner: int, collection: int, n: int, now: int) -> list[int]:
    sync.lock_account(tx, owner)
    stamp = sync.stamp_collections(tx, now, [collection])
    numbers = [(i, f"{owner}/bulk-{stamp}-{i}") for i in range(n)]
    made = tx.all(
        "INSERT INTO objects (object_key, owner_id, store, size, state, created_at) "
        "SELECT r.object_key, :owner, 'main', 100, 'stored', :now FROM :numbers[i int, object_key text] r RETURNING object_id",
        owner=owner,
        now=now,
        numbers=numbers,
    )
    files = tx.all(
        "INSERT INTO files (owner_id, app, file_object_id, thumb_object_id, file_size, thumb_size, file_header, thumb_header, metadata_header, "
        "encrypted_metadata, created_at, updation_time) SELECT :owner, 'photos', r.object_id, r.object_id, 100, 10, 'fh', 'th', 'mh', 'meta', "
        ":now, :stamp FROM :made[object_id int] r RETURNING file_id",
        owner=owner,
        now=now,
        stamp=stamp,
        made=made,
    )
    tx.run(
        "INSERT INTO collection_files (collection_id, file_id, owner_id, encrypted_key, key_nonce, added_at, updation_time) "
        "SELECT :collection, r.file_id, :owner, 'key', 'nonce', :stamp, :stamp FROM :files[file_id int] r",
        collection=collection,
        owner=owner,
        stamp=stamp,
        files=files,
    )
    quota.charge(tx, owner, "photos", 110 * n, n)
    return [i for (i,) in files]

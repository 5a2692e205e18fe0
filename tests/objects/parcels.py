"""What the object tests send and look at: bytes with their digests, completion documents, rows of objects and files."""

from __future__ import annotations

import base64
import hashlib

from app.db import Tx
from app.objects import service as objects
from tests.inprocess import Api, Person, Response, World
from tests.rows import insert

ORIGIN = "http://darkroom.test"


def md5(data: bytes) -> str:
    """As Content-MD5 has it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def hex_md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def local(url: str) -> str:
    """Path and query of one of our own object URLs."""
    assert url.startswith(ORIGIN + "/objects/"), url
    return url.removeprefix(ORIGIN)


async def send(api: Api, method: str, url: str, data: bytes = b"", *, expect: int | None = None, **headers: str) -> Response:
    """A request to the byte routes, with no token; header names with _ for -."""
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return await api.call(method, local(url) if url.startswith("http") else url, content=data, headers=named, expect=expect, token=None)


async def put(api: Api, url: str, data: bytes, *, promised: bytes | None = None, expect: int | None = 200, **headers: str) -> Response:
    """PUT with the Content-MD5 of `promised` (default: of the data)."""
    return await send(api, "PUT", url, data, expect=expect, **{"Content_MD5": md5(data if promised is None else promised), **headers})


async def sized_url(person: Person, data: bytes) -> dict[str, str]:
    ask = {"contentLength": len(data), "contentMD5": md5(data)}
    return (await person.post("/files/upload-url", ask)).json()  # type: ignore[no-any-return]  # the JSON of a test


async def free_url(person: Person) -> dict[str, str]:
    """A v1 URL, which binds no content."""
    return (await person.get("/files/upload-urls?count=1")).json()["urls"][0]  # type: ignore[no-any-return]  # the JSON of a test


async def uploaded(person: Person, data: bytes) -> str:
    """The key of bytes that are there and not committed."""
    made = await sized_url(person, data)
    await put(person, made["url"], data)
    return made["objectKey"]


def document(tags: list[str], first: int = 1) -> bytes:
    """A completion as web sends it."""
    parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>" for n, tag in enumerate(tags, first))
    return f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()


async def row(world: World, key: str) -> tuple[str, int, str | None] | None:
    """(state, size, md5) of a key."""
    found = await world.kernel.db.read(lambda tx: tx.one("SELECT state, size, md5 FROM objects WHERE object_key = :key", key=key))
    return None if found is None else (found[0], found[1], found[2])


async def stored_bytes(world: World, key: str) -> bytes | None:
    """What the store has under a key."""
    if await world.kernel.store.head(key) is None:
        return None
    return b"".join([chunk async for chunk in await world.kernel.store.open(key)])


async def make_file(world: World, person: Person, file_key: str, thumb_key: str | None = None, *, copied_from: int | None = None) -> int:
    """A file row that names uploaded objects, without the rest of a commit."""
    return await world.kernel.db.write("test.file", _make_file, person.user_id, file_key, thumb_key or file_key, world.clock.now())


def _make_file(tx: Tx, owner: int, file_key: str, thumb_key: str, now: int) -> int:
    ids = [tx.value("SELECT object_id FROM objects WHERE object_key = :key", key=key) for key in (file_key, thumb_key)]
    tx.run("UPDATE objects SET state = 'stored' WHERE object_id IN (:ids[])", ids=ids)
    return insert(tx, "files", now=now, owner_id=owner, file_object_id=ids[0], thumb_object_id=ids[1])


async def delete_for_good(world: World, file_id: int) -> list[int]:
    """Make a file a tombstone; the ids of its objects."""

    def go(tx: Tx) -> list[int]:
        found = tx.one("SELECT file_object_id, thumb_object_id FROM files WHERE file_id = :id", id=file_id)
        tx.run("UPDATE files SET is_deleted = TRUE WHERE file_id = :id", id=file_id)
        return list(found or ())

    return await world.kernel.db.write("test.delete", go)


async def let_go(world: World, object_ids: list[int], grace: int = 0) -> None:
    """Release objects, on the account of their owner."""

    def go(tx: Tx) -> None:
        owner = tx.value("SELECT owner_id FROM objects WHERE object_id = :id", id=object_ids[0])
        objects.release(tx, owner, object_ids, world.clock.now(), grace)

    await world.kernel.db.write("test.release", go)


async def share(world: World, owner: Person, reader: Person, file_id: int, *, ended: bool = False) -> None:
    """Put a file into an album of its owner and share that with somebody."""

    def go(tx: Tx) -> None:
        now = world.clock.now()
        album = insert(tx, "collections", now=now, owner_id=owner.user_id)
        insert(tx, "collection_files", now=now, collection_id=album, file_id=file_id, owner_id=owner.user_id)
        insert(tx, "collection_shares", now=now, collection_id=album, to_user_id=reader.user_id, is_deleted=ended)

    await world.kernel.db.write("test.share", go)


async def commit_bytes(who: Person, collection: int, data: bytes, thumb: bytes) -> int:
    """A file of these bytes."""
    body = {
        "collectionID": collection,
        "encryptedKey": "a2V5",
        "keyDecryptionNonce": "bm9uY2U=",
        "file": {"objectKey": await uploaded(who, data), "decryptionHeader": "fh", "size": len(data)},
        "thumbnail": {"objectKey": await uploaded(who, thumb), "decryptionHeader": "th", "size": len(thumb)},
        "metadata": {"encryptedData": "bWV0YQ==", "decryptionHeader": "mh"},
    }
    return int((await who.post("/files", body)).json()["id"])

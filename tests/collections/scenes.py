"""What the album tests set up again and again: albums, photos straight in the database, items."""

from __future__ import annotations

from typing import Any

from app.db import Tx
from app.kernel.crypto import b64
from tests.inprocess import Person, World
from tests.rows import insert

KEY, NONCE, SEALED = b64(bytes(48)), b64(bytes(24)), b64(bytes(80))
MAGIC = {"version": 1, "count": 1, "data": "ZA==", "header": "aA=="}


async def album(who: Person, kind: str = "album", **more: Any) -> int:
    """A new album's id."""
    body = {"encryptedKey": KEY, "keyDecryptionNonce": NONCE, "encryptedName": "bmFtZQ==", "nameDecryptionNonce": NONCE, "type": kind, **more}
    return int((await who.post("/collections", body)).json()["collection"]["id"])


def _insert_photo(tx: Tx, owner: int, collection: int, stamp: int) -> int:
    file_id = insert(tx, "files", now=stamp, owner_id=owner, file_size=100, thumb_size=10)
    insert(tx, "collection_files", now=stamp, collection_id=collection, file_id=file_id, owner_id=owner)
    return file_id


async def photo(world: World, who: Person, collection: int, n: int = 1) -> list[int]:
    """n files of this person in an own album, as a commit would leave them."""
    from app.kernel import sync

    def make(tx: Tx) -> list[int]:
        sync.lock_collections(tx, [collection])
        stamp = sync.stamp_collections(tx, world.clock.now(), [collection], also=[who.user_id])
        return [_insert_photo(tx, who.user_id, collection, stamp) for _ in range(n)]

    return await world.kernel.db.write("test.photo", make)


def items(*ids: int) -> list[dict[str, Any]]:
    return [{"id": i, "encryptedKey": "a2V5", "keyDecryptionNonce": "bm9uY2U="} for i in ids]


async def share(who: Person, collection: int, other: Person, role: str = "VIEWER", **kw: Any) -> Any:
    body = {"collectionID": collection, "email": other.email, "encryptedKey": SEALED, "role": role}
    return await who.post("/collections/share", body, **kw)


async def diff(who: Person, collection: int, since: int = 0) -> list[dict[str, Any]]:
    page = (await who.get(f"/collections/v2/diff?collectionID={collection}&sinceTime={since}")).json()
    assert page["hasMore"] is False
    rows: list[dict[str, Any]] = page["diff"]
    return rows


async def live(who: Person, collection: int) -> set[int]:
    return {f["id"] for f in await diff(who, collection) if not f["isDeleted"]}


async def listed(who: Person, collection: int, since: int = 0) -> dict[str, Any] | None:
    rows = (await who.get(f"/collections/v2?sinceTime={since}")).json()["collections"]
    found = [c for c in rows if c["id"] == collection]
    assert len(found) <= 1
    return found[0] if found else None


async def version(who: Person, collection: int) -> int:
    return int((await who.get(f"/collections/{collection}")).json()["collection"]["updationTime"])

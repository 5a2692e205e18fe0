"""Pulling what changed: albums, their files, the trash, entities, each from a cursor that outlives the process (client.md §13, §14)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from .connection import Connection, Row
from .errors import ClientError

ENTITY_PAGE = 500


@dataclass
class Batch:
    """Changes and the cursor behind them, to be kept together or not at all. Rows as they came."""

    cursor: str
    upto: int
    albums: list[Row] = field(default_factory=list)
    gone_albums: list[int] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    gone_files: list[tuple[int, int]] = field(default_factory=list)
    trash: list[Row] = field(default_factory=list)
    gone_trash: list[int] = field(default_factory=list)
    entities: list[Row] = field(default_factory=list)
    gone_entities: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(part) for part in vars(self).values() if isinstance(part, list))


class Store(Protocol):
    """What keeps the rows: `apply` in one transaction."""

    def cursor(self, name: str) -> int: ...
    def apply(self, batch: Batch) -> None: ...
    def album_marks(self) -> dict[int, int]:
        """Album → its `updationTime` as last received."""
        ...


async def sync(connection: Connection, store: Store, entities: tuple[str, ...] = ()) -> int:
    """Brings the store up to date; the number of rows that changed. Stopped anywhere it goes on there the next time."""
    changed = await _albums(connection, store)
    for album_id, updated in store.album_marks().items():
        changed += await _files(connection, store, album_id, updated)
    changed += await _trash(connection, store)
    for kind in entities:
        changed += await pull_entities(connection, store, kind)
    return changed


async def _albums(connection: Connection, store: Store) -> int:
    since = store.cursor("albums")
    rows: list[Row] = (await connection.get("/collections/v2", sinceTime=since))["collections"]
    batch = Batch("albums", max([since, *(row["updationTime"] for row in rows)]))
    for row in rows:
        if row.get("isDeleted"):
            batch.gone_albums.append(row["id"])
        else:
            batch.albums.append(row)
    store.apply(batch)
    return len(batch)


async def _files(connection: Connection, store: Store, album_id: int, updated: int) -> int:
    name, changed, more = f"album/{album_id}", 0, True
    since = store.cursor(name)
    if updated <= since:
        return 0
    while more:
        page = await connection.get("/collections/v2/diff", collectionID=album_id, sinceTime=since)
        more, batch = bool(page["hasMore"]), Batch(name, since)
        for row in page["diff"]:
            batch.upto = max(batch.upto, row["updationTime"])
            if row["isDeleted"] or row["file"].get("encryptedData") == "-":
                batch.gone_files.append((row["id"], row["collectionID"]))
            else:
                batch.files.append(row)
        if more and batch.upto <= since:
            raise ClientError(f"the server does not get on with the changes of album {album_id}")
        since = batch.upto
        if not more:
            batch.upto = max(since, updated)  # metadata of the album itself brings no entries
        store.apply(batch)
        changed += len(batch)
    return changed


async def _trash(connection: Connection, store: Store) -> int:
    since, changed, more = store.cursor("trash"), 0, True
    while more:
        page = await connection.get("/trash/v2/diff", sinceTime=since)
        more, batch = bool(page["hasMore"]), Batch("trash", since)
        for row in page["diff"]:
            batch.upto = max(batch.upto, row["updatedAt"])
            if row["isDeleted"] or row["isRestored"]:
                batch.gone_trash.append(row["file"]["id"])
            else:
                batch.trash.append(row)
        if more and batch.upto <= since:
            raise ClientError("the server does not get on with the changes of the trash")
        since = batch.upto
        store.apply(batch)
        changed += len(batch)
    return changed


async def pull_entities(connection: Connection, store: Store, kind: str) -> int:
    """Entities of one kind."""
    name, changed, more = f"entities/{kind}", 0, True
    since = store.cursor(name)
    while more:
        page = await connection.get("/user-entity/entity/diff", type=kind, sinceTime=since, limit=ENTITY_PAGE)
        rows, batch = page["diff"], Batch(name, since)
        for row in rows:
            batch.upto = max(batch.upto, row["updatedAt"])
            if row["isDeleted"]:
                batch.gone_entities.append(row["id"])
            else:
                batch.entities.append({**row, "type": kind})
        more = len(rows) >= ENTITY_PAGE and batch.upto > since
        since = batch.upto
        store.apply(batch)
        changed += len(batch)
    return changed

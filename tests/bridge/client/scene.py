"""A store in memory, and a whole upload in a few lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.client import upload
from bridge.client.connection import Connection, Row
from bridge.client.crypto import random_key
from bridge.client.keys import Keys
from bridge.client.shapes import Album, File, open_album, open_file
from bridge.client.stream import Sealer
from bridge.client.sync import Batch, sync

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200)) + b"\xff\xd9"


@dataclass
class Memory:
    """A `sync.Store` that keeps rows in dictionaries."""

    cursors: dict[str, int] = field(default_factory=dict)
    albums: dict[int, Row] = field(default_factory=dict)
    files: dict[tuple[int, int], Row] = field(default_factory=dict)
    trash: dict[int, Row] = field(default_factory=dict)

    def cursor(self, name: str) -> int:
        return self.cursors.get(name, 0)

    def album_marks(self) -> dict[int, int]:
        return {k: row["updationTime"] for k, row in self.albums.items()}

    def apply(self, batch: Batch) -> None:
        self.cursors[batch.cursor] = batch.upto
        self.albums |= {row["id"]: row for row in batch.albums}
        self.files |= {(row["id"], row["collectionID"]): row for row in batch.files}
        self.trash |= {row["file"]["id"]: row for row in batch.trash}
        for album_id in batch.gone_albums:
            self.albums.pop(album_id, None)
            self.files = {k: v for k, v in self.files.items() if k[1] != album_id}
        for key in batch.gone_files:
            self.files.pop(key, None)
        for file_id in batch.gone_trash:
            self.trash.pop(file_id, None)


@dataclass
class Reading:
    """One device: connection, keys, what it has pulled."""

    connection: Connection
    keys: Keys
    store: Memory = field(default_factory=Memory)

    async def pull(self) -> list[File]:
        await sync(self.connection, self.store)
        return [self.file(row) for row in self.store.files.values()]

    def album(self, album_id: int) -> Album:
        return open_album(self.store.albums[album_id], self.keys)

    def file(self, row: Row) -> File:
        return open_file(row, self.album(row["collectionID"]).key)


def sealed(folder: Path, album: Album, content: bytes, *, private: dict[str, Any] | None = None) -> tuple[upload.Ticket, tuple[Path, Path]]:
    key = random_key()
    paths = folder / "content", folder / "thumbnail"
    with paths[0].open("wb") as spool:
        sealer = Sealer(key, spool.write)
        sealer.feed(content)
        sums = sealer.finish()
    metadata = {"title": "sea.jpg", "fileType": 0, "creationTime": 1_000_000, "modificationTime": 1_000_000, "hash": sums.hash}
    ticket, thumb = upload.ticket("u1", (album.id, album.key), key, sums, JPEG, (metadata, {"w": 640}, private or {}))
    paths[1].write_bytes(thumb)
    return ticket, paths


async def put(connection: Connection, folder: Path, album: Album, content: bytes, save: Callable[[upload.Ticket], None] = lambda _: None) -> int:
    ticket, paths = sealed(folder, album, content, private={"brg": {"id": "x"}})
    return await upload.send(connection, ticket, paths, save)

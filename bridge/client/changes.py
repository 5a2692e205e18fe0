"""What a person changes: albums, memberships, metadata, trash (client.md §5, §8). Magic metadata is merged, never replaced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from . import crypto
from .connection import Connection, Row
from .crypto import b64
from .errors import Conflict
from .keys import Keys
from .shapes import Album, File, Magic, open_album
from .upload import magic

BATCH = 1000
ATTEMPTS = 5


async def create_album(
    connection: Connection, keys: Keys, name: str, kind: str = "album", private: dict[str, Any] | None = None
) -> tuple[Row, Album]:  # fmt: skip
    """A new album of this account, with private magic metadata: its row and what it says."""
    key = crypto.random_key()
    wrapped, key_nonce = crypto.box(key, keys.master_key)
    title, title_nonce = crypto.box(name.encode(), key)
    body: Row = {
        "encryptedKey": b64(wrapped),
        "keyDecryptionNonce": b64(key_nonce),
        "encryptedName": b64(title),
        "nameDecryptionNonce": b64(title_nonce),
        "type": kind,
    }
    if private:
        body["magicMetadata"] = magic(private, key)
    row: Row = (await connection.post("/collections", body))["collection"]
    return row, open_album(row, keys)


async def rename_album(connection: Connection, album: Album, name: str) -> None:
    cipher, nonce = crypto.box(name.encode(), album.key)
    await connection.post("/collections/rename", {"collectionID": album.id, "encryptedName": b64(cipher), "nameDecryptionNonce": b64(nonce)})


async def change_album(connection: Connection, album: Album, change: Callable[[dict[str, Any]], None], *, public: bool) -> None:
    """Merges a change into the private or public magic metadata of one's own album. The server takes it whatever is there: sync before."""
    path = "/collections/public-magic-metadata" if public else "/collections/magic-metadata"
    found = album.public if public else album.private
    await connection.put(path, {"id": album.id, "magicMetadata": merged(found, change, album.key)})


async def delete_album(connection: Connection, album_id: int, *, keep_files: bool) -> None:
    """`keep_files` is for an album that is empty by then; otherwise its files go to the trash."""
    await connection.call("DELETE", f"/collections/v3/{album_id}", None, collectionID=album_id, keepFiles=str(keep_files).lower())


def _wrapped(files: Iterable[File], album: Album) -> list[Row]:
    items = []
    for file in files:
        cipher, nonce = crypto.box(file.key, album.key)
        items.append({"id": file.id, "encryptedKey": b64(cipher), "keyDecryptionNonce": b64(nonce)})
    return items


def batches(files: Sequence[File]) -> Iterable[Sequence[File]]:
    return (files[at : at + BATCH] for at in range(0, len(files), BATCH))


async def add(connection: Connection, files: Sequence[File], album: Album) -> None:
    for some in batches(files):
        await connection.post("/collections/add-files", {"collectionID": album.id, "files": _wrapped(some, album)})


async def move(connection: Connection, files: Sequence[File], source_id: int, album: Album) -> None:
    for some in batches(files):
        body = {"fromCollectionID": source_id, "toCollectionID": album.id, "files": _wrapped(some, album)}
        await connection.post("/collections/move-files", body)


async def remove(connection: Connection, file_ids: Sequence[int], album: Album) -> None:
    """Others' files out of one's own album, or one's own out of another's."""
    for at in range(0, len(file_ids), BATCH):
        await connection.post("/collections/v3/remove-files", {"collectionID": album.id, "fileIDs": list(file_ids[at : at + BATCH])})


async def trash(connection: Connection, files: Sequence[File]) -> None:
    for some in batches(files):
        await connection.post("/files/trash", {"items": [{"fileID": file.id, "collectionID": file.album_id} for file in some]})


async def restore(connection: Connection, files: Sequence[File], album: Album) -> None:
    for some in batches(files):
        await connection.post("/collections/restore-files", {"collectionID": album.id, "files": _wrapped(some, album)})


async def delete_for_ever(connection: Connection, file_ids: Sequence[int]) -> None:
    """Of files in the trash."""
    for at in range(0, len(file_ids), BATCH):
        await connection.post("/trash/delete", {"fileIDs": list(file_ids[at : at + BATCH])})


async def change_file(
    connection: Connection, file: File, change: Callable[[dict[str, Any]], None], again: Callable[[], Awaitable[File]], *, public: bool
) -> None:  # fmt: skip
    """Merges a change into a file's public or private magic metadata. `change` edits the values as they are now; on a conflict `again()` reads the
    file anew and `change` is applied to what somebody else wrote."""
    path = "/files/public-magic-metadata" if public else "/files/magic-metadata"
    for attempt in range(ATTEMPTS):
        found = file.public if public else file.private
        body = {"metadataList": [{"id": file.id, "magicMetadata": merged(found, change, file.key)}]}
        try:
            await connection.put(path, body)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
            file = await again()
        else:
            return


async def change_files(connection: Connection, files: Sequence[File], change: Callable[[dict[str, Any]], None], *, public: bool) -> None:
    """The same for a batch, in one request; raises `Conflict` where any of them was changed in between, and then some may have been written."""
    path = "/files/public-magic-metadata" if public else "/files/magic-metadata"
    entries = [{"id": file.id, "magicMetadata": merged(file.public if public else file.private, change, file.key)} for file in files]
    if entries:
        await connection.put(path, {"metadataList": entries})


def merged(found: Magic, change: Callable[[dict[str, Any]], None], key: bytes) -> Row:
    """Unknown keys stay; a key that is taken away is emptied, because a count that drops is refused (client.md §8.1)."""
    values = dict(found.values)
    change(values)
    for name, old in found.values.items():
        if values.get(name) is None:
            values[name] = _empty(old)
    return magic(values, key, max(found.version, 1))


def _empty(old: object) -> object:
    """False, 0, "", {} or [], as the old value was."""
    return type(old)() if isinstance(old, bool | int | float | str | dict | list) else ""

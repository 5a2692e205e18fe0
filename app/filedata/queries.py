"""SQL of derived data: one function a statement. Whoever reads somebody's data is named in the statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..db import Tx
from .wire import Status

_IN_ALBUM = (
    "EXISTS (SELECT 1 FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id "
    "WHERE m.file_id = f.file_id AND NOT m.is_deleted AND NOT c.is_deleted)"
)


@dataclass(frozen=True, slots=True)
class DataRow:
    """Derived data of a file: where its JSON and its blob are."""

    file_id: int
    object_id: int | None
    key: str | None
    store: str
    preview_name: str | None
    preview_id: int | None
    size: int
    is_deleted: bool
    updated_at: int


@dataclass(frozen=True, slots=True)
class Target:
    """A file as a writer of its derived data meets it."""

    owner_id: int
    is_deleted: bool
    in_album: bool


def target(tx: Tx, file_id: int) -> Target | None:
    row = tx.one(f"SELECT f.owner_id, f.is_deleted, CASE WHEN {_IN_ALBUM} THEN 1 ELSE 0 END FROM files f WHERE f.file_id = :file_id", file_id=file_id)
    return None if row is None else Target(row[0], bool(row[1]), bool(row[2]))


def rows(tx: Tx, file_ids: Collection[int], kind: str) -> list[DataRow]:
    """Data of this type, deleted rows included. For callers that have checked access."""
    found = tx.all(
        "SELECT d.file_id, d.object_id, o.object_key, o.store, d.preview_name, d.preview_object_id, d.size, d.is_deleted, d.updated_at "
        "FROM file_data d LEFT JOIN objects o ON o.object_id = d.object_id WHERE d.file_id IN (:ids[]) AND d.type = :kind ORDER BY d.file_id",
        ids=sorted(file_ids),
        kind=kind,
    )
    return [DataRow(f, i, key, store or "", name, blob, size, bool(gone), at) for f, i, key, store, name, blob, size, gone, at in found]


def row(tx: Tx, file_id: int, kind: str) -> DataRow | None:
    """Data of one file. For callers that have checked access."""
    found = rows(tx, [file_id], kind)
    return found[0] if found else None


def blob(tx: Tx, file_id: int, kind: str) -> tuple[str, str] | None:
    """(key, store) of a file's preview blob."""
    row = tx.one(
        "SELECT o.object_key, o.store FROM file_data d JOIN objects o ON o.object_id = d.preview_object_id "
        "WHERE d.file_id = :file_id AND d.type = :kind AND NOT d.is_deleted",
        file_id=file_id,
        kind=kind,
    )
    return None if row is None else (row[0], row[1])


def derived_bytes(tx: Tx, user_ids: list[int]) -> int:
    """What these accounts' derived data takes up."""
    return int(tx.value("SELECT COALESCE(SUM(size), 0) FROM file_data WHERE user_id IN (:user_ids[]) AND NOT is_deleted", user_ids=user_ids))


def save(tx: Tx, user_id: int, kind: str, row: DataRow) -> None:
    tx.run(
        "INSERT INTO file_data (file_id, type, user_id, object_id, preview_name, preview_object_id, size, is_deleted, updated_at) "
        "VALUES (:file_id, :kind, :user_id, :object_id, :preview_name, :preview_id, :size, FALSE, :updated_at) "
        "ON CONFLICT (file_id, type) DO UPDATE SET object_id = excluded.object_id, preview_name = excluded.preview_name, "
        "preview_object_id = excluded.preview_object_id, size = excluded.size, updated_at = excluded.updated_at "
        "WHERE file_data.user_id = excluded.user_id AND NOT file_data.is_deleted",
        of=row,
        kind=kind,
        user_id=user_id,
    )


def changed(tx: Tx, user_id: int, since: int, limit: int) -> Sequence[Status]:
    """A person's rows with a stamp beyond `since`, ascending."""
    found = tx.all(
        "SELECT file_id, type, is_deleted, preview_name, size, updated_at FROM file_data "
        "WHERE user_id = :user_id AND updated_at > :since ORDER BY updated_at, file_id, type LIMIT :limit",
        user_id=user_id,
        since=since,
        limit=limit,
    )
    return [
        Status(file_id=f, user_id=user_id, type=kind, is_deleted=bool(gone), object_id=name, object_nonce=None, size=size, updated_at=at)
        for f, kind, gone, name, size, at in found
    ]


def live(tx: Tx, file_ids: Collection[int]) -> list[tuple[int, int | None, int | None]]:
    """(owner, object id, blob's object id) of all live data of these files."""
    found = tx.all("SELECT user_id, object_id, preview_object_id FROM file_data WHERE file_id IN (:ids[]) AND NOT is_deleted", ids=sorted(file_ids))
    return [(user, json, preview) for user, json, preview in found]


def bury(tx: Tx, user_id: int, file_ids: Collection[int], stamp: int) -> None:
    """Turn a person's live data of these files into tombstones."""
    tx.run(
        "UPDATE file_data SET is_deleted = TRUE, updated_at = :stamp WHERE file_id IN (:ids[]) AND user_id = :user_id AND NOT is_deleted",
        ids=sorted(file_ids),
        user_id=user_id,
        stamp=stamp,
    )

"""Who asks (actor types) and what they may do: every decision about albums and files that are somebody's.

Every look-up here carries the actor in its WHERE. What one may not see answers as the protocol says (collections.md §1.5):
404 where participation is missing, 403 where a participant or a known non-owner lacks the right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from ..db import Tx
from .errors import BadRequest, Conflict, Forbidden, NotFound

App = Literal["photos", "auth", "locker"]


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in device: a person in one app."""

    user_id: int
    app: App
    token_hash: bytes
    token: str  # as presented; never stored, never logged
    created_at: int
    last_used_at: int

    def __repr__(self) -> str:
        return f"Session(user {self.user_id}, {self.app})"


@dataclass(frozen=True, slots=True)
class Account:
    """A person on a page that got a signed token for one purpose only (accounts.md §2.4), or a session where both are taken."""

    user_id: int
    app: App


def app_of(package: str) -> App:
    """The app of a request, from X-Client-Package alone (accounts.md §2.1)."""
    if package.startswith("io.ente.auth"):
        return "auth"
    return "locker" if package.startswith("io.ente.locker") else "photos"


class Role(IntEnum):
    VIEWER = 1
    COLLABORATOR = 2
    ADMIN = 3
    OWNER = 4


@dataclass(frozen=True, slots=True)
class Membership:
    """An album as one participant may act on it."""

    collection_id: int
    owner_id: int
    role: Role
    app: str
    type: str
    is_deleted: bool


_MEMBER = (
    "SELECT c.owner_id, c.app, c.type, c.is_deleted, "
    "  CASE WHEN c.owner_id = :actor THEN 'OWNER' ELSE (SELECT s.role FROM collection_shares s "
    "    WHERE s.collection_id = c.collection_id AND s.to_user_id = :actor AND NOT s.is_deleted) END "
    "FROM collections c WHERE c.collection_id = :collection_id"
)


def _look(tx: Tx, actor: int, collection_id: int) -> tuple[Membership, bool] | None:
    row = tx.one(_MEMBER, actor=actor, collection_id=collection_id)
    if row is None:
        return None
    owner, app, kind, deleted, role = row
    return Membership(collection_id, owner, Role[role or "VIEWER"], app, kind, bool(deleted)), role is not None


def participant(tx: Tx, actor: int, collection_id: int, *, deleted_ok: bool = False) -> Membership:
    """An album the actor owns or is a live sharee of; NotFound otherwise. A deleted one only with `deleted_ok`, and only for its owner."""
    hit = _look(tx, actor, collection_id)
    if hit is None or not hit[1]:
        raise NotFound(log=f"user {actor} is no participant of {collection_id}")
    album = hit[0]
    if album.is_deleted and not (deleted_ok and album.role == Role.OWNER):
        raise NotFound(log=f"collection {collection_id} is deleted")
    return album


def owned(tx: Tx, actor: int, collection_id: int, *, deleted_ok: bool = False) -> Membership:
    """An album of the actor's own: unknown 404, somebody else's 403, deleted 404 unless `deleted_ok`."""
    hit = _look(tx, actor, collection_id)
    if hit is None:
        raise NotFound(log=f"no collection {collection_id}")
    album = hit[0]
    if album.owner_id != actor:
        raise Forbidden(log=f"user {actor} does not own collection {collection_id}")
    if album.is_deleted and not deleted_ok:
        raise NotFound(log=f"collection {collection_id} is deleted")
    return album


def managed(tx: Tx, actor: int, collection_id: int) -> Membership:
    """An album whose people the actor may change: its owner or a live admin; unknown 404, anybody else 403."""
    hit = _look(tx, actor, collection_id)
    if hit is None:
        raise NotFound(log=f"no collection {collection_id}")
    album, member = hit
    if not member or album.role < Role.ADMIN:
        raise Forbidden(log=f"user {actor} may not manage collection {collection_id}")
    if album.is_deleted:
        raise NotFound(log=f"collection {collection_id} is deleted")
    return album


def owner_of(tx: Tx, collection_id: int) -> int:
    """Whose album this is, for a caller that has decided what may be done in it."""
    return int(tx.value("SELECT owner_id FROM collections WHERE collection_id = :collection_id", collection_id=collection_id))


def at_least(album: Membership, role: Role) -> None:
    """Forbidden below this role."""
    if album.role < role:
        raise Forbidden(log=f"role {album.role.name} in {album.collection_id} is not {role.name}")


def same_app(album: Membership, app: str) -> None:
    """The request's app must be the album's: museum answers 500 here, we 400."""
    if album.app != app:
        raise BadRequest(log=f"collection {album.collection_id} belongs to {album.app}, not {app}")


def own_files(tx: Tx, actor: int, file_ids: Collection[int]) -> None:
    """All of these exist and are the actor's (collections.md §3.3): duplicates 400, none known 400, any foreign 403, some missing 400."""
    if len(set(file_ids)) != len(file_ids):
        raise BadRequest(log="duplicate file ids")
    rows = tx.all("SELECT owner_id, count(*) FROM files WHERE file_id IN (:ids[]) GROUP BY owner_id", ids=list(file_ids))
    owners: dict[int, int] = dict(rows)
    if not owners:
        raise BadRequest(log="no such files")
    if set(owners) != {actor}:
        raise Forbidden(log=f"files of others among those of user {actor}")
    if owners[actor] != len(file_ids):
        raise BadRequest(log="some files are unknown")


def not_trashed(tx: Tx, actor: int, file_ids: Iterable[int]) -> None:
    """409 FILE_IN_TRASH when one of the actor's files is in the trash or was deleted for good."""
    hit = tx.value(
        "SELECT 1 FROM trash WHERE file_id IN (:ids[]) AND +user_id = :actor AND (is_deleted OR NOT is_restored) LIMIT 1",
        ids=list(file_ids),
        actor=actor,
    )
    if hit is not None:
        raise Conflict("file is in trash", code="FILE_IN_TRASH")


# --- who may read a file: decided here and nowhere else

_LIVE = "NOT m.is_deleted AND NOT c.is_deleted AND NOT f.is_deleted"
IN_SIGHT = f"{_LIVE} AND m.action IS NULL"
"""SQL: membership `m` of file `f` in album `c` as everybody but the file's owner sees it. One that somebody asked to be removed is gone
for all but the file's owner (collections.md §3.1)."""
IN_SIGHT_OF_ACTOR = f"{_LIVE} AND (m.action IS NULL OR f.owner_id = :actor)"
"""SQL: the same for `:actor`, of whom is known that they see album `c`."""
MAY_READ = (
    "(f.owner_id = :actor OR EXISTS (SELECT 1 FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id "
    f"  WHERE m.file_id = f.file_id AND {IN_SIGHT} AND (c.owner_id = :actor OR EXISTS ("
    "    SELECT 1 FROM collection_shares s WHERE s.collection_id = c.collection_id AND s.to_user_id = :actor AND NOT s.is_deleted))))"
)
"""SQL: whether `:actor` may read file `f`: bytes, thumbnail, derived data. Owners also read what is in their trash."""


def out_of_sight(removed: bool, purged: bool, action: str | None, *, mine: bool) -> bool:
    """The rule of IN_SIGHT_OF_ACTOR for a row that a diff shows as a tombstone: `removed` from the album, the file `purged`, an `action`
    asked for; `mine`: the viewer's own file."""
    return removed or purged or (action is not None and not mine)


def readable(tx: Tx, actor: int, file_ids: Collection[int]) -> dict[int, bool]:
    """file id → whether the actor may read it, for those of the files that exist."""
    rows = tx.all(
        f"SELECT f.file_id, CASE WHEN {MAY_READ} THEN 1 ELSE 0 END FROM files f WHERE f.file_id IN (:ids[])", ids=sorted(file_ids), actor=actor
    )
    return {file_id: bool(may) for file_id, may in rows}


def in_sight(tx: Tx, collection_id: int, file_id: int) -> bool:
    """Whether a file is in an album for everybody who sees the album, with an account or without."""
    hit = tx.value(
        "SELECT 1 FROM collection_files m JOIN files f ON f.file_id = m.file_id JOIN collections c ON c.collection_id = m.collection_id "
        f"WHERE m.collection_id = :id AND m.file_id = :file_id AND {IN_SIGHT}",
        id=collection_id,
        file_id=file_id,
    )
    return hit is not None


def own_file(tx: Tx, actor: int, file_id: int) -> None:
    """Unknown 404, somebody else's 403."""
    owner = tx.value("SELECT owner_id FROM files WHERE file_id = :file_id", file_id=file_id)
    if owner is None:
        raise NotFound(log=f"no file {file_id}")
    if owner != actor:
        raise Forbidden(log=f"user {actor} does not own file {file_id}")

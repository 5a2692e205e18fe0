"""Sizes and counts of files (files.md §6): reads only, each one statement, on a snapshot. For `+owner_id` see queries."""

from __future__ import annotations

import re
from itertools import groupby

from ..db import Tx
from ..kernel import access
from ..kernel.access import Session
from ..kernel.errors import Forbidden
from ..kernel.parts import Kernel
from . import wire
from .entry import Info

COUNT_OFFSET = 9_522_438  # museum's: the public figure goes on from the one before its ids were renumbered


async def size(kernel: Kernel, actor: Session, ask: wire.SizeOf) -> wire.Size:
    """Bytes of the originals among these that are the actor's and not gone for good; other ids are ignored."""
    return wire.Size(size=await kernel.db.scan(_size, actor.user_id, ask.file_ids or []))


_LAST_OUTDATED = (5, 35)
_ANDROID_VERSION = re.compile(r"0\.(\d{1,9})\.(\d{1,9})")


def is_outdated(agent: str, version: str, package: str) -> bool:
    """Whether this is a build of the Android app that would delete photos it only believes to be on the server (files.md §6): it is told
    to update before it frees space. F-Droid's builds have other numbers."""
    found = _ANDROID_VERSION.fullmatch(version)
    if found is None or "android" not in agent.lower() or package == "io.ente.photos.fdroid":
        return False
    return int(found[1]) <= _LAST_OUTDATED[0] and int(found[2]) <= _LAST_OUTDATED[1]


def _size(tx: Tx, owner_id: int, ids: list[int]) -> int:
    return int(
        tx.value(
            "SELECT COALESCE(sum(file_size), 0) FROM files WHERE file_id IN (:ids[]) AND +owner_id = :owner_id AND NOT is_deleted",
            ids=ids,
            owner_id=owner_id,
        )
    )


async def info(kernel: Kernel, actor: Session, ask: wire.FileIDs) -> wire.FilesInfo:
    """Sizes in the order asked. All must be the actor's: none known or some missing or twice 400, any foreign 403."""
    ids = ask.file_ids or []
    found = await kernel.db.scan(_info, actor.user_id, ids)
    return wire.FilesInfo(files_info=[wire.FileInfo(id=i, file_info=found[i]) for i in ids])


def _info(tx: Tx, owner_id: int, ids: list[int]) -> dict[int, Info]:
    access.own_files(tx, owner_id, ids)
    rows = tx.all("SELECT file_id, file_size, thumb_size FROM files WHERE file_id IN (:ids[]) AND +owner_id = :owner_id", ids=ids, owner_id=owner_id)
    if len(rows) != len(ids):
        raise Forbidden(log="files of others")
    return {i: Info(file_size=f, thumb_size=t) for i, f, t in rows}


async def duplicates(kernel: Kernel, actor: Session) -> wire.Duplicates:
    """Files of this app that have the same size in bytes, those in the trash too; the largest first, ids ascending."""
    rows = await kernel.db.scan(_duplicates, actor.user_id, actor.app)
    groups = groupby(rows, key=lambda row: row[0])
    return wire.Duplicates(duplicates=[wire.Duplicate(file_ids=[i for _, i in group], size=size) for size, group in groups])


def _duplicates(tx: Tx, owner_id: int, app: str) -> list[tuple[int, int]]:
    rows = tx.all(
        "SELECT file_size, file_id FROM files WHERE owner_id = :owner_id AND app = :app AND NOT is_deleted AND file_object_id IS NOT NULL "
        "AND file_size IN (SELECT file_size FROM files WHERE owner_id = :owner_id AND app = :app AND NOT is_deleted "
        "  AND file_object_id IS NOT NULL GROUP BY file_size HAVING count(*) > 1) ORDER BY file_size DESC, file_id",
        owner_id=owner_id,
        app=app,
    )
    return [(s, i) for s, i in rows]


async def count(kernel: Kernel) -> wire.Count:
    """The public figure: how many files were ever made. 0 on an empty server."""
    newest = await kernel.db.read(_newest)
    return wire.Count(count=0 if newest is None else newest - COUNT_OFFSET)


def _newest(tx: Tx) -> int | None:
    found = tx.value("SELECT max(file_id) FROM files")
    return None if found is None else int(found)

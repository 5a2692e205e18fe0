"""What is said of many photos together: what albums hold, stacks, folders. Each costs one pass over the facts; callers keep it until something
changes (`Library.derived`). What is hidden or in the trash is in none of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from .facts import Facts

_SHOWN = "hidden = 0 AND trashed IS NULL"


@dataclass(frozen=True)
class Sum:
    """Of one album. Times in µs; `cover`: its latest photo."""

    count: int
    first: int
    last: int
    updated: int
    cover: int


def album_sums(facts: Facts) -> dict[int, Sum]:
    """Only of albums that have photos to show."""
    statement = f"""
        SELECT album_id, count(*), min(taken), max(taken), max(updated) FROM photos CROSS JOIN places ON photo_id = id
        WHERE {_SHOWN} GROUP BY album_id"""
    rows = facts.db.execute(statement).fetchall()  # photos in their order, then their places: the other way round reads photos all over
    return {row[0]: Sum(row[1], row[2], row[3], row[4], _at(facts, row[0], row[3])) for row in rows}


def _at(facts: Facts, album_id: int, taken: int) -> int:
    """The first photo of an album that was taken at this moment."""
    statement = f"SELECT min(id) FROM photos CROSS JOIN places ON photo_id = id WHERE taken = ? AND album_id = ? AND {_SHOWN}"
    return int(facts.db.execute(statement, (taken, album_id)).fetchone()[0])


def stacks(facts: Facts, owner: int) -> dict[str, list[int]]:
    """Stack → its photos, the one that stands for the others first. A stack of one is none."""
    found: dict[str, list[int]] = {}
    statement = f"SELECT stack, id FROM photos WHERE stack IS NOT NULL AND owner = ? AND {_SHOWN} ORDER BY stack, first DESC, id"
    for stack, number in facts.db.execute(statement, (owner,)):
        found.setdefault(stack, []).append(number)
    return {stack: numbers for stack, numbers in found.items() if len(numbers) > 1}


def first_albums(facts: Facts, albums: Iterable[int], photo_ids: Iterable[int] | None = None) -> dict[int, int]:
    """Photo → the first of these albums that it is in; of all photos, or of these."""
    values = [msgspec.json.encode(sorted(albums)).decode()]
    among = ""
    if photo_ids is not None:
        among = "AND photo_id IN (SELECT value FROM json_each(?))"
        values.append(msgspec.json.encode(list(photo_ids)).decode())
    statement = f"SELECT photo_id, min(album_id) FROM places WHERE album_id IN (SELECT value FROM json_each(?)) {among} GROUP BY photo_id"
    return dict(facts.db.execute(statement, values))


def sizes(facts: Facts, owner: int) -> dict[int, tuple[int, int]]:
    """Kind → how many photos, and their bytes."""
    statement = f"SELECT kind, count(*), sum(size) FROM photos WHERE owner = ? AND {_SHOWN} GROUP BY kind"
    return {kind: (count, size) for kind, count, size in facts.db.execute(statement, (owner,))}


__all__ = ["Sum", "album_sums", "first_albums", "sizes", "stacks"]

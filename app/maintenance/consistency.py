"""Consistency of the whole database, whatever happened before: the invariants of design.md §4 as statements.

Each finds the rows that break it. `darkroom fsck` runs them, and so does the test that plays with a whole library after every step.
"""

from __future__ import annotations

from ..db import Tx
from ..db.engine import Row

CHECKS = {
    "the ledger is the sum of the files": (
        "SELECT u.user_id, u.app FROM usage u WHERE u.bytes <> COALESCE((SELECT sum(f.file_size + f.thumb_size) FROM files f "
        "WHERE f.owner_id = u.user_id AND f.app = u.app AND NOT f.is_deleted), 0) OR u.files <> (SELECT count(*) FROM files f "
        "WHERE f.owner_id = u.user_id AND f.app = u.app AND NOT f.is_deleted)"
    ),
    "every owner of files has a ledger": (
        "SELECT DISTINCT f.owner_id FROM files f WHERE NOT f.is_deleted AND NOT EXISTS "
        "(SELECT 1 FROM usage u WHERE u.user_id = f.owner_id AND u.app = f.app)"
    ),
    "a file is live in an album, or in the trash, or gone": (
        "SELECT f.file_id FROM files f LEFT JOIN trash t ON t.file_id = f.file_id WHERE "
        "(CASE WHEN EXISTS (SELECT 1 FROM collection_files m WHERE m.file_id = f.file_id AND NOT m.is_deleted) THEN 1 ELSE 0 END) "
        "+ (CASE WHEN t.file_id IS NOT NULL AND NOT t.is_restored AND NOT t.is_deleted THEN 1 ELSE 0 END) "
        "+ (CASE WHEN f.is_deleted THEN 1 ELSE 0 END) <> 1"
    ),
    "the last place of a file is its owner's": (
        "SELECT m.file_id FROM collection_files m WHERE NOT m.is_deleted AND NOT EXISTS (SELECT 1 FROM collection_files o "
        "JOIN collections c ON c.collection_id = o.collection_id WHERE o.file_id = m.file_id AND NOT o.is_deleted AND c.owner_id = m.owner_id)"
    ),
    "the ledger less the trash is what lies in one's own albums": (
        "SELECT u.user_id, u.app FROM usage u WHERE u.files - (SELECT count(*) FROM trash t JOIN files f ON f.file_id = t.file_id "
        "WHERE t.user_id = u.user_id AND f.app = u.app AND NOT t.is_deleted AND NOT t.is_restored) <> "
        "(SELECT count(DISTINCT m.file_id) FROM collections c JOIN collection_files m ON m.collection_id = c.collection_id "
        "WHERE c.owner_id = u.user_id AND c.app = u.app AND NOT c.is_deleted AND NOT m.is_deleted AND m.owner_id = u.user_id)"
    ),
    "no file is live in a deleted album": (
        "SELECT m.file_id FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id WHERE c.is_deleted AND NOT m.is_deleted"
    ),
    "an album is at least as new as its entries": (
        "SELECT m.collection_id FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id "
        "WHERE m.updation_time > c.updation_time"
    ),
    "a feed is at least as new as what its person sees": (
        "SELECT c.collection_id FROM collections c JOIN feeds f ON f.user_id = c.owner_id WHERE c.updation_time > f.stamp UNION ALL "
        "SELECT s.collection_id FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id "
        "JOIN feeds f ON f.user_id = s.to_user_id WHERE s.updation_time > f.stamp OR (NOT s.is_deleted AND c.updation_time > f.stamp) UNION ALL "
        "SELECT t.file_id FROM trash t JOIN feeds f ON f.user_id = t.user_id WHERE t.updated_at > f.stamp"
    ),
    "objects of living files are stored": (
        "SELECT f.file_id FROM files f JOIN objects o ON o.object_id IN (f.file_object_id, f.thumb_object_id) "
        "WHERE NOT f.is_deleted AND o.state <> 'stored'"
    ),
    "stored objects are named or on their way out": (
        "SELECT o.object_id FROM objects o WHERE o.state = 'stored' AND NOT EXISTS (SELECT 1 FROM files f WHERE NOT f.is_deleted "
        "AND (f.file_object_id = o.object_id OR f.thumb_object_id = o.object_id)) "
        "AND NOT EXISTS (SELECT 1 FROM file_data d WHERE NOT d.is_deleted AND (d.object_id = o.object_id OR d.preview_object_id = o.object_id)) "
        "AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.picture_object_id = o.object_id) "
        "AND NOT EXISTS (SELECT 1 FROM deletions x WHERE x.object_id = o.object_id)"
    ),
    "bytes that are to go are on an account until they are gone": (
        "SELECT o.object_id FROM deletions d JOIN objects o ON o.object_id = d.object_id "
        "WHERE d.held <> o.size AND (o.state <> 'deleting' OR d.held <> 0) UNION ALL "
        "SELECT d.object_id FROM deletions d WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id = d.owner_id) UNION ALL "
        "SELECT o.object_id FROM objects o WHERE o.state = 'deleting' AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.object_id = o.object_id) "
        "AND NOT EXISTS (SELECT 1 FROM files f WHERE NOT f.is_deleted AND (f.file_object_id = o.object_id OR f.thumb_object_id = o.object_id))"
    ),
    "no share is of an album's owner": (
        "SELECT s.collection_id FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id WHERE s.to_user_id = c.owner_id"
    ),
}


SUMS = {
    "committed": "SELECT user_id, SUM(bytes) FROM usage GROUP BY user_id",
    "derived": "SELECT user_id, SUM(size) FROM file_data WHERE NOT is_deleted GROUP BY user_id",
    "pictures": "SELECT user_id, SUM(picture_size) FROM contacts GROUP BY user_id",
    "uncommitted": "SELECT owner_id, SUM(size) FROM objects WHERE state IN ('pending', 'writing') AND state <> 'stored' GROUP BY owner_id",
    "parts": "SELECT owner_id, SUM(bytes) FROM multiparts GROUP BY owner_id",
    "deleted": "SELECT owner_id, SUM(held) FROM deletions GROUP BY owner_id",
    "texts": "SELECT user_id, bytes FROM texts",
}
"""Bytes of each account, by what they are. Every byte in a store, and of texts in the database, is in one of these: the statements above, the
comparison with the stores and `kernel.texts` see to it."""


def sums(tx: Tx) -> dict[int, dict[str, int]]:
    """What each account holds, but for nought."""
    found: dict[int, dict[str, int]] = {}
    for name, sql in SUMS.items():
        for user_id, size in tx.all(sql):
            if size:
                found.setdefault(user_id, {})[name] = int(size)
    return dict(sorted(found.items()))


MOST = 1000
"""Rows of one statement that are told: a broken disk or a mistake of ours breaks many."""


def problems(tx: Tx) -> dict[str, list[Row]]:
    """Broken invariants with the rows that break them (at most MOST of each); empty when all hold."""
    found = {name: tx.all(f"SELECT * FROM ({sql}) t LIMIT {MOST}") for name, sql in CHECKS.items()}
    return {name: rows for name, rows in found.items() if rows}

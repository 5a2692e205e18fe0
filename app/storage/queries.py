"""SQL of accounts' storage figures: one function a statement, the account in every WHERE."""

from __future__ import annotations

from ..db import Tx


def by_app(tx: Tx, user_id: int) -> list[tuple[str, int, int]]:
    """(app, bytes, files) of the ledger."""
    rows = tx.all("SELECT app, bytes, files FROM usage WHERE user_id = :user_id ORDER BY app", user_id=user_id)
    return [(app, size, files) for app, size, files in rows]


def derived(tx: Tx, user_id: int) -> int:
    return int(tx.value("SELECT COALESCE(SUM(size), 0) FROM file_data WHERE user_id = :user_id AND NOT is_deleted", user_id=user_id))


def uncommitted(tx: Tx, user_id: int) -> int:
    return int(
        tx.value(
            "SELECT COALESCE(SUM(size), 0) FROM objects WHERE owner_id = :user_id AND state IN ('pending', 'writing') AND state <> 'stored'",
            user_id=user_id,
        )
    )


def parts(tx: Tx, user_id: int) -> tuple[int, int]:
    """Bytes of (originals, thumbnails) of live and trashed files."""
    row = tx.one(
        "SELECT COALESCE(SUM(file_size), 0), COALESCE(SUM(thumb_size), 0) FROM files WHERE owner_id = :user_id AND NOT is_deleted", user_id=user_id
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)


def trashed(tx: Tx, user_id: int) -> int:
    return int(
        tx.value(
            "SELECT COALESCE(SUM(f.file_size + f.thumb_size), 0) FROM trash t JOIN files f ON f.file_id = t.file_id "
            "WHERE t.user_id = :user_id AND NOT t.is_deleted AND NOT t.is_restored",
            user_id=user_id,
        )
    )


_OWN = (
    "SELECT f.file_object_id AS object_id FROM files f WHERE f.owner_id = :user_id AND NOT f.is_deleted AND f.file_object_id IS NOT NULL "
    "UNION SELECT f.thumb_object_id FROM files f WHERE f.owner_id = :user_id AND NOT f.is_deleted AND f.thumb_object_id IS NOT NULL "
    "UNION SELECT d.object_id FROM file_data d WHERE d.user_id = :user_id AND NOT d.is_deleted AND d.object_id IS NOT NULL "
    "UNION SELECT d.preview_object_id FROM file_data d WHERE d.user_id = :user_id AND NOT d.is_deleted AND d.preview_object_id IS NOT NULL "
    "UNION SELECT c.picture_object_id FROM contacts c WHERE c.user_id = :user_id AND c.picture_object_id IS NOT NULL"
)


def by_store(tx: Tx, user_id: int) -> list[tuple[str, int, int]]:
    """(store, objects, bytes) of an account's objects, each copy counted where it lies."""
    rows = tx.all(
        f"SELECT p.store, COUNT(*), CAST(SUM(p.size) AS BIGINT) FROM (SELECT o.store, o.size FROM objects o JOIN ({_OWN}) n "
        "ON n.object_id = o.object_id UNION ALL SELECT c.store, o.size FROM object_copies c JOIN objects o ON o.object_id = c.object_id "
        f"JOIN ({_OWN}) n ON n.object_id = c.object_id WHERE c.state = 'stored' AND c.store <> o.store) p GROUP BY p.store ORDER BY p.store",
        user_id=user_id,
    )
    return [(store, n, size) for store, n, size in rows]


def replication(tx: Tx, user_id: int, copies: int) -> tuple[int, int, int, int]:
    """(objects, those with `copies` verified copies, copies waiting, copies given up) of an account."""
    row = tx.one(
        "SELECT COUNT(*), COALESCE(SUM(CASE WHEN q.good >= :copies THEN 1 ELSE 0 END), 0), COALESCE(SUM(q.waiting), 0), COALESCE(SUM(q.dead), 0) "
        "FROM (SELECT n.object_id, (SELECT COUNT(*) FROM object_copies c WHERE c.object_id = n.object_id AND c.state = 'stored') AS good, "
        "(SELECT COUNT(*) FROM object_copies c WHERE c.object_id = n.object_id AND c.state = 'pending') AS waiting, "
        f"(SELECT COUNT(*) FROM object_copies c WHERE c.object_id = n.object_id AND c.state = 'dead') AS dead FROM ({_OWN}) n) q",
        user_id=user_id,
        copies=copies,
    )
    return (int(row[0]), int(row[1]), int(row[2]), int(row[3])) if row else (0, 0, 0, 0)


# --- administrators
def account(tx: Tx, user_id: int) -> tuple[int | None, int] | None:
    """(own quota or None, bonus) of an account that is not deleted."""
    row = tx.one("SELECT quota, bonus FROM users WHERE user_id = :user_id AND deleted_at IS NULL", user_id=user_id)
    return None if row is None else (row[0], row[1])


def set_quota(tx: Tx, user_id: int, quota: int | None) -> None:
    tx.run("UPDATE users SET quota = :quota WHERE user_id = :user_id AND deleted_at IS NULL", quota=quota, user_id=user_id)


def set_bonus(tx: Tx, user_id: int, bonus: int) -> None:
    tx.run("UPDATE users SET bonus = :bonus WHERE user_id = :user_id AND deleted_at IS NULL", bonus=bonus, user_id=user_id)


def recount(tx: Tx, user_id: int) -> list[tuple[str, int, int]]:
    """(app, bytes, files) as the files themselves say it."""
    rows = tx.all(
        "SELECT app, CAST(SUM(file_size + thumb_size) AS BIGINT), COUNT(*) FROM files WHERE owner_id = :user_id AND NOT is_deleted "
        "GROUP BY app ORDER BY app",
        user_id=user_id,
    )
    return [(app, size, files) for app, size, files in rows]

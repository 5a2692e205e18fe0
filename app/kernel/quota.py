"""The usage ledger and the limits: checked and charged in the transaction that commits the file, nowhere else.

Invariant: `usage(user, app)` = sum of the sizes of the objects behind that user's live and trashed files of that app.
Locker files have their own limit and do not count towards the photos quota (files.md §11).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from . import family
from .capacity import capacity
from .clock import DAY
from .config import Config
from .errors import AppError, Forbidden, NotFound, PaymentRequired, StorageFull

UNLIMITED = 1 << 52  # bytes; what nothing limits. People are told `capacity` instead
CENTURY = 36525 * DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """What an account may store."""

    limit: int  # bytes, the bonus among them; UNLIMITED when the operator set 0
    ends_at: int | None  # µs; None: never
    bonus: int = 0  # bytes of the limit that an administrator gave on top


_ON_THE_PLAN_OF = (
    f"LEFT JOIN family_members m ON m.member_id = u.user_id AND m.status IN {family.IN} JOIN users a ON a.user_id = COALESCE(m.admin_id, u.user_id)"
)
"""SQL: `a`, on whose plan `u` stores: the admin of their family, else themselves."""


def plan(tx: Tx, config: Config, user_id: int) -> Plan:
    """What this account stores on: its own limit, else the configured default, and its bonus; in a family its admin's."""
    row = tx.one(f"SELECT a.quota, a.plan_ends_at, a.bonus FROM users u {_ON_THE_PLAN_OF} WHERE u.user_id = :user_id", user_id=user_id)
    return _plan(config, *(row or (None, None, None)))


def _plan(config: Config, own: int | None, ends_at: int | None, bonus: int | None) -> Plan:
    limit = config.quota.default if own is None else own
    return Plan(min(limit + bonus, UNLIMITED), ends_at, bonus) if limit and bonus else Plan(limit or UNLIMITED, ends_at)


_HELD = (
    "COALESCE((SELECT CAST(SUM(h.bytes) AS BIGINT) FROM users f JOIN usage h ON h.user_id = f.user_id AND h.app = :app "
    "WHERE f.former_hash = u.email_hash), 0)"
)
"""What is still kept of accounts that this address had before and deleted: or signing up again and again would be free storage."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as people are told it: `limit` in bytes, the disk's size where nothing limits it; `ends_at` µs, a century on where it never ends;
    `bonus` bytes of the limit."""

    limit: int
    ends_at: int
    bonus: int


def shown(tx: Tx, config: Config, user_id: int) -> Shown:
    """The account's own plan, the same at every call; 404 USER_NOT_FOUND without the account."""
    row = tx.one("SELECT quota, plan_ends_at, bonus, created_at FROM users WHERE user_id = :user_id AND deleted_at IS NULL", user_id=user_id)
    if row is None:
        raise NotFound("User account is deleted", code="USER_NOT_FOUND", log=f"no account {user_id}")
    own, ends_at, bonus, since = row
    found = _plan(config, own, ends_at, bonus)
    return Shown(told(config, found.limit), since + CENTURY if ends_at is None else ends_at, found.bonus)


def told(config: Config, limit: int) -> int:
    """A limit as people are told it."""
    return limit if limit < UNLIMITED else capacity(config)


def used(tx: Tx, user_id: int, app: str) -> tuple[int, int]:
    """(bytes, files) of an account in an app."""
    row = tx.one(
        f"SELECT COALESCE(g.bytes, 0) + {_HELD}, COALESCE(g.files, 0) FROM users u LEFT JOIN usage g ON g.user_id = u.user_id AND g.app = :app "
        "WHERE u.user_id = :user_id",
        user_id=user_id,
        app=app,
    )
    return (row[0], row[1]) if row else (0, 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account may store and what it does store in one app. In a family: `admin_id` whose it is, `own_limit` bytes of the plan that are
    for this member (None: all)."""

    plan: Plan
    bytes: int
    files: int
    admin_id: int | None = None
    own_limit: int | None = None
    overdue: int = 0  # bytes that should be gone by now and are not: a backup keeps them, or a store does not answer


_OVERDUE = "COALESCE((SELECT CAST(SUM(d.held) AS BIGINT) FROM deletions d WHERE d.owner_id = u.user_id AND d.due_at <= :now), 0)"


def standing(tx: Tx, config: Config, user_id: int, app: str, now: int = 0) -> Standing:
    """All of it in one statement; `overdue` for a commit, which says when it is."""
    row = tx.one(
        f"SELECT a.quota, a.plan_ends_at, a.bonus, COALESCE(g.bytes, 0) + {_HELD}, g.files, m.admin_id, m.storage_limit, {_OVERDUE} "
        f"FROM users u {_ON_THE_PLAN_OF} LEFT JOIN usage g ON g.user_id = u.user_id AND g.app = :app WHERE u.user_id = :user_id",
        user_id=user_id,
        app=app,
        now=now,
    )
    own, ends_at, bonus, size, files, admin_id, own_limit, overdue = row or (None, None, None, None, None, None, None, 0)
    return Standing(_plan(config, own, ends_at, bonus), size or 0, files or 0, admin_id, own_limit, overdue)


def deleted_limit(config: Config, limit: int) -> int:
    """Bytes that an account of this limit may have deleted and still there, waiting for the end of their grace."""
    return config.quota.deleted or (limit + config.quota.tolerance if limit < UNLIMITED else UNLIMITED)


def excess(tx: Tx, config: Config, user_id: int, limit: int, now: int) -> int:
    """Bytes beyond what an account of this limit may have deleted and still there. The oldest of them go at once, so there are some only while
    that cannot be: nothing else that is stored for the account may then take its place. Nought without anything overdue."""
    overdue = tx.value(
        "SELECT CAST(SUM(held) AS BIGINT) FROM deletions WHERE owner_id = :user_id AND due_at <= :now AND held > 0", user_id=user_id, now=now
    )
    return _excess(tx, config, user_id, limit) if overdue else 0


def _excess(tx: Tx, config: Config, user_id: int, limit: int) -> int:
    held = tx.value("SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM deletions WHERE owner_id = :user_id", user_id=user_id)
    return max(0, int(held) - deleted_limit(config, limit))


def check(tx: Tx, config: Config, user_id: int, app: str, size: int | None, now: int, files: int = 1) -> None:
    """May this account store `size` more bytes (None: is it below its limit at all) in `files` more files?

    Raises StorageFull (426), PaymentRequired (402), or 403 FILE_LIMIT_REACHED for Locker's file count.
    A sized request may pass the limit by the tolerance; one without a size may not.
    """
    judge(tx, config, user_id, app, standing(tx, config, user_id, app, now), size, now, files)


def judge(tx: Tx, config: Config, user_id: int, app: str, found: Standing, size: int | None, now: int, files: int = 1) -> None:
    """`check` of an account whose standing is known. In a family what all its members store counts; call it under `family.lock` then."""
    account = found.plan
    if account.ends_at is not None and account.ends_at < now:
        raise PaymentRequired(log=f"plan of {user_id} ended")
    stored, count = (found.bytes, found.files) if found.admin_id is None else family.stored(tx, found.admin_id, app)
    if app == "locker":
        people = [user_id] if found.admin_id is None else family.member_ids(tx, found.admin_id)
        _check_locker(tx, config, people, (stored, count), size or 0, files)
        return
    if found.overdue and (more := _excess(tx, config, user_id, account.limit)):
        stored += more
    _check_room(config, user_id, stored, size, account.limit)
    if found.own_limit is not None:
        _check_room(config, user_id, found.bytes, size, found.own_limit)


def _check_room(config: Config, user_id: int, stored: int, size: int | None, limit: int) -> None:
    if size is None:
        if stored > limit:
            raise StorageFull(log=f"{user_id}: {stored} of {limit} bytes")
    elif stored + size > limit + config.quota.tolerance:
        raise StorageFull(log=f"{user_id}: {stored} + {size} of {limit} bytes")


def in_trash(tx: Tx, user_id: int, app: str) -> int:
    """Files of an account in an app that lie in the trash: their bytes count, but they take up no place in Locker's file count."""
    return int(
        tx.value(
            "SELECT count(*) FROM trash t JOIN files f ON f.file_id = t.file_id "
            "WHERE t.user_id = :user_id AND NOT t.is_deleted AND NOT t.is_restored AND f.app = :app",
            user_id=user_id,
            app=app,
        )
    )


def _check_locker(tx: Tx, config: Config, people: list[int], stored: tuple[int, int], size: int, files: int) -> None:
    """`stored`: bytes and files of these people together."""
    limits = config.locker
    over = stored[1] + files - limits.files if limits.files and files > 0 else 0
    if over > 0 and over > sum(in_trash(tx, user_id, "locker") for user_id in people):
        raise FileLimitReached
    if limits.storage and stored[0] + size >= limits.storage:
        raise StorageFull(log=f"locker: {stored[0]} + {size} of {limits.storage} bytes")


class FileLimitReached(Forbidden):
    """403 `FILE_LIMIT_REACHED`: Locker's file count is used up."""

    code = "FILE_LIMIT_REACHED"

    def __init__(self) -> None:
        AppError.__init__(self, "Maximum file limit reached")


def charge(tx: Tx, user_id: int, app: str, size: int, files: int) -> None:
    """Add bytes and files (either may be negative) to the ledger. The row's lock orders an account's commits."""
    tx.send(
        "INSERT INTO usage (user_id, app, bytes, files) VALUES (:user_id, :app, :size, :files) "
        "ON CONFLICT (user_id, app) DO UPDATE SET bytes = usage.bytes + excluded.bytes, files = usage.files + excluded.files",
        user_id=user_id,
        app=app,
        size=size,
        files=files,
    )


def recount(tx: Tx, user_id: int, app: str) -> None:
    """Set the ledger to what the account's files add up to (`darkroom fsck --repair`), the account being locked (`sync.lock_account`)."""
    tx.run(
        "INSERT INTO usage (user_id, app, bytes, files) SELECT CAST(:user_id AS BIGINT), CAST(:app AS TEXT), "
        "CAST(COALESCE(sum(file_size + thumb_size), 0) AS BIGINT), count(*) FROM files WHERE owner_id = :user_id AND app = :app AND NOT is_deleted "
        "ON CONFLICT (user_id, app) DO UPDATE SET bytes = excluded.bytes, files = excluded.files",
        user_id=user_id,
        app=app,
    )


def charge_checked(tx: Tx, config: Config, user_id: int, app: str, size: int, now: int, files: int = 1) -> None:
    """Charge and refuse when that passes the limit. Call it inside the committing transaction, after `sync.lock_account` and `family.lock`."""
    if size > 0 or files > 0:
        check(tx, config, user_id, app, size, now, files)
    charge(tx, user_id, app, size, files)

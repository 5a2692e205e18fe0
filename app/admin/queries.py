"""SQL of administration: one function a statement. These see every account; behind a guard for administrators only."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from ..db.engine import Row


@dataclass(frozen=True, slots=True)
class Account:
    """An account's row. `quota` in bytes: None the configured default, 0 unlimited. `ready`: its keys are set. Deleted ones have no address."""

    user_id: int
    email_cipher: bytes | None
    email_nonce: bytes | None
    email_hash: str
    created_at: int
    quota: int | None
    bonus: int
    plan_ends_at: int | None
    totp: bool
    email_mfa: bool
    deleted_at: int | None
    ready: bool


_ACCOUNT = (
    "SELECT u.user_id, u.email_cipher, u.email_nonce, u.email_hash, u.created_at, u.quota, u.bonus, u.plan_ends_at, u.totp_enabled, u.email_mfa, "
    "u.deleted_at, k.user_id IS NOT NULL FROM users u LEFT JOIN key_attributes k ON k.user_id = u.user_id "
)


def _account(row: Row) -> Account:
    user_id, cipher, nonce, *rest = row
    hashed, created, quota, bonus, ends, totp, mfa, deleted, ready = rest
    email, seal = (None, None) if cipher is None else (bytes(cipher), bytes(nonce))
    return Account(user_id, email, seal, hashed, created, quota, bonus, ends, bool(totp), bool(mfa), deleted, bool(ready))


def accounts(tx: Tx, *, after: int, limit: int) -> list[Account]:
    """Live accounts with a higher number, oldest first."""
    rows = tx.all(f"{_ACCOUNT} WHERE u.user_id > :after AND u.deleted_at IS NULL ORDER BY u.user_id LIMIT :limit", after=after, limit=limit)
    return [_account(row) for row in rows]


def created_since(tx: Tx, since: int, limit: int) -> list[Account]:
    """Live accounts made after (µs)."""
    rows = tx.all(f"{_ACCOUNT} WHERE u.created_at > :since AND u.deleted_at IS NULL ORDER BY u.user_id LIMIT :limit", since=since, limit=limit)
    return [_account(row) for row in rows]


def deleted(tx: Tx, limit: int) -> list[Account]:
    """Accounts whose data can still come back, last deleted first."""
    rows = tx.all(f"{_ACCOUNT} WHERE u.deleted_at IS NOT NULL AND u.purged_at IS NULL ORDER BY u.deleted_at DESC LIMIT :limit", limit=limit)
    return [_account(row) for row in rows]


def account(tx: Tx, user_id: int) -> Account | None:
    row = tx.one(f"{_ACCOUNT} WHERE u.user_id = :user_id", user_id=user_id)
    return None if row is None else _account(row)


def former(tx: Tx, email_hash: str) -> list[tuple[int, int, int]]:
    """(number, created at, deleted at) of deleted accounts that had this address, newest first."""
    rows = tx.all(
        "SELECT user_id, created_at, deleted_at FROM users WHERE former_hash = :email_hash AND deleted_at IS NOT NULL ORDER BY deleted_at DESC",
        email_hash=email_hash,
    )
    return [(user_id, created, deleted) for user_id, created, deleted in rows]


def by_hashes(tx: Tx, hashes: list[str]) -> dict[str, tuple[bytes, bytes]]:
    """Look-up hash → sealed address, of those that are somebody's."""
    rows = tx.all(
        "SELECT email_hash, email_cipher, email_nonce FROM users WHERE email_hash IN (:hashes[]) AND email_cipher IS NOT NULL", hashes=hashes
    )
    return {hashed: (bytes(cipher), bytes(nonce)) for hashed, cipher, nonce in rows}


def usage(tx: Tx, user_ids: list[int]) -> dict[int, tuple[int, int]]:
    """number → (bytes, files) over all apps."""
    rows = tx.all(
        "SELECT user_id, CAST(SUM(bytes) AS BIGINT), CAST(SUM(files) AS BIGINT) FROM usage WHERE user_id IN (:ids[]) GROUP BY user_id", ids=user_ids
    )
    return {user_id: (size, files) for user_id, size, files in rows}


def totals(tx: Tx) -> tuple[int, int, int]:
    """(live accounts, bytes, files) of the server."""
    accounts = tx.value("SELECT COUNT(*) FROM users WHERE deleted_at IS NULL")
    row = tx.one("SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT), CAST(COALESCE(SUM(files), 0) AS BIGINT) FROM usage")
    return int(accounts), *((int(row[0]), int(row[1])) if row else (0, 0))


def put_growth(tx: Tx, day: int, accounts: int, size: int, files: int) -> None:
    tx.run(
        "INSERT INTO growth (day, accounts, bytes, files) VALUES (:day, :accounts, :bytes, :files) ON CONFLICT (day) DO UPDATE SET "
        "accounts = excluded.accounts, bytes = excluded.bytes, files = excluded.files",
        day=day,
        accounts=accounts,
        bytes=size,
        files=files,
    )


def drop_growth(tx: Tx, before: int) -> None:
    tx.run("DELETE FROM growth WHERE day < :before", before=before)


def growth(tx: Tx, since: int) -> list[tuple[int, int, int, int]]:
    """(day, accounts, bytes, files), the oldest first."""
    rows = tx.all("SELECT day, accounts, bytes, files FROM growth WHERE day >= :since ORDER BY day", since=since)
    return [(day, accounts, size, files) for day, accounts, size, files in rows]


@dataclass(frozen=True, slots=True)
class OpenSession:
    app: str
    handle: str
    ip: str
    user_agent: str
    created_at: int
    last_used_at: int


def sessions(tx: Tx, user_id: int) -> list[OpenSession]:
    """A person's sessions in every app, last used first."""
    rows = tx.all(
        "SELECT app, handle, COALESCE(ip, ''), COALESCE(user_agent, ''), created_at, last_used_at FROM sessions WHERE user_id = :user_id "
        "ORDER BY last_used_at DESC",
        user_id=user_id,
    )
    return [OpenSession(*row) for row in rows]


def links(tx: Tx, user_id: int) -> tuple[int, int]:
    """(album links, file links) of a person that are open."""
    albums = tx.value(
        "SELECT COUNT(*) FROM collections c JOIN album_links l ON l.collection_id = c.collection_id AND NOT l.is_disabled "
        "WHERE c.owner_id = :user_id",
        user_id=user_id,
    )
    files = tx.value("SELECT COUNT(*) FROM file_links WHERE owner_id = :user_id AND NOT is_disabled", user_id=user_id)
    return int(albums), int(files)


def set_quota(tx: Tx, user_id: int, quota: int | None) -> None:
    tx.run("UPDATE users SET quota = :quota WHERE user_id = :user_id", quota=quota, user_id=user_id)


def set_bonus(tx: Tx, user_id: int, bonus: int) -> None:
    tx.run("UPDATE users SET bonus = :bonus WHERE user_id = :user_id", bonus=bonus, user_id=user_id)


def set_plan(tx: Tx, user_id: int, quota: int, ends_at: int) -> None:
    """A limit in bytes and until when (µs) it may be used."""
    tx.run("UPDATE users SET quota = :quota, plan_ends_at = :ends_at WHERE user_id = :user_id", quota=quota, ends_at=ends_at, user_id=user_id)


# --- the audit log
@dataclass(frozen=True, slots=True)
class Act:
    act_id: int
    at: int
    actor: str
    act: str
    user_id: int | None
    detail: str


def acts(tx: Tx, before: int, limit: int) -> list[Act]:
    """Acts with a lower number, the last first."""
    rows = tx.all(
        "SELECT act_id, at, actor, act, user_id, detail FROM admin_acts WHERE act_id < :before ORDER BY act_id DESC LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [Act(*row) for row in rows]


def acts_on(tx: Tx, user_id: int, limit: int) -> list[Act]:
    """The last acts on one account."""
    rows = tx.all(
        "SELECT act_id, at, actor, act, user_id, detail FROM admin_acts WHERE user_id = :user_id ORDER BY act_id DESC LIMIT :limit",
        user_id=user_id,
        limit=limit,
    )
    return [Act(*row) for row in rows]


def last_act(tx: Tx, act: str) -> Act | None:
    """Of this kind; reads the log from its end."""
    row = tx.one("SELECT act_id, at, actor, act, user_id, detail FROM admin_acts WHERE act = :act ORDER BY act_id DESC LIMIT 1", act=act)
    return None if row is None else Act(*row)


# --- ways into the page
def add_entry(tx: Tx, secret_hash: bytes, kind: str, now: int, expires_at: int, ip: str = "", user_id: int | None = None) -> None:
    """`user_id`: whose passkey opened it."""
    tx.run(
        "INSERT INTO admin_entries (secret_hash, kind, created_at, last_used_at, expires_at, ip, user_id) "
        "VALUES (:hash, :kind, :now, :now, :expires_at, :ip, :user_id)",
        hash=secret_hash,
        kind=kind,
        now=now,
        expires_at=expires_at,
        ip=ip,
        user_id=user_id,
    )


def entry(tx: Tx, secret_hash: bytes, kind: str, now: int) -> tuple[int, int | None] | None:
    """(last use, whose passkey opened it) of a way in that is open."""
    found = tx.one(
        "SELECT last_used_at, user_id FROM admin_entries WHERE secret_hash = :hash AND kind = :kind AND expires_at > :now",
        hash=secret_hash,
        kind=kind,
        now=now,
    )
    return None if found is None else (int(found[0]), found[1])


def touch_entry(tx: Tx, secret_hash: bytes, now: int) -> None:
    tx.run("UPDATE admin_entries SET last_used_at = :now WHERE secret_hash = :hash", now=now, hash=secret_hash)


def take_entry(tx: Tx, secret_hash: bytes, kind: str, now: int) -> bool:
    """End a way in; False when it was none any more."""
    return bool(
        tx.run(
            "DELETE FROM admin_entries WHERE secret_hash = :hash AND kind = :kind AND expires_at > :now",
            hash=secret_hash,
            kind=kind,
            now=now,
        )
    )


def end_entries(tx: Tx) -> int:
    return tx.run("DELETE FROM admin_entries")


def sweep_entries(tx: Tx, now: int) -> int:
    return tx.run("DELETE FROM admin_entries WHERE expires_at <= :now", now=now)

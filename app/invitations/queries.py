"""SQL of invitations: one function a statement. `sealed`: an address as (cipher, nonce, hash)."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx

Sealed = tuple[bytes, bytes, str]
_OPEN = "used_at IS NULL AND (expires_at IS NULL OR expires_at > :now)"


# --- by address
def invite(tx: Tx, sealed: Sealed, now: int, expires_at: int | None, quota: int | None) -> None:
    """One that was used is good again."""
    tx.run(
        "INSERT INTO invites (email_hash, email_cipher, email_nonce, created_at, expires_at, quota) "
        "VALUES (:email_hash, :cipher, :nonce, :now, :expires_at, :quota) "
        "ON CONFLICT (email_hash) DO UPDATE SET created_at = excluded.created_at, used_at = NULL, email_cipher = excluded.email_cipher, "
        "email_nonce = excluded.email_nonce, expires_at = excluded.expires_at, quota = excluded.quota",
        expires_at=expires_at,
        quota=quota,
        email_hash=sealed[2],
        cipher=sealed[0],
        nonce=sealed[1],
        now=now,
    )


@dataclass(frozen=True, slots=True)
class StoredInvite:
    """`sealed` None: of before addresses were kept, or a code for which no address was named; `code_id` None: by address."""

    code_id: int | None
    sealed: tuple[bytes, bytes] | None
    created_at: int
    expires_at: int | None
    used_at: int | None


def listed(tx: Tx, limit: int) -> list[StoredInvite]:
    """Of both kinds, the last ones first."""
    rows = tx.all(
        "SELECT code_id, email_cipher, email_nonce, created_at, expires_at, used_at FROM ("
        "  SELECT NULL AS code_id, email_cipher, email_nonce, created_at, expires_at, used_at FROM invites UNION ALL "
        "  SELECT code_id, email_cipher, email_nonce, created_at, expires_at, used_at FROM invite_codes) AS i ORDER BY created_at DESC LIMIT :limit",
        limit=limit,
    )
    return [StoredInvite(number, None if c is None else (bytes(c), bytes(n)), *times) for number, c, n, *times in rows]


def withdraw(tx: Tx, email_hash: str) -> int:
    return tx.run("DELETE FROM invites WHERE email_hash = :email_hash AND used_at IS NULL", email_hash=email_hash)


def is_invited(tx: Tx, email_hash: str, now: int) -> bool:
    """By either kind."""
    hit = tx.value(
        f"SELECT 1 FROM invites WHERE email_hash = :email_hash AND {_OPEN} "
        f"UNION ALL SELECT 1 FROM invite_codes WHERE email_hash = :email_hash AND {_OPEN} LIMIT 1",
        email_hash=email_hash,
        now=now,
    )
    return hit is not None


def use(tx: Tx, email_hash: str, now: int) -> tuple[int | None] | None:
    """Use up the invitation of an address: (the limit that comes with it), None without one."""
    row = tx.one(f"UPDATE invites SET used_at = :now WHERE email_hash = :email_hash AND {_OPEN} RETURNING quota", email_hash=email_hash, now=now)
    return None if row is None else (row[0],)


# --- by code
def add_code(tx: Tx, code_hash: str, now: int, expires_at: int, quota: int | None) -> None:
    tx.run(
        "INSERT INTO invite_codes (code_hash, created_at, expires_at, quota) VALUES (:code_hash, :now, :expires_at, :quota)",
        code_hash=code_hash,
        now=now,
        expires_at=expires_at,
        quota=quota,
    )


def name_address(tx: Tx, code_hash: str, sealed: Sealed, now: int) -> int:
    """The address that may sign up by this code, instead of one that was named before; 0 for a code that is not good."""
    return tx.run(
        f"UPDATE invite_codes SET email_hash = :email_hash, email_cipher = :cipher, email_nonce = :nonce WHERE code_hash = :code_hash AND {_OPEN}",
        code_hash=code_hash,
        email_hash=sealed[2],
        cipher=sealed[0],
        nonce=sealed[1],
        now=now,
    )


def is_good(tx: Tx, code_hash: str, now: int) -> bool:
    return tx.value(f"SELECT 1 FROM invite_codes WHERE code_hash = :code_hash AND {_OPEN}", code_hash=code_hash, now=now) is not None


def use_code(tx: Tx, email_hash: str, now: int) -> tuple[int | None] | None:
    """`use`, of a code for which this address was named: the oldest, where there are several."""
    row = tx.one(
        "UPDATE invite_codes SET used_at = :now WHERE code_id = "
        f"  (SELECT min(code_id) FROM invite_codes WHERE email_hash = :email_hash AND {_OPEN}) AND used_at IS NULL RETURNING quota",
        email_hash=email_hash,
        now=now,
    )
    return None if row is None else (row[0],)


def withdraw_code(tx: Tx, code_id: int) -> int:
    return tx.run("DELETE FROM invite_codes WHERE code_id = :code_id AND used_at IS NULL", code_id=code_id)

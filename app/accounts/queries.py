"""SQL of accounts and key attributes: one function a statement.

A deleted account is found by none of these: its address is gone, and look-ups by id ask for `deleted_at IS NULL`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..db import Tx
from .wire import KeyAttributes, RecoveryKey, UpdatedKeys

KEY_COLUMNS = (
    "kek_salt, encrypted_key, key_nonce, public_key, encrypted_secret_key, secret_key_nonce, mem_limit, ops_limit, kek_hash, "
    "master_by_recovery, master_by_recovery_nonce, recovery_by_master, recovery_by_master_nonce"
)
_KEY_FIELDS = KeyAttributes.__struct_fields__  # in the order of KEY_COLUMNS


# --- accounts
def standing(tx: Tx, email_hash: str) -> tuple[int, bool] | None:
    """(user id, whether its keys are set) of an address, None when it is nobody's."""
    row = tx.one(
        "SELECT u.user_id, k.user_id IS NOT NULL FROM users u LEFT JOIN key_attributes k ON k.user_id = u.user_id WHERE u.email_hash = :email_hash",
        email_hash=email_hash,
    )
    return None if row is None else (row[0], bool(row[1]))


def anybody(tx: Tx) -> bool:
    """Whether there ever was an account."""
    return tx.value("SELECT 1 FROM users LIMIT 1") is not None


def set_quota(tx: Tx, user_id: int, quota: int) -> None:
    tx.run("UPDATE users SET quota = :quota WHERE user_id = :user_id", quota=quota, user_id=user_id)


def insert_user(tx: Tx, email: tuple[bytes, bytes, str], source: str, now: int) -> int:
    """`email` is (cipher, nonce, hash)."""
    cipher, nonce, email_hash = email
    return int(
        tx.value(
            "INSERT INTO users (email_cipher, email_nonce, email_hash, created_at, source) "
            "VALUES (:cipher, :nonce, :email_hash, :now, :source) RETURNING user_id",
            cipher=cipher,
            nonce=nonce,
            email_hash=email_hash,
            now=now,
            source=source or None,
        )
    )


def set_email(tx: Tx, user_id: int, email: tuple[bytes, bytes, str]) -> None:
    tx.run(
        "UPDATE users SET email_cipher = :cipher, email_nonce = :nonce, email_hash = :email_hash WHERE user_id = :user_id",
        cipher=email[0],
        nonce=email[1],
        email_hash=email[2],
        user_id=user_id,
    )


@dataclass(frozen=True, slots=True)
class User:
    """An account's row without its limits."""

    email_cipher: bytes
    email_nonce: bytes
    created_at: int
    email_mfa: bool
    totp_enabled: bool
    has_srp: bool
    passkeys: int


def user(tx: Tx, user_id: int) -> User | None:
    """None when there is no such account or it was deleted."""
    row = tx.one(
        "SELECT u.email_cipher, u.email_nonce, u.created_at, u.email_mfa, u.totp_enabled, s.user_id IS NOT NULL, "
        "  (SELECT count(*) FROM passkeys p WHERE p.user_id = u.user_id) FROM users u "
        "LEFT JOIN srp_auth s ON s.user_id = u.user_id WHERE u.user_id = :user_id AND u.deleted_at IS NULL",
        user_id=user_id,
    )
    return None if row is None else User(row[0], row[1], row[2], bool(row[3]), bool(row[4]), bool(row[5]), row[6])


def has_totp(tx: Tx, user_id: int) -> bool:
    """Whether a log-in owes a code of an authenticator app."""
    return bool(tx.value("SELECT totp_enabled FROM users WHERE user_id = :user_id", user_id=user_id))


def set_totp(tx: Tx, user_id: int, enabled: bool) -> None:
    tx.run("UPDATE users SET totp_enabled = :enabled WHERE user_id = :user_id", enabled=enabled, user_id=user_id)


def set_email_mfa(tx: Tx, user_id: int, enabled: bool) -> None:
    tx.run("UPDATE users SET email_mfa = :enabled WHERE user_id = :user_id", enabled=enabled, user_id=user_id)


def mark_deleted(tx: Tx, user_id: int, feedback: str, now: int) -> int:
    """Blank the address (it can sign up again at once) and leave the row; how many accounts this deleted: 0 or 1."""
    return tx.run(
        "UPDATE users SET email_cipher = NULL, email_nonce = NULL, former_hash = email_hash, email_hash = :freed, "
        "delete_feedback = :feedback, deleted_at = :now "
        "WHERE user_id = :user_id AND deleted_at IS NULL",
        freed=f"deleted+{user_id}",
        feedback=feedback,
        now=now,
        user_id=user_id,
    )


def is_deleted(tx: Tx, user_id: int) -> bool:
    """Whether there was an account with this id, and its owner has deleted it."""
    return tx.value("SELECT 1 FROM users WHERE user_id = :user_id AND deleted_at IS NOT NULL", user_id=user_id) is not None


def restore(tx: Tx, user_id: int, email: tuple[bytes, bytes, str]) -> int:
    """Undo `mark_deleted`; `email` is (cipher, nonce, hash). How many accounts this brought back: 0 or 1."""
    return tx.run(
        "UPDATE users SET email_cipher = :cipher, email_nonce = :nonce, email_hash = :email_hash, former_hash = NULL, delete_feedback = NULL, "
        "deleted_at = NULL WHERE user_id = :user_id AND deleted_at IS NOT NULL AND purged_at IS NULL",
        cipher=email[0],
        nonce=email[1],
        email_hash=email[2],
        user_id=user_id,
    )


def to_purge(tx: Tx, before: int, limit: int) -> list[int]:
    """Accounts deleted before a time whose data is still there."""
    rows = tx.all(
        "SELECT user_id FROM users WHERE deleted_at < :before AND deleted_at IS NOT NULL AND purged_at IS NULL ORDER BY deleted_at LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [user_id for (user_id,) in rows]


def forget_keys(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM key_attributes WHERE user_id = :user_id", user_id=user_id)


def mark_purged(tx: Tx, user_id: int, now: int) -> None:
    tx.run("UPDATE users SET purged_at = :now, former_hash = NULL, delete_feedback = NULL WHERE user_id = :user_id", user_id=user_id, now=now)


# --- keys
def key_attributes(tx: Tx, user_id: int) -> KeyAttributes | None:
    row = tx.one(f"SELECT {KEY_COLUMNS} FROM key_attributes WHERE user_id = :user_id", user_id=user_id)
    return None if row is None else KeyAttributes(*row)


def insert_key_attributes(tx: Tx, user_id: int, keys: KeyAttributes) -> bool:
    """False when there are some already."""
    places = ", ".join(f":{f}" for f in _KEY_FIELDS)
    return bool(
        tx.run(
            f"INSERT INTO key_attributes (user_id, {KEY_COLUMNS}) VALUES (:user_id, {places}) ON CONFLICT (user_id) DO NOTHING",
            of=keys,
            user_id=user_id,
        )
    )


def set_recovery_key(tx: Tx, user_id: int, key: RecoveryKey) -> None:
    tx.run(
        "UPDATE key_attributes SET master_by_recovery = :master_key_encrypted_with_recovery_key, "
        "master_by_recovery_nonce = :master_key_decryption_nonce, recovery_by_master = :recovery_key_encrypted_with_master_key, "
        "recovery_by_master_nonce = :recovery_key_decryption_nonce WHERE user_id = :user_id",
        of=key,
        user_id=user_id,
    )


def rewrap_keys(tx: Tx, user_id: int, keys: UpdatedKeys) -> None:
    """What a new password changes; without key attributes nothing happens."""
    tx.run(
        "UPDATE key_attributes SET kek_salt = :kek_salt, encrypted_key = :encrypted_key, key_nonce = :key_decryption_nonce, mem_limit = :mem_limit, "
        "ops_limit = :ops_limit WHERE user_id = :user_id",
        of=keys,
        user_id=user_id,
    )


def public_key(tx: Tx, user_id: int) -> str | None:
    found = tx.value("SELECT public_key FROM key_attributes WHERE user_id = :user_id", user_id=user_id)
    return None if found is None else str(found)


def public_keys(tx: Tx, user_ids: Sequence[int]) -> dict[int, str]:
    """Of those of these accounts that have one."""
    return dict(tx.all("SELECT user_id, public_key FROM key_attributes WHERE user_id IN (:ids[])", ids=sorted(set(user_ids))))


# --- counts
def code_count(tx: Tx, user_id: int) -> int:
    """Live codes of the Auth app."""
    return int(tx.value("SELECT count(*) FROM authenticator_entities WHERE user_id = :user_id AND NOT is_deleted", user_id=user_id))

"""SQL of accounts, key attributes, e-mail codes and sessions: one function a statement. SRP's is in srp_queries.

A deleted account is found by none of these: its address is gone, its sessions too, and look-ups by id ask for `deleted_at IS NULL`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from .wire import KeyAttributes, RecoveryKey

_KEYS = (
    "kek_salt, encrypted_key, key_nonce, public_key, encrypted_secret_key, secret_key_nonce, mem_limit, ops_limit, kek_hash, "
    "master_by_recovery, master_by_recovery_nonce, recovery_by_master, recovery_by_master_nonce"
)
_KEY_FIELDS = KeyAttributes.__struct_fields__  # in the order of _KEYS


# --- accounts
def user_by_email(tx: Tx, email_hash: str) -> int | None:
    found = tx.value("SELECT user_id FROM users WHERE email_hash = :email_hash", email_hash=email_hash)
    return None if found is None else int(found)


def standing(tx: Tx, email_hash: str) -> tuple[int, bool] | None:
    """(user id, whether its keys are set) of an address, None when it is nobody's."""
    row = tx.one(
        "SELECT u.user_id, k.user_id IS NOT NULL FROM users u LEFT JOIN key_attributes k ON k.user_id = u.user_id WHERE u.email_hash = :email_hash",
        email_hash=email_hash,
    )
    return None if row is None else (row[0], bool(row[1]))


def is_invited(tx: Tx, email_hash: str) -> bool:
    return tx.value("SELECT 1 FROM invites WHERE email_hash = :email_hash", email_hash=email_hash) is not None


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


def user(tx: Tx, user_id: int) -> User | None:
    """None when there is no such account or it was deleted."""
    row = tx.one(
        "SELECT u.email_cipher, u.email_nonce, u.created_at, u.email_mfa, u.totp_enabled, s.user_id IS NOT NULL FROM users u "
        "LEFT JOIN srp_auth s ON s.user_id = u.user_id WHERE u.user_id = :user_id AND u.deleted_at IS NULL",
        user_id=user_id,
    )
    return None if row is None else User(row[0], row[1], row[2], bool(row[3]), bool(row[4]), bool(row[5]))


def totp_enabled(tx: Tx, user_id: int) -> bool:
    return bool(tx.value("SELECT totp_enabled FROM users WHERE user_id = :user_id", user_id=user_id))


def set_email_mfa(tx: Tx, user_id: int, enabled: bool) -> None:
    tx.run("UPDATE users SET email_mfa = :enabled WHERE user_id = :user_id", enabled=enabled, user_id=user_id)


def mark_deleted(tx: Tx, user_id: int, feedback: str, now: int) -> int:
    """Blank the address (it can sign up again at once) and leave the row; how many accounts this deleted: 0 or 1."""
    return tx.run(
        "UPDATE users SET email_cipher = NULL, email_nonce = NULL, email_hash = :freed, delete_feedback = :feedback, deleted_at = :now "
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
        "UPDATE users SET email_cipher = :cipher, email_nonce = :nonce, email_hash = :email_hash, delete_feedback = NULL, deleted_at = NULL "
        "WHERE user_id = :user_id AND deleted_at IS NOT NULL",
        cipher=email[0],
        nonce=email[1],
        email_hash=email[2],
        user_id=user_id,
    )


def delete_push_tokens(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM push_tokens WHERE user_id = :user_id", user_id=user_id)


# --- keys
def key_attributes(tx: Tx, user_id: int) -> KeyAttributes | None:
    row = tx.one(f"SELECT {_KEYS} FROM key_attributes WHERE user_id = :user_id", user_id=user_id)
    return None if row is None else KeyAttributes(*row)


def session_and_keys(tx: Tx, hashed: bytes) -> tuple[tuple[int, str, int, int] | None, KeyAttributes | None]:
    """A token's session, as `http.auth.find_session` has it, and its account's keys."""
    row = tx.one(
        f"SELECT s.user_id, s.app, s.created_at, s.last_used_at, k.user_id, {_KEYS} FROM sessions s "
        "LEFT JOIN key_attributes k ON k.user_id = s.user_id WHERE s.token_hash = :hashed",
        hashed=hashed,
    )
    if row is None:
        return None, None
    return (row[0], row[1], row[2], row[3]), None if row[4] is None else KeyAttributes(*row[5:])


def insert_key_attributes(tx: Tx, user_id: int, keys: KeyAttributes) -> bool:
    """False when there are some already."""
    values = {f: getattr(keys, f) for f in _KEY_FIELDS}
    places = ", ".join(f":{f}" for f in _KEY_FIELDS)
    return bool(
        tx.run(
            f"INSERT INTO key_attributes (user_id, {_KEYS}) VALUES (:user_id, {places}) ON CONFLICT (user_id) DO NOTHING",
            user_id=user_id,
            **values,
        )
    )


def set_recovery_key(tx: Tx, user_id: int, key: RecoveryKey) -> None:
    tx.run(
        "UPDATE key_attributes SET master_by_recovery = :master, master_by_recovery_nonce = :master_nonce, "
        "recovery_by_master = :recovery, recovery_by_master_nonce = :recovery_nonce WHERE user_id = :user_id",
        master=key.master_key_encrypted_with_recovery_key,
        master_nonce=key.master_key_decryption_nonce,
        recovery=key.recovery_key_encrypted_with_master_key,
        recovery_nonce=key.recovery_key_decryption_nonce,
        user_id=user_id,
    )


def public_key(tx: Tx, email_hash: str) -> str | None:
    found = tx.value(
        "SELECT k.public_key FROM users u JOIN key_attributes k ON k.user_id = u.user_id WHERE u.email_hash = :email_hash",
        email_hash=email_hash,
    )
    return None if found is None else str(found)


# --- codes by e-mail
@dataclass(frozen=True, slots=True)
class StoredCode:
    """One live code; only its keyed hash and a sealed copy exist."""

    app: str
    code_hash: str
    code_cipher: bytes
    code_nonce: bytes
    wrong_attempts: int
    expires_at: int


def live_codes(tx: Tx, email_hash: str, now: int) -> list[StoredCode]:
    """Unexpired codes of an address, of every app, oldest first."""
    rows = tx.all(
        "SELECT app, code_hash, code_cipher, code_nonce, wrong_attempts, expires_at FROM otts "
        "WHERE email_hash = :email_hash AND expires_at > :now ORDER BY created_at",
        email_hash=email_hash,
        now=now,
    )
    return [StoredCode(*row) for row in rows]


def lock_codes(tx: Tx, email_hash: str) -> None:
    """Everything that turns a code into something (a session, an account, a new address) waits here for its turn with that address."""
    tx.all("SELECT code_hash FROM otts WHERE email_hash = :email_hash ORDER BY app, code_hash FOR UPDATE", email_hash=email_hash)


def store_code(tx: Tx, email_hash: str, code: StoredCode, now: int) -> None:
    """The same code again gets new times; one that had expired begins without wrong guesses."""
    tx.run(
        "INSERT INTO otts (email_hash, app, code_hash, code_cipher, code_nonce, created_at, expires_at) "
        "VALUES (:email_hash, :app, :code_hash, :cipher, :nonce, :now, :expires_at) ON CONFLICT (email_hash, app, code_hash) DO UPDATE SET "
        "wrong_attempts = CASE WHEN otts.expires_at > :now THEN otts.wrong_attempts ELSE 0 END, "
        "created_at = excluded.created_at, expires_at = excluded.expires_at",
        email_hash=email_hash,
        app=code.app,
        code_hash=code.code_hash,
        cipher=code.code_cipher,
        nonce=code.code_nonce,
        now=now,
        expires_at=code.expires_at,
    )


def count_wrong_code(tx: Tx, email_hash: str, app: str, now: int) -> None:
    tx.run(
        "UPDATE otts SET wrong_attempts = wrong_attempts + 1 WHERE email_hash = :email_hash AND app = :app AND expires_at > :now",
        email_hash=email_hash,
        app=app,
        now=now,
    )


def delete_code(tx: Tx, email_hash: str, app: str, code_hash: str) -> None:
    tx.run(
        "DELETE FROM otts WHERE email_hash = :email_hash AND app = :app AND code_hash = :code_hash",
        email_hash=email_hash,
        app=app,
        code_hash=code_hash,
    )


def sweep_codes(tx: Tx, before: int) -> int:
    return tx.run("DELETE FROM otts WHERE expires_at <= :before", before=before)


# --- sessions
@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session's row as the list shows it."""

    token_hash: bytes
    handle: str
    ip: str | None
    user_agent: str | None
    created_at: int
    last_used_at: int


def insert_session(tx: Tx, user_id: int, app: str, s: StoredSession) -> None:
    tx.run(
        "INSERT INTO sessions (token_hash, user_id, app, handle, ip, user_agent, created_at, last_used_at) "
        "VALUES (:token_hash, :user_id, :app, :handle, :ip, :user_agent, :created_at, :last_used_at)",
        token_hash=s.token_hash,
        user_id=user_id,
        app=app,
        handle=s.handle,
        ip=s.ip,
        user_agent=s.user_agent,
        created_at=s.created_at,
        last_used_at=s.last_used_at,
    )


def sessions(tx: Tx, user_id: int, app: str) -> list[StoredSession]:
    rows = tx.all(
        "SELECT token_hash, handle, ip, user_agent, created_at, last_used_at FROM sessions WHERE user_id = :user_id AND app = :app "
        "ORDER BY created_at",
        user_id=user_id,
        app=app,
    )
    return [StoredSession(bytes(row[0]), *row[1:]) for row in rows]


def end_session(tx: Tx, user_id: int, token_hash: bytes, handle: str) -> int:
    """End one of this person's sessions, named by its token's hash or by its handle."""
    return tx.run(
        "DELETE FROM sessions WHERE user_id = :user_id AND (token_hash = :token_hash OR handle = :handle)",
        user_id=user_id,
        token_hash=token_hash,
        handle=handle,
    )


def end_sessions(tx: Tx, user_id: int, but: bytes = b"") -> int:
    """End all of a person's sessions in every app, except the one with this token hash."""
    return tx.run("DELETE FROM sessions WHERE user_id = :user_id AND token_hash <> :but", user_id=user_id, but=but)


def sweep_sessions(tx: Tx, idle_since: int) -> int:
    return tx.run("DELETE FROM sessions WHERE last_used_at < :idle_since", idle_since=idle_since)


# --- counts
def code_count(tx: Tx, user_id: int) -> int:
    """Live codes of the Auth app."""
    return int(tx.value("SELECT count(*) FROM authenticator_entities WHERE user_id = :user_id AND NOT is_deleted", user_id=user_id))


def apps(tx: Tx, user_id: int) -> list[str]:
    """Apps this person uses: with a session, albums, or the authenticator's key."""
    rows = tx.all(
        "SELECT app FROM sessions WHERE user_id = :user_id UNION SELECT app FROM collections WHERE owner_id = :user_id "
        "UNION SELECT 'auth' FROM authenticator_keys WHERE user_id = :user_id ORDER BY 1",
        user_id=user_id,
    )
    return [app for (app,) in rows]

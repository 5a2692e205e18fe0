"""SQL of codes by e-mail and of the look-up that every app starts with: one function a statement. SRP's is in srp_queries."""

from __future__ import annotations

from dataclasses import dataclass

from ..accounts.service import KEY_COLUMNS
from ..accounts.wire import KeyAttributes
from ..db import Tx
from ..kernel.sessions import SessionRow


@dataclass(frozen=True, slots=True)
class StoredCode:
    """One live code; only its keyed hash and a sealed copy exist."""

    app: str
    code_hash: str
    code_cipher: bytes
    code_nonce: bytes
    expires_at: int
    network: str  # of who asked for it


@dataclass(frozen=True, slots=True)
class WaitingCode:
    """A live code and the sealed address that it was asked for (none of before the address was kept)."""

    app: str
    code: tuple[bytes, bytes]
    email: tuple[bytes, bytes] | None
    created_at: int
    expires_at: int


def waiting(tx: Tx, now: int, limit: int) -> list[WaitingCode]:
    """Unexpired codes of everybody, for the operator: the last ones first."""
    rows = tx.all(
        "SELECT app, code_cipher, code_nonce, email_cipher, email_nonce, created_at, expires_at FROM otts WHERE expires_at > :now "
        "ORDER BY expires_at DESC LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [
        WaitingCode(app, (bytes(cipher), bytes(nonce)), None if sealed is None else (bytes(sealed), bytes(seal)), made, ends)
        for app, cipher, nonce, sealed, seal, made, ends in rows
    ]


def live_codes(tx: Tx, email_hash: str, now: int) -> list[StoredCode]:
    """Unexpired codes of an address, of every app, oldest first."""
    rows = tx.all(
        "SELECT app, code_hash, code_cipher, code_nonce, expires_at, network FROM otts "
        "WHERE email_hash = :email_hash AND expires_at > :now ORDER BY created_at",
        email_hash=email_hash,
        now=now,
    )
    return [StoredCode(*row) for row in rows]


def lock_codes(tx: Tx, email_hash: str) -> None:
    """Everything that turns a code into something (a session, an account, a new address) waits here for its turn with that address."""
    tx.all("SELECT code_hash FROM otts WHERE email_hash = :email_hash ORDER BY app, code_hash FOR UPDATE", email_hash=email_hash)


def store_code(tx: Tx, email_hash: str, sealed: tuple[bytes, bytes], code: StoredCode, now: int) -> None:
    """The same code again gets new times. `sealed`: the address (cipher, nonce)."""
    tx.run(
        "INSERT INTO otts (email_hash, app, code_hash, code_cipher, code_nonce, created_at, expires_at, network, email_cipher, email_nonce) "
        "VALUES (:email_hash, :app, :code_hash, :code_cipher, :code_nonce, :now, :expires_at, :network, :email_cipher, :email_nonce) "
        "ON CONFLICT (email_hash, app, code_hash) DO UPDATE SET "
        "created_at = excluded.created_at, expires_at = excluded.expires_at, network = excluded.network",
        of=code,
        email_hash=email_hash,
        email_cipher=sealed[0],
        email_nonce=sealed[1],
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


def session_and_keys(tx: Tx, hashed: bytes) -> tuple[SessionRow | None, KeyAttributes | None]:
    """A token's session, as `kernel.sessions.find` has it, and its account's keys."""
    row = tx.one(
        f"SELECT s.user_id, s.app, s.created_at, s.last_used_at, k.user_id, {KEY_COLUMNS} FROM sessions s "
        "LEFT JOIN key_attributes k ON k.user_id = s.user_id WHERE s.token_hash = :hashed",
        hashed=hashed,
    )
    if row is None:
        return None, None
    return (row[0], row[1], row[2], row[3]), None if row[4] is None else KeyAttributes(*row[5:])

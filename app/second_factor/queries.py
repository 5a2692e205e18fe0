"""SQL of TOTP: secrets, pending secrets, used steps, log-ins that owe a code. One function a statement."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx


@dataclass(frozen=True, slots=True)
class Secret:
    """A sealed secret; `encrypted` and `nonce` are the client's own copy, empty while it is pending."""

    cipher: bytes
    seal_nonce: bytes
    hashed: str
    encrypted: str = ""
    nonce: str = ""


def secret(tx: Tx, user_id: int) -> Secret | None:
    """The secret, asked for at log-in or (after it was switched off) not."""
    row = tx.one(
        "SELECT secret_cipher, secret_nonce, secret_hash, encrypted_secret, encrypted_secret_nonce FROM totp WHERE user_id = :user_id",
        user_id=user_id,
    )
    return None if row is None else Secret(bytes(row[0]), bytes(row[1]), *row[2:])


def put_secret(tx: Tx, user_id: int, s: Secret, now: int) -> None:
    tx.run(
        "INSERT INTO totp (user_id, secret_cipher, secret_nonce, secret_hash, encrypted_secret, encrypted_secret_nonce, enabled_at) "
        "VALUES (:user_id, :cipher, :seal_nonce, :hashed, :encrypted, :nonce, :now) ON CONFLICT (user_id) DO UPDATE SET "
        "secret_cipher = excluded.secret_cipher, secret_nonce = excluded.secret_nonce, secret_hash = excluded.secret_hash, "
        "encrypted_secret = excluded.encrypted_secret, encrypted_secret_nonce = excluded.encrypted_secret_nonce, enabled_at = excluded.enabled_at",
        user_id=user_id,
        cipher=s.cipher,
        seal_nonce=s.seal_nonce,
        hashed=s.hashed,
        encrypted=s.encrypted,
        nonce=s.nonce,
        now=now,
    )


def drop_secret(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM totp WHERE user_id = :user_id", user_id=user_id)


# --- pending
def add_pending(tx: Tx, user_id: int, s: Secret, expires_at: int) -> None:
    tx.run(
        "INSERT INTO totp_pending (user_id, secret_hash, secret_cipher, secret_nonce, expires_at) "
        "VALUES (:user_id, :hashed, :cipher, :seal_nonce, :expires_at)",
        user_id=user_id,
        hashed=s.hashed,
        cipher=s.cipher,
        seal_nonce=s.seal_nonce,
        expires_at=expires_at,
    )


def pending(tx: Tx, user_id: int, now: int) -> list[Secret]:
    """Unexpired pending secrets, newest first."""
    rows = tx.all(
        "SELECT secret_cipher, secret_nonce, secret_hash FROM totp_pending WHERE user_id = :user_id AND expires_at > :now ORDER BY expires_at DESC",
        user_id=user_id,
        now=now,
    )
    return [Secret(bytes(cipher), bytes(nonce), hashed) for cipher, nonce, hashed in rows]


def drop_other_pending(tx: Tx, user_id: int, keep: list[str]) -> None:
    """All but those with these hashes."""
    tx.run("DELETE FROM totp_pending WHERE user_id = :user_id AND secret_hash NOT IN (:keep[])", user_id=user_id, keep=keep)


def sweep_pending(tx: Tx, before: int) -> None:
    tx.run("DELETE FROM totp_pending WHERE expires_at <= :before", before=before)


# --- used codes
def use_steps(tx: Tx, user_id: int, steps: list[int]) -> bool:
    """False when the code of one of these steps was used before."""
    return len(steps) == tx.run(
        "INSERT INTO totp_used (user_id, step) SELECT :user_id, r.step FROM :rows[step int] r WHERE TRUE ON CONFLICT (user_id, step) DO NOTHING",
        user_id=user_id,
        rows=[(step,) for step in steps],
    )


def drop_used(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM totp_used WHERE user_id = :user_id", user_id=user_id)


def sweep_used(tx: Tx, before: int) -> None:
    tx.run("DELETE FROM totp_used WHERE step < :before", before=before)


# --- log-ins
def add_login(tx: Tx, session_hash: bytes, user_id: int, expires_at: int) -> None:
    tx.run(
        "INSERT INTO totp_logins (session_hash, user_id, expires_at) VALUES (:session_hash, :user_id, :expires_at)",
        session_hash=session_hash,
        user_id=user_id,
        expires_at=expires_at,
    )


def login(tx: Tx, session_hash: bytes, now: int) -> int | None:
    """Whose log-in this is; None for an unknown, used or expired one."""
    found = tx.value("SELECT user_id FROM totp_logins WHERE session_hash = :session_hash AND expires_at > :now", session_hash=session_hash, now=now)
    return None if found is None else int(found)


def reserve_attempt(tx: Tx, session_hash: bytes, limit: int) -> bool:
    """Take one of the log-in's attempts, before anything is compared; its row is locked until COMMIT. False when none is left."""
    return bool(
        tx.run(
            "UPDATE totp_logins SET attempts = attempts + 1 WHERE session_hash = :session_hash AND attempts < :limit",
            session_hash=session_hash,
            limit=limit,
        )
    )


def end_login(tx: Tx, session_hash: bytes) -> bool:
    """False when somebody was faster."""
    return bool(tx.run("DELETE FROM totp_logins WHERE session_hash = :session_hash", session_hash=session_hash))


def end_logins(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM totp_logins WHERE user_id = :user_id", user_id=user_id)


def sweep_logins(tx: Tx, before: int) -> None:
    tx.run("DELETE FROM totp_logins WHERE expires_at <= :before", before=before)

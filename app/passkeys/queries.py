"""SQL of passkeys, their ceremonies, log-ins that owe one, and their recovery. One function a statement."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx


# --- passkeys
def count(tx: Tx, user_id: int) -> int:
    return int(tx.value("SELECT count(*) FROM passkeys WHERE user_id = :user_id", user_id=user_id))


def listed(tx: Tx, user_id: int) -> list[tuple[str, str, int]]:
    """(id, name, created at), oldest first."""
    return [
        (row[0], row[1], row[2])
        for row in tx.all(
            "SELECT passkey_id, name, created_at FROM passkeys WHERE user_id = :user_id ORDER BY created_at, passkey_id", user_id=user_id
        )
    ]


def credentials(tx: Tx, user_id: int) -> list[tuple[bytes, str]]:
    """(credential id, transports)."""
    rows = tx.all("SELECT credential_id, transports FROM passkeys WHERE user_id = :user_id ORDER BY created_at, passkey_id", user_id=user_id)
    return [(bytes(raw), transports) for raw, transports in rows]


def public_key(tx: Tx, user_id: int, credential_id: bytes) -> bytes | None:
    found = tx.value(
        "SELECT public_key FROM passkeys WHERE user_id = :user_id AND credential_id = :credential_id", user_id=user_id, credential_id=credential_id
    )
    return None if found is None else bytes(found)


@dataclass(frozen=True, slots=True)
class NewPasskey:
    passkey_id: str
    name: str
    credential_id: bytes
    public_key: bytes
    transports: str


def insert(tx: Tx, user_id: int, key: NewPasskey, now: int) -> bool:
    """False when this person has registered the credential before."""
    return bool(
        tx.run(
            "INSERT INTO passkeys (passkey_id, user_id, name, credential_id, public_key, transports, created_at) "
            "VALUES (:passkey_id, :user_id, :name, :credential_id, :public_key, :transports, :now) ON CONFLICT (user_id, credential_id) DO NOTHING",
            passkey_id=key.passkey_id,
            user_id=user_id,
            name=key.name,
            credential_id=key.credential_id,
            public_key=key.public_key,
            transports=key.transports,
            now=now,
        )
    )


def rename(tx: Tx, user_id: int, passkey_id: str, name: str) -> None:
    tx.run(
        "UPDATE passkeys SET name = :name WHERE passkey_id = :passkey_id AND user_id = :user_id", name=name, passkey_id=passkey_id, user_id=user_id
    )


def delete(tx: Tx, user_id: int, passkey_id: str) -> None:
    tx.run("DELETE FROM passkeys WHERE passkey_id = :passkey_id AND user_id = :user_id", passkey_id=passkey_id, user_id=user_id)


def delete_all(tx: Tx, user_id: int) -> int:
    return tx.run("DELETE FROM passkeys WHERE user_id = :user_id", user_id=user_id)


# --- ceremonies
@dataclass(frozen=True, slots=True)
class Ceremony:
    """A challenge that was given out. `login_hash` is empty for a registration."""

    ceremony_id: str
    user_id: int
    login_hash: bytes
    challenge: bytes
    expires_at: int


def add_ceremony(tx: Tx, c: Ceremony) -> None:
    tx.run(
        "INSERT INTO passkey_ceremonies (ceremony_id, user_id, login_hash, challenge, expires_at) "
        "VALUES (:ceremony_id, :user_id, :login_hash, :challenge, :expires_at)",
        ceremony_id=c.ceremony_id,
        user_id=c.user_id,
        login_hash=c.login_hash,
        challenge=c.challenge,
        expires_at=c.expires_at,
    )


def drop_old_ceremonies(tx: Tx, user_id: int, login_hash: bytes, keep: int) -> None:
    """All but the newest of a log-in, or of a person's registrations."""
    tx.run(
        "DELETE FROM passkey_ceremonies WHERE user_id = :user_id AND login_hash = :login_hash AND ceremony_id NOT IN ("
        "SELECT ceremony_id FROM passkey_ceremonies WHERE user_id = :user_id AND login_hash = :login_hash ORDER BY expires_at DESC LIMIT :keep)",
        user_id=user_id,
        login_hash=login_hash,
        keep=keep,
    )


def take_ceremony(tx: Tx, ceremony_id: str, user_id: int, login_hash: bytes) -> tuple[bytes, int] | None:
    """(challenge, expires at) of a ceremony of this log-in, which is used up by asking."""
    row = tx.one(
        "DELETE FROM passkey_ceremonies WHERE ceremony_id = :ceremony_id AND user_id = :user_id AND login_hash = :login_hash "
        "RETURNING challenge, expires_at",
        ceremony_id=ceremony_id,
        user_id=user_id,
        login_hash=login_hash,
    )
    return None if row is None else (bytes(row[0]), int(row[1]))


def take_offer(tx: Tx, ceremony_id: str, login_hash: bytes) -> tuple[int, bytes, int] | None:
    """(person, challenge, expires at) of a ceremony whose person is found by it; it is used up by asking."""
    row = tx.one(
        "DELETE FROM passkey_ceremonies WHERE ceremony_id = :ceremony_id AND login_hash = :login_hash RETURNING user_id, challenge, expires_at",
        ceremony_id=ceremony_id,
        login_hash=login_hash,
    )
    return None if row is None else (int(row[0]), bytes(row[1]), int(row[2]))


def end_ceremonies(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM passkey_ceremonies WHERE user_id = :user_id", user_id=user_id)


def sweep_ceremonies(tx: Tx, before: int) -> None:
    tx.run("DELETE FROM passkey_ceremonies WHERE expires_at <= :before", before=before)


# --- log-ins
@dataclass(frozen=True, slots=True)
class Login:
    """A log-in that owes a passkey. `answer`: the JSON that its app may fetch, once it is verified."""

    user_id: int
    expires_at: int
    verified_at: int | None
    answer: str | None
    fetches: int


def add_login(tx: Tx, session_hash: bytes, user_id: int, expires_at: int) -> None:
    tx.run(
        "INSERT INTO passkey_logins (session_hash, user_id, expires_at) VALUES (:session_hash, :user_id, :expires_at)",
        session_hash=session_hash,
        user_id=user_id,
        expires_at=expires_at,
    )


def login(tx: Tx, session_hash: bytes) -> Login | None:
    row = tx.one(
        "SELECT user_id, expires_at, verified_at, answer, fetches FROM passkey_logins WHERE session_hash = :session_hash", session_hash=session_hash
    )
    return None if row is None else Login(*row)


def verify_login(tx: Tx, session_hash: bytes, answer: str, now: int, until: int) -> bool:
    """Keep the answer until then at least. False when it is verified already."""
    return bool(
        tx.run(
            "UPDATE passkey_logins SET verified_at = :now, answer = :answer, expires_at = GREATEST(expires_at, :until) "
            "WHERE session_hash = :session_hash AND verified_at IS NULL",
            now=now,
            until=until,
            answer=answer,
            session_hash=session_hash,
        )
    )


def count_fetch(tx: Tx, session_hash: bytes, limit: int) -> bool:
    """Reserve one of the fetches."""
    return bool(
        tx.run(
            "UPDATE passkey_logins SET fetches = fetches + 1 WHERE session_hash = :session_hash AND fetches < :limit",
            session_hash=session_hash,
            limit=limit,
        )
    )


def end_login(tx: Tx, session_hash: bytes) -> None:
    tx.run("DELETE FROM passkey_logins WHERE session_hash = :session_hash", session_hash=session_hash)


def end_logins(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM passkey_logins WHERE user_id = :user_id", user_id=user_id)


def sweep_logins(tx: Tx, before: int) -> None:
    tx.run("DELETE FROM passkey_logins WHERE expires_at <= :before", before=before)


# --- recovery
def recovery(tx: Tx, user_id: int) -> tuple[str, str, str] | None:
    """(hash of the secret, the client's copy, its nonce)."""
    row = tx.one("SELECT secret_hash, user_cipher, user_nonce FROM passkey_recovery WHERE user_id = :user_id", user_id=user_id)
    return None if row is None else (row[0], row[1], row[2])


def add_recovery(tx: Tx, user_id: int, secret_hash: str, copy: tuple[str, str], now: int) -> None:
    """Nothing happens when there is one."""
    tx.run(
        "INSERT INTO passkey_recovery (user_id, secret_hash, user_cipher, user_nonce, created_at) "
        "VALUES (:user_id, :secret_hash, :cipher, :nonce, :now) ON CONFLICT (user_id) DO NOTHING",
        user_id=user_id,
        secret_hash=secret_hash,
        cipher=copy[0],
        nonce=copy[1],
        now=now,
    )


def drop_recovery(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM passkey_recovery WHERE user_id = :user_id", user_id=user_id)

"""SQL of password log-in: verifiers and open exchanges, one function a statement."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx


@dataclass(frozen=True, slots=True)
class Verifier:
    """Whose password a srpUserID proves. Salt and verifier are base64 as received."""

    user_id: int
    srp_user_id: str
    salt: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """An open exchange: a log-in (user_id None when nobody has that srpUserID) or an enrolment (with the new salt and verifier)."""

    session_id: str
    srp_user_id: str
    user_id: int | None
    server_secret: bytes  # sealed
    client_public: bytes  # A as received
    new_salt: str | None
    new_verifier: str | None
    verified_at: int | None
    attempts: int
    network: str = ""  # of who began it


_EXCHANGE = "session_id, srp_user_id, user_id, server_secret, client_public, new_salt, new_verifier, verified_at, attempts, network"


def verifier(tx: Tx, srp_user_id: str) -> tuple[Verifier, bool] | None:
    """(verifier, whether that account wants e-mail codes instead); None for nobody's or a deleted account's."""
    row = tx.one(
        "SELECT s.user_id, s.srp_user_id, s.salt, s.verifier, u.email_mfa FROM srp_auth s JOIN users u ON u.user_id = s.user_id "
        "WHERE s.srp_user_id = :srp_user_id AND u.deleted_at IS NULL",
        srp_user_id=srp_user_id,
    )
    return None if row is None else (Verifier(*row[:4]), bool(row[4]))


@dataclass(frozen=True, slots=True)
class LoginParameters:
    """What a log-in by address starts from; the key parameters are None where keys are missing."""

    srp_user_id: str | None
    salt: str
    email_mfa: bool
    kek_salt: str | None
    mem_limit: int
    ops_limit: int


def login_parameters(tx: Tx, email_hash: str) -> LoginParameters | None:
    """None when the address is nobody's."""
    row = tx.one(
        "SELECT s.srp_user_id, s.salt, u.email_mfa, k.kek_salt, k.mem_limit, k.ops_limit FROM users u "
        "LEFT JOIN srp_auth s ON s.user_id = u.user_id LEFT JOIN key_attributes k ON k.user_id = u.user_id WHERE u.email_hash = :email_hash",
        email_hash=email_hash,
    )
    return None if row is None else LoginParameters(row[0], row[1], bool(row[2]), *row[3:])


def verifier_of(tx: Tx, user_id: int) -> Verifier | None:
    """A person's own verifier."""
    row = tx.one("SELECT user_id, srp_user_id, salt, verifier FROM srp_auth WHERE user_id = :user_id", user_id=user_id)
    return None if row is None else Verifier(*row)


def drop_verifier(tx: Tx, user_id: int, set_before: int) -> int:
    """Forget a person's verifier that was set before (µs)."""
    return tx.run("DELETE FROM srp_auth WHERE user_id = :user_id AND updated_at < :set_before", user_id=user_id, set_before=set_before)


def owner_of(tx: Tx, srp_user_id: str) -> int | None:
    found = tx.value("SELECT user_id FROM srp_auth WHERE srp_user_id = :srp_user_id", srp_user_id=srp_user_id)
    return None if found is None else int(found)


def put_verifier(tx: Tx, v: Verifier, now: int) -> None:
    tx.run(
        "INSERT INTO srp_auth (user_id, srp_user_id, salt, verifier, updated_at) VALUES (:user_id, :srp_user_id, :salt, :verifier, :now) "
        "ON CONFLICT (user_id) DO UPDATE SET srp_user_id = excluded.srp_user_id, salt = excluded.salt, verifier = excluded.verifier, "
        "updated_at = excluded.updated_at",
        of=v,
        now=now,
    )


def drop_oldest_exchanges(tx: Tx, like: Exchange, keep: int) -> None:
    """Of the unverified exchanges of this kind, for this srpUserID and from this network, all but the newest: who begins many log-ins
    pushes out their own. Enrolments count per person: others' under somebody's srpUserID must not keep that person out."""
    tx.run(
        "DELETE FROM srp_sessions WHERE session_id IN (SELECT session_id FROM srp_sessions WHERE srp_user_id = :srp_user_id AND verified_at IS NULL "
        "  AND ((:is_login AND new_verifier IS NULL AND network = :network) OR (NOT :is_login AND new_verifier IS NOT NULL AND user_id = :user_id)) "
        "  ORDER BY created_at DESC, session_id LIMIT 1000 OFFSET :keep)",
        of=like,
        is_login=like.new_verifier is None,
        keep=keep,
    )


def networks_at_it(tx: Tx, like: Exchange, since: int) -> int:
    """From how many other networks log-ins of this srpUserID were begun after a time (µs) and not finished."""
    return int(
        tx.value(
            "SELECT count(DISTINCT network) FROM srp_sessions WHERE srp_user_id = :srp_user_id AND verified_at IS NULL AND new_verifier IS NULL "
            "AND network <> :network AND created_at > :since",
            of=like,
            since=since,
        )
    )


def insert_exchange(tx: Tx, x: Exchange, now: int) -> None:
    tx.run(
        "INSERT INTO srp_sessions "
        "(session_id, srp_user_id, user_id, server_secret, client_public, new_salt, new_verifier, is_fake, created_at, network) "
        "VALUES (:session_id, :srp_user_id, :user_id, :server_secret, :client_public, :new_salt, :new_verifier, :is_fake, :now, :network)",
        of=x,
        is_fake=x.user_id is None,
        now=now,
    )


def _exchange(row: tuple[object, ...] | None) -> Exchange | None:
    return None if row is None else Exchange(*row)  # type: ignore[arg-type]  # a row of _EXCHANGE


def login_exchange(tx: Tx, session_id: str, srp_user_id: str) -> Exchange | None:
    return _exchange(
        tx.one(
            f"SELECT {_EXCHANGE} FROM srp_sessions WHERE session_id = :session_id AND srp_user_id = :srp_user_id AND new_verifier IS NULL",
            session_id=session_id,
            srp_user_id=srp_user_id,
        )
    )


def enrolment(tx: Tx, session_id: str, user_id: int) -> Exchange | None:
    """An enrolment of this person; somebody else's is nobody's."""
    return _exchange(
        tx.one(
            f"SELECT {_EXCHANGE} FROM srp_sessions WHERE session_id = :session_id AND user_id = :user_id AND new_verifier IS NOT NULL",
            session_id=session_id,
            user_id=user_id,
        )
    )


def lock_exchange(tx: Tx, session_id: str) -> None:
    """Proofs for one exchange are judged one after the other."""
    tx.one("SELECT session_id FROM srp_sessions WHERE session_id = :session_id FOR UPDATE", session_id=session_id)


def count_wrong_proof(tx: Tx, session_id: str) -> None:
    tx.run("UPDATE srp_sessions SET attempts = attempts + 1 WHERE session_id = :session_id", session_id=session_id)


def mark_verified(tx: Tx, session_id: str, now: int) -> None:
    tx.run("UPDATE srp_sessions SET verified_at = :now WHERE session_id = :session_id", session_id=session_id, now=now)


def sweep_exchanges(tx: Tx, before: int) -> int:
    return tx.run("DELETE FROM srp_sessions WHERE created_at < :before", before=before)


def drop_exchanges(tx: Tx, user_id: int) -> int:
    return tx.run("DELETE FROM srp_sessions WHERE user_id = :user_id", user_id=user_id)

"""SQL of the remote store: one function a statement."""

from __future__ import annotations

from ..db import Tx


def value(tx: Tx, user_id: int, key: str) -> str | None:
    found: str | None = tx.value("SELECT key_value FROM remote_store WHERE user_id = :user_id AND key_name = :key", user_id=user_id, key=key)
    return found


def values(tx: Tx, user_id: int) -> dict[str, str]:
    """key → value of everything this person has set."""
    return dict(tx.all("SELECT key_name, key_value FROM remote_store WHERE user_id = :user_id", user_id=user_id))


def put(tx: Tx, user_id: int, key: str, text: str, now: int) -> None:
    tx.run(
        "INSERT INTO remote_store (user_id, key_name, key_value, updated_at) VALUES (:user_id, :key, :text, :now) "
        "ON CONFLICT (user_id, key_name) DO UPDATE SET key_value = excluded.key_value, updated_at = excluded.updated_at",
        user_id=user_id,
        key=key,
        text=text,
        now=now,
    )


def remove(tx: Tx, user_id: int, key: str) -> None:
    tx.run("DELETE FROM remote_store WHERE user_id = :user_id AND key_name = :key", user_id=user_id, key=key)


def free_claim_of_the_deleted(tx: Tx, claim: str) -> None:
    """A deleted account keeps no domain from the living."""
    tx.run("DELETE FROM remote_store WHERE claim = :claim AND user_id IN (SELECT user_id FROM users WHERE deleted_at IS NOT NULL)", claim=claim)


def free_claim(tx: Tx, claim: str) -> None:
    """Whoever has the domain has it no more."""
    tx.run("DELETE FROM remote_store WHERE claim = :claim", claim=claim)


def put_claim(tx: Tx, user_id: int, key: str, text: str, claim: str, now: int) -> bool:
    """Whether the claim was free. Waits for whoever is taking it at the same moment."""
    return bool(
        tx.run(
            "INSERT INTO remote_store (user_id, key_name, key_value, claim, updated_at) VALUES (:user_id, :key, :text, :claim, :now) "
            "ON CONFLICT DO NOTHING",
            user_id=user_id,
            key=key,
            text=text,
            claim=claim,
            now=now,
        )
    )


def is_claimed(tx: Tx, claim: str) -> bool:
    """By an account that lives."""
    hit = tx.value("SELECT 1 FROM remote_store r JOIN users u ON u.user_id = r.user_id WHERE r.claim = :claim AND u.deleted_at IS NULL", claim=claim)
    return hit is not None


def forget_person(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM remote_store WHERE user_id = :user_id", user_id=user_id)

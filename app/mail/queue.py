"""SQL of mail that waits: one function a statement."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx


@dataclass(frozen=True, slots=True)
class Waiting:
    """`sealed`: (cipher, nonce) of whom it goes to and what it says."""

    mail_id: int
    sealed: tuple[bytes, bytes]
    created_at: int
    tries: int


def add(tx: Tx, sealed: tuple[bytes, bytes], now: int, next_try_at: int, most: int) -> int | None:
    """Its number; None when so many wait already."""
    if int(tx.value("SELECT count(*) FROM waiting_mail")) >= most:
        return None
    return int(
        tx.value(
            "INSERT INTO waiting_mail (cipher, nonce, created_at, next_try_at) VALUES (:cipher, :nonce, :now, :next_try_at) RETURNING mail_id",
            cipher=sealed[0],
            nonce=sealed[1],
            now=now,
            next_try_at=next_try_at,
        )
    )


def take_due(tx: Tx, now: int, until: int) -> Waiting | None:
    """The mail whose time came first; nobody else takes it before `until`."""
    row = tx.one(
        "UPDATE waiting_mail SET next_try_at = :until WHERE next_try_at <= :now AND mail_id IN "
        "  (SELECT mail_id FROM waiting_mail WHERE next_try_at <= :now ORDER BY next_try_at, mail_id LIMIT 1) "
        "RETURNING mail_id, cipher, nonce, created_at, tries",
        now=now,
        until=until,
    )
    if row is None:
        return None
    mail_id, cipher, nonce, made, tries = row
    return Waiting(mail_id, (bytes(cipher), bytes(nonce)), made, tries)


def put_off(tx: Tx, mail_id: int, next_try_at: int) -> None:
    tx.run("UPDATE waiting_mail SET tries = tries + 1, next_try_at = :next_try_at WHERE mail_id = :mail_id", mail_id=mail_id, next_try_at=next_try_at)


def remove(tx: Tx, mail_id: int) -> None:
    tx.run("DELETE FROM waiting_mail WHERE mail_id = :mail_id", mail_id=mail_id)


def give_up(tx: Tx, before: int) -> int:
    """What has waited since before (µs), whatever became of it: a server that sends no mail any more keeps none."""
    return tx.run("DELETE FROM waiting_mail WHERE created_at < :before", before=before)

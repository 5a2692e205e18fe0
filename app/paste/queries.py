"""SQL of pastes: one function a statement."""

from __future__ import annotations

from ..db import Tx
from .wire import NewPaste, Paste


def count(tx: Tx) -> int:
    return int(tx.value("SELECT count(*) FROM pastes"))


def insert(tx: Tx, token_hash: str, paste: NewPaste, expires_at: int) -> bool:
    """False when the token is taken."""
    return bool(
        tx.run(
            "INSERT INTO pastes (token_hash, encrypted_data, decryption_header, encrypted_key, key_nonce, kdf_nonce, kdf_mem_limit, kdf_ops_limit, "
            "expires_at) VALUES (:token_hash, :data, :header, :key, :key_nonce, :kdf_nonce, :mem, :ops, :expires_at) "
            "ON CONFLICT (token_hash) DO NOTHING",
            token_hash=token_hash,
            data=paste.encrypted_data,
            header=paste.decryption_header,
            key=paste.encrypted_paste_key,
            key_nonce=paste.encrypted_paste_key_nonce,
            kdf_nonce=paste.kdf_nonce,
            mem=paste.kdf_mem_limit,
            ops=paste.kdf_ops_limit,
            expires_at=expires_at,
        )
    )


def is_there(tx: Tx, token_hash: str, now: int) -> bool:
    return tx.value("SELECT 1 FROM pastes WHERE token_hash = :token_hash AND expires_at > :now", token_hash=token_hash, now=now) is not None


def take(tx: Tx, token_hash: str, now: int) -> Paste | None:
    """The paste, which is gone with this statement: of two readers one gets it."""
    row = tx.one(
        "DELETE FROM pastes WHERE token_hash = :token_hash AND expires_at > :now "
        "RETURNING encrypted_data, decryption_header, encrypted_key, key_nonce, kdf_nonce, kdf_mem_limit, kdf_ops_limit",
        token_hash=token_hash,
        now=now,
    )
    if row is None:
        return None
    data, header, key, key_nonce, kdf_nonce, mem, ops = row
    return Paste(
        encrypted_data=data,
        decryption_header=header,
        encrypted_paste_key=key,
        encrypted_paste_key_nonce=key_nonce,
        kdf_nonce=kdf_nonce,
        kdf_mem_limit=mem,
        kdf_ops_limit=ops,
    )


def delete_expired(tx: Tx, now: int) -> int:
    return tx.run("DELETE FROM pastes WHERE expires_at <= :now", now=now)

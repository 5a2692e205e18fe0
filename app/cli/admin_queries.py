"""SQL of the administrative commands: one function a statement. These see every account; nothing reachable over HTTP may use them."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx


@dataclass(frozen=True, slots=True)
class Account:
    """One live account. `quota` in bytes: None the configured default, 0 unlimited. `ready`: its keys are set."""

    user_id: int
    email_cipher: bytes
    email_nonce: bytes
    created_at: int
    quota: int | None
    ready: bool


def accounts(tx: Tx) -> list[Account]:
    """Every live account, oldest first."""
    rows = tx.all(
        "SELECT u.user_id, u.email_cipher, u.email_nonce, u.created_at, u.quota, k.user_id IS NOT NULL FROM users u "
        "LEFT JOIN key_attributes k ON k.user_id = u.user_id WHERE u.deleted_at IS NULL ORDER BY u.user_id"
    )
    return [Account(i, bytes(c), bytes(n), t, q, bool(ready)) for i, c, n, t, q, ready in rows]


def usage(tx: Tx) -> dict[int, tuple[int, int]]:
    """user id → (bytes, files) over all apps."""
    rows = tx.all("SELECT user_id, CAST(SUM(bytes) AS BIGINT), CAST(SUM(files) AS BIGINT) FROM usage GROUP BY user_id")
    return {user_id: (size, files) for user_id, size, files in rows}

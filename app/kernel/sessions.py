"""Rows of log-in sessions as every request needs them: finding one by its token's hash, and noting when it was last used."""

from __future__ import annotations

from ..db import Tx
from .access import Session
from .clock import DAY, MINUTE

IDLE_LIMIT = 365 * DAY  # accounts.md §2.3
SessionRow = tuple[int, str, int, int]  # user id, app, created at, last used at


def find(tx: Tx, hashed: bytes) -> SessionRow | None:
    """(user id, app, created at, last used at) of a token's hash."""
    row = tx.one("SELECT user_id, app, created_at, last_used_at FROM sessions WHERE token_hash = :hashed", hashed=hashed)
    return None if row is None else (row[0], row[1], row[2], row[3])


def touch(tx: Tx, seen: list[tuple[str, int, str, str]]) -> None:
    """Record (token hash as hex, µs, address, user agent) of tokens that were used."""
    for hashed, at, ip, agent in seen:
        tx.run(
            "UPDATE sessions SET last_used_at = :at, ip = :ip, user_agent = :agent WHERE token_hash = :hashed",
            hashed=bytes.fromhex(hashed),
            at=at,
            ip=ip,
            agent=agent,
        )


class LastUsed:
    """Tokens seen since they were last written down: `last_used_at` moves at most once a minute per token, and never in the request's way."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str, str]] = {}

    def note(self, session: Session, now: int, ip: str, user_agent: str) -> None:
        if now - session.last_used_at > MINUTE:
            self._seen.setdefault(session.token_hash.hex(), (now, ip, user_agent[:512]))

    def take(self) -> list[tuple[str, int, str, str]]:
        seen, self._seen = self._seen, {}
        return [(h, *rest) for h, rest in seen.items()]

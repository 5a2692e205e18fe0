"""Log-in sessions: the one place that reads and writes their rows. What log-in makes of them is `app.login`'s."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from .access import App, Session
from .clock import DAY, MINUTE

IDLE_LIMIT = 365 * DAY  # accounts.md §2.3
SessionRow = tuple[int, str, int, int]  # user id, app, created at, last used at


def find(tx: Tx, hashed: bytes) -> SessionRow | None:
    """(user id, app, created at, last used at) of a token's hash."""
    row = tx.one("SELECT user_id, app, created_at, last_used_at FROM sessions WHERE token_hash = :hashed", hashed=hashed)
    return None if row is None else (row[0], row[1], row[2], row[3])


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session's row as the list of sessions shows it. `handle`: its name in other devices' lists."""

    token_hash: bytes
    handle: str
    ip: str | None
    user_agent: str | None
    created_at: int
    last_used_at: int


def insert(tx: Tx, user_id: int, app: App, s: StoredSession) -> None:
    tx.run(
        "INSERT INTO sessions (token_hash, user_id, app, handle, ip, user_agent, created_at, last_used_at) "
        "VALUES (:token_hash, :user_id, :app, :handle, :ip, :user_agent, :created_at, :last_used_at)",
        of=s,
        user_id=user_id,
        app=app,
    )


def listed(tx: Tx, user_id: int, app: App) -> list[StoredSession]:
    """A person's sessions in one app, oldest first."""
    rows = tx.all(
        "SELECT token_hash, handle, ip, user_agent, created_at, last_used_at FROM sessions WHERE user_id = :user_id AND app = :app "
        "ORDER BY created_at, handle",
        user_id=user_id,
        app=app,
    )
    return [StoredSession(bytes(row[0]), *row[1:]) for row in rows]


def end(tx: Tx, user_id: int, token_hash: bytes, handle: str) -> int:
    """End one of this person's sessions, named by its token's hash or by its handle."""
    return tx.run(
        "DELETE FROM sessions WHERE user_id = :user_id AND (token_hash = :token_hash OR handle = :handle)",
        user_id=user_id,
        token_hash=token_hash,
        handle=handle,
    )


def end_all(tx: Tx, user_id: int, but: bytes = b"") -> int:
    """End all of a person's sessions in every app, except the one with this token hash."""
    return tx.run("DELETE FROM sessions WHERE user_id = :user_id AND token_hash <> :but", user_id=user_id, but=but)


def sweep(tx: Tx, idle_since: int) -> int:
    """Remove sessions that were last used before (µs)."""
    return tx.run("DELETE FROM sessions WHERE last_used_at < :idle_since", idle_since=idle_since)


def has_account(tx: Tx, user_id: int) -> bool:
    """Whether this account is there and was not deleted: a signed token outlives its account."""
    return tx.value("SELECT 1 FROM users WHERE user_id = :user_id AND deleted_at IS NULL", user_id=user_id) is not None


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


def addresses(tx: Tx, user_id: int) -> list[str]:
    """The addresses from which a person's sessions were last used."""
    return [ip for (ip,) in tx.all("SELECT DISTINCT ip FROM sessions WHERE user_id = :user_id AND ip IS NOT NULL", user_id=user_id)]


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

"""SQL of album links and the devices that opened them: one function a statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any

from ..db import Tx


@dataclass(frozen=True, slots=True)
class Link:
    """A link with what matters of its album. Times in µs; `pass_hash` None: no password."""

    link_id: int
    collection_id: int
    owner_id: int
    app: str
    type: str
    token_hash: str
    token_cipher: bytes = field(repr=False)
    token_nonce: bytes = field(repr=False)
    is_over: bool  # disabled, or its album deleted
    valid_till: int
    device_limit: int
    pass_hash: str | None = field(repr=False)
    pass_nonce: str | None
    mem_limit: int | None
    ops_limit: int | None
    enable_download: bool
    enable_collect: bool
    enable_comment: bool
    enable_join: bool
    min_role: str | None

    def expired(self, now: int) -> bool:
        return self.valid_till != 0 and self.valid_till < now


_LINK = (
    "SELECT l.link_id, l.collection_id, c.owner_id, c.app, c.type, l.token_hash, l.token_cipher, l.token_nonce, l.is_disabled OR c.is_deleted, "
    "l.valid_till, l.device_limit, l.pass_hash, l.pass_nonce, l.mem_limit, l.ops_limit, l.enable_download, l.enable_collect, "
    "l.enable_comment, l.enable_join, l.min_role FROM album_links l JOIN collections c ON c.collection_id = l.collection_id "
)


_FIELDS = tuple(f.name for f in fields(Link))


def _link(row: tuple[Any, ...]) -> Link:
    values = dict(zip(_FIELDS, row, strict=True))
    values |= {name: bool(values[name]) for name in ("is_over", "enable_download", "enable_collect", "enable_comment", "enable_join")}
    return Link(**values)


def by_token(tx: Tx, token_hash: str) -> Link | None:
    """The link of a token, whatever has become of it."""
    row = tx.one(_LINK + "WHERE l.token_hash = :token_hash", token_hash=token_hash)
    return None if row is None else _link(row)


def live(tx: Tx, collection_ids: Collection[int]) -> list[Link]:
    """The live links of these albums, at most one each."""
    rows = tx.all(_LINK + "WHERE l.collection_id IN (:ids[]) AND NOT l.is_disabled", ids=list(collection_ids))
    return [_link(row) for row in rows]


def insert(tx: Tx, collection_id: int, sealed: tuple[str, bytes, bytes], now: int, **option: Any) -> bool:
    """A new link of an album without a live one; False when the token (hash, cipher, nonce) was ever in use."""
    token_hash, cipher, nonce = sealed
    made = tx.run(
        "INSERT INTO album_links (collection_id, token_hash, token_cipher, token_nonce, valid_till, device_limit, enable_collect, "
        "enable_comment, enable_join, created_at, updated_at) VALUES (:id, :token_hash, :cipher, :nonce, :valid_till, :device_limit, "
        ":enable_collect, :enable_comment, :enable_join, :now, :now) ON CONFLICT (token_hash) DO NOTHING",
        id=collection_id,
        token_hash=token_hash,
        cipher=cipher,
        nonce=nonce,
        now=now,
        **option,
    )
    return bool(made)


def save(tx: Tx, link: Link, now: int) -> None:
    """Write the options of a live link."""
    tx.run(
        "UPDATE album_links SET valid_till = :valid_till, device_limit = :device_limit, pass_hash = :pass_hash, pass_nonce = :pass_nonce, "
        "mem_limit = :mem_limit, ops_limit = :ops_limit, enable_download = :enable_download, enable_collect = :enable_collect, "
        "enable_comment = :enable_comment, enable_join = :enable_join, min_role = :min_role, updated_at = :now "
        "WHERE link_id = :link_id AND NOT is_disabled",
        of=link,
        now=now,
    )


def disable(tx: Tx, collection_ids: Collection[int], now: int) -> list[int]:
    """End the live links of these albums; their ids."""
    rows = tx.all(
        "UPDATE album_links SET is_disabled = TRUE, updated_at = :now WHERE collection_id IN (:ids[]) AND NOT is_disabled RETURNING link_id",
        ids=list(collection_ids),
        now=now,
    )
    return [link_id for (link_id,) in rows]


# --- devices
def locked_limit(tx: Tx, link_id: int) -> int | None:
    """The device limit of a live link, its row locked: admissions happen in a row."""
    found = tx.value("SELECT device_limit FROM album_links WHERE link_id = :link_id AND NOT is_disabled FOR NO KEY UPDATE", link_id=link_id)
    return None if found is None else int(found)


def knows(tx: Tx, link_id: int, ip: str, agent: str) -> bool:
    hit = tx.value(
        "SELECT 1 FROM album_link_devices WHERE link_id = :link_id AND ip = :ip AND user_agent = :agent", link_id=link_id, ip=ip, agent=agent
    )
    return hit is not None


def device_count(tx: Tx, link_id: int) -> int:
    return int(tx.value("SELECT count(*) FROM album_link_devices WHERE link_id = :link_id", link_id=link_id))


def add_device(tx: Tx, link_id: int, ip: str, agent: str, now: int) -> None:
    tx.run(
        "INSERT INTO album_link_devices (link_id, ip, user_agent, created_at) VALUES (:link_id, :ip, :agent, :now) "
        "ON CONFLICT (link_id, ip, user_agent) DO NOTHING",
        link_id=link_id,
        ip=ip,
        agent=agent,
        now=now,
    )


def forget_devices(tx: Tx, link_ids: Collection[int]) -> None:
    tx.run("DELETE FROM album_link_devices WHERE link_id IN (:ids[])", ids=list(link_ids))

"""SQL of file links and the devices that opened them: one function a statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields

from ..db import Tx
from ..db.engine import Row
from .wire import NewFileLink


@dataclass(frozen=True, slots=True)
class FileLink:
    """A link with what matters of its file. Times in µs; `pass_hash` None: no password."""

    link_id: str
    file_id: int
    owner_id: int
    app: str
    token_hash: str
    token_cipher: bytes = field(repr=False)
    token_nonce: bytes = field(repr=False)
    is_disabled: bool
    valid_till: int
    device_limit: int
    pass_hash: str | None = field(repr=False)
    pass_nonce: str | None
    mem_limit: int | None
    ops_limit: int | None
    enable_download: bool
    encrypted_file_key: str | None
    encrypted_file_key_nonce: str | None
    kdf_nonce: str | None
    kdf_mem_limit: int | None
    kdf_ops_limit: int | None
    encrypted_share_key: str | None
    created_at: int

    def expired(self, now: int) -> bool:
        return self.valid_till != 0 and self.valid_till < now


_FIELDS = tuple(f.name for f in fields(FileLink))
_LINK = ", ".join(f"l.{name}" for name in _FIELDS)
_SECRETS = ("encrypted_file_key", "encrypted_file_key_nonce", "kdf_nonce", "kdf_mem_limit", "kdf_ops_limit", "encrypted_share_key")


def _link(row: Row) -> FileLink:
    values = dict(zip(_FIELDS, row, strict=True))
    return FileLink(**values | {name: bool(values[name]) for name in ("is_disabled", "enable_download")})


def by_token(tx: Tx, token_hash: str) -> FileLink | None:
    """The link of a token, whatever has become of it."""
    row = tx.one(f"SELECT {_LINK} FROM file_links l WHERE l.token_hash = :token_hash", token_hash=token_hash)
    return None if row is None else _link(row)


def live(tx: Tx, owner_id: int, file_id: int) -> FileLink | None:
    """The live link of an owner's file."""
    row = tx.one(
        f"SELECT {_LINK} FROM file_links l WHERE l.file_id = :file_id AND l.owner_id = :owner_id AND NOT l.is_disabled",
        file_id=file_id,
        owner_id=owner_id,
    )
    return None if row is None else _link(row)


def since(tx: Tx, owner_id: int, app: str, after: int, limit: int) -> list[FileLink]:
    """An owner's links made after a time, the latest changed first; ended ones too."""
    rows = tx.all(
        f"SELECT {_LINK} FROM file_links l WHERE l.owner_id = :owner_id AND l.app = :app AND l.created_at > :after "
        "ORDER BY l.updated_at DESC, l.link_id LIMIT :limit",
        owner_id=owner_id,
        app=app,
        after=after,
        limit=limit,
    )
    return [_link(row) for row in rows]


def insert(tx: Tx, link_id: str, owner_id: int, ask: NewFileLink, sealed: tuple[str, bytes, bytes], now: int) -> bool:
    """A new link of a file without a live one; False when the token (hash, cipher, nonce) was ever in use."""
    token_hash, cipher, nonce = sealed
    return bool(
        tx.run(
            f"INSERT INTO file_links (link_id, file_id, owner_id, app, token_hash, token_cipher, token_nonce, {', '.join(_SECRETS)}, created_at, "
            f"updated_at) VALUES (:link_id, :file_id, :owner_id, :app, :token_hash, :cipher, :nonce, {', '.join(f':{s}' for s in _SECRETS)}, :now, "
            ":now) ON CONFLICT (token_hash) DO NOTHING",
            of=ask,
            link_id=link_id,
            owner_id=owner_id,
            token_hash=token_hash,
            cipher=cipher,
            nonce=nonce,
            now=now,
        )
    )


def save(tx: Tx, link: FileLink, now: int) -> None:
    """Write the options and secrets of a live link."""
    tx.run(
        "UPDATE file_links SET valid_till = :valid_till, device_limit = :device_limit, pass_hash = :pass_hash, pass_nonce = :pass_nonce, "
        f"mem_limit = :mem_limit, ops_limit = :ops_limit, enable_download = :enable_download, {', '.join(f'{s} = :{s}' for s in _SECRETS)}, "
        "updated_at = :now WHERE link_id = :link_id AND NOT is_disabled",
        of=link,
        now=now,
    )


def disable(tx: Tx, owner_id: int, file_ids: Collection[int], now: int) -> list[str]:
    """End the live links of an owner's files; their ids."""
    rows = tx.all(
        "UPDATE file_links SET is_disabled = TRUE, updated_at = :now WHERE file_id IN (:ids[]) AND owner_id = :owner_id AND NOT is_disabled "
        "RETURNING link_id",
        ids=list(file_ids),
        owner_id=owner_id,
        now=now,
    )
    return [link_id for (link_id,) in rows]


def disable_all(tx: Tx, owner_id: int, now: int) -> list[str]:
    """End all of an owner's live links; their ids."""
    rows = tx.all(
        "UPDATE file_links SET is_disabled = TRUE, updated_at = :now WHERE owner_id = :owner_id AND NOT is_disabled RETURNING link_id",
        owner_id=owner_id,
        now=now,
    )
    return [link_id for (link_id,) in rows]


def blank(tx: Tx, owner_id: int) -> list[str]:
    """Take everything out of an owner's links but the hashes of their tokens, which are never given out again; the links' ids."""
    rows = tx.all(
        "UPDATE file_links SET is_disabled = TRUE, pass_hash = NULL, pass_nonce = NULL, encrypted_file_key = NULL, encrypted_file_key_nonce = NULL, "
        "kdf_nonce = NULL, encrypted_share_key = NULL, token_cipher = :nothing, token_nonce = :nothing WHERE owner_id = :owner_id RETURNING link_id",
        owner_id=owner_id,
        nothing=b"",
    )
    return [link_id for (link_id,) in rows]


def shown(tx: Tx, file_id: int) -> Row | None:
    """(id, owner, file header, thumbnail header, metadata, its header, public magic metadata, has sizes, bytes, bytes of the thumbnail) of a
    live file that is not in the trash."""
    return tx.one(
        "SELECT f.file_id, f.owner_id, f.file_header, f.thumb_header, f.encrypted_metadata, f.metadata_header, f.pub_magic_metadata, f.has_info, "
        "f.file_size, f.thumb_size FROM files f WHERE f.file_id = :file_id AND NOT f.is_deleted AND NOT EXISTS (SELECT 1 FROM trash t "
        "WHERE t.file_id = f.file_id AND NOT t.is_restored)",
        file_id=file_id,
    )


# --- devices
def locked_limit(tx: Tx, link_id: str) -> int | None:
    """The device limit of a live link, its row locked: admissions happen in a row."""
    found = tx.value("SELECT device_limit FROM file_links WHERE link_id = :link_id AND NOT is_disabled FOR NO KEY UPDATE", link_id=link_id)
    return None if found is None else int(found)


def knows(tx: Tx, link_id: str, ip: str, agent: str) -> bool:
    hit = tx.value(
        "SELECT 1 FROM file_link_devices WHERE link_id = :link_id AND ip = :ip AND user_agent = :agent", link_id=link_id, ip=ip, agent=agent
    )
    return hit is not None


def device_count(tx: Tx, link_id: str) -> int:
    return int(tx.value("SELECT count(*) FROM file_link_devices WHERE link_id = :link_id", link_id=link_id))


def add_device(tx: Tx, link_id: str, ip: str, agent: str, now: int) -> None:
    tx.run(
        "INSERT INTO file_link_devices (link_id, ip, user_agent, created_at) VALUES (:link_id, :ip, :agent, :now) "
        "ON CONFLICT (link_id, ip, user_agent) DO NOTHING",
        link_id=link_id,
        ip=ip,
        agent=agent,
        now=now,
    )


def forget_devices(tx: Tx, link_ids: Collection[str]) -> None:
    tx.run("DELETE FROM file_link_devices WHERE link_id IN (:ids[])", ids=list(link_ids))

"""Albums, files, links and what is said about them: rows of ours from rows of museum's (collections.md §14, files.md §13)."""

from __future__ import annotations

import json
from typing import Any

from ...kernel import link_secrets
from .shape import Context, Key, Link, Made, Part, Row, plain_json, same


def _album(_: Context, r: Row) -> Made:
    row = same(r, "collection_id", "owner_id", "encrypted_key", "is_deleted", "updation_time")
    row |= {
        "app": str(r["app"]), "type": r["type"], "key_nonce": r["key_decryption_nonce"], "name": r["name"] or "",
        "encrypted_name": r["encrypted_name"] or "", "name_nonce": r["name_decryption_nonce"] or "",
        "attributes": plain_json(r["attributes"]) or "{}", "magic_metadata": plain_json(r["magic_metadata"]),
        "pub_magic_metadata": plain_json(r["pub_magic_metadata"]), "created_at": r["updation_time"],
    }  # fmt: skip
    return [("collections", row)]


def _share(_: Context, r: Row) -> Made:
    seen = {"name": r["name"] or "", "encryptedName": r["encrypted_name"] or "", "nameDecryptionNonce": r["name_decryption_nonce"] or ""}
    pub = plain_json(r["pub_magic_metadata"])
    row = same(r, "collection_id", "to_user_id", "encrypted_key", "is_deleted", "updation_time")
    row |= {
        "role": str(r["role_type"] or "VIEWER").replace("OWNER", "VIEWER"), "magic_metadata": plain_json(r["magic_metadata"]),
        "shared_at": r["shared_at"] or r["updation_time"],
        "last_seen": json.dumps({**seen, "pubMagicMetadata": json.loads(pub) if pub else None}) if r["is_deleted"] else None,
    }  # fmt: skip
    return [("collection_shares", row)]


def _magic(prefix: str, v: Any) -> Row:
    magic = json.loads(v) if isinstance(v, str) else v
    if not magic:
        return {}
    return {f"{prefix}_metadata": plain_json(magic), f"{prefix}_version": int(magic.get("version", 1)), f"{prefix}_count": int(magic.get("count", 0))}


def _file(_: Context, r: Row) -> Made:
    gone = bool(r["gone"])
    row: Row = {"file_id": r["file_id"], "owner_id": r["owner_id"], "app": str(r["app"] or "photos"), "is_deleted": gone}
    row |= {
        "file_header": r["file_decryption_header"] or "", "thumb_header": r["thumbnail_decryption_header"] or "",
        "metadata_header": r["metadata_decryption_header"] or "", "encrypted_metadata": r["encrypted_metadata"] or "",
        "created_at": r["updation_time"], "updation_time": r["updation_time"], "has_info": r["info"] is not None,
        "file_size": r["file_size"] or 0, "thumb_size": r["thumb_size"] or 0,
    }  # fmt: skip
    row |= {**_magic("magic", r["magic_metadata"]), **_magic("pub_magic", r["pub_magic_metadata"])}
    if gone:
        return [("files", {**row, "file_size": 0, "thumb_size": 0})]
    return [("files", {**row, "file_object_id": Key(r["file_key"], r["file_size"]), "thumb_object_id": Key(r["thumb_key"], r["thumb_size"])})]


def _entry(_: Context, r: Row) -> Made:
    row = same(r, "collection_id", "file_id", "encrypted_key", "is_deleted", "updation_time", "action", "action_user")
    added = r["created_at"] or r["updation_time"]
    return [("collection_files", {**row, "owner_id": r["owner_id"], "key_nonce": r["key_decryption_nonce"], "added_at": added})]


def _trash(_: Context, r: Row) -> Made:
    names = ("file_id", "user_id", "collection_id", "is_deleted", "is_restored", "delete_by", "created_at", "updated_at")
    return [("trash", {"app": str(r["app"]), **same(r, *names)})]


def _derived(_: Context, r: Row) -> Made:
    base = derived_base(r)
    row: Row = {"file_id": r["file_id"], "type": str(r["data_type"]), "user_id": r["user_id"], "size": r["size"], "updated_at": r["updated_at"]}
    if r["is_deleted"]:
        return [("file_data", {**row, "is_deleted": True})]
    if row["type"] == "mldata":
        return [("file_data", {**row, "object_id": Key(f"{base}/mldata")})]
    blob = f"{base}/vid_preview/{r['obj_id']}"
    return [("file_data", {**row, "object_id": Key(f"{blob}_playlist"), "preview_name": r["obj_id"], "preview_object_id": Key(blob)})]


def derived_base(r: Row) -> str:
    return f"{r['user_id']}/file-data/{r['file_id']}"


def _secrets(c: Context, r: Row) -> Row:
    """What any link keeps of its token and password."""
    hashed = link_secrets.token_hash(c.kernel, r["access_token"])
    cipher, nonce = c.kernel.crypto.encrypt(r["access_token"])
    password = link_secrets.kept(c.kernel, hashed, r["pw_hash"]) if r["pw_hash"] else None
    return {
        "token_hash": hashed, "token_cipher": cipher, "token_nonce": nonce, "pass_hash": password, "pass_nonce": r["pw_nonce"],
        **same(r, "valid_till", "device_limit", "is_disabled", "mem_limit", "ops_limit", "enable_download", "created_at", "updated_at"),
    }  # fmt: skip


def _link(c: Context, r: Row) -> Made:
    options = same(r, "collection_id", "enable_collect", "enable_comment", "enable_join")
    return [("album_links", {**options, "min_role": None if r["min_role"] is None else str(r["min_role"]), **_secrets(c, r)})]


def _file_link(c: Context, r: Row) -> Made:
    names = ("file_id", "owner_id", "app", "encrypted_file_key", "encrypted_file_key_nonce", "kdf_nonce", "kdf_mem_limit", "kdf_ops_limit")
    row = {**same(r, *names), "encrypted_share_key": r["encrypted_share_key"]}
    return [("file_links", {"link_id": r["id"], **row, **_secrets(c, r)})]


def _visit(c: Context, r: Row) -> Made:
    row = {"link_id": Link(link_secrets.token_hash(c.kernel, r["access_token"])), **same(r, "ip", "user_agent", "created_at")}
    return [("album_link_devices", row)]


def _file_visit(_: Context, r: Row) -> Made:
    return [("file_link_devices", {"link_id": r["id"], **same(r, "ip", "user_agent", "created_at")})]


def _action(_: Context, r: Row) -> Made:
    row = same(r, "id", "user_id", "collection_id", "file_id", "action", "is_pending", "created_at", "updated_at")
    return [("collection_actions", {**row, "actor_id": r["actor_user_id"]})]


# --- what people say
def _author(r: Row) -> Row:
    return {"anon_id": r["anon_user_id"], "user_id": None if r["anon_user_id"] else r["user_id"]}


def _comment(_: Context, r: Row) -> Made:
    row = same(r, "collection_id", "file_id", "cipher", "nonce", "is_deleted", "created_at", "updated_at")
    return [("comments", {"comment_id": r["id"], "parent_id": r["parent_comment_id"], **row, **_author(r)})]


def _reaction(_: Context, r: Row) -> Made:
    row = same(r, "collection_id", "file_id", "comment_id", "cipher", "nonce", "is_deleted", "created_at", "updated_at")
    target = r["comment_id"] or ("" if r["file_id"] is None else str(r["file_id"]))
    author = r["anon_user_id"] or f"user {r['user_id']}"
    return [("reactions", {"reaction_id": r["id"], "author": author, "target": target, **row, **_author(r)})]


def _anon(_: Context, r: Row) -> Made:
    return [("anon_profiles", {"anon_id": r["id"], **same(r, "collection_id", "cipher", "nonce", "created_at", "updated_at")})]


# --- other ways to show photos
def _memory(c: Context, r: Row) -> Made:
    cipher, nonce = c.kernel.crypto.encrypt(r["access_token"])
    row = same(r, "user_id", "type", "memory_hash", "metadata_cipher", "metadata_nonce", "created_at", "updated_at")
    row |= {"memory_id": r["id"], "encrypted_key": r["mem_enc_key"], "key_nonce": r["mem_key_decryption_nonce"], "is_deleted": bool(r["is_deleted"])}
    row |= {"token_hash": link_secrets.token_hash(c.kernel, r["access_token"]), "token_cipher": cipher, "token_nonce": nonce}
    return [("memory_shares", row)]


def _memory_file(_: Context, r: Row) -> Made:
    row = {"encrypted_key": r["file_enc_key"], "key_nonce": r["file_key_decryption_nonce"], **same(r, "file_id", "position")}
    return [("memory_share_files", {"memory_id": r["memory_share_id"], **row})]


def _paste(c: Context, r: Row) -> Made:
    row = same(r, "encrypted_data", "decryption_header", "kdf_nonce", "kdf_mem_limit", "kdf_ops_limit", "expires_at")
    row |= {"encrypted_key": r["encrypted_paste_key"], "key_nonce": r["encrypted_paste_key_nonce"]}
    return [("pastes", {"token_hash": c.kernel.crypto.hash(f"paste:{r['access_token']}"), **row})]


def _cast(c: Context, r: Row) -> Made:
    """A screen that shows an album goes on; a code that nobody has answered is made anew by the screen."""
    row = same(r, "code", "public_key", "ip", "collection_id", "created_at", "last_used_at")
    row |= {"cast_id": str(r["id"]), "user_id": r["cast_user"], "payload": r["encrypted_payload"], "claimed_at": r["created_at"]}
    row |= {"pq_public_key": r.get("pq_public_key"), "device_name": r.get("device_name") or ""}
    return [("casts", {"token_hash": c.kernel.crypto.hash(f"cast:{r['token']}"), **row})]


_FILES = (
    "SELECT f.*, (SELECT c.app FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id "
    "WHERE m.file_id = f.file_id LIMIT 1) AS app, "
    "o.object_key AS file_key, o.size AS file_size, t.object_key AS thumb_key, t.size AS thumb_size, "
    "(EXISTS (SELECT 1 FROM trash x WHERE x.file_id = f.file_id AND x.is_deleted) OR f.encrypted_metadata = '-') AS gone FROM files f "
    "LEFT JOIN object_keys o ON o.file_id = f.file_id AND o.o_type = 'file' AND o.is_deleted IS NOT TRUE "
    "LEFT JOIN object_keys t ON t.file_id = f.file_id AND t.o_type = 'thumbnail' AND t.is_deleted IS NOT TRUE ORDER BY f.file_id"
)
_SHARES = (
    "SELECT s.*, c.name, c.encrypted_name, c.name_decryption_nonce, c.pub_magic_metadata FROM collection_shares s "
    "JOIN collections c ON c.collection_id = s.collection_id WHERE s.to_user_id <> c.owner_id"
)
_NOW = "CAST(extract(epoch FROM now()) * 1000000 AS bigint)"


def _all(table: str) -> str:
    return f"SELECT * FROM {table}"


PARTS = (
    Part("collections", ("app",), "SELECT * FROM collections ORDER BY collection_id", _album),
    Part("collection_shares", (), _SHARES, _share),
    Part("files", ("encrypted_metadata", "info"), _FILES, _file),
    Part("collection_files", (), "SELECT m.*, f.owner_id FROM collection_files m JOIN files f ON f.file_id = m.file_id ORDER BY m.file_id", _entry),
    Part("trash", (), "SELECT t.*, c.app FROM trash t JOIN collections c ON c.collection_id = t.collection_id", _trash),
    Part("file_data", ("obj_id",), "SELECT * FROM file_data WHERE CAST(data_type AS text) IN ('mldata', 'vid_preview')", _derived),
    Part("public_collection_tokens", (), "SELECT * FROM public_collection_tokens ORDER BY id", _link),
    Part(
        "public_collection_access_history",
        (),
        "SELECT h.*, p.access_token FROM public_collection_access_history h JOIN public_collection_tokens p ON p.id = h.share_id "
        "WHERE NOT p.is_disabled",
        _visit,
    ),
    Part("public_file_tokens", (), "SELECT p.* FROM public_file_tokens p JOIN files f ON f.file_id = p.file_id", _file_link),
    Part(
        "public_file_tokens_access_history",
        (),
        "SELECT h.* FROM public_file_tokens_access_history h JOIN public_file_tokens p ON p.id = h.id WHERE NOT p.is_disabled",
        _file_visit,
    ),
    Part("collection_actions", (), "SELECT * FROM collection_actions WHERE file_id IS NOT NULL", _action),
    Part("anon_users", (), _all("anon_users"), _anon),
    Part("comments", (), _all("comments"), _comment),
    Part("reactions", (), _all("reactions"), _reaction),
    Part("memory_shares", ("mem_enc_key",), _all("memory_shares"), _memory),
    Part("memory_share_files", ("file_enc_key",), _all("memory_share_files"), _memory_file),
    Part("public_paste_tokens", (), f"SELECT * FROM public_paste_tokens WHERE expires_at > {_NOW}", _paste),
    Part("casting", ("last_used_at",), "SELECT * FROM casting WHERE is_deleted IS NOT TRUE AND token IS NOT NULL AND cast_user IS NOT NULL", _cast),
)

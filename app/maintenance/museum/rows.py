"""From museum's rows to ours, table by table: what to ask (`sql`), what it needs to be there, and the rows that come of each.

Columns are those of the protocol notes (accounts.md §3, files.md §13, collections.md §14, misc.md §16). Pure: no database here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...kernel import link_secrets
from ...kernel.crypto import b64, normal_email, session_handle, token_hash
from ...kernel.parts import Kernel
from .source import Keys

Row = dict[str, Any]
Made = list[tuple[str, Row]]


@dataclass(frozen=True, slots=True)
class Context:
    kernel: Kernel
    keys: Keys
    now: int


@dataclass(frozen=True, slots=True)
class Part:
    """`needs`: columns of `table` without which it stays behind; `make`: our rows of one of theirs, none to leave it behind."""

    table: str
    needs: tuple[str, ...]
    sql: str
    make: Callable[[Context, Row], Made]


def _text(v: Any) -> str | None:
    """A text, or bytes as base64."""
    return None if v is None else b64(bytes(v)) if isinstance(v, bytes | memoryview) else str(v)


def _json(v: Any) -> str | None:
    """jsonb as clients get it."""
    if v is None:
        return None
    return json.dumps(json.loads(v) if isinstance(v, str) else v, separators=(",", ":"))


def _raw(v: Any) -> bytes:
    """Bytes, whatever base64 or hex they were kept in."""
    if isinstance(v, bytes | memoryview):
        return bytes(v)
    text = str(v)
    if len(text) == 64:
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_").rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _user(c: Context, r: Row) -> Made:
    user_id = r["user_id"]
    email = c.keys.open(r["encrypted_email"], r["email_decryption_nonce"])
    row: Row = {"user_id": user_id, "created_at": r["creation_time"], "source": r["source"], "email_mfa": bool(r["email_mfa"])}
    row["totp_enabled"] = bool(r["is_two_factor_enabled"])
    if email is None:
        row |= {"email_hash": f"deleted+{user_id}", "deleted_at": c.now, "delete_feedback": _json(r["delete_feedback"])}
    else:
        cipher, nonce = c.kernel.crypto.encrypt(normal_email(email))
        row |= {"email_cipher": cipher, "email_nonce": nonce, "email_hash": c.kernel.crypto.hash(normal_email(email))}
        row["quota"] = r["storage"]
    return [("users", row), ("feeds", {"user_id": user_id, "stamp": c.now})]


def _keys(_: Context, r: Row) -> Made:
    names = {
        "kek_salt": "kek_salt", "kek_hash": "kek_hash_bytes", "encrypted_key": "encrypted_key", "key_nonce": "key_decryption_nonce",
        "public_key": "public_key", "encrypted_secret_key": "encrypted_secret_key", "secret_key_nonce": "secret_key_decryption_nonce",
        "master_by_recovery": "master_key_encrypted_with_recovery_key", "master_by_recovery_nonce": "master_key_decryption_nonce",
        "recovery_by_master": "recovery_key_encrypted_with_master_key", "recovery_by_master_nonce": "recovery_key_decryption_nonce",
    }  # fmt: skip
    row: Row = {ours: _text(r.get(theirs)) or "" for ours, theirs in names.items()}
    return [("key_attributes", {"user_id": r["user_id"], "mem_limit": r["mem_limit"], "ops_limit": r["ops_limit"], **row})]


def _srp(c: Context, r: Row) -> Made:
    row = {"user_id": r["user_id"], "srp_user_id": str(r["srp_user_id"]), "salt": r["salt"], "verifier": r["verifier"], "updated_at": c.now}
    return [("srp_auth", row)]


def _session(_: Context, r: Row) -> Made:
    hashed = token_hash(r["token"]) if r.get("token") else _raw(r["token_hash"]) if r.get("token_hash") else b""
    if len(hashed) != 32:
        return []
    row = {"token_hash": hashed, "user_id": r["user_id"], "app": str(r["app"]), "handle": session_handle(hashed), "ip": r["ip"]}
    return [("sessions", {**row, "user_agent": r["user_agent"], "created_at": r["creation_time"], "last_used_at": r["last_used_at"]})]


def _totp(c: Context, r: Row) -> Made:
    secret = c.keys.open(r["encrypted_two_factor_secret"], r["two_factor_secret_decryption_nonce"])
    if secret is None:
        return []
    cipher, nonce = c.kernel.crypto.encrypt(secret)
    row = {
        "user_id": r["user_id"], "secret_cipher": cipher, "secret_nonce": nonce,
        "secret_hash": c.kernel.crypto.hash(f"totp\0{r['user_id']}\0{secret}"),
        "encrypted_secret": r["recovery_encrypted_two_factor_secret"], "encrypted_secret_nonce": r["recovery_two_factor_secret_decryption_nonce"],
        "enabled_at": c.now,
    }  # fmt: skip
    return [("totp", row)]


def _passkey(c: Context, r: Row) -> Made:
    transports = json.dumps([t for t in str(r["authenticator_transports"] or "").split(",") if t])
    row = {"passkey_id": str(r["id"]), "user_id": r["user_id"], "name": r["friendly_name"], "transports": transports, "created_at": c.now}
    return [("passkeys", {**row, "credential_id": _raw(r["credential_id"]), "public_key": _raw(r["public_key"])})]


def _entity_key(_: Context, r: Row) -> Made:
    return [("entity_keys", {k: r[k] for k in ("user_id", "type", "encrypted_key", "header", "created_at")})]


_ENTITY = ("id", "user_id", "encrypted_data", "header", "is_deleted", "created_at", "updated_at")


def _entity(_: Context, r: Row) -> Made:
    return [("entities", {"type": r["type"], **{k: r[k] for k in _ENTITY}})]


def _code_key(_: Context, r: Row) -> Made:
    return [("authenticator_keys", {k: r[k] for k in ("user_id", "encrypted_key", "header", "created_at")})]


def _code(_: Context, r: Row) -> Made:
    return [("authenticator_entities", {**{k: r[k] for k in _ENTITY}, "id": str(r["id"])})]


def _setting(_: Context, r: Row) -> Made:
    claim = str(r["key_value"]).lower() if r["key_name"] == "customDomain" else None
    return [("remote_store", {**{k: r[k] for k in ("user_id", "key_name", "key_value", "updated_at")}, "claim": claim})]


def _album(_: Context, r: Row) -> Made:
    row = {k: r[k] for k in ("collection_id", "owner_id", "encrypted_key", "is_deleted", "updation_time")}
    row |= {
        "app": str(r["app"]), "type": r["type"], "key_nonce": r["key_decryption_nonce"], "name": r["name"] or "",
        "encrypted_name": r["encrypted_name"] or "", "name_nonce": r["name_decryption_nonce"] or "", "attributes": _json(r["attributes"]) or "{}",
        "magic_metadata": _json(r["magic_metadata"]), "pub_magic_metadata": _json(r["pub_magic_metadata"]), "created_at": r["updation_time"],
    }  # fmt: skip
    return [("collections", row)]


def _share(_: Context, r: Row) -> Made:
    seen = {"name": r["name"] or "", "encryptedName": r["encrypted_name"] or "", "nameDecryptionNonce": r["name_decryption_nonce"] or ""}
    pub = _json(r["pub_magic_metadata"])
    row = {k: r[k] for k in ("collection_id", "to_user_id", "encrypted_key", "is_deleted", "updation_time")}
    row |= {
        "role": str(r["role_type"] or "VIEWER").replace("OWNER", "VIEWER"), "magic_metadata": _json(r["magic_metadata"]),
        "shared_at": r["shared_at"] or r["updation_time"],
        "last_seen": json.dumps({**seen, "pubMagicMetadata": json.loads(pub) if pub else None}) if r["is_deleted"] else None,
    }  # fmt: skip
    return [("collection_shares", row)]


def _magic(prefix: str, v: Any) -> Row:
    magic = json.loads(v) if isinstance(v, str) else v
    if not magic:
        return {}
    return {f"{prefix}_metadata": _json(magic), f"{prefix}_version": int(magic.get("version", 1)), f"{prefix}_count": int(magic.get("count", 0))}


def _file(_: Context, r: Row) -> Made:
    """Objects are named by key: whoever writes the row looks their numbers up."""
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
    return [("files", {**row, "file_object_id": Key(r["file_key"]), "thumb_object_id": Key(r["thumb_key"])})]


@dataclass(frozen=True, slots=True)
class Key:
    """An object named by its key."""

    key: str | None


def _entry(_: Context, r: Row) -> Made:
    row = {k: r[k] for k in ("collection_id", "file_id", "encrypted_key", "is_deleted", "updation_time", "action", "action_user")}
    added = r["created_at"] or r["updation_time"]
    return [("collection_files", {**row, "owner_id": r["owner_id"], "key_nonce": r["key_decryption_nonce"], "added_at": added})]


def _trash(_: Context, r: Row) -> Made:
    names = ("file_id", "user_id", "collection_id", "is_deleted", "is_restored", "delete_by", "created_at", "updated_at")
    return [("trash", {"app": str(r["app"]), **{k: r[k] for k in names}})]


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
        **{k: r[k] for k in ("valid_till", "device_limit", "is_disabled", "mem_limit", "ops_limit", "enable_download", "created_at", "updated_at")},
    }  # fmt: skip


def _link(c: Context, r: Row) -> Made:
    options = {k: r[k] for k in ("collection_id", "enable_collect", "enable_comment", "enable_join")}
    return [("album_links", {**options, "min_role": None if r["min_role"] is None else str(r["min_role"]), **_secrets(c, r)})]


def _file_link(c: Context, r: Row) -> Made:
    names = ("file_id", "owner_id", "app", "encrypted_file_key", "encrypted_file_key_nonce", "kdf_nonce", "kdf_mem_limit", "kdf_ops_limit")
    row = {**{k: r[k] for k in names}, "encrypted_share_key": r["encrypted_share_key"]}
    return [("file_links", {"link_id": r["id"], **row, **_secrets(c, r)})]


def _contact(_: Context, r: Row) -> Made:
    row = {k: r[k] for k in ("id", "user_id", "contact_user_id", "created_at", "updated_at")}
    return [("contacts", {**row, "encrypted_key": _text(r["encrypted_key"]), "encrypted_data": _text(r["encrypted_data"])})]


def fingerprint(url: str) -> str:
    """Which museum an import came from, without its password."""
    return hashlib.sha256(url.rpartition("@")[2].encode()).hexdigest()[:16]


_FILES = (
    "SELECT f.*, (SELECT c.app FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id "
    "WHERE m.file_id = f.file_id LIMIT 1) AS app, "
    "o.object_key AS file_key, o.size AS file_size, t.object_key AS thumb_key, t.size AS thumb_size, "
    "(EXISTS (SELECT 1 FROM trash x WHERE x.file_id = f.file_id AND x.is_deleted) OR f.encrypted_metadata = '-') AS gone FROM files f "
    "LEFT JOIN object_keys o ON o.file_id = f.file_id AND o.o_type = 'file' AND NOT o.is_deleted "
    "LEFT JOIN object_keys t ON t.file_id = f.file_id AND t.o_type = 'thumbnail' AND NOT t.is_deleted ORDER BY f.file_id"
)
PARTS = (
    Part(
        "users",
        ("encrypted_email", "creation_time"),
        "SELECT u.*, s.storage FROM users u LEFT JOIN subscriptions s ON s.user_id = u.user_id ORDER BY u.user_id",
        _user,
    ),
    Part(
        "key_attributes",
        ("kek_salt", "public_key", "master_key_encrypted_with_recovery_key", "recovery_key_decryption_nonce"),
        "SELECT * FROM key_attributes",
        _keys,
    ),
    Part("srp_auth", ("srp_user_id", "verifier"), "SELECT * FROM srp_auth", _srp),
    Part("tokens", ("app", "last_used_at"), "SELECT * FROM tokens WHERE NOT is_deleted", _session),
    Part("two_factor", ("encrypted_two_factor_secret", "recovery_encrypted_two_factor_secret"), "SELECT * FROM two_factor", _totp),
    Part(
        "passkey_credentials",
        ("credential_id", "public_key", "authenticator_transports"),
        "SELECT p.id, p.user_id, p.friendly_name, k.credential_id, k.public_key, k.authenticator_transports FROM passkeys p "
        "JOIN passkey_credentials k ON k.passkey_id = p.id WHERE p.deleted_at IS NULL",
        _passkey,
    ),
    Part("entity_key", (), "SELECT * FROM entity_key", _entity_key),
    Part("entity_data", (), "SELECT * FROM entity_data", _entity),
    Part("authenticator_key", (), "SELECT * FROM authenticator_key", _code_key),
    Part("authenticator_entity", (), "SELECT * FROM authenticator_entity", _code),
    Part("remote_store", (), "SELECT * FROM remote_store", _setting),
    Part("collections", ("app",), "SELECT * FROM collections ORDER BY collection_id", _album),
    Part(
        "collection_shares",
        (),
        "SELECT s.*, c.name, c.encrypted_name, c.name_decryption_nonce, c.pub_magic_metadata FROM collection_shares s "
        "JOIN collections c ON c.collection_id = s.collection_id WHERE s.to_user_id <> c.owner_id",
        _share,
    ),
    Part("files", ("encrypted_metadata", "info"), _FILES, _file),
    Part(
        "collection_files",
        (),
        "SELECT m.*, f.owner_id FROM collection_files m JOIN files f ON f.file_id = m.file_id ORDER BY m.file_id",
        _entry,
    ),
    Part("trash", (), "SELECT t.*, c.app FROM trash t JOIN collections c ON c.collection_id = t.collection_id", _trash),
    Part("file_data", ("obj_id",), "SELECT * FROM file_data WHERE CAST(data_type AS text) IN ('mldata', 'vid_preview')", _derived),
    Part("public_collection_tokens", (), "SELECT * FROM public_collection_tokens ORDER BY id", _link),
    Part("public_file_tokens", (), "SELECT p.* FROM public_file_tokens p JOIN files f ON f.file_id = p.file_id", _file_link),
    Part("contact_entity", (), "SELECT * FROM contact_entity", _contact),
)

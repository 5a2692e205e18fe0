"""From our rows to museum's, table by table: what to ask of a snapshot of our database (SQLite), and the row that comes of each.

The reverse of `people` and `albums`. What is kept hashed here and in clear there cannot go: pastes, screens, the way past a passkey. A link with a
password goes disabled, since it must not open without one.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ...kernel.crypto import Crypto
from .seals import Seals
from .shape import Row

UNLIMITED = 100 << 40
"""What museum has for accounts without a limit: 100 TiB."""
FOR_EVER = 4_102_444_800_000_000  # 2100, as µs


@dataclass(frozen=True, slots=True)
class Leaving:
    """`bucket`: the name museum knows the objects' bucket by (an s3region); `default`: bytes of an account without a limit of its own, 0 for none."""

    crypto: Crypto
    seals: Seals
    bucket: str
    default: int


@dataclass(frozen=True, slots=True)
class Out:
    """`sql`: of our snapshot; `make`: their row, None to leave it behind. `needs`: columns of `table` without which nothing goes."""

    table: str
    sql: str
    make: Callable[[Leaving, Row], Row | None]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """An object of ours, and the key by which museum looks for it."""

    key: str
    store: str
    size: int
    target: str


def _plain(*names: str, **renamed: str) -> Callable[[Leaving, Row], Row]:
    """Columns as they are; `theirs="ours"` under another name. Flags are SQLite's numbers."""

    def make(_: Leaving, r: Row) -> Row:
        return {theirs: bool(r[ours]) if _is_flag(ours) else r[ours] for theirs, ours in {**{n: n for n in names}, **renamed}.items()}

    return make


def _is_flag(name: str) -> bool:
    return name.startswith(("is_", "enable_"))


def _also(make: Callable[[Leaving, Row], Row], more: Callable[[Leaving, Row], Row | None]) -> Callable[[Leaving, Row], Row | None]:
    def both(c: Leaving, r: Row) -> Row | None:
        added = more(c, r)
        return None if added is None else {**make(c, r), **added}

    return both


def _user(c: Leaving, r: Row) -> Row:
    row = {"user_id": r["user_id"], "creation_time": r["created_at"], "source": r["source"], "email_mfa": bool(r["email_mfa"])}
    row |= {"is_two_factor_enabled": bool(r["totp_enabled"]), "family_admin_id": r["admin_id"], "delete_feedback": r["delete_feedback"]}
    if r["email_cipher"] is None:
        return {**row, "email_hash": f"deleted+{r['user_id']}@ente.io"}
    email = c.crypto.decrypt(r["email_cipher"], r["email_nonce"])
    cipher, nonce = c.seals.seal(email)
    return {**row, "encrypted_email": cipher, "email_decryption_nonce": nonce, "email_hash": c.seals.hash(email)}


def _plan(c: Leaving, r: Row) -> Row:
    size = c.default if r["quota"] is None else r["quota"]
    row: Row = {"user_id": r["user_id"], "storage": size or UNLIMITED, "expiry_time": FOR_EVER, "original_transaction_id": "none"}
    return {**row, "product_id": "free", "payment_provider": "", "attributes": "{}"}


def _bonus(_: Leaving, r: Row) -> Row:
    return {"bonus_id": f"ADD_ON_SUPPORT-{r['user_id']}", "type": "ADD_ON_SUPPORT", "user_id": r["user_id"], "storage": r["bonus"]}


def _session(_: Leaving, r: Row) -> Row:
    row = {k: r[k] for k in ("token_hash", "user_id", "app", "ip", "user_agent", "last_used_at")}
    return {**row, "creation_time": r["created_at"]}


def _totp(c: Leaving, r: Row) -> Row:
    secret = c.crypto.decrypt(r["secret_cipher"], r["secret_nonce"])
    cipher, nonce = c.seals.seal(secret)
    row = {"user_id": r["user_id"], "two_factor_secret_hash": c.seals.hash(secret), "encrypted_two_factor_secret": cipher}
    row |= {"two_factor_secret_decryption_nonce": nonce, "recovery_encrypted_two_factor_secret": r["encrypted_secret"]}
    return {**row, "recovery_two_factor_secret_decryption_nonce": r["encrypted_secret_nonce"]}


def _credential(_: Leaving, r: Row) -> Row:
    coded = {k: base64.b64encode(r[k]).decode() for k in ("credential_id", "public_key")}
    named = {"passkey_id": r["passkey_id"], "authenticator_transports": ",".join(json.loads(r["transports"])), "created_at": r["created_at"]}
    return {**coded, **named, "attestation_type": "none", "credential_flags": "{}", "authenticator": "{}"}


def _contact(_: Leaving, r: Row) -> Row:
    row = {k: r[k] for k in ("id", "user_id", "contact_user_id", "created_at", "updated_at")}
    row |= {"encrypted_key": base64.b64decode(r["encrypted_key"]), "is_deleted": r["encrypted_data"] is None}
    if r["encrypted_data"] is not None:
        picture = r["picture_id"] if r["picture_object_id"] is not None else None
        row |= {"encrypted_data": base64.b64decode(r["encrypted_data"]), "profile_picture_attachment_id": picture}
    return row


def _attachment(c: Leaving, r: Row) -> Row:
    named = {"attachment_id": r["picture_id"], "user_id": r["user_id"], "attachment_type": "profile_picture", "size": r["picture_size"]}
    return {**named, "latest_bucket": c.bucket}


def _trust(_: Leaving, r: Row) -> Row:
    row = {k: r[k] for k in ("user_id", "state", "created_at", "updated_at")}
    living = r["encrypted_key"] if r["state"] in ("INVITED", "ACCEPTED") else None
    return {**row, "emergency_contact_id": r["contact_id"], "notice_period_in_hrs": 24 * r["notice_days"], "encrypted_key": living}


def _kit(_: Leaving, r: Row) -> Row:
    row = {k: r[k] for k in ("id", "user_id", "auth_public_key", "created_at", "updated_at", "deleted_at")}
    row |= {"variant": 1, "notice_period_in_hrs": r["notice_hours"], "is_deleted": r["deleted_at"] is not None}
    return {**row, "encrypted_recovery_blob": r["recovery_blob"] or "", "encrypted_owner_blob": r["owner_blob"] or ""}


def _kit_session(_: Leaving, r: Row) -> Row:
    came = [
        {"usedPartIndexes": json.loads(parts), "ip": ip, "userAgent": agent}
        for parts, ip, agent in json.loads(r["came"])
        if (parts, ip, agent) != ("[]", "", "")
    ]
    row = {k: r[k] for k in ("id", "kit_id", "user_id", "status", "wait_till", "created_at", "updated_at")}
    return {**row, "next_reminder_at": r["remind_at"], "effective_notice_period_in_hrs": r["notice_hours"], "initiators": json.dumps(came)}


def _kit_token(_: Leaving, r: Row) -> Row:
    kept = base64.urlsafe_b64encode(r["token_hash"]).decode().rstrip("=")
    return {"id": str(uuid.UUID(bytes=r["token_hash"][:16])), "session_id": r["session_id"], "token_hash": kept, "created_at": r["created_at"]}


# --- albums
def _share(_: Leaving, r: Row) -> Row:
    row = {k: r[k] for k in ("collection_id", "to_user_id", "encrypted_key", "updation_time", "magic_metadata", "shared_at")}
    return {**row, "from_user_id": r["owner_id"], "is_deleted": bool(r["is_deleted"]), "role_type": r["role"]}


def _file(_: Leaving, r: Row) -> Row:
    row = {k: r[k] for k in ("file_id", "owner_id", "encrypted_metadata", "updation_time", "magic_metadata", "pub_magic_metadata")}
    row |= {"file_decryption_header": r["file_header"], "thumbnail_decryption_header": r["thumb_header"]}
    info = json.dumps({"fileSize": r["file_size"], "thumbSize": r["thumb_size"]}) if r["has_info"] else None
    gone = {"encrypted_metadata": "-"} if r["is_deleted"] else {}
    return {**row, "metadata_decryption_header": r["metadata_header"], "info": info, **gone}


def _object(c: Leaving, r: Row) -> Row:
    return {**{k: r[k] for k in ("file_id", "o_type", "object_key", "size", "created_at")}, "datacenters": [c.bucket]}


def _entry(_: Leaving, r: Row) -> Row:
    row = {k: r[k] for k in ("file_id", "collection_id", "encrypted_key", "updation_time", "action_user", "action")}
    row |= {"key_decryption_nonce": r["key_nonce"], "is_deleted": bool(r["is_deleted"]), "created_at": r["added_at"]}
    return {**row, "c_owner_id": r["c_owner_id"], "f_owner_id": r["owner_id"]}


def _derived(c: Leaving, r: Row) -> Row:
    row = {"file_id": r["file_id"], "user_id": r["user_id"], "data_type": r["type"], "size": r["size"], "updated_at": r["updated_at"]}
    return {**row, "obj_id": r["preview_name"], "is_deleted": bool(r["is_deleted"]), "latest_bucket": c.bucket}


def _secrets(c: Leaving, r: Row) -> Row:
    """A link's token, which its owner is shown for ever. What opens its password is hashed here once more than there: such a link ends."""
    row: Row = {"access_token": c.crypto.decrypt(r["token_cipher"], r["token_nonce"])}
    return {**row, "is_disabled": True} if r["pass_hash"] else row


def _memory(c: Leaving, r: Row) -> Row:
    return {"access_token": c.crypto.decrypt(r["token_cipher"], r["token_nonce"])}


def _author(_: Leaving, r: Row) -> Row:
    row: Row = {"user_id": -1 if r["user_id"] is None else r["user_id"], "anon_user_id": r["anon_id"]}
    return {**row, "cipher": None, "nonce": None} if r["is_deleted"] else row


_LINK = ("valid_till", "device_limit", "is_disabled", "enable_download", "created_at", "updated_at")
_STAMPS = ("created_at", "updated_at")
OUT = (
    Out(
        "users",
        "SELECT u.*, (SELECT m.admin_id FROM family_members m WHERE m.member_id = u.user_id AND m.status IN ('SELF', 'ACCEPTED')) AS admin_id "
        "FROM users u",
        _user,
    ),
    Out(
        "key_attributes",
        "SELECT * FROM key_attributes",
        _also(
                _plain(
            "user_id", "kek_salt", "encrypted_key", "public_key", "encrypted_secret_key", "mem_limit", "ops_limit",
            key_decryption_nonce="key_nonce", secret_key_decryption_nonce="secret_key_nonce",  # noqa: S106  # a column
            master_key_encrypted_with_recovery_key="master_by_recovery", master_key_decryption_nonce="master_by_recovery_nonce",
            recovery_key_encrypted_with_master_key="recovery_by_master", recovery_key_decryption_nonce="recovery_by_master_nonce",
        ),
        lambda _, r: {"kek_hash_bytes": base64.b64decode(r["kek_hash"])}),
    ),
    Out("srp_auth", "SELECT * FROM srp_auth", _plain("user_id", "srp_user_id", "salt", "verifier", "updated_at")),
    Out("subscriptions", "SELECT user_id, quota FROM users WHERE deleted_at IS NULL", _plan),
    Out("storage_bonus", "SELECT user_id, bonus FROM users WHERE deleted_at IS NULL AND bonus > 0", _bonus),
    Out("usage", "SELECT user_id, sum(bytes) AS bytes FROM usage GROUP BY user_id", _plain("user_id", storage_consumed="bytes")),
    Out("tokens", "SELECT * FROM sessions", _session, ("token_hash",)),
    Out("two_factor", "SELECT * FROM totp", _totp),
    Out("passkeys", "SELECT * FROM passkeys", _plain("user_id", "created_at", id="passkey_id", friendly_name="name")),
    Out("passkey_credentials", "SELECT * FROM passkeys", _credential),
    Out("families", "SELECT * FROM family_members", _plain("id", "admin_id", "member_id", "status", "storage_limit", updated_at="invited_at")),
    Out("entity_key", "SELECT * FROM entity_keys", _plain("user_id", "type", "encrypted_key", "header", "created_at")),
    Out("entity_data", "SELECT * FROM entities", _plain("id", "user_id", "type", "encrypted_data", "header", "is_deleted", *_STAMPS)),
    Out("authenticator_key", "SELECT * FROM authenticator_keys", _plain("user_id", "encrypted_key", "header", "created_at")),
    Out(
        "authenticator_entity",
        "SELECT * FROM authenticator_entities",
        _plain("id", "user_id", "encrypted_data", "header", "is_deleted", *_STAMPS),
    ),
    Out("remote_store", "SELECT * FROM remote_store", _plain("user_id", "key_name", "key_value", "updated_at")),
    Out("push_tokens", "SELECT * FROM push_tokens", _plain("user_id", "fcm_token", "apns_token", *_STAMPS)),
    Out("user_attachments", "SELECT * FROM contacts WHERE picture_object_id IS NOT NULL AND encrypted_data IS NOT NULL", _attachment),
    Out("contact_entity", "SELECT * FROM contacts", _contact),
    Out("emergency_contact", "SELECT * FROM emergency_contacts", _trust),
    Out(
        "emergency_recovery",
        "SELECT * FROM emergency_recoveries",
        _plain("id", "user_id", "status", "wait_till", *_STAMPS, emergency_contact_id="contact_id", next_reminder_at="remind_at"),
    ),
    Out("legacy_kit", "SELECT * FROM legacy_kits", _kit),
    Out(
        "legacy_kit_recovery_session",
        "SELECT s.*, k.user_id, k.notice_hours, (SELECT json_group_array(json_array(o.part_indexes, o.ip, o.user_agent)) FROM "
        "(SELECT * FROM legacy_kit_openings WHERE session_id = s.id ORDER BY created_at) o) AS came "
        "FROM legacy_kit_sessions s JOIN legacy_kits k ON k.id = s.kit_id",
        _kit_session,
    ),
    Out("legacy_kit_recovery_session_token", "SELECT * FROM legacy_kit_openings ORDER BY created_at", _kit_token),
    Out(
        "collections",
        "SELECT * FROM collections",
        _plain(
            "collection_id", "owner_id", "encrypted_key", "name", "encrypted_name", "type", "attributes", "updation_time", "is_deleted",
            "magic_metadata", "pub_magic_metadata", "app", key_decryption_nonce="key_nonce", name_decryption_nonce="name_nonce",
        ),
    ),
    Out("collection_shares", "SELECT s.*, c.owner_id FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id", _share),
    Out("files", "SELECT * FROM files", _file),
    Out(
        "object_keys",
        "SELECT f.file_id, 'file' AS o_type, o.object_key, o.size, o.created_at FROM files f JOIN objects o ON o.object_id = f.file_object_id "
        "WHERE NOT f.is_deleted UNION ALL SELECT f.file_id, 'thumbnail', o.object_key, o.size, o.created_at FROM files f "
        "JOIN objects o ON o.object_id = f.thumb_object_id WHERE NOT f.is_deleted",
        _object,
    ),
    Out(
        "collection_files",
        "SELECT m.*, c.owner_id AS c_owner_id FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id",
        _entry,
    ),
    Out("trash", "SELECT * FROM trash", _plain("file_id", "user_id", "collection_id", "is_deleted", "is_restored", "delete_by", *_STAMPS)),
    Out("file_data", "SELECT * FROM file_data", _derived),
    Out(
        "public_collection_tokens",
        "SELECT * FROM album_links",
        _also(
            _plain(
                *_LINK, "collection_id", "mem_limit", "ops_limit", "enable_comment", "enable_collect", "enable_join", "min_role", id="link_id"
            ),
            lambda c, r: {**_secrets(c, r), "mem_limit": None, "ops_limit": None} if r["pass_hash"] else _secrets(c, r),
        ),
    ),
    Out("public_collection_access_history", "SELECT * FROM album_link_devices", _plain("ip", "user_agent", "created_at", share_id="link_id")),
    Out(
        "public_file_tokens",
        "SELECT * FROM file_links",
        _also(
            _plain(
                *_LINK, "file_id", "owner_id", "app", "encrypted_file_key", "encrypted_file_key_nonce", "kdf_nonce", "kdf_mem_limit",
                "kdf_ops_limit", "encrypted_share_key", id="link_id",
            ),
            _secrets,
        ),
    ),
    Out("public_file_tokens_access_history", "SELECT * FROM file_link_devices", _plain("ip", "user_agent", "created_at", id="link_id")),
    Out(
        "collection_actions",
        "SELECT * FROM collection_actions",
        _plain("id", "user_id", "collection_id", "file_id", "action", "is_pending", *_STAMPS, actor_user_id="actor_id"),
    ),
    Out("anon_users", "SELECT * FROM anon_profiles", _plain("collection_id", "cipher", "nonce", *_STAMPS, id="anon_id")),
    Out(
        "comments",
        "SELECT * FROM comments ORDER BY parent_id IS NOT NULL, created_at, comment_id",
        _also(_plain("collection_id", "file_id", "cipher", "nonce", "is_deleted", *_STAMPS, id="comment_id", parent_comment_id="parent_id"), _author),
    ),
    Out(
        "reactions",
        "SELECT * FROM reactions",
        _also(_plain("collection_id", "file_id", "comment_id", "cipher", "nonce", "is_deleted", *_STAMPS, id="reaction_id"), _author),
    ),
    Out(
        "memory_shares",
        "SELECT * FROM memory_shares",
        _also(
            _plain(
                "user_id", "type", "memory_hash", "metadata_cipher", "metadata_nonce", "is_deleted", *_STAMPS, id="memory_id",
                mem_enc_key="encrypted_key", mem_key_decryption_nonce="key_nonce",
            ),
            _memory,
        ),
    ),
    Out(
        "memory_share_files",
        "SELECT m.*, f.owner_id, s.created_at FROM memory_share_files m JOIN files f ON f.file_id = m.file_id "
        "JOIN memory_shares s ON s.memory_id = m.memory_id",
        _plain(
            "file_id", "position", "created_at", memory_share_id="memory_id", file_owner_id="owner_id", file_enc_key="encrypted_key",
            file_key_decryption_nonce="key_nonce",
        ),
    ),
)  # fmt: skip
BEHIND = {
    "pastes": ("SELECT count(*) FROM pastes", "notes to be read once: their tokens are kept hashed"),
    "casts": ("SELECT count(*) FROM casts WHERE user_id IS NOT NULL", "screens that show an album: pair them again"),
    "passkey_recovery": ("SELECT count(*) FROM passkey_recovery", "ways past a lost passkey: the apps set them again"),
    "album_links": ("SELECT count(*) FROM album_links WHERE pass_hash IS NOT NULL AND NOT is_disabled", "links with a password: they went disabled"),
    "file_links": ("SELECT count(*) FROM file_links WHERE pass_hash IS NOT NULL AND NOT is_disabled", "links with a password: they went disabled"),
}
"""What does not go, and why."""
NUMBERED = (("users", "user_id"), ("collections", "collection_id"), ("files", "file_id"), ("public_collection_tokens", "id"), ("memory_shares", "id"))
_OBJECT = "SELECT o.object_key, o.store, o.size, "
_DERIVED = "d.user_id || '/file-data/' || d.file_id || '/' || "
MOVES = (
    f"{_OBJECT} o.object_key AS target FROM files f JOIN objects o ON o.object_id IN (f.file_object_id, f.thumb_object_id) WHERE NOT f.is_deleted "
    f"UNION {_OBJECT} {_DERIVED} CASE d.type WHEN 'mldata' THEN 'mldata' ELSE d.type || '/' || d.preview_name || '_playlist' END FROM file_data d "
    "JOIN objects o ON o.object_id = d.object_id WHERE NOT d.is_deleted "
    f"UNION {_OBJECT} {_DERIVED} d.type || '/' || d.preview_name FROM file_data d "
    "JOIN objects o ON o.object_id = d.preview_object_id WHERE NOT d.is_deleted "
    f"UNION {_OBJECT} c.user_id || '/user-attachments/profile_picture/' || c.picture_id FROM contacts c "
    "JOIN objects o ON o.object_id = c.picture_object_id WHERE c.encrypted_data IS NOT NULL"
)
"""Every object that goes: our key, its store and size, and museum's key."""

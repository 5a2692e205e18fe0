"""Accounts, what opens them, and the records of people: rows of ours from rows of museum's (accounts.md §3, misc.md §16)."""

from __future__ import annotations

import hashlib
import json

from ...kernel.crypto import normal_email, session_handle, token_hash
from .shape import Context, Key, Made, Part, Row, plain_json, raw, same, text
from .source import Museum

DAY_HOURS = 24
PICTURE = "profile_picture"


def _user(c: Context, r: Row) -> Made:
    user_id = r["user_id"]
    email = c.keys.open(r["encrypted_email"], r["email_decryption_nonce"])
    row: Row = {"user_id": user_id, "created_at": r["creation_time"], "source": r["source"], "email_mfa": bool(r["email_mfa"])}
    row["totp_enabled"] = bool(r["is_two_factor_enabled"])
    if email is None:
        row |= {"email_hash": f"deleted+{user_id}", "deleted_at": c.now, "delete_feedback": plain_json(r["delete_feedback"])}
    else:
        cipher, nonce = c.kernel.crypto.encrypt(normal_email(email))
        row |= {"email_cipher": cipher, "email_nonce": nonce, "email_hash": c.kernel.crypto.hash(normal_email(email))}
        row |= {"quota": r["storage"], "bonus": r["bonus"]}
    return [("users", row), ("feeds", {"user_id": user_id, "stamp": c.now})]


def _keys(_: Context, r: Row) -> Made:
    names = {
        "kek_salt": "kek_salt", "kek_hash": "kek_hash_bytes", "encrypted_key": "encrypted_key", "key_nonce": "key_decryption_nonce",
        "public_key": "public_key", "encrypted_secret_key": "encrypted_secret_key", "secret_key_nonce": "secret_key_decryption_nonce",
        "master_by_recovery": "master_key_encrypted_with_recovery_key", "master_by_recovery_nonce": "master_key_decryption_nonce",
        "recovery_by_master": "recovery_key_encrypted_with_master_key", "recovery_by_master_nonce": "recovery_key_decryption_nonce",
    }  # fmt: skip
    row: Row = {ours: text(r.get(theirs)) or "" for ours, theirs in names.items()}
    return [("key_attributes", {"user_id": r["user_id"], "mem_limit": r["mem_limit"] or 64 << 20, "ops_limit": r["ops_limit"] or 2, **row})]


def _srp(c: Context, r: Row) -> Made:
    row = {"user_id": r["user_id"], "srp_user_id": str(r["srp_user_id"]), "salt": r["salt"], "verifier": r["verifier"], "updated_at": c.now}
    return [("srp_auth", row)]


def _session(_: Context, r: Row) -> Made:
    hashed = token_hash(r["token"]) if r.get("token") else raw(r["token_hash"]) if r.get("token_hash") else b""
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
    row = {"passkey_id": str(r["id"]), "user_id": r["user_id"], "name": r["friendly_name"], "transports": transports, "created_at": r["created_at"]}
    return [("passkeys", {**row, "credential_id": raw(r["credential_id"]), "public_key": raw(r["public_key"])})]


def _passkey_recovery(c: Context, r: Row) -> Made:
    """The way past a lost passkey, where it was set."""
    secret = c.keys.open(r["server_passkey_secret_data"], r["server_passkey_secret_nonce"])
    if secret is None or not r["user_passkey_secret_data"]:
        return []
    row = {
        "user_id": r["user_id"], "secret_hash": c.kernel.crypto.hash(f"passkey recovery\0{r['user_id']}\0{secret}"),
        "user_cipher": r["user_passkey_secret_data"], "user_nonce": r["user_passkey_secret_nonce"], "created_at": r["created_at"],
    }  # fmt: skip
    return [("passkey_recovery", row)]


def _entity_key(_: Context, r: Row) -> Made:
    return [("entity_keys", same(r, "user_id", "type", "encrypted_key", "header", "created_at"))]


_ENTITY = ("id", "user_id", "encrypted_data", "header", "is_deleted", "created_at", "updated_at")


def _entity(_: Context, r: Row) -> Made:
    return [("entities", {"type": r["type"], **same(r, *_ENTITY)})]


def _code_key(_: Context, r: Row) -> Made:
    return [("authenticator_keys", same(r, "user_id", "encrypted_key", "header", "created_at"))]


def _code(_: Context, r: Row) -> Made:
    return [("authenticator_entities", {**same(r, *_ENTITY), "id": str(r["id"])})]


def _setting(_: Context, r: Row) -> Made:
    claim = str(r["key_value"]).lower() if r["key_name"] == "customDomain" else None
    return [("remote_store", {**same(r, "user_id", "key_name", "key_value", "updated_at"), "claim": claim})]


def _device(_: Context, r: Row) -> Made:
    return [("push_tokens", same(r, "fcm_token", "user_id", "apns_token", "created_at", "updated_at"))]


def _contact(_: Context, r: Row) -> Made:
    row = same(r, "id", "user_id", "contact_user_id", "created_at", "updated_at")
    row |= {"encrypted_key": text(r["encrypted_key"]), "encrypted_data": text(r["encrypted_data"])}
    picture = r["profile_picture_attachment_id"]
    if picture and r["picture_size"] is not None:
        key = Key(f"{r['user_id']}/user-attachments/{PICTURE}/{picture}", r["picture_size"])
        row |= {"picture_id": picture, "picture_size": r["picture_size"], "picture_object_id": key}
    return [("contacts", row)]


def _contacts(museum: Museum) -> str:
    if museum.has("user_attachments", "attachment_id") and museum.has("contact_entity", "profile_picture_attachment_id"):
        return (
            "SELECT c.*, a.size AS picture_size FROM contact_entity c LEFT JOIN user_attachments a "
            f"ON a.attachment_id = c.profile_picture_attachment_id AND NOT a.is_deleted AND a.attachment_type = '{PICTURE}'"
        )
    return "SELECT c.*, NULL AS profile_picture_attachment_id, NULL AS picture_size FROM contact_entity c"


# --- trust
def _trust(_: Context, r: Row) -> Made:
    days = -(-r["notice_period_in_hrs"] // DAY_HOURS)
    row = {"contact_id": r["emergency_contact_id"], "state": "REVOKED" if r["state"] == "DELETED" else r["state"], "notice_days": days}
    return [("emergency_contacts", {**row, **same(r, "user_id", "encrypted_key", "created_at", "updated_at")})]


def _recovery(_: Context, r: Row) -> Made:
    wait = r["wait_till"] or r["created_at"]
    row = {"id": str(r["id"]), "contact_id": r["emergency_contact_id"], "wait_till": wait, "remind_at": r["next_reminder_at"] or wait}
    return [("emergency_recoveries", {**row, **same(r, "user_id", "status", "created_at", "updated_at")})]


def _kit(_: Context, r: Row) -> Made:
    row = {"id": str(r["id"]), "notice_hours": r["notice_period_in_hrs"], **same(r, "user_id", "auth_public_key", "created_at", "updated_at")}
    if r["is_deleted"]:
        return [("legacy_kits", {**row, "deleted_at": r["deleted_at"] or r["updated_at"]})]
    return [("legacy_kits", {**row, "recovery_blob": r["encrypted_recovery_blob"], "owner_blob": r["encrypted_owner_blob"]})]


def _kit_session(_: Context, r: Row) -> Made:
    status = "BLOCKED" if r["status"] == "CANCELLED" else r["status"]
    row = {"id": str(r["id"]), "kit_id": str(r["kit_id"]), "status": status, "remind_at": r["next_reminder_at"] or r["wait_till"]}
    return [("legacy_kit_sessions", {**row, **same(r, "wait_till", "created_at", "updated_at")})]


def _kit_opening(_: Context, r: Row) -> Made:
    """Who came is noted by museum in a list of the session, in the order of the tokens; the challenge is forgotten once it was answered."""
    who = r["initiators"]
    who = json.loads(who) if isinstance(who, str) else who or []
    came = who[r["place"] - 1] if r["place"] <= len(who) else {}
    row = {
        "token_hash": raw(r["token_hash"]), "session_id": str(r["session_id"]), "challenge_hash": hashlib.sha256(str(r["id"]).encode()).digest(),
        "part_indexes": json.dumps(came.get("usedPartIndexes") or []), "ip": came.get("ip") or "", "user_agent": came.get("userAgent") or "",
        "created_at": r["created_at"],
    }  # fmt: skip
    return [("legacy_kit_openings", row)]


def _member(_: Context, r: Row) -> Made:
    """The token of an open invitation is made anew: it is shown where the invitation is, and its mail has to be sent again."""
    row = same(r, "admin_id", "member_id", "status", "storage_limit")
    return [("family_members", {"id": str(r["id"]), **row, "invited_at": r["updated_at"]})]


def _users(museum: Museum) -> str:
    bonus = "0"
    if museum.has("storage_bonus", "is_revoked"):
        now = "CAST(extract(epoch FROM now()) * 1000000 AS bigint)"
        still = f"b.user_id = u.user_id AND NOT b.is_revoked AND (b.valid_till = 0 OR b.valid_till > {now})"
        bonus = f"(SELECT CAST(COALESCE(sum(b.storage), 0) AS bigint) FROM storage_bonus b WHERE {still})"
    return f"SELECT u.*, s.storage, {bonus} AS bonus FROM users u LEFT JOIN subscriptions s ON s.user_id = u.user_id ORDER BY u.user_id"


PARTS = (
    Part("users", ("encrypted_email", "creation_time"), _users, _user),
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
        "SELECT p.id, p.user_id, p.friendly_name, k.credential_id, k.public_key, k.authenticator_transports, k.created_at FROM passkeys p "
        "JOIN passkey_credentials k ON k.passkey_id = p.id WHERE p.deleted_at IS NULL",
        _passkey,
    ),
    Part("two_factor_recovery", ("server_passkey_secret_data", "user_passkey_secret_data"), "SELECT * FROM two_factor_recovery", _passkey_recovery),
    Part("entity_key", (), "SELECT * FROM entity_key", _entity_key),
    Part("entity_data", (), "SELECT * FROM entity_data", _entity),
    Part("authenticator_key", (), "SELECT * FROM authenticator_key", _code_key),
    Part("authenticator_entity", (), "SELECT * FROM authenticator_entity", _code),
    Part("remote_store", (), "SELECT * FROM remote_store", _setting),
    Part("push_tokens", (), "SELECT * FROM push_tokens", _device),
    Part("contact_entity", (), _contacts, _contact),
    Part("families", ("storage_limit",), "SELECT * FROM families WHERE status <> 'CLOSED'", _member),
    Part("emergency_contact", ("notice_period_in_hrs",), "SELECT * FROM emergency_contact", _trust),
    Part(
        "emergency_recovery",
        ("next_reminder_at",),
        "SELECT DISTINCT ON (user_id, emergency_contact_id) * FROM emergency_recovery ORDER BY user_id, emergency_contact_id, created_at DESC, id",
        _recovery,
    ),
    Part("legacy_kit", ("encrypted_recovery_blob",), "SELECT * FROM legacy_kit", _kit),
    Part("legacy_kit_recovery_session", ("initiators",), "SELECT * FROM legacy_kit_recovery_session", _kit_session),
    Part(
        "legacy_kit_recovery_session_token",
        ("token_hash",),
        "SELECT t.*, s.initiators, row_number() OVER (PARTITION BY t.session_id ORDER BY t.created_at, t.id) AS place "
        "FROM legacy_kit_recovery_session_token t JOIN legacy_kit_recovery_session s ON s.id = t.session_id",
        _kit_opening,
    ),
)

"""A museum database with a row or two of everything, as museum writes them: what imports are rehearsed on."""

from __future__ import annotations

import base64
import hashlib
import uuid
from pathlib import Path
from typing import Any

import psycopg
from nacl.bindings import crypto_secretbox_easy

from app.kernel.crypto import b64

ALICE, BOB, GONE = 1580559962386440, 1580559962386441, 1580559962386442
ALBUM, PHOTO, TRASHED, DELETED = 1580559962386450, 10000017, 10000018, 10000019
KEY = bytes(range(32))
NOW = 1_782_800_000_000_000
LATER = NOW * 2
PLAIN, HASHED = base64.urlsafe_b64encode(b"a" * 32).decode(), base64.urlsafe_b64encode(b"b" * 32).decode()
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SKIP = "the way past a passkey"
LINK, FILE_LINK, MEMORY, PASTE, CAST = "A1B2C3D4", "E5F6G7H8", "I9J0K1L2", "M3N4O5P6Q7R8", "casttoken"
PHOTO_KEY, THUMB_KEY, TRASHED_KEY, TRASHED_THUMB_KEY = (f"{ALICE}/{uuid.UUID(int=n << 64)}" for n in range(1, 5))
PICTURE = f"{ALICE}/user-attachments/profile_picture/ua_1"
DERIVED = f"{ALICE}/file-data/{PHOTO}"
BYTES = {PHOTO_KEY: b"the photo", THUMB_KEY: b"thumb", TRASHED_KEY: b"in the trash", TRASHED_THUMB_KEY: b"tt",
         f"{DERIVED}/vid_preview/pv_1": b"video", f"{DERIVED}/vid_preview/pv_1_playlist": b"{}", PICTURE: b"a face",
         f"{DERIVED}/mldata": b'{"v":1,"encryptedData":"ZA==","header":"aA==","client":"x"}'}  # fmt: skip
TABLES = (Path(__file__).parent / "museum_tables.sql").read_bytes()
HOT = "b2-eu-cen"


def sealed(text: str) -> tuple[bytes, bytes]:
    nonce = hashlib.sha256(text.encode()).digest()[:24]
    return crypto_secretbox_easy(text.encode(), nonce, KEY), nonce


def number(n: int) -> uuid.UUID:
    return uuid.UUID(int=n)


class Museum:
    """`row(table, column=value, …)` on a connection."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        self._db = db

    def row(self, table: str, **values: Any) -> None:
        marks = ", ".join(["%s"] * len(values))
        self._db.execute(f"INSERT INTO {table} ({', '.join(values)}) OVERRIDING SYSTEM VALUE VALUES ({marks})".encode(), list(values.values()))


def fill(db: psycopg.Connection[Any]) -> None:
    museum = Museum(db)
    accounts(museum)
    records(museum)
    trust(museum)
    albums(museum)
    links(museum)
    words(museum)


TIMES = {"created_at": NOW, "updated_at": NOW}


def accounts(m: Museum) -> None:
    for user, email in ((ALICE, "alice@example.org"), (BOB, "Bob@example.org ")):
        cipher, nonce = sealed(email)
        m.row("users", user_id=user, creation_time=NOW, encrypted_email=cipher, email_decryption_nonce=nonce, email_hash=f"hash {user}",
              is_two_factor_enabled=user == ALICE, family_admin_id=ALICE)  # fmt: skip
        keys = {k: b64(hashlib.sha256(f"{user}{k}".encode()).digest()) for k in ("kek_salt", "encrypted_key", "public_key", "encrypted_secret_key")}
        nonces = {"key_decryption_nonce": "bm9uY2U=", "secret_key_decryption_nonce": "bm9uY2U="}
        m.row("key_attributes", user_id=user, kek_hash_bytes=b"", mem_limit=1 << 27, ops_limit=32, **keys, **nonces)
        m.row("srp_auth", user_id=user, srp_user_id=number(user), salt="c2FsdA==", verifier="dmVy", **TIMES)
        m.row("subscriptions", user_id=user, storage=123 << 30, expiry_time=NOW, original_transaction_id="none", product_id="free",
              payment_provider="", attributes="{}")  # fmt: skip
    m.row("users", user_id=GONE, creation_time=NOW, email_hash=f"deleted+{GONE}@ente.io", delete_feedback='{"reason": "x"}')
    for n, (kind, until, revoked) in enumerate(
        (("REFERRAL", 0, False), ("SIGN_UP", LATER, False), ("ANNIVERSARY", NOW, False), ("REFERRAL", 0, True))
    ):
        m.row("storage_bonus", bonus_id=f"{kind}-{n}", type=kind, user_id=ALICE, storage=1 << n, valid_till=until, is_revoked=revoked)
    m.row("tokens", user_id=ALICE, token=PLAIN, app="photos", creation_time=NOW, last_used_at=NOW, ip="10.0.0.1", user_agent="web")
    m.row("tokens", user_id=BOB, token_hash=hashlib.sha256(HASHED.encode()).digest(), app="photos", creation_time=NOW, last_used_at=NOW)
    m.row("tokens", user_id=BOB, token="ended", app="photos", creation_time=NOW, last_used_at=NOW, is_deleted=True)
    cipher, nonce = sealed(SECRET)
    m.row("two_factor", user_id=ALICE, encrypted_two_factor_secret=cipher, two_factor_secret_decryption_nonce=nonce, two_factor_secret_hash="h",
          recovery_encrypted_two_factor_secret="cmVj", recovery_two_factor_secret_decryption_nonce="bm9u")  # fmt: skip
    m.row("passkeys", id=number(5), user_id=BOB, friendly_name="phone", created_at=NOW)
    m.row("passkey_credentials", passkey_id=number(5), credential_id="Y3JlZA==", public_key="a2V5", authenticator_transports="usb,nfc",
          attestation_type="none", credential_flags="{}", authenticator="{}", created_at=NOW)  # fmt: skip
    cipher, nonce = sealed(SKIP)
    m.row("two_factor_recovery", user_id=BOB, server_passkey_secret_data=cipher, server_passkey_secret_nonce=nonce,
          user_passkey_secret_data="dXNlcg==", user_passkey_secret_nonce="bm9u", **TIMES)  # fmt: skip
    m.row("push_tokens", user_id=ALICE, fcm_token="fcm", **TIMES)


def records(m: Museum) -> None:
    m.row("entity_key", user_id=ALICE, type="location", encrypted_key="ZQ==", header="aA==", **TIMES)
    m.row("entity_data", id="e1", user_id=ALICE, type="location", encrypted_data="ZA==", header="aA==", **TIMES)
    m.row("authenticator_key", user_id=ALICE, encrypted_key="ZQ==", header="aA==", **TIMES)
    m.row("authenticator_entity", id=number(7), user_id=ALICE, encrypted_data="ZA==", header="aA==", **TIMES)
    m.row("remote_store", user_id=ALICE, key_name="mapEnabled", key_value="true", **TIMES)
    m.row("user_attachments", attachment_id="ua_1", user_id=ALICE, attachment_type="profile_picture", size=6, latest_bucket=HOT, **TIMES)
    m.row("contact_entity", id="ct_1", user_id=ALICE, contact_user_id=BOB, encrypted_key=b"key", encrypted_data=b"data",
          profile_picture_attachment_id="ua_1", **TIMES)  # fmt: skip
    m.row("contact_entity", id="ct_2", user_id=BOB, contact_user_id=ALICE, encrypted_key=b"key", is_deleted=True, **TIMES)


def trust(m: Museum) -> None:
    m.row("families", id=number(9), admin_id=ALICE, member_id=ALICE, status="SELF", **TIMES)
    m.row("families", id=number(10), admin_id=ALICE, member_id=BOB, status="ACCEPTED", storage_limit=5 << 30, token="t", **TIMES)
    m.row("emergency_contact", user_id=ALICE, emergency_contact_id=BOB, state="ACCEPTED", notice_period_in_hrs=720, encrypted_key="a2V5", **TIMES)
    m.row("emergency_contact", user_id=BOB, emergency_contact_id=ALICE, state="REVOKED", notice_period_in_hrs=30, **TIMES)
    m.row("emergency_recovery", id=number(11), user_id=ALICE, emergency_contact_id=BOB, status="STOPPED", created_at=NOW - 9, updated_at=NOW)
    m.row(
        "emergency_recovery", id=number(12), user_id=ALICE, emergency_contact_id=BOB, status="WAITING", wait_till=LATER, next_reminder_at=NOW, **TIMES
    )
    m.row("legacy_kit", id=number(13), user_id=ALICE, variant=1, notice_period_in_hrs=24, encrypted_recovery_blob="cg==", auth_public_key="cA==",
          encrypted_owner_blob="bw==", **TIMES)  # fmt: skip
    m.row("legacy_kit_recovery_session", id=number(14), kit_id=number(13), user_id=ALICE, status="WAITING", effective_notice_period_in_hrs=24,
          wait_till=LATER, initiators='[{"usedPartIndexes": [1, 3], "ip": "10.0.0.9", "userAgent": "web"}]', **TIMES)  # fmt: skip
    kept = base64.urlsafe_b64encode(hashlib.sha256(b"token").digest()).decode().rstrip("=")
    m.row("legacy_kit_recovery_session_token", id=number(15), session_id=number(14), token_hash=kept, created_at=NOW)


def albums(m: Museum) -> None:
    m.row("collections", collection_id=ALBUM, owner_id=ALICE, encrypted_key="a2V5", key_decryption_nonce="bg==", encrypted_name="bmFtZQ==",
          name_decryption_nonce="bg==", type="album", attributes='{"version": 1}', updation_time=NOW + 5)  # fmt: skip
    m.row("collection_shares", collection_id=ALBUM, from_user_id=ALICE, to_user_id=BOB, encrypted_key="c2VhbGVk", updation_time=NOW + 4)
    magic = '{"version": 3, "count": 1, "data": "ZA==", "header": "aA=="}'
    for file_id, keys_of in ((PHOTO, (PHOTO_KEY, THUMB_KEY)), (TRASHED, (TRASHED_KEY, TRASHED_THUMB_KEY)), (DELETED, ())):
        m.row("files", file_id=file_id, owner_id=ALICE, file_decryption_header="fh", thumbnail_decryption_header="th",
              metadata_decryption_header="mh",
              encrypted_metadata="bWV0YQ==" if keys_of else "-", magic_metadata=magic, info="{}", updation_time=NOW)  # fmt: skip
        m.row("collection_files", file_id=file_id, collection_id=ALBUM, encrypted_key="Zms=", key_decryption_nonce="bg==",
              is_deleted=file_id != PHOTO, updation_time=NOW + 1, c_owner_id=ALICE, f_owner_id=ALICE, created_at=NOW)  # fmt: skip
        for kind, name in zip(("file", "thumbnail"), keys_of, strict=False):
            m.row("object_keys", file_id=file_id, o_type=kind, object_key=name, size=len(BYTES[name]), datacenters=[HOT])
    m.row("trash", file_id=TRASHED, user_id=ALICE, collection_id=ALBUM, delete_by=LATER, **TIMES)
    m.row("trash", file_id=DELETED, user_id=ALICE, collection_id=ALBUM, is_deleted=True, delete_by=NOW, **TIMES)
    m.row("file_data", file_id=PHOTO, user_id=ALICE, data_type="mldata", size=60, latest_bucket=HOT, **TIMES)
    m.row("file_data", file_id=PHOTO, user_id=ALICE, data_type="vid_preview", size=7, obj_id="pv_1", latest_bucket=HOT, **TIMES)
    m.row("collection_actions", id="act_1", user_id=ALICE, actor_user_id=BOB, collection_id=ALBUM, file_id=PHOTO, action="REMOVE", **TIMES)


def links(m: Museum) -> None:
    m.row("public_collection_tokens", id=3, collection_id=ALBUM, access_token=LINK, enable_comment=True, **TIMES)
    m.row("public_collection_access_history", share_id=3, ip="10.0.0.2", user_agent="web", created_at=NOW)
    m.row("public_file_tokens", id="pft_1", file_id=PHOTO, owner_id=ALICE, app="photos", access_token=FILE_LINK, encrypted_share_key="a2V5", **TIMES)
    m.row("public_file_tokens_access_history", id="pft_1", ip="10.0.0.2", user_agent="web", created_at=NOW)
    m.row("memory_shares", id=21, user_id=ALICE, type="share", mem_enc_key="a2V5", mem_key_decryption_nonce="bg==", access_token=MEMORY, **TIMES)
    m.row("memory_share_files", memory_share_id=21, file_id=PHOTO, file_owner_id=ALICE, position=0, file_enc_key="a2V5",
          file_key_decryption_nonce="bg==", created_at=NOW)  # fmt: skip
    for n, (token, until) in enumerate(((PASTE, LATER), ("over", NOW - 1))):
        m.row("public_paste_tokens", id=f"p{n}", access_token=token, encrypted_data="ZA==", decryption_header="aA==", encrypted_paste_key="a2V5",
              encrypted_paste_key_nonce="bg==", kdf_nonce="bg==", kdf_mem_limit=1, kdf_ops_limit=1, expires_at=until, created_at=NOW)  # fmt: skip
    m.row("casting", id=number(22), code="ABC123", public_key="cHVi", collection_id=ALBUM, cast_user=ALICE, encrypted_payload="cA==", token=CAST,
          created_at=NOW, last_used_at=NOW, ip="10.0.0.3")  # fmt: skip
    m.row("casting", id=number(23), code="DEF456", public_key="cHVi", created_at=NOW, last_used_at=NOW, ip="10.0.0.3")


def words(m: Museum) -> None:
    m.row("anon_users", id="anon_1", collection_id=ALBUM, cipher="Yw==", nonce="bg==", **TIMES)
    m.row("comments", id="cmt_1", collection_id=ALBUM, file_id=PHOTO, user_id=BOB, cipher="Yw==", nonce="bg==", **TIMES)
    m.row("comments", id="cmt_2", collection_id=ALBUM, file_id=PHOTO, parent_comment_id="cmt_1", user_id=-1, anon_user_id="anon_1",
          cipher="Yw==", nonce="bg==", **TIMES)  # fmt: skip
    m.row("comments", id="cmt_3", collection_id=ALBUM, user_id=ALICE, is_deleted=True, **TIMES)
    for n, (file_id, comment) in enumerate(((None, None), (PHOTO, None), (None, "cmt_1"))):
        m.row("reactions", id=f"rct_{n}", collection_id=ALBUM, file_id=file_id, comment_id=comment, user_id=BOB, cipher="Yw==", nonce="bg==", **TIMES)

"""One device of one person: sign-up, log-in, albums, uploads, sync, sharing, trash, with the real cryptography.

    alice = Device.sign_up(url, "alice@example.org")
    album = alice.new_collection("Holidays")
    alice.upload(album, Plain(b"..."))
    phone = Device.log_in(url, "alice@example.org"); phone.sync()

Calls raise `ApiError` on any status but the expected one. Never imports the server.
"""

from __future__ import annotations

from typing import Any

import httpx

from bridge.client.srp import SrpClient
from tests.clients import crypto, transfer
from tests.clients.account import Account
from tests.clients.api import WEB, Api, ApiError, next_address
from tests.clients.crypto import b64, unb64
from tests.clients.mirror import Mirror
from tests.clients.transfer import Objects, Plain, Sealed

PASSWORD = "correct horse battery staple"
FIXED_CODE = "123456"
Row = dict[str, Any]


class Device:
    """`account` holds the keys, `mirror` the synced rows, `api` the connection, `objects` the bytes."""

    def __init__(self, base_url: str, email: str, *, transport: httpx.BaseTransport | None = None, package: str = WEB) -> None:
        self.email = email
        self.api = Api(base_url, transport=transport, package=package)
        self.objects = Objects(self.api)
        self.mirror = Mirror()
        self.account: Account
        self.user_id = 0
        self._keys: dict[int, bytes] = {}

    def close(self) -> None:
        self.api.close()

    # -- account --------------------------------------------------------------------------------

    @classmethod
    def sign_up(cls, base_url: str, email: str, *, password: str = PASSWORD, code: str = FIXED_CODE, keys: bool = True, **options: Any) -> Device:
        """A new account with keys and SRP; proves afterwards that the server returns what was stored.

        Without `keys` it stops after the code, as somebody who closed the page.
        """
        device = cls(base_url, email, **options)
        api = device.api
        api.post("/users/ott", {"email": email, "purpose": "signup"})
        answer = api.post("/users/verify-email", {"email": email, "ott": code, "source": "web:friend"})
        api.token, device.user_id = answer["token"], answer["id"]
        if not keys:
            return device
        device.account = Account.create(password)
        api.put("/users/attributes", {"keyAttributes": device.account.attributes})
        device._enrol("/users/srp/complete", {})
        stored = api.get("/users/srp/attributes", email=email)["attributes"]
        assert stored["srpUserID"] == device.account.srp_user_id
        assert stored["kekSalt"] == device.account.attributes["kekSalt"]
        return device

    def _enrol(self, finish: str, extra: Row) -> Row:
        proof = self.account.srp_client()
        begun = self.api.post(
            "/users/srp/setup",
            {
                "srpUserID": self.account.srp_user_id,
                "srpSalt": b64(self.account.srp_salt),
                "srpVerifier": b64(self.account.srp_verifier()),
                "srpA": b64(proof.public),
            },
        )
        m1 = proof.prove(unb64(begun["srpB"]))
        done: Row = self.api.post(finish, {"setupID": begun["setupID"], "srpM1": b64(m1), **extra})
        proof.check(unb64(done["srpM2"]))
        return done

    def change_password(self, password: str, *, log_out_others: bool | None = None) -> None:
        changed = self.account.new_password(password)
        extra: Row = {"updatedKeyAttr": changed}
        if log_out_others is not None:
            extra["logOutOtherDevices"] = log_out_others
        self._enrol("/users/srp/update", extra)

    @classmethod
    def log_in(cls, base_url: str, email: str, *, password: str = PASSWORD, **options: Any) -> Device:
        """A second device by password; `ApiError` 401 for a wrong one."""
        device = cls(base_url, email, **options)
        api = device.api
        known = api.get("/users/srp/attributes", email=email)["attributes"]
        kek = crypto.derive_key(password, unb64(known["kekSalt"]), known["opsLimit"], known["memLimit"])
        client = SrpClient(known["srpUserID"], crypto.login_subkey(kek), unb64(known["srpSalt"]))
        begun = api.post("/users/srp/create-session", {"srpUserID": known["srpUserID"], "srpA": b64(client.public)})
        m1 = client.prove(unb64(begun["srpB"]))
        proof = {"srpUserID": known["srpUserID"], "sessionID": begun["sessionID"], "srpM1": b64(m1)}
        answer = api.post("/users/srp/verify-session", proof)
        client.check(unb64(answer["srpM2"]))
        device._unlock(password, answer)
        device.account.srp_user_id, device.account.srp_salt = known["srpUserID"], unb64(known["srpSalt"])
        return device

    @classmethod
    def log_in_by_code(cls, base_url: str, email: str, *, password: str = PASSWORD, code: str = FIXED_CODE, **options: Any) -> Device:
        device = cls(base_url, email, **options)
        device.api.post("/users/ott", {"email": email, "purpose": "login"})
        answer = device.api.post("/users/verify-email", {"email": email, "ott": code})
        device._unlock(password, answer)
        return device

    def _unlock(self, password: str, answer: Row) -> None:
        self.account = Account.unlock(password, answer["keyAttributes"])
        self.user_id = answer["id"]
        self.api.token = self.account.open_token(answer["encryptedToken"])

    # -- albums ---------------------------------------------------------------------------------

    def new_collection(self, name: str = "Holidays", kind: str = "album") -> int:
        key = crypto.random_key()
        wrapped, key_nonce = crypto.box(key, self.account.master_key)
        title, title_nonce = crypto.box(name.encode(), key)
        body = {
            "encryptedKey": b64(wrapped),
            "keyDecryptionNonce": b64(key_nonce),
            "encryptedName": b64(title),
            "nameDecryptionNonce": b64(title_nonce),
            "type": kind,
        }
        album: Row = self.api.post("/collections", body)["collection"]
        self._keys[album["id"]] = key
        return int(album["id"])

    def collection_key(self, album_id: int) -> bytes:
        """From this device's memory, its mirror, or the server (as for an album that is gone)."""
        if album_id not in self._keys:
            album = self.mirror.albums.get(album_id) or self.api.get(f"/collections/{album_id}")["collection"]
            self._keys[album_id] = self._open_key(album)
        return self._keys[album_id]

    def _open_key(self, album: Row) -> bytes:
        wrapped = unb64(album["encryptedKey"])
        if album["owner"]["id"] == self.user_id:
            return crypto.unbox(wrapped, unb64(album["keyDecryptionNonce"]), self.account.master_key)
        return crypto.unseal(wrapped, self.account.public_key, self.account.private_key)

    def name_of(self, album_id: int) -> str:
        album, key = self.mirror.albums[album_id], self.collection_key(album_id)
        return crypto.unbox(unb64(album["encryptedName"]), unb64(album["nameDecryptionNonce"]), key).decode()

    def share(self, album_id: int, other: str, role: str = "VIEWER") -> list[Row]:
        public = unb64(self.api.get("/users/public-key", email=other)["publicKey"])
        sealed = b64(crypto.seal(self.collection_key(album_id), public))
        body = {"collectionID": album_id, "email": other, "role": role, "encryptedKey": sealed}
        sharees: list[Row] = self.api.post("/collections/share", body)["sharees"]
        return sharees

    def unshare(self, album_id: int, other: str) -> None:
        self.api.post("/collections/unshare", {"collectionID": album_id, "email": other})

    def leave(self, album_id: int) -> None:
        self.api.post(f"/collections/leave/{album_id}")

    def delete_collection(self, album_id: int, *, keep_files: bool = False) -> None:
        query = {"collectionID": album_id, "keepFiles": str(keep_files).lower()}
        self.api.call("DELETE", f"/collections/v3/{album_id}", params=query)

    # -- files ----------------------------------------------------------------------------------

    def upload(self, album_id: int, plain: Plain, *, way: str = "single", part_size: int = transfer.WEB_PART, **options: Any) -> Row:
        """`way`: single, v1, multipart, multipart_v1; the thumbnail goes by single PUT. Returns the committed row."""
        sealed = Sealed.of(plain)
        content = self.put_content(sealed.content, way, part_size, **options)
        return self.commit(album_id, sealed, (content, self.objects.put(sealed.thumbnail)))

    def put_content(self, data: bytes, way: str, part_size: int, **options: Any) -> str:
        if way == "multipart":
            return self.objects.put_multipart(data, part_size, **options)
        if way == "multipart_v1":
            return self.objects.put_multipart_v1(data, part_size)
        return self.objects.put_v1(data) if way == "v1" else self.objects.put(data)

    def commit(self, album_id: int, sealed: Sealed, objects: tuple[str, str]) -> Row:
        row: Row = self.api.post("/files", sealed.commit_body(album_id, self.collection_key(album_id), objects))
        assert row["info"] == {"fileSize": len(sealed.content), "thumbSize": len(sealed.thumbnail)}
        return row

    def sync(self) -> Mirror:
        self.mirror.sync(self.api)
        return self.mirror

    def file_key(self, row: Row) -> bytes:
        wrapped, nonce = unb64(row["encryptedKey"]), unb64(row["keyDecryptionNonce"])
        return crypto.unbox(wrapped, nonce, self.collection_key(row["collectionID"]))

    def download(self, row: Row) -> Plain:
        """Everything of a synced row, opened."""
        key = self.file_key(row)
        about = transfer.open_metadata(row, key)
        content = transfer.open_content(self.objects, row, key)
        assert about["hash"] == crypto.content_hash(content)
        thumbnail = transfer.open_thumbnail(self.objects, row, key)
        return Plain(content, thumbnail, about["title"], about["fileType"], about["creationTime"])

    def _rewrapped(self, rows: list[Row], album_id: int) -> list[Row]:
        target, items = self.collection_key(album_id), []
        for row in rows:
            cipher, nonce = crypto.box(self.file_key(row), target)
            items.append({"id": row["id"], "encryptedKey": b64(cipher), "keyDecryptionNonce": b64(nonce)})
        return items

    def add_to(self, album_id: int, rows: list[Row]) -> None:
        self.api.post("/collections/add-files", {"collectionID": album_id, "files": self._rewrapped(rows, album_id)})

    def move(self, rows: list[Row], source: int, target: int) -> None:
        body = {"fromCollectionID": source, "toCollectionID": target, "files": self._rewrapped(rows, target)}
        self.api.post("/collections/move-files", body)

    def trash(self, rows: list[Row]) -> None:
        items = [{"fileID": row["id"], "collectionID": row["collectionID"]} for row in rows]
        self.api.post("/files/trash", {"items": items})

    def restore(self, rows: list[Row], album_id: int) -> None:
        self.api.post("/collections/restore-files", {"collectionID": album_id, "files": self._rewrapped(rows, album_id)})

    def delete_forever(self, file_ids: list[int]) -> None:
        self.api.post("/trash/delete", {"fileIDs": file_ids})

    def empty_trash(self) -> None:
        self.api.post("/trash/empty", {"lastUpdatedAt": self.mirror.trash_since})

    def usage(self) -> int:
        """Bytes counted against this person."""
        return int(self.api.get("/users/details/v2")["usage"])


__all__ = ["ApiError", "Device", "Plain", "next_address"]

"""Uploads and downloads as the clients do them: encrypt, ask for a URL, PUT, commit; follow a redirect, decrypt.

Protocol: client.md 6, 10, 11. Whole files in memory: tests only.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from tests.clients import crypto
from tests.clients.api import Api, ApiError
from tests.clients.crypto import b64, unb64

WEB_PART = 5 * (crypto.CHUNK + crypto.CHUNK_OVERHEAD)
MOBILE_PART = 20 * 1024 * 1024
MIB5 = 5 * 1024 * 1024
THUMBNAIL = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 3 + b"\xff\xd9"
"""Not a picture, only of a thumbnail's size: the server cannot look inside."""


class TransferError(AssertionError):
    """An object request that was not answered 2xx; `status` and `text` are the store's."""

    def __init__(self, what: str, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(f"{what}: {status} {text[:300]}")


@dataclass
class Plain:
    """What a person sees of a file. Times in µs."""

    content: bytes
    thumbnail: bytes = THUMBNAIL
    title: str = "photo.jpg"
    file_type: int = 0
    created: int = 1_692_793_980_123_456

    def metadata(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "fileType": self.file_type,
            "creationTime": self.created,
            "modificationTime": self.created,
            "hash": crypto.content_hash(self.content),
        }


@dataclass
class Sealed:
    """The same file as the server sees it."""

    key: bytes
    content: bytes
    content_header: bytes
    thumbnail: bytes
    thumbnail_header: bytes
    metadata: bytes
    metadata_header: bytes

    @classmethod
    def of(cls, plain: Plain, key: bytes | None = None) -> Sealed:
        key = key or crypto.random_key()
        content = crypto.encrypt_stream(plain.content, key)
        thumbnail = crypto.encrypt_blob(plain.thumbnail, key)
        metadata = crypto.encrypt_blob(json.dumps(plain.metadata()).encode(), key)
        return cls(key, *content, *thumbnail, *metadata)

    def parts(self, content_key: str, thumbnail_key: str) -> dict[str, Any]:
        """The three records that POST /files and PUT /files/update share."""
        return {
            "file": {"objectKey": content_key, "decryptionHeader": b64(self.content_header), "size": len(self.content)},
            "thumbnail": {
                "objectKey": thumbnail_key,
                "decryptionHeader": b64(self.thumbnail_header),
                "size": len(self.thumbnail),
            },
            "metadata": {"encryptedData": b64(self.metadata), "decryptionHeader": b64(self.metadata_header)},
        }

    def commit_body(self, collection_id: int, collection_key: bytes, objects: tuple[str, str]) -> dict[str, Any]:
        cipher, nonce = crypto.box(self.key, collection_key)
        keys = {"encryptedKey": b64(cipher), "keyDecryptionNonce": b64(nonce)}
        return {"collectionID": collection_id, **keys, **self.parts(*objects)}


class Objects:
    """Puts and fetches ciphertext by any of the protocol's ways; every put returns the object key."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def put_at(self, url: str, data: bytes, *, md5: str | None = None) -> str:
        """Returns the ETag as the server wrote it."""
        headers = {"Content-MD5": md5} if md5 else {}
        answer = self._api.at_object("PUT", url, data, headers)
        if not answer.is_success:
            raise TransferError(f"PUT {url}", answer.status_code, answer.text)
        assert answer.headers.get("etag"), "an upload's answer needs an ETag"
        return answer.headers["etag"]

    def ask(self, data: bytes) -> tuple[str, str]:
        """(object key, url) of a checksum-bound single PUT."""
        body = {"contentLength": len(data), "contentMD5": crypto.md5_b64(data)}
        answer = self._api.call("POST", "/files/upload-url", body, params={"ts": int(time.time() * 1000)})
        return answer["objectKey"], answer["url"]

    def put(self, data: bytes) -> str:
        key, url = self.ask(data)
        self.put_at(url, data, md5=crypto.md5_b64(data))
        return key

    def put_v1(self, data: bytes) -> str:
        target: dict[str, str] = self._api.get("/files/upload-urls", count=1)["urls"][0]
        self.put_at(target["url"], data)
        return target["objectKey"]

    def put_multipart(self, data: bytes, part_size: int = WEB_PART, *, quoted: bool = True) -> str:
        """v2; `quoted` as web sends ETags back, bare as mobile does."""
        pieces = [data[at : at + part_size] for at in range(0, len(data), part_size)]
        sums = [crypto.md5_b64(piece) for piece in pieces]
        body = {"contentLength": len(data), "partLength": min(part_size, len(data)), "partMd5s": sums}
        target: dict[str, Any] = self._api.post("/files/multipart-upload-url", body)
        etags = [self.put_at(url, piece, md5=md5) for url, piece, md5 in zip(target["partURLs"], pieces, sums, strict=True)]
        self.complete(target["completeURL"], etags, quoted=quoted)
        return str(target["objectKey"])

    def put_multipart_v1(self, data: bytes, part_size: int = MIB5) -> str:
        pieces = [data[at : at + part_size] for at in range(0, len(data), part_size)]
        target = self._api.get("/files/multipart-upload-urls", count=len(pieces))["urls"]
        etags = [self.put_at(url, piece) for url, piece in zip(target["partURLs"], pieces, strict=True)]
        self.complete(target["completeURL"], etags)
        return str(target["objectKey"])

    def complete(self, url: str, etags: list[str], *, quoted: bool = True) -> None:
        sent = etags if quoted else [etag.replace('"', "") for etag in etags]
        answer = self._api.at_object("POST", url, crypto.completion_xml(sent), {"Content-Type": "text/xml"})
        if not answer.is_success or "<Error>" in answer.text:
            raise TransferError(f"POST {url}", answer.status_code, answer.text)

    def fetch(self, kind: str, file_id: int, *, span: str | None = None) -> bytes:
        """Ciphertext by /files/download or /files/preview; `span` is a Range header."""
        answer = self._api.follow(f"/files/{kind}/{file_id}", {"Range": span} if span else None)
        if answer.status_code != (206 if span else 200):
            raise TransferError(f"GET of {kind} {file_id}", answer.status_code, answer.text)
        return answer.content


def open_content(objects: Objects, file: dict[str, Any], file_key: bytes) -> bytes:
    return crypto.decrypt_stream(objects.fetch("download", file["id"]), unb64(file["file"]["decryptionHeader"]), file_key)


def open_thumbnail(objects: Objects, file: dict[str, Any], file_key: bytes) -> bytes:
    return crypto.decrypt_blob(objects.fetch("preview", file["id"]), unb64(file["thumbnail"]["decryptionHeader"]), file_key)


def open_metadata(file: dict[str, Any], file_key: bytes) -> dict[str, Any]:
    record = file["metadata"]
    opened = crypto.decrypt_blob(unb64(record["encryptedData"]), unb64(record["decryptionHeader"]), file_key)
    metadata: dict[str, Any] = json.loads(opened)
    return metadata


__all__ = ["MIB5", "MOBILE_PART", "WEB_PART", "ApiError", "Objects", "Plain", "Sealed", "TransferError"]

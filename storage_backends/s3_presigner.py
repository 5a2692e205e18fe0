"""The presigned URLs an S3 store hands to clients (files.md §2.1). No I/O, no state but the signer's."""

from __future__ import annotations

from datetime import datetime

from storage_backends.config import StoreConfig
from storage_backends.keys import check_key, check_number
from storage_backends.sigv4 import Signer, bound_headers


class S3Presigner:
    """A `Presigner` whose URLs name `public_endpoint`."""

    def __init__(self, config: StoreConfig) -> None:
        self._signer = Signer(
            endpoint=config.public_endpoint or config.endpoint,
            bucket=config.bucket,
            region=config.region,
            access_key=config.access_key,
            secret_key=config.secret_key,
            path_style=config.path_style,
        )

    def put(self, key: str, *, now: datetime, expires: int, length: int | None, md5: bytes | None) -> str:
        return self._signer.url("PUT", check_key(key), now=now, expires=expires, headers=bound_headers(length, md5))

    def part(self, key: str, upload_id: str, number: int, *, now: datetime, expires: int, length: int | None, md5: bytes | None) -> str:
        query = {"partNumber": str(check_number(number)), "uploadId": upload_id}
        return self._signer.url("PUT", check_key(key), now=now, expires=expires, query=query, headers=bound_headers(length, md5))

    def complete(self, key: str, upload_id: str, *, now: datetime, expires: int) -> str:
        return self._signer.url("POST", check_key(key), now=now, expires=expires, query={"uploadId": upload_id})

    def get(self, key: str, *, now: datetime, expires: int, attachment: bool = True, octet_stream: bool | None = None) -> str:
        query = {"response-content-disposition": "attachment"} if attachment else {}
        if attachment if octet_stream is None else octet_stream:
            query["response-content-type"] = "application/octet-stream"
        return self._signer.url("GET", check_key(key), now=now, expires=expires, query=query)

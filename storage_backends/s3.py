"""Objects in a bucket of an S3 server. Clients use presigned URLs or, in `proxy` mode, our own origin.

Server-side calls go to `endpoint`, presigned URLs name `public_endpoint`. Every body is verified here before S3 sees it, and no key is
replaced unasked: by `If-None-Match: *` where the server honours it, else by looking first (which leaves a moment between).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage_backends.config import StoreConfig
from storage_backends.contract import ObjectInfo, Part, Presigner, Reader, Staged, Stored
from storage_backends.errors import (
    BadKey,
    BadLength,
    InvalidPart,
    KeyTaken,
    NoSuchUpload,
    NotFound,
    StoreError,
    Unavailable,
)
from storage_backends.keys import MAX_PARTS, check_key, check_number, check_parts, parts_etag
from storage_backends.s3_bodies import BodyReader, Local, Staging
from storage_backends.s3_calls import NotImplementedThere, RangeBeyond, Refused, S3Calls, translated
from storage_backends.s3_presigner import S3Presigner
from storage_backends.threads import Threads

WHOLE = 16 << 20
"""Largest body sent in one request, and the size of the parts of larger ones (all of it is in memory at a time)."""

MARK = "darkroom-instance"
"""Key of the mark: no object of ours can have it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Assembled:
    """Staged bytes that are the parts of an upload on the server, waiting for their completion."""

    key: str
    upload_id: str
    parts: tuple[tuple[int, str], ...]


class S3Store:
    """One bucket. Listing is alphabetical by the bytes of the key."""

    kind = "s3"

    def __init__(self, config: StoreConfig, *, token: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        """Connects at the first call. Raises `ValueError` when endpoint, bucket or keys are missing."""
        if not (config.endpoint and config.bucket and config.access_key and config.secret_key):
            raise ValueError(f"store {config.name}: S3 needs endpoint, bucket, access_key and secret_key")
        self.name = config.name
        self.presigner: Presigner | None = None if config.proxy else S3Presigner(config)
        if config.prefix and not config.proxy:
            raise ValueError(f"store {config.name}: presigned URLs have no prefix")
        self._bucket = config.bucket
        self._prefix = config.prefix
        self._token = token
        self._calls = S3Calls(config)
        self._threads = Threads(config.name)
        self._staging = Staging(config.tmp or Path(tempfile.gettempdir()), self._threads, token)
        self._refuses: bool | None = None
        self._probing = asyncio.Lock()

    async def put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None = None) -> Stored:
        check_key(key)
        staged, _ = await self._staging.receive(body, length=length, md5=md5, max_length=max_length)
        try:
            return await self.publish(staged, key)
        except KeyTaken:
            raise
        except BaseException:
            await self.discard(staged)
            raise

    async def publish(self, staged: Staged, key: str, *, replace: bool = False) -> Stored:
        """See `ObjectStore.publish`. Looks first, unless the server itself refuses and the body is small enough to send in vain."""
        check_key(key)
        location = _location(staged)
        if isinstance(location, Local) and location.data is None and location.path is None:
            raise NotFound(f"{key}: the staged bytes are gone")
        refuses = not replace and await self._refuses_to_replace()
        if not replace and not (refuses and staged.size <= WHOLE and isinstance(location, Local)):
            existing = await self._existing(key, staged)
            if existing is not None:
                return existing
        condition = {"IfNoneMatch": "*"} if refuses else {}
        try:
            etag = await self._write(key, staged, location, condition)
        except Refused as error:
            existing = await self._existing(key, staged)
            if existing is None:
                raise Unavailable(f"{key}: another writer was there at the same moment") from error
            return existing
        await self.discard(staged)
        return Stored(staged.size, staged.md5, etag)

    async def discard(self, staged: Staged) -> None:
        location = _location(staged)
        if isinstance(location, Local):
            await self._staging.drop(location)

    async def head(self, key: str) -> ObjectInfo | None:
        answer = await self._head(check_key(key))
        if answer is None:
            return None
        return ObjectInfo(key, answer["ContentLength"], _bare(answer), _micros(answer["LastModified"]))

    def path(self, key: str) -> None:
        check_key(key)

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range does not start or extend below zero")
        doing = f"read {check_key(key)}"
        if length == 0:
            if await self._head(key) is None:
                raise NotFound(f"{key}: no such object")
            return BodyReader(None, doing)
        span = {} if start == 0 and length is None else {"Range": f"bytes={start}-{'' if length is None else start + length - 1}"}
        try:
            return BodyReader((await self._call("get_object", doing, Key=key, **span))["Body"], doing)
        except RangeBeyond:
            return BodyReader(None, doing)

    async def delete(self, key: str) -> None:
        await self._call("delete_object", f"delete {key}", Key=check_key(key))

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        more: dict[str, Any] = {"StartAfter": self._prefix + after} if after else {}
        while True:
            page = await self._call("list_objects_v2", "list", Prefix=self._prefix + prefix, **more)
            for entry in page.get("Contents", ()):
                key = entry["Key"].removeprefix(self._prefix)
                if key == MARK:
                    continue
                yield ObjectInfo(key, entry["Size"], _bare(entry), _micros(entry["LastModified"]))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def create_multipart(self, key: str) -> str:
        answer = await self._call("create_multipart_upload", f"create an upload for {key}", Key=check_key(key))
        return str(answer["UploadId"])

    async def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: AsyncIterator[bytes],
        *,
        length: int | None,
        md5: bytes | None,
        max_length: int | None = None,
    ) -> Part:
        check_number(number)
        check_key(key)
        staged, local = await self._staging.receive(body, length=length, md5=md5, max_length=max_length)
        try:
            async with self._staging.content(local) as content:
                answer = await self._call(
                    "upload_part",
                    f"part {number} of {key}",
                    Key=key,
                    UploadId=upload_id,
                    PartNumber=number,
                    Body=content,
                    ContentMD5=_header(staged.md5),
                )
        finally:
            await self._staging.drop(local)
        return Part(number, staged.size, _bare(answer))

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, length: int | None) -> Stored:
        held = await self._held_parts(check_key(key), upload_id)
        wanted = check_parts(parts)
        for number, etag in wanted:
            if held.get(number, ("", 0))[0] != etag:
                raise InvalidPart(f"part {number} with etag {etag} was not uploaded")
        total = sum(held[number][1] for number, _ in wanted)
        if length is not None and total != length:
            raise BadLength(f"the parts hold {total} bytes, promised were {length}")
        etag = parts_etag([etag for _, etag in wanted])
        return await self.publish(Staged(total, None, etag, _Assembled(key, upload_id, wanted)), key)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        with contextlib.suppress(NoSuchUpload):
            await self._call("abort_multipart_upload", f"abort an upload of {key}", Key=check_key(key), UploadId=upload_id)

    async def sweep(self, older_than_us: int) -> int:
        """Also the unfinished uploads of other users of the bucket, or of its part under our prefix: it is ours."""
        old: list[tuple[str, str]] = []
        more: dict[str, Any] = {}
        while True:
            page = await self._call("list_multipart_uploads", "sweep", Prefix=self._prefix, **more)
            old += [(u["Key"].removeprefix(self._prefix), u["UploadId"]) for u in page.get("Uploads", ()) if _micros(u["Initiated"]) < older_than_us]
            if not page.get("IsTruncated"):
                break
            more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
        for key, upload_id in old:
            with contextlib.suppress(NoSuchUpload):
                await self._call("abort_multipart_upload", f"abort an upload of {key}", Key=key, UploadId=upload_id)
        return len(old) + await self._staging.sweep(older_than_us)

    async def sweep_temporary(self) -> int:
        return await self._staging.sweep(1 << 62)

    async def marker(self) -> str | None:
        try:
            answer = await self._call("get_object", "read the mark", Key=MARK)
        except NotFound:
            return None
        return "".join([chunk.decode("ascii", "replace") async for chunk in BodyReader(answer["Body"], "read the mark")])

    async def mark(self, text: str) -> None:
        await self._call("put_object", "write the mark", Key=MARK, Body=text.encode())

    async def check(self) -> None:
        """Asks for the bucket: a write here would cost money with every probe of a container."""
        try:
            await self._call("head_bucket", f"reach bucket {self._bucket}")
        except StoreError as error:
            raise Unavailable(error.log) from error

    async def free_bytes(self) -> int | None:
        return None

    async def close(self) -> None:
        await self._calls.close()
        await asyncio.to_thread(self._threads.close)

    async def _call(self, operation: str, doing: str, **arguments: Any) -> Any:
        client = await self._calls.client()
        if "Key" in arguments:
            arguments["Key"] = self._prefix + arguments["Key"]
        async with translated(doing):
            return await getattr(client, operation)(Bucket=self._bucket, **arguments)

    async def _write(self, key: str, staged: Staged, location: Local | _Assembled, condition: dict[str, str]) -> str:
        """Make the object in one request, or by parts; its etag. Raises `Refused` when `condition` fails."""
        if isinstance(location, _Assembled):
            return await self._finish(key, location.upload_id, location.parts, condition)
        if staged.size > WHOLE and location.path is not None:
            return await self._write_parts(key, staged, location.path, condition)
        async with self._staging.content(location) as content:
            doing = f"write {key}"
            answer = await self._call("put_object", doing, Key=key, Body=content, ContentMD5=_header(staged.md5), **condition)
        return _bare(answer)

    async def _write_parts(self, key: str, staged: Staged, path: Path, condition: dict[str, str]) -> str:
        """A large staged file as a multipart upload that carries the MD5 of the whole as metadata."""
        doing = f"write {key}"
        whole = {"md5": (staged.md5 or b"").hex()}
        upload_id = str((await self._call("create_multipart_upload", doing, Key=key, Metadata=whole))["UploadId"])
        size = max(WHOLE, -(-staged.size // MAX_PARTS))
        parts: list[tuple[int, str]] = []
        try:
            for number, start in enumerate(range(0, staged.size, size), 1):
                data = await self._staging.read(path, start, size)
                md5 = await self._threads.run(_md5, data)
                where = {"Key": key, "UploadId": upload_id, "PartNumber": number}
                answer = await self._call("upload_part", doing, Body=data, ContentMD5=_header(md5), **where)
                parts.append((number, _bare(answer)))
            return await self._finish(key, upload_id, parts, condition)
        except BaseException:
            with contextlib.suppress(StoreError):
                await self.abort_multipart(key, upload_id)
            raise

    async def _finish(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], condition: dict[str, str]) -> str:
        listed = {"Parts": [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in parts]}
        doing = f"complete an upload of {key}"
        return _bare(await self._call("complete_multipart_upload", doing, Key=key, UploadId=upload_id, MultipartUpload=listed, **condition))

    async def _existing(self, key: str, staged: Staged) -> Stored | None:
        """None when the key is free; what is there when it is the staged content, whose own bytes then go. Raises `KeyTaken`."""
        answer = await self._head(key)
        if answer is None:
            return None
        etag = _bare(answer)
        if answer["ContentLength"] != staged.size or not (etag == staged.etag or await self._same_md5(key, answer, staged)):
            raise KeyTaken(key, staged)
        location = _location(staged)
        if isinstance(location, _Assembled):
            await self.abort_multipart(key, location.upload_id)
        await self.discard(staged)
        return Stored(staged.size, staged.md5, etag)

    async def _same_md5(self, key: str, answer: Any, staged: Staged) -> bool:
        """Compare by the MD5 we left with large objects, else by reading: etags of other uploads and encrypted buckets say nothing."""
        if staged.md5 is None:
            return False
        known = answer.get("Metadata", {}).get("md5")
        if known is None:
            digest = hashlib.md5(usedforsecurity=False)
            async for chunk in await self.open(key):
                await self._threads.run(digest.update, chunk)
            known = digest.hexdigest()
        return bool(known == staged.md5.hex())

    async def _head(self, key: str) -> Any:
        try:
            return await self._call("head_object", f"look at {key}", Key=key)
        except NotFound:
            return None

    async def _held_parts(self, key: str, upload_id: str) -> dict[int, tuple[str, int]]:
        """Etag and size of every part the server holds. Raises `NoSuchUpload`."""
        held: dict[int, tuple[str, int]] = {}
        more: dict[str, Any] = {}
        while True:
            page = await self._call("list_parts", f"parts of {key}", Key=key, UploadId=upload_id, **more)
            held |= {part["PartNumber"]: (_bare(part), part["Size"]) for part in page.get("Parts", ())}
            if not page.get("IsTruncated"):
                return held
            more = {"PartNumberMarker": page["NextPartNumberMarker"]}

    async def _refuses_to_replace(self) -> bool:
        """Whether the server honours `If-None-Match: *`, asked once: some answer 501 and some just replace the object."""
        async with self._probing:
            if self._refuses is None:
                self._refuses = await self._probe(f"darkroom-probe-{self._token()}")
            return self._refuses

    async def _probe(self, key: str) -> bool:
        try:
            for _ in range(2):
                await self._call("put_object", "probe If-None-Match", Key=key, Body=b"", IfNoneMatch="*")
        except Refused:
            return True
        except NotImplementedThere:
            return False
        finally:
            with contextlib.suppress(StoreError):
                await self.delete(key)
        return False


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _header(md5: bytes | None) -> str:
    return base64.b64encode(md5 or b"").decode()


def _bare(answer: Any) -> str:
    return str(answer["ETag"]).strip('"')


def _micros(moment: datetime) -> int:
    """Exact: a float of seconds would lose the last microseconds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _location(staged: Staged) -> Local | _Assembled:
    if not isinstance(staged.location, Local | _Assembled):
        raise BadKey("these bytes were staged by another store")
    return staged.location

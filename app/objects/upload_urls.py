"""Upload URLs (files.md §1): who may have how many, for what. Nothing is written: the key itself proves that it was issued.

Callers name the owner whose quota counts; for guests of a public link that is the album's owner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from storage_backends import StoreError

from ..db import Tx
from ..kernel import quota
from ..kernel.errors import BadRequest, Unavailable
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from . import multiparts, urls
from .wire import NewMultipart, NewUpload, PartUrls, UploadUrl

MAX_URLS = 50
MAX_PARTS = 10_000
MIN_PART = 5 << 20
MAX_PART = 5 << 30
Promise = tuple[int, bytes | None]
"""Length and MD5 of a part."""
_IN_LOOP = 200  # part URLs that are signed without leaving the event loop


async def check_may_upload(kernel: Kernel, owner_id: int, app: str, size: int | None = None) -> None:
    """Whether this account may store `size` more bytes (None: anything at all). 402, 426 or 403 otherwise (files.md §11)."""
    await kernel.db.read(_check_quota, kernel, owner_id, app, size)


def _check_quota(tx: Tx, kernel: Kernel, owner_id: int, app: str, size: int | None) -> None:
    quota.check(tx, kernel.config, owner_id, app, size, kernel.clock.now())


async def single(kernel: Kernel, owner_id: int, app: str, base_url: str, count: int) -> list[UploadUrl]:
    """v1: up to 50 URLs that bind no content; none for a count below 1."""
    await check_may_upload(kernel, owner_id, app)
    keys = kernel.crypto.mint_keys(owner_id, max(0, min(count, MAX_URLS)))
    found = urls.put_urls(kernel, base_url, keys)
    return [UploadUrl(object_key=key, url=url) for key, url in zip(keys, found, strict=True)]


async def single_sized(kernel: Kernel, owner_id: int, app: str, base_url: str, ask: NewUpload, purpose: str = "") -> UploadUrl:
    """v2: one URL that takes exactly the promised bytes. `purpose`: what the key is to be known by again (`Crypto.mint_key`)."""
    if not 0 < ask.content_length <= kernel.config.quota.max_file:
        raise BadRequest(log=f"content length {ask.content_length}")
    md5 = _md5(ask.content_md5)
    await check_may_upload(kernel, owner_id, app, ask.content_length)
    key = kernel.crypto.mint_key(owner_id, purpose)
    (url,) = urls.put_urls(kernel, base_url, [key], ask.content_length, md5)
    return UploadUrl(object_key=key, url=url)


async def multipart(kernel: Kernel, owner_id: int, app: str, base_url: str, count: int) -> PartUrls:
    """v1: URLs for `count` parts that bind no content."""
    if not 1 <= count <= MAX_PARTS:
        raise BadRequest(log=f"{count} parts")
    await check_may_upload(kernel, owner_id, app)
    return await begin(kernel, kernel.crypto.mint_key(owner_id), base_url, [None] * count, None)


async def multipart_sized(kernel: Kernel, owner_id: int, app: str, base_url: str, ask: NewMultipart, purpose: str = "") -> PartUrls:
    """v2: URLs for exactly the promised parts; the whole length counts against the quota (files.md §19 W22)."""
    promises = _promises(kernel, ask)
    await check_may_upload(kernel, owner_id, app, ask.content_length)
    return await begin(kernel, kernel.crypto.mint_key(owner_id, purpose), base_url, promises, ask.content_length)


async def begin(kernel: Kernel, key: str, base_url: str, promises: Sequence[Promise | None], length: int | None) -> PartUrls:
    """Begin a multipart upload to a minted key; a promise is a part's (bytes, MD5 or None) or None, `length` the promised total or None."""
    upload = await _create(kernel, key, length)
    await multiparts.begin(kernel, upload, length)
    if len(promises) <= _IN_LOOP:
        parts = urls.part_urls(kernel, base_url, upload, promises)
    else:
        parts = await asyncio.to_thread(urls.part_urls, kernel, base_url, upload, promises)
    done = urls.complete_url(kernel, base_url, upload, None if length is None else len(promises), length)
    return PartUrls(object_key=key, part_urls=parts, complete_url=done)


async def _create(kernel: Kernel, key: str, length: int | None) -> urls.Begun:
    """Begin it in the first store that lets us. All its parts go there."""
    tried: list[str] = []
    while True:
        store = kernel.tiers.choose(length, tried)
        try:
            return urls.Begun(key, await store.create_multipart(key), store)
        except StoreError as e:
            kernel.tiers.failed(store.name, e)
            if store.name in tried:
                raise Unavailable(log=e.log) from e
            tried.append(store.name)


def _promises(kernel: Kernel, ask: NewMultipart) -> list[Promise]:
    """(length, MD5) of each part: all but the last as long as asked for. The MD5s are None where the client sends them with the parts."""
    total, part = ask.content_length, ask.part_length
    if not 0 < total <= kernel.config.quota.max_file or not 0 < part <= MAX_PART or (total > part and part < MIN_PART):
        raise BadRequest(log=f"{total} bytes in parts of {part}")
    count = -(-total // part)
    if count > MAX_PARTS or (ask.part_md5s is not None and count != len(ask.part_md5s)):
        raise BadRequest(log=f"{count} parts, or not as many digests")
    lengths = [min(part, total - i * part) for i in range(count)]
    if ask.part_md5s is None:
        return [(length, None) for length in lengths]
    return [(length, _md5(text)) for length, text in zip(lengths, ask.part_md5s, strict=True)]


def _md5(text: str) -> bytes:
    """Base64 of 16 bytes, blanks around it allowed; hex is refused, as museum refuses it (files.md §1.2)."""
    md5 = b64_bytes(text.strip(), 16)
    if md5 is None:
        raise BadRequest(log="no base64 of an MD5")
    return md5

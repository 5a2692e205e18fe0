"""What other features may do with objects: make sure bytes are there, claim them in a commit, let go of them, sign URLs to read them.

Owns the states of an object (see `queries`) except what arriving bytes (`recording`) and the worker (`deletion`) do to them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

from storage_backends import NoSpace as StoreFull
from storage_backends import ObjectInfo, ObjectStore, StoreError

from ..db import Tx
from ..kernel.errors import AppError, BadRequest, CodedBadRequest, NoSpace, Unavailable
from ..kernel.parts import Kernel
from ..storage import service as storage
from . import deletion, queries, recording, urls
from .bounds import shed
from .deletion import KEY_LIFE, PENDING_AGE, run_deletions, sweep
from .queries import UNNAMED, bring_back, condemn
from .upload_urls import begin, check_may_upload, multipart, multipart_sized, single, single_sized
from .urls import probe
from .wire import PartUrls

__all__ = [
    "KEY_LIFE",
    "PENDING_AGE",
    "UNNAMED",
    "Claimed",
    "Missing",
    "abandon",
    "adopt",
    "bring_back",
    "check_may_upload",
    "claim",
    "condemn",
    "free_parts",
    "free_url",
    "hold",
    "mark_stored",
    "multipart",
    "multipart_sized",
    "place",
    "present",
    "probe",
    "read_bytes",
    "refusal",
    "release",
    "remove",
    "run_deletions",
    "shed",
    "single",
    "single_sized",
    "size",
    "store_bytes",
    "sweep",
    "url",
]


@dataclass(frozen=True, slots=True)
class Claimed:
    """An object inside a commit: `state` is `pending`, or `stored` when some file or data row names it already."""

    object_id: int
    size: int  # bytes
    state: str


class Missing(Unavailable):
    """503 OBJECT_SIZE_FETCH_FAILED: the bytes are not (yet) there; clients try again (files.md §3.1 check 9)."""

    def __init__(self, key: str) -> None:
        super().__init__("", code="OBJECT_SIZE_FETCH_FAILED", log=f"no bytes under {key}")


def refusal(error: StoreError) -> AppError:
    """What a client is told of a store's failure: 507 when it is full, else 503."""
    return NoSpace(log=error.log) if isinstance(error, StoreFull) else Unavailable(log=error.log)


async def present(kernel: Kernel, owner_id: int, keys: Sequence[str]) -> None:
    """All these keys are this owner's and were issued (else 400; trying again would not help, as it may with the 503 of museum), and their
    bytes are known (else 503 OBJECT_SIZE_FETCH_FAILED). Bytes that a client put into the store itself get their pending row here."""
    found = await kernel.db.read(queries.known, owner_id, keys)
    unknown = [key for key in dict.fromkeys(keys) if key not in found]
    if not unknown:  # what has a row was issued
        return
    for key in unknown:
        if not key.startswith(f"{owner_id}/"):
            raise BadRequest(log=f"{key[:200]} is not of user {owner_id}")
        if not kernel.crypto.minted(owner_id, key):
            raise CodedBadRequest("staged upload not found", log=f"{key[:200]} was not issued to user {owner_id}")
    for store in kernel.direct:
        unknown = await _found_in(kernel, store, unknown)
    if unknown:
        raise Missing(unknown[0])


async def _found_in(kernel: Kernel, store: ObjectStore, keys: Sequence[str]) -> list[str]:
    """Those of these keys that a store does not have; the others get their rows."""
    if not keys:
        return []
    try:
        heads = await asyncio.gather(*(store.head(key) for key in keys))
    except StoreError as e:
        kernel.tiers.failed(store.name, e)
        raise refusal(e) from e
    for key, head in zip(keys, heads, strict=True):
        if head is not None:
            await recording.record(kernel, key, head.size, _md5(head), store)
    return [key for key, head in zip(keys, heads, strict=True) if head is None]


def _md5(head: ObjectInfo) -> str | None:
    return head.etag if len(head.etag) == 32 else None


def claim(tx: Tx, owner_id: int, *keys: str) -> list[Claimed]:
    """An owner's objects, in the order of the keys, their rows locked until COMMIT. Raises 503 as `present` when one is not there,
    BadRequest when it was deleted.

    A `stored` one is another file's already: the caller decides between a replay and a refusal.
    """
    found = {key: Claimed(*rest) for key, *rest in queries.locked(tx, owner_id, keys)}
    return [_usable(key, found.get(key)) for key in keys]


def _usable(key: str, found: Claimed | None) -> Claimed:
    if found is None or found.state == "writing":
        raise Missing(key)
    if found.state == "deleting":
        raise BadRequest(log=f"{key} was deleted")
    return found


def mark_stored(tx: Tx, object_ids: Collection[int]) -> None:
    """These claimed objects are now named by a row. From here on their bytes cannot be replaced."""
    queries.mark_stored(tx, object_ids)


def size(tx: Tx, object_id: int) -> int | None:
    """Bytes of an object."""
    return queries.size(tx, object_id)


def hold(tx: Tx, object_ids: Collection[int]) -> None:
    """Lock stored objects that a copy is about to name too; Unavailable when one is being deleted at this moment."""
    if gone := set(object_ids) - queries.lock_stored(tx, set(object_ids)):
        raise Unavailable(log=f"objects {sorted(gone)} are being deleted")


def release(tx: Tx, owner_id: int, object_ids: Collection[int | None], now: int, grace_us: int) -> None:
    """Schedule the deletion of those objects that no live file, data row or contact names any more (request it after changing those rows).

    The bytes go `grace_us` later, if still nothing names them, and until then they are on the account of `owner_id`, who lets go of them.
    Objects that copies name stay. None is passed over.
    """
    if ids := {i for i in object_ids if i is not None}:
        queries.schedule_unnamed(tx, owner_id, ids, now + grace_us)


async def remove(kernel: Kernel, object_ids: Collection[int]) -> None:
    """Remove released objects whose grace is over now instead of at the job's next turn; after the transaction that released them."""
    if object_ids:
        await deletion.delete(kernel, sorted(object_ids))


def place(tx: Tx, file_id: int, *, thumb: bool) -> tuple[str, str] | None:
    """(object key, store) of a live file's bytes or thumbnail, for a caller that has checked access."""
    return queries.place(tx, file_id, thumb=thumb)


def free_url(kernel: Kernel, base_url: str, key: str, length: int | None = None, md5: bytes | None = None) -> str:
    """A URL to PUT something under a minted key (derived data, attachments): exactly the promised bytes where they are promised, else
    anything. No quota is asked."""
    (made,) = urls.put_urls(kernel, base_url, [key], length, md5)
    return made


async def free_parts(kernel: Kernel, base_url: str, key: str, count: int) -> PartUrls:
    """URLs to PUT anything in `count` (1…10,000) parts under a minted key; no quota is asked."""
    return await begin(kernel, key, base_url, [None] * count, None)


def url(kernel: Kernel, base_url: str, object_key: str, store: str, *, visit: bool = False, film: bool = False) -> str:
    """A URL to GET these bytes without a token; the same one for a while, so that caches work. `visit`: for somebody without an account, whom
    the owner may turn away at any moment; `film`: what a player reads for as long as somebody watches."""
    period = urls.DAY_S if not visit else urls.FILM_S if film else urls.VISIT_S
    return urls.get_url(kernel, base_url, object_key, store, period)


async def read_bytes(kernel: Kernel, object_key: str, store: str) -> bytes:
    """Server-written bytes, whole. Raises Unavailable when the store does not have or give them."""
    try:
        return await storage.from_any(kernel, object_key, store, lambda s: _whole(s, object_key))
    except StoreError as e:
        raise refusal(e) from e


async def _whole(store: ObjectStore, key: str) -> bytes:
    return b"".join([chunk async for chunk in await store.open(key)])


async def store_bytes(kernel: Kernel, owner_id: int, data: bytes) -> str:
    """Store server-written bytes under a fresh key of this owner; durable on return, and pending until the caller's transaction
    claims the key and marks it stored. Raises Unavailable or NoSpace. A caller that fails calls `abandon`."""
    await kernel.db.read(recording.check_crowd, kernel.config, owner_id, kernel.clock.now())
    key = kernel.crypto.mint_key(owner_id)
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    tried: list[str] = []
    while True:
        store = kernel.tiers.choose(len(data), tried)
        try:
            await store.put(key, _once(data), length=len(data), md5=digest)
            break
        except StoreError as e:
            kernel.tiers.failed(store.name, e)
            if kernel.tiers.single or store.name in tried:
                raise refusal(e) from e
            tried.append(store.name)
    await recording.record(kernel, key, len(data), digest.hex(), store)
    for name in tried:  # where it may lie all the same
        await kernel.db.write("objects.discard", storage.discard, key, name, kernel.clock.now())
    return key


async def adopt(kernel: Kernel, key: str, store: str) -> None:
    """Give bytes without a row one (`darkroom fsck --repair`): pending, so they are bounded and expire. Nothing when they have gone meanwhile."""
    head = await kernel.stores[store].head(key)
    if head is not None:
        await recording.record(kernel, key, head.size, _md5(head), kernel.stores[store])


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def abandon(kernel: Kernel, owner_id: int, key: str) -> None:
    """Give up bytes that were stored and never claimed; those that were claimed stay."""
    await kernel.db.write("objects.abandon", _abandon, owner_id, key, kernel.clock.now())


def _abandon(tx: Tx, owner_id: int, key: str, now: int) -> None:
    for _, object_id, _, _ in queries.locked(tx, owner_id, [key]):
        queries.condemn(tx, [object_id], now)

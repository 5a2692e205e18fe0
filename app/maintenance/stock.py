"""Rows and bytes compared: what the database says is stored, and what lies in the stores.

A store is listed once, and of each object a 64-bit hash of (key, size) is kept: 8 MB for a million. What is not in there is looked at one by
one, because a listing is old when it is read, and so is what is in there and has no row. So this is right while people upload.
"""

from __future__ import annotations

import asyncio
import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from storage_backends import ObjectInfo, ObjectStore, StoreError

from ..kernel.clock import HOUR
from ..kernel.parts import Kernel
from ..kernel.progress import Tell
from ..storage import service as storage
from . import queries
from .queries import Stock

BATCH = 1000
AT_ONCE = 16
SETTLED = HOUR
"""Bytes younger than this may still get their row: a request first stores, then records."""


@dataclass(slots=True)
class Missing:
    """A row whose bytes are not there (`found` None) or not of its size."""

    row: Stock
    found: int | None


@dataclass(slots=True)
class Lost:
    """A store does not have its copy (`found` None) or not of its size, and `other` has the bytes."""

    row: Stock
    store: str
    found: int | None
    other: str


@dataclass(slots=True)
class Stray:
    """Bytes without a row; `owner_id` where this server made the key for an account that exists, else None."""

    store: str
    key: str
    size: int
    owner_id: int | None


@dataclass(slots=True)
class Findings:
    """`unread`: stores that do not answer, with the reason: nothing is said of their objects."""

    missing: list[Missing] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    objects: int = 0
    listed: int = 0
    unread: dict[str, str] = field(default_factory=dict)


class Listing:
    """What a store has, in 8 bytes an object."""

    def __init__(self) -> None:
        self._hashes = array("Q")

    def add(self, key: str, size: int) -> None:
        self._hashes.append(_hash(key, size))

    def sort(self) -> None:
        self._hashes = array("Q", sorted(self._hashes))

    def has(self, key: str, size: int) -> bool:
        wanted = _hash(key, size)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted


def _hash(key: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{key} {size}".encode(), digest_size=8).digest(), "big")


async def compare(kernel: Kernel, tell: Tell) -> Findings:
    """Every row that should have bytes, and every object of every store."""
    found = Findings()
    listings: dict[str, Listing] = {}
    for name, store in kernel.stores.items():
        try:
            listings[name] = await _list(kernel, store, found, tell)
        except StoreError as e:
            found.unread[name] = e.log
    await _rows(kernel, listings, found, tell)
    return found


async def _list(kernel: Kernel, store: ObjectStore, found: Findings, tell: Tell) -> Listing:
    listing, batch, count = Listing(), list[ObjectInfo](), 0
    async for info in store.list():
        listing.add(info.key, info.size)
        batch.append(info)
        count += 1
        if len(batch) >= BATCH:
            tell(f"listing store {store.name}", count, None)
            found.strays += await _strays(kernel, store.name, batch)
            batch = []
    found.strays += await _strays(kernel, store.name, batch)
    found.listed += count
    listing.sort()
    return listing


async def _strays(kernel: Kernel, store: str, infos: Sequence[ObjectInfo]) -> list[Stray]:
    settled = kernel.clock.now() - SETTLED
    known = await kernel.db.scan(queries.known, [i.key for i in infos]) if infos else set()
    left = [i for i in infos if i.key not in known and i.modified_us < settled]
    ids = {owner for i in left if (owner := owner_of(kernel, i.key)) is not None}
    people = await kernel.db.scan(queries.owners, ids) if ids else set()
    return [Stray(store, i.key, i.size, owner if (owner := owner_of(kernel, i.key)) in people else None) for i in left]


def owner_of(kernel: Kernel, key: str) -> int | None:
    """Whose key this is; None when it was not made here."""
    text = key.partition("/")[0]
    owner = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return owner if owner and kernel.crypto.minted(owner, key) else None


async def _rows(kernel: Kernel, listings: dict[str, Listing], found: Findings, tell: Tell) -> None:
    total, after = await kernel.db.scan(queries.counted), 0
    gate = asyncio.Semaphore(AT_ONCE)
    while rows := await kernel.db.scan(queries.stock, after, BATCH):
        after = rows[-1].object_id
        found.objects += len(rows)
        tell("comparing rows with bytes", min(found.objects, total), total)
        wanted = [r for r in rows if _needs_bytes(r)]
        copies = await kernel.db.scan(storage.whereabouts, [r.object_id for r in wanted]) if wanted else {}
        doubtful = [(r, store) for r in wanted for store in _places(r, copies) if not _seen(listings, r, store)]
        sizes = await asyncio.gather(*(_size(kernel, gate, found, r, store) for r, store in doubtful))
        wanting: dict[int, dict[str, int | None]] = {}
        for (row, store), size in zip(doubtful, sizes, strict=True):
            if size != row.size:
                wanting.setdefault(row.object_id, {})[store] = size
        for row in wanted:
            if row.object_id in wanting:
                await _judge(kernel, row, copies.get(row.object_id, {}), wanting[row.object_id], found)


def _places(row: Stock, copies: dict[int, dict[str, bool]]) -> list[str]:
    """Stores that should have a row's bytes, home first: that one also when it is known that they have to be mended there."""
    return [row.store, *(store for store, good in copies.get(row.object_id, {}).items() if good and store != row.store)]


async def _judge(kernel: Kernel, row: Stock, copies: dict[str, bool], lacking: dict[str, int | None], found: Findings) -> None:
    """Some stores do not have what they should have of a row: it is lost for good, or only there."""
    if not await _still(kernel, row, copies):
        return
    there = [store for store in _places(row, {row.object_id: copies}) if store not in lacking]
    known = [store for store in there if store not in found.unread]
    if not there:
        found.missing.append(Missing(row, lacking.get(row.store)))
    elif known:  # one that is to be mended already is no news
        found.lost += [Lost(row, store, size, known[0]) for store, size in lacking.items() if copies.get(store, True)]


def _needs_bytes(row: Stock) -> bool:
    """Not one whose bytes are being replaced or going."""
    return row.state in ("stored", "pending") or row.named


def _seen(listings: dict[str, Listing], row: Stock, store: str) -> bool:
    listing = listings.get(store)
    return listing is not None and listing.has(row.key, row.size)


async def _size(kernel: Kernel, gate: asyncio.Semaphore, found: Findings, row: Stock, name: str) -> int | None:
    """What a store has of it; as much as it should, where the store cannot be asked."""
    store = kernel.stores.get(name)
    if store is None:
        return None
    if name in found.unread:
        return row.size
    try:
        async with gate:
            head = await store.head(row.key)
    except StoreError as e:
        found.unread[name] = e.log
        return row.size
    return None if head is None else head.size


async def _still(kernel: Kernel, row: Stock, copies: dict[str, bool]) -> bool:
    """It may have been deleted, moved or written anew since its row was read."""
    now = await kernel.db.scan(queries.stock_of, [row.object_id])
    same = now == [row] and (await kernel.db.scan(storage.whereabouts, [row.object_id])).get(row.object_id, {}) == copies
    return same and not await _leaving(kernel, row)


async def _leaving(kernel: Kernel, row: Stock) -> bool:
    """Nothing living names it and it is due for deletion: whether its bytes went already is nobody's worry."""
    return not row.named and row.state == "stored" and await kernel.db.scan(queries.is_scheduled, row.object_id)

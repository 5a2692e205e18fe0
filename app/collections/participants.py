"""The people of an album: who they are, how shares end. Shared by the album and the sharing services; takes a `tx` everywhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection

from ..db import Tx
from ..kernel import sync, texts
from ..kernel.parts import Kernel
from ..kernel.wire import encode
from . import member_queries, queries
from .wire import Person


def people_of(tx: Tx, kernel: Kernel, collection_ids: list[int]) -> dict[int, list[Person]]:
    """Album → its sharees with address and role, for any number of albums in one statement."""
    out: dict[int, list[Person]] = defaultdict(list)
    for collection_id, user_id, cipher, nonce, role in queries.sharees(tx, collection_ids):
        out[collection_id].append(Person(id=user_id, email=kernel.crypto.decrypt(cipher, nonce), role=role))
    return out


def end_shares(tx: Tx, collection_ids: Collection[int], stamp: int, only: int | None = None) -> None:
    """Turn the live shares of these (locked, stamped) albums into tombstones that keep what each sharee knew. `only`: one person's."""
    ends: list[tuple[int, int, str]] = []
    kept: Counter[int] = Counter()
    for collection_id, user_id, owner_id, *known in queries.live_shares(tx, sorted(collection_ids)):
        if only is None or user_id == only:
            ends.append((collection_id, user_id, encode(_seen(*known)).decode()))
            kept[owner_id] += len(ends[-1][2])
    if ends:
        queries.end_shares(tx, ends, stamp)
        texts.add(tx, list(kept.items()))


def _seen(name: str, encrypted_name: str, nonce: str, pub: str | None) -> dict[str, str | None]:
    return {"name": name, "encryptedName": encrypted_name, "nameDecryptionNonce": nonce, "pubMagicMetadata": pub}


def forget_person(tx: Tx, kernel: Kernel, user_id: int, now: int) -> None:
    """Part of `service.forget_person`: an account's albums are unshared, it leaves the albums of others and takes its photos out of them.

    Sharees get a tombstone of every album, so no client keeps a ghost (collections.md §18.2, 3). Caller holds no lock yet but the account's.
    """
    rows = queries.albums_of_person(tx, user_id)
    ids = [c for c, _ in rows]
    sync.lock_collections(tx, ids)
    stamp = sync.stamp_collections(tx, now, ids, also=[user_id])
    end_shares(tx, [c for c, owner in rows if owner == user_id], stamp)
    foreign = [c for c, owner in rows if owner != user_id]
    end_shares(tx, foreign, stamp, only=user_id)
    member_queries.take_out_people(tx, foreign, [user_id], stamp)

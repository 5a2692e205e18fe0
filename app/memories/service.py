"""Rules of shared memories: up to a hundred photos that the person may read, for a week, for whoever has the link (collections.md §11).

A photo leaves a memory when it leaves its last album, and when the person who shared the memory may not read it any more: museum shows it
till the end.
"""

from __future__ import annotations

from ..db import Tx
from ..kernel import access, link_secrets
from ..kernel.access import Session
from ..kernel.clock import DAY
from ..kernel.errors import BadRequest, Forbidden, NotFound, TooMany, Unavailable
from ..kernel.parts import Kernel
from . import queries
from .queries import Memory
from .wire import Memories, MemoryShare, NewMemory, OneMemory

__all__ = ["LIFETIME", "Memory", "files", "forget_person", "of_token", "shape", "shows"]

LIFETIME = 7 * DAY
MOST_FILES = 100
MOST = 200  # live memories of a person
TYPES = frozenset({"", "share", "lane"})
_TRIES = 5
of_token = queries.by_token
"""(tx, token hash): the memory of a token, whatever has become of it."""
files = queries.photos
"""(tx, memory id, user id): rows of the photos that are still there."""
shows = queries.shows
"""(tx, memory id, user id, file id): whether this is one of them."""


def shape(kernel: Kernel, memory: Memory) -> MemoryShare:
    """A memory in the form of the wire."""
    token = kernel.crypto.decrypt(memory.token_cipher, memory.token_nonce)
    return MemoryShare(
        id=memory.memory_id,
        type=memory.type,
        memory_hash=memory.memory_hash,
        metadata_cipher=memory.metadata_cipher,
        metadata_nonce=memory.metadata_nonce,
        encrypted_key=memory.encrypted_key,
        key_decryption_nonce=memory.key_nonce,
        access_token=token,
        created_at=memory.created_at,
        updated_at=memory.updated_at,
        url=f"{kernel.config.app_url('memories')}/{token}",
    )


async def create(kernel: Kernel, actor: Session, ask: NewMemory) -> OneMemory:
    """Share a memory. 400 for another type, no photos, too many, one twice, unknown ones, odd or equal places; 403 for one that the actor may
    not read; 429 beyond two hundred."""
    memory = await kernel.db.write("memories.create", _create, kernel, actor.user_id, ask, _places(ask), kernel.clock.now())
    return OneMemory(memory_share=shape(kernel, memory))


def _places(ask: NewMemory) -> list[int]:
    """The position of each photo."""
    if ask.type not in TYPES:
        raise BadRequest(log=f"a memory of type {ask.type[:40]}")
    if not 1 <= len(ask.files) <= MOST_FILES:
        raise BadRequest(log=f"a memory of {len(ask.files)} photos")
    if any(not (f.file_id and f.encrypted_key and f.key_decryption_nonce) for f in ask.files):
        raise BadRequest(log="a photo without id or key")
    places = [i if f.position is None else f.position for i, f in enumerate(ask.files)]
    if min(places) < 0 or len(set(places)) != len(places) or len({f.file_id for f in ask.files}) != len(ask.files):
        raise BadRequest(log="a photo or a place twice, or a place before the first")
    return places


def _create(tx: Tx, kernel: Kernel, user_id: int, ask: NewMemory, places: list[int], now: int) -> Memory:
    ids = [f.file_id for f in ask.files]
    may = access.readable(tx, user_id, ids)
    if len(may) != len(ids):
        raise BadRequest(log="some files are unknown")
    if not all(may.values()):
        raise Forbidden(log=f"user {user_id} may not read all of these files")
    if queries.count(tx, user_id, now - LIFETIME) >= MOST:
        raise TooMany(log=f"user {user_id} shares {MOST} memories")
    for _ in range(_TRIES):
        memory_id = queries.insert(tx, user_id, ask, link_secrets.fresh_token(kernel), now)
        if memory_id is not None:
            break
    else:
        raise Unavailable(log="no free link token")
    for file, place in zip(ask.files, places, strict=True):
        queries.insert_file(tx, memory_id, file, place)
    return _there(queries.one(tx, memory_id), now)


def _there(found: Memory | None, now: int) -> Memory:
    if found is None or found.is_deleted or found.created_at + LIFETIME <= now:
        raise NotFound(log="no such memory")
    return found


async def listing(kernel: Kernel, actor: Session) -> Memories:
    """The actor's memories that are not over, newest first."""
    found = await kernel.db.read(queries.of_user, actor.user_id, kernel.clock.now() - LIFETIME)
    return Memories(memory_shares=[shape(kernel, memory) for memory in found])


async def get_one(kernel: Kernel, actor: Session, memory_id: int) -> OneMemory:
    """Unknown, deleted or over 404, somebody else's 403."""
    found = _there(await kernel.db.read(queries.one, memory_id), kernel.clock.now())
    if found.user_id != actor.user_id:
        raise Forbidden(log=f"memory {memory_id} is not of user {actor.user_id}")
    return OneMemory(memory_share=shape(kernel, found))


async def delete(kernel: Kernel, actor: Session, memory_id: int) -> None:
    """Unknown, deleted or somebody else's 404."""
    if not await kernel.db.write("memories.delete", queries.delete, actor.user_id, memory_id, kernel.clock.now()):
        raise NotFound(log="no such memory")


def forget_person(tx: Tx, user_id: int, now: int) -> None:
    """End all memories of an account that is closed."""
    queries.delete_all(tx, user_id, now)


def forget_for_good(tx: Tx, user_id: int) -> None:
    """What the memories of an account hold that is gone for good."""
    queries.drop_shown(tx, user_id)
    queries.blank(tx, user_id)

"""Rules of the entities: one key per person and type, then any number of records of that type, synced by `updatedAt`."""

from __future__ import annotations

from ..db import Tx
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, NotFound
from ..kernel.parts import Kernel
from . import queries
from .wire import ChangedEntity, Diff, Entity, Key, NewEntity, NewKey

TYPES = frozenset({"location", "person", "cgroup", "smart_album", "memory", "contact"})
LIMIT = 5000  # rows of a diff page
ID_LIMIT = 256  # characters of an id that a client makes


async def key(kernel: Kernel, actor: Session, kind: str) -> Key:
    """The key of a type; 404 tells the app to make one."""
    if not kind:
        raise BadRequest(log="no type")
    found = await kernel.db.read(queries.key, actor.user_id, kind)
    if found is None:
        raise NotFound(log=f"no {kind} key")
    return found


async def create_key(kernel: Kernel, actor: Session, ask: NewKey) -> None:
    """The same key again is no error, another one is 409 ALREADY_EXISTS: a key never changes."""
    _require_type(ask.type)
    await kernel.db.write("entities.create_key", _create_key, actor.user_id, ask, kernel.clock.now())


def _create_key(tx: Tx, user_id: int, ask: NewKey, now: int) -> None:
    if queries.insert_key(tx, user_id, ask.type, ask.encrypted_key, ask.header, now):
        return
    known = queries.key(tx, user_id, ask.type)
    if known is None or (known.encrypted_key, known.header) != (ask.encrypted_key, ask.header):
        raise Conflict("Key already exists", code="ALREADY_EXISTS")


async def create(kernel: Kernel, actor: Session, ask: NewEntity) -> Entity:
    """A new record. Museum answers 500 without a key of the type and for an id that is taken; here 400 and 409."""
    _require_type(ask.type)
    if ask.type == "smart_album" and not ask.id.startswith(f"sa_{actor.user_id}_"):
        raise CodedBadRequest("Invalid smart album id")
    if len(ask.id) > ID_LIMIT:
        raise CodedBadRequest("id is too long")
    entity_id = ask.id or f"{ask.type}_{kernel.ids.alnum(22)}"
    return await kernel.db.write("entities.create", _create, actor.user_id, entity_id, ask, kernel.clock.now())


def _create(tx: Tx, user_id: int, entity_id: str, ask: NewEntity, now: int) -> Entity:
    if queries.key(tx, user_id, ask.type) is None:
        raise CodedBadRequest(f"no key for {ask.type}")
    stamp = sync.stamp(tx, now, [user_id])  # also orders two devices that make the same id
    known = queries.entity(tx, user_id, entity_id)
    if known is None:
        return queries.insert(tx, user_id, entity_id, ask.type, ask.encrypted_data, ask.header, stamp)
    if ask.type == known.type == "smart_album" and known.is_deleted:
        return queries.update(tx, user_id, entity_id, ask.encrypted_data, ask.header, stamp)
    raise Conflict("Entity already exists", code="ALREADY_EXISTS")


async def update(kernel: Kernel, actor: Session, ask: ChangedEntity) -> Entity:
    """404 for an unknown record, 400 for a deleted one."""
    return await kernel.db.write("entities.update", _update, actor.user_id, ask, kernel.clock.now())


def _update(tx: Tx, user_id: int, ask: ChangedEntity, now: int) -> Entity:
    stamp = sync.stamp(tx, now, [user_id])
    known = queries.entity(tx, user_id, ask.id)
    if known is None:
        raise NotFound(log=f"no entity {ask.id}")
    if known.is_deleted:
        raise CodedBadRequest("Entity is already deleted")
    return queries.update(tx, user_id, ask.id, ask.encrypted_data, ask.header, stamp)


async def delete(kernel: Kernel, actor: Session, entity_id: str) -> None:
    """Leaves a tombstone; an unknown or deleted record is no error."""
    await kernel.db.write("entities.delete", _delete, actor.user_id, entity_id, kernel.clock.now())


def _delete(tx: Tx, user_id: int, entity_id: str, now: int) -> None:
    stamp = sync.stamp(tx, now, [user_id])
    known = queries.entity(tx, user_id, entity_id)
    if known is not None and not known.is_deleted:
        queries.update(tx, user_id, entity_id, None, None, stamp)


async def diff(kernel: Kernel, actor: Session, kind: str, since: int, limit: int) -> Diff:
    """Records of a type changed after `since` (µs), at most `limit` (1…5000), ascending. Stamps of one person's records all differ."""
    if not kind or limit == 0:
        raise BadRequest(log="type or limit missing")
    if not 0 < limit <= LIMIT:
        raise CodedBadRequest(f"limit must be between 1 and {LIMIT}")
    if since >= await kernel.db.read(sync.feed, actor.user_id):
        return Diff(diff=[])
    return Diff(diff=await kernel.db.scan(queries.changed_since, actor.user_id, kind, since, limit))


def _require_type(kind: str) -> None:
    if kind not in TYPES:
        raise CodedBadRequest(f"Invalid EntityType: {kind}")

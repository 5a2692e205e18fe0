"""Rules of the entities: one key per person and type, then any number of records of that type, synced by `updatedAt`."""

from __future__ import annotations

import re

from ..db import Tx
from ..http.query import Needed, Query
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.errors import CodedBadRequest, Conflict, NotFound
from ..kernel.parts import Kernel
from . import queries
from .wire import ChangedEntity, Diff, Entity, Key, NewEntity, NewKey

TYPES = frozenset({"location", "person", "cgroup", "smart_album", "memory", "contact", "library_share"})
OWN_IDS = frozenset({"smart_album", "library_share"})  # whose ids the apps make, and which may come back after a deletion
LIMIT = 5000  # rows of a diff page


class KeyQuery(Query):
    type: Needed[str]


async def key(kernel: Kernel, actor: Session, query: KeyQuery) -> Key:
    """The key of a type; 404 tells the app to make one."""
    found = await kernel.db.read(queries.key, actor.user_id, query.type)
    if found is None:
        raise NotFound(log="no key of this type")
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


async def ensure_key(kernel: Kernel, actor: Session, ask: NewKey) -> Key:
    """The key of a type, which is this one unless there is another already: the first writer wins."""
    _require_type(ask.type)
    return await kernel.db.write("entities.ensure_key", _ensure_key, actor.user_id, ask, kernel.clock.now())


def _ensure_key(tx: Tx, user_id: int, ask: NewKey, now: int) -> Key:
    queries.insert_key(tx, user_id, ask.type, ask.encrypted_key, ask.header, now)
    found = queries.key(tx, user_id, ask.type)
    assert found is not None  # inserted, or in the way of the insert
    return found


async def create(kernel: Kernel, actor: Session, ask: NewEntity) -> Entity:
    """A new record. Museum answers 500 without a key of the type and for an id that is taken; here 400 and 409."""
    _require_type(ask.type)
    _check_id(actor.user_id, ask.type, ask.id)
    entity_id = ask.id or f"{ask.type}_{kernel.ids.alnum(22)}"
    return await kernel.db.write("entities.create", _create, actor.user_id, entity_id, ask, kernel.clock.now())


_RECIPIENT = re.compile("[1-9][0-9]{0,18}")


def _check_id(user_id: int, kind: str, entity_id: str) -> None:
    """400 unless the id is of the form that its type has: `sa_<own id>_…`, `ls_<own id>_<the other's id>`."""
    if kind == "smart_album" and not entity_id.startswith(f"sa_{user_id}_"):
        raise CodedBadRequest("Invalid smart album id")
    if kind == "library_share":
        head, recipient = f"ls_{user_id}_", entity_id.rpartition("_")[2]
        if entity_id != head + recipient or not _RECIPIENT.fullmatch(recipient) or recipient == str(user_id):
            raise CodedBadRequest("Invalid library share id")


def _create(tx: Tx, user_id: int, entity_id: str, ask: NewEntity, now: int) -> Entity:
    if queries.key(tx, user_id, ask.type) is None:
        raise CodedBadRequest(f"no key for {ask.type}")
    stamp = sync.stamp(tx, now, [user_id])  # also orders two devices that make the same id
    known = queries.entity(tx, user_id, entity_id)
    if known is None:
        return queries.insert(tx, user_id, entity_id, ask.type, ask.encrypted_data, ask.header, stamp)
    if ask.type == known.type and ask.type in OWN_IDS and known.is_deleted:
        return queries.update(tx, user_id, entity_id, ask.encrypted_data, ask.header, stamp)
    raise Conflict("Entity already exists", code="ALREADY_EXISTS")


async def update(kernel: Kernel, actor: Session, ask: ChangedEntity) -> Entity:
    """404 for an unknown record, 400 for a deleted one or another type, 409 `{}` where it is younger than the change expects: unless the
    payload is the stored one, so that a repeated request succeeds."""
    _require_type(ask.type)
    if ask.type == "library_share" and ask.expected_updated_at <= 0:
        raise CodedBadRequest("expectedUpdatedAt is required")
    return await kernel.db.write("entities.update", _update, actor.user_id, ask, kernel.clock.now())


def _update(tx: Tx, user_id: int, ask: ChangedEntity, now: int) -> Entity:
    stamp = sync.stamp(tx, now, [user_id])  # first: it orders the devices that change one record
    known = queries.entity(tx, user_id, ask.id)
    if known is None:
        raise NotFound(log=f"no entity {ask.id}")
    if known.is_deleted:
        raise CodedBadRequest("Entity is already deleted")
    if ask.type != known.type:
        raise CodedBadRequest("entity type does not match")
    if ask.expected_updated_at and ask.expected_updated_at != known.updated_at:
        if (ask.encrypted_data, ask.header) == (known.encrypted_data, known.header):
            return known
        raise Conflict(log=f"entity {ask.id} is younger than expected")
    return queries.update(tx, user_id, ask.id, ask.encrypted_data, ask.header, stamp)


class OneEntity(Query):
    id: str = ""


async def delete(kernel: Kernel, actor: Session, query: OneEntity) -> None:
    """Leaves a tombstone; an unknown or deleted record is no error."""
    await kernel.db.write("entities.delete", _delete, actor.user_id, query.id, kernel.clock.now())


def _delete(tx: Tx, user_id: int, entity_id: str, now: int) -> None:
    stamp = sync.stamp(tx, now, [user_id])
    known = queries.entity(tx, user_id, entity_id)
    if known is not None and not known.is_deleted:
        queries.update(tx, user_id, entity_id, None, None, stamp)


class DiffQuery(Query):
    """Records of a type changed after `since_time` (µs), at most `limit` (1…5000)."""

    type: Needed[str]
    since_time: int
    limit: Needed[int]


async def diff(kernel: Kernel, actor: Session, query: DiffQuery) -> Diff:
    """Changed records, ascending. Stamps of one person's records all differ."""
    if not 0 < query.limit <= LIMIT:
        raise CodedBadRequest(f"limit must be between 1 and {LIMIT}")
    if query.since_time >= await kernel.db.read(sync.feed, actor.user_id):
        return Diff(diff=[])
    return Diff(diff=await kernel.db.scan(queries.changed_since, actor.user_id, query.type, query.since_time, query.limit))


def _require_type(kind: str) -> None:
    if kind not in TYPES:
        raise CodedBadRequest(f"Invalid EntityType: {kind}")


forget_some = queries.forget_some
"""`(tx, user_id, limit) -> int`: remove up to so many records of an account that is gone for good; how many there were."""


def forget_person(tx: Tx, user_id: int) -> None:
    """Everything here of an account that is gone for good."""
    queries.forget_person(tx, user_id)

"""Rules of the authenticator: one key per person, then any number of codes, synced by `updatedAt`."""

from __future__ import annotations

from ..db import Tx
from ..http.query import Needed, Query
from ..kernel import people, sync
from ..kernel.access import Session
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import NIL_UUID, uuid_text
from . import queries
from .wire import ChangedEntity, Diff, Entity, Key, NewEntity, NewKey

LIMIT = 5000


async def key(kernel: Kernel, actor: Session) -> Key:
    """The key; 404 NOT_FOUND tells the app to make one."""
    found = await kernel.db.read(queries.key, actor.user_id)
    if found is None:
        raise NotFound(code="NOT_FOUND")
    return found


async def create_key(kernel: Kernel, actor: Session, ask: NewKey) -> None:
    """404 without key attributes, 409 CONFLICT when there is a key."""
    await kernel.db.write("authenticator.create_key", _create_key, actor.user_id, ask, kernel.clock.now())


def _create_key(tx: Tx, user_id: int, ask: NewKey, now: int) -> None:
    if not people.has_keys(tx, user_id):
        raise NotFound(log=f"user {user_id} has no key attributes")
    if not queries.insert_key(tx, user_id, ask.encrypted_key, ask.header, now):
        raise Conflict("key already exists", code="CONFLICT")


async def create(kernel: Kernel, actor: Session, ask: NewEntity) -> Entity:
    """A new code; 400 AUTH_KEY_NOT_CREATED without a key."""
    return await kernel.db.write("authenticator.create", _create, actor.user_id, kernel.ids.uuid(), ask, kernel.clock.now())


def _create(tx: Tx, user_id: int, entity_id: str, ask: NewEntity, now: int) -> Entity:
    _require_key(tx, user_id)
    stamp = sync.stamp(tx, now, [user_id])
    entity = Entity(
        id=entity_id,
        user_id=user_id,
        encrypted_data=ask.encrypted_data,
        header=ask.header,
        is_deleted=False,
        created_at=stamp,
        updated_at=stamp,
    )
    queries.insert_entity(tx, entity)
    return entity


async def update(kernel: Kernel, actor: Session, ask: ChangedEntity) -> None:
    """404 for an unknown code, 400 for a deleted one."""
    entity_id = uuid_text(ask.id)
    if entity_id is None or entity_id == NIL_UUID:
        raise BadRequest(log="no UUID")
    await kernel.db.write("authenticator.update", _update, actor.user_id, entity_id, ask, kernel.clock.now())


def _update(tx: Tx, user_id: int, entity_id: str, ask: ChangedEntity, now: int) -> None:
    _require_key(tx, user_id)
    gone = queries.is_deleted(tx, user_id, entity_id)
    if gone is None:
        raise NotFound(log=f"no code {ask.id}")
    if gone:
        raise CodedBadRequest("entity is already deleted", log=f"code {ask.id} is deleted")
    queries.update_entity(tx, user_id, entity_id, ask.encrypted_data, ask.header, sync.stamp(tx, now, [user_id]))


class OneCode(Query):
    id: str = ""


async def delete(kernel: Kernel, actor: Session, query: OneCode) -> None:
    """Leaves a tombstone; an unknown or deleted code is no error."""
    entity_id = uuid_text(query.id)
    if entity_id is None:
        raise BadRequest(log="no UUID")
    await kernel.db.write("authenticator.delete", _delete, actor.user_id, entity_id, kernel.clock.now())


def _delete(tx: Tx, user_id: int, entity_id: str, now: int) -> None:
    if queries.is_deleted(tx, user_id, entity_id) is False:
        queries.update_entity(tx, user_id, entity_id, None, None, sync.stamp(tx, now, [user_id]))


class DiffQuery(Query):
    """Codes changed after `since_time` (µs), at most `limit` (1…5000)."""

    since_time: int
    limit: Needed[int]


async def diff(kernel: Kernel, actor: Session, query: DiffQuery) -> Diff:
    """Changed codes, ascending by their stamp."""
    if not 0 < query.limit <= LIMIT:
        raise CodedBadRequest(f"limit can not be more than {LIMIT}")
    rows = await kernel.db.scan(queries.changed_since, actor.user_id, query.since_time, query.limit)
    return Diff(diff=rows, timestamp=kernel.clock.now())


def _require_key(tx: Tx, user_id: int) -> None:
    if queries.key(tx, user_id) is None:
        raise CodedBadRequest("authenticator key not created", code="AUTH_KEY_NOT_CREATED")


forget_some = queries.forget_some
"""`(tx, user_id, limit) -> int`: remove up to so many records of an account that is gone for good; how many there were."""


def forget_person(tx: Tx, user_id: int) -> None:
    """Everything here of an account that is gone for good."""
    queries.forget_person(tx, user_id)

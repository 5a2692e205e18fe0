"""Requests between the people of an album (collections.md §4): listed to their addressee, ended by what the addressee then does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..db import Tx
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.errors import CodedBadRequest
from ..kernel.parts import Kernel
from . import queries
from .wire import Action, Actions, ActionsQuery, Reject, Updated

LIMIT = 2000
Fetch = Callable[[Tx, int, int, int], list[tuple[Any, ...]]]


async def pending_removals(kernel: Kernel, actor: Session, query: ActionsQuery) -> Actions:
    """Photos that admins want out of this person's albums, not answered yet, changed after a time."""
    return await kernel.db.scan(_list, queries.pending_removals, actor.user_id, query.since_time)


async def delete_suggestions(kernel: Kernel, actor: Session, query: ActionsQuery) -> Actions:
    """Own photos that others suggest to delete."""
    return await kernel.db.scan(_list, queries.pending_suggestions, actor.user_id, query.since_time)


def _list(tx: Tx, fetch: Fetch, user_id: int, since: int) -> Actions:
    rows, more = sync.page(lambda s, n, _: fetch(tx, user_id, s, n), since, lambda r: int(r[8]), LIMIT)
    return Actions(actions=[_action(*r) for r in rows], has_more=more)


def _action(id_: str, user: int, actor: int, collection: int, file: int, action: str, pending: bool, created: int, updated: int) -> Action:
    return Action(
        id=id_,
        user_id=user,
        actor_user_id=actor,
        collection_id=collection,
        file_id=file,
        action=action,
        is_pending=bool(pending),
        created_at=created,
        updated_at=updated,
    )


async def reject(kernel: Kernel, actor: Session, ask: Reject) -> Updated:
    """Decline suggestions for 1 to 2000 files; how many were pending."""
    ids = ask.file_ids or []
    if not 1 <= len(ids) <= LIMIT:
        raise CodedBadRequest(f"fileIDs must have 1 to {LIMIT} entries")
    return Updated(updated=await kernel.db.write("collections.reject", _reject, actor.user_id, ids, kernel.clock.now()))


def _reject(tx: Tx, user_id: int, ids: list[int], now: int) -> int:
    return queries.reject_suggestions(tx, user_id, ids, sync.stamp(tx, now, [user_id]))

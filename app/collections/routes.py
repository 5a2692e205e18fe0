"""Routes of /collections/* and /collection-actions/* (collections.md §2–§5)."""

from __future__ import annotations

from ..access import Session
from ..errors import BadRequest
from ..http.auth import storage
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from ..wire import go_bool, strict_int
from . import actions, feed, membership, service, sharing, wire

routes = Routes()


@routes.post("/collections", storage)
async def create(call: Call, actor: Session) -> Answer:
    made = await service.create(call.kernel, actor, await call.json(wire.NewCollection))
    return reply(wire.OneCollection(collection=made))


@routes.get("/collections", storage)
@routes.get("/collections/v2", storage)
async def listing(call: Call, actor: Session) -> Answer:
    return Answer(await service.listing(call.kernel, actor, call.int_query("sinceTime")))


@routes.get("/collections/v3", storage)
async def listing_v3(call: Call, actor: Session) -> Answer:
    limit = call.int_query("limit") if "limit" in call.query else service.LIMIT
    since, shared_since = call.int_query("sinceTime"), call.int_query("sharedSinceTime")
    return reply(await service.listing_v3(call.kernel, actor, since, shared_since, limit))


@routes.get("/collections/sharees", storage)
async def sharees(call: Call, actor: Session) -> Answer:
    return reply(await sharing.sharees(call.kernel, actor, call.int_query("collectionID")))


@routes.get("/collections/file", storage)
async def file(call: Call, actor: Session) -> Answer:
    found = await feed.one(call.kernel, actor, call.int_query("collectionID"), call.int_query("fileID"))
    return reply(wire.OneFile(file=found))


@routes.get("/collections/v2/diff", storage)
async def diff(call: Call, actor: Session) -> Answer:
    return Answer(await feed.diff(call.kernel, actor, call.int_query("collectionID"), call.int_query("sinceTime")))


@routes.post("/collections/rename", storage)
async def rename(call: Call, actor: Session) -> Answer:
    await service.rename(call.kernel, actor, await call.json(wire.Rename))
    return EMPTY


@routes.put("/collections/magic-metadata", storage)
async def magic_metadata(call: Call, actor: Session) -> Answer:
    await service.set_metadata(call.kernel, actor, await call.json(wire.NewMetadata), "private")
    return EMPTY


@routes.put("/collections/public-magic-metadata", storage)
async def public_magic_metadata(call: Call, actor: Session) -> Answer:
    await service.set_metadata(call.kernel, actor, await call.json(wire.NewMetadata), "public")
    return EMPTY


@routes.put("/collections/sharee-magic-metadata", storage)
async def sharee_magic_metadata(call: Call, actor: Session) -> Answer:
    await service.set_metadata(call.kernel, actor, await call.json(wire.NewMetadata), "sharee")
    return EMPTY


@routes.delete("/collections/v3/{id}", storage)
async def delete(call: Call, actor: Session) -> Answer:
    """Both values come from the query; the path is not looked at (§2.8)."""
    collection_id, keep = strict_int(call.query.get("collectionID")), go_bool(call.query.get("keepFiles"))
    if not collection_id or keep is None:
        raise BadRequest(log="collectionID and keepFiles are required")
    await service.delete(call.kernel, actor, collection_id, keep)
    return EMPTY


@routes.post("/collections/add-files", storage)
async def add_files(call: Call, actor: Session) -> Answer:
    await membership.add(call.kernel, actor, await call.json(wire.Items))
    return EMPTY


@routes.post("/collections/move-files", storage)
async def move_files(call: Call, actor: Session) -> Answer:
    await membership.move(call.kernel, actor, await call.json(wire.Move))
    return EMPTY


@routes.post("/collections/restore-files", storage)
async def restore_files(call: Call, actor: Session) -> Answer:
    await membership.restore(call.kernel, actor, await call.json(wire.Items))
    return EMPTY


@routes.post("/collections/v3/remove-files", storage)
async def remove_files(call: Call, actor: Session) -> Answer:
    await membership.remove(call.kernel, actor, await call.json(wire.FileIds))
    return EMPTY


@routes.post("/collections/suggest-delete", storage)
async def suggest_delete(call: Call, actor: Session) -> Answer:
    await membership.suggest_delete(call.kernel, actor, await call.json(wire.FileIds))
    return EMPTY


@routes.post("/collections/share", storage)
async def share(call: Call, actor: Session) -> Answer:
    return reply(await sharing.share(call.kernel, actor, await call.json(wire.Share)))


@routes.post("/collections/unshare", storage)
async def unshare(call: Call, actor: Session) -> Answer:
    return reply(await sharing.unshare(call.kernel, actor, await call.json(wire.Unshare)))


@routes.post("/collections/leave/{id}", storage)
async def leave(call: Call, actor: Session) -> Answer:
    await sharing.leave(call.kernel, actor, call.id_param())
    return EMPTY


@routes.get("/collections/{id}", storage)
async def get(call: Call, actor: Session) -> Answer:
    return reply(wire.OneCollection(collection=await service.get(call.kernel, actor, call.id_param())))


@routes.get("/collection-actions/pending-remove", storage)
async def pending_remove(call: Call, actor: Session) -> Answer:
    return reply(await actions.pending_removals(call.kernel, actor, _since(call)))


@routes.get("/collection-actions/delete-suggestions", storage)
async def delete_suggestions(call: Call, actor: Session) -> Answer:
    return reply(await actions.delete_suggestions(call.kernel, actor, _since(call)))


@routes.post("/collection-actions/reject-delete-suggestions", storage)
async def reject_delete_suggestions(call: Call, actor: Session) -> Answer:
    return reply(await actions.reject(call.kernel, actor, await call.json(wire.Reject)))


def _since(call: Call) -> int:
    """sinceTime: absent or empty is 0, anything else but an integer 400."""
    since = strict_int(call.query.get("sinceTime") or "0")
    if since is None:
        raise BadRequest(log="sinceTime")
    return since

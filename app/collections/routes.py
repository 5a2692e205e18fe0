"""Routes of /collections/* and /collection-actions/* (collections.md §2–§5)."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import storage
from ..http.request import Request
from ..http.routing import delete, get, post, put
from ..kernel.access import Session
from ..kernel.errors import BadRequest, Forbidden, NotFound
from ..kernel.wire import go_bool, strict_int
from . import actions, feed, links, membership, service, sharing, wire


async def create(request: Request, actor: Session) -> Answer:
    made = await service.create(request.kernel, actor, await request.json(wire.NewCollection))
    return reply(wire.OneCollection(collection=made))


async def listing(request: Request, actor: Session) -> Answer:
    return Answer(await service.listing(request.kernel, actor, request.int_query("sinceTime")))


async def listing_v3(request: Request, actor: Session) -> Answer:
    limit = request.int_query("limit") if "limit" in request.query else service.LIMIT
    since, shared_since = request.int_query("sinceTime"), request.int_query("sharedSinceTime")
    return reply(await service.listing_v3(request.kernel, actor, since, shared_since, limit))


async def sharees(request: Request, actor: Session) -> Answer:
    return reply(await sharing.sharees(request.kernel, actor, request.int_query("collectionID")))


async def file(request: Request, actor: Session) -> Answer:
    found = await feed.one(request.kernel, actor, request.int_query("collectionID"), request.int_query("fileID"))
    return reply(wire.OneFile(file=found))


async def diff(request: Request, actor: Session) -> Answer:
    return Answer(await feed.diff(request.kernel, actor, request.int_query("collectionID"), request.int_query("sinceTime")))


async def rename(request: Request, actor: Session) -> Answer:
    await service.rename(request.kernel, actor, await request.json(wire.Rename))
    return EMPTY


async def magic_metadata(request: Request, actor: Session) -> Answer:
    await service.set_metadata(request.kernel, actor, await request.json(wire.NewMetadata), "private")
    return EMPTY


async def public_magic_metadata(request: Request, actor: Session) -> Answer:
    await service.set_metadata(request.kernel, actor, await request.json(wire.NewMetadata), "public")
    return EMPTY


async def sharee_magic_metadata(request: Request, actor: Session) -> Answer:
    await service.set_metadata(request.kernel, actor, await request.json(wire.NewMetadata), "sharee")
    return EMPTY


async def delete_one(request: Request, actor: Session) -> Answer:
    """Both values come from the query; the path is not looked at (§2.8)."""
    collection_id, keep = strict_int(request.query.get("collectionID")), go_bool(request.query.get("keepFiles"))
    if not collection_id or keep is None:
        raise BadRequest(log="collectionID and keepFiles are required")
    await service.delete(request.kernel, actor, collection_id, keep)
    return EMPTY


async def add_files(request: Request, actor: Session) -> Answer:
    await membership.add(request.kernel, actor, await request.json(wire.Items))
    return EMPTY


async def move_files(request: Request, actor: Session) -> Answer:
    await membership.move(request.kernel, actor, await request.json(wire.Move))
    return EMPTY


async def restore_files(request: Request, actor: Session) -> Answer:
    await membership.restore(request.kernel, actor, await request.json(wire.Items))
    return EMPTY


async def remove_files(request: Request, actor: Session) -> Answer:
    await membership.remove(request.kernel, actor, await request.json(wire.FileIds))
    return EMPTY


async def suggest_delete(request: Request, actor: Session) -> Answer:
    await membership.suggest_delete(request.kernel, actor, await request.json(wire.FileIds))
    return EMPTY


async def share(request: Request, actor: Session) -> Answer:
    return reply(await sharing.share(request.kernel, actor, await request.json(wire.Share)))


async def unshare(request: Request, actor: Session) -> Answer:
    return reply(await sharing.unshare(request.kernel, actor, await request.json(wire.Unshare)))


async def leave(request: Request, actor: Session) -> Answer:
    await sharing.leave(request.kernel, actor, request.id_param())
    return EMPTY


async def get_one(request: Request, actor: Session) -> Answer:
    return reply(wire.OneCollection(collection=await service.get(request.kernel, actor, request.id_param())))


async def pending_remove(request: Request, actor: Session) -> Answer:
    return reply(await actions.pending_removals(request.kernel, actor, _since(request)))


async def delete_suggestions(request: Request, actor: Session) -> Answer:
    return reply(await actions.delete_suggestions(request.kernel, actor, _since(request)))


async def reject_delete_suggestions(request: Request, actor: Session) -> Answer:
    return reply(await actions.reject(request.kernel, actor, await request.json(wire.Reject)))


def _since(request: Request) -> int:
    """sinceTime: absent or empty is 0, anything else but an integer 400."""
    since = strict_int(request.query.get("sinceTime") or "0")
    if since is None:
        raise BadRequest(log="sinceTime")
    return since


ROUTES = [
    post("/collections", storage, create),
    get("/collections", storage, listing),
    get("/collections/v2", storage, listing),
    get("/collections/v3", storage, listing_v3),
    get("/collections/sharees", storage, sharees),
    get("/collections/file", storage, file),
    get("/collections/v2/diff", storage, diff),
    post("/collections/rename", storage, rename),
    put("/collections/magic-metadata", storage, magic_metadata),
    put("/collections/public-magic-metadata", storage, public_magic_metadata),
    put("/collections/sharee-magic-metadata", storage, sharee_magic_metadata),
    delete("/collections/v3/{id}", storage, delete_one),
    post("/collections/add-files", storage, add_files),
    post("/collections/move-files", storage, move_files),
    post("/collections/restore-files", storage, restore_files),
    post("/collections/v3/remove-files", storage, remove_files),
    post("/collections/suggest-delete", storage, suggest_delete),
    post("/collections/share", storage, share),
    post("/collections/unshare", storage, unshare),
    post("/collections/leave/{id}", storage, leave),
    get("/collections/{id}", storage, get_one),
    post("/collections/share-url", storage, links.create, errors=(Forbidden, NotFound)),
    put("/collections/share-url", storage, links.change, errors=(Forbidden, NotFound)),
    delete("/collections/share-url/{id}", storage, links.end, errors=(Forbidden, NotFound)),
    get("/collection-actions/pending-remove", storage, pending_remove),
    get("/collection-actions/delete-suggestions", storage, delete_suggestions),
    post("/collection-actions/reject-delete-suggestions", storage, reject_delete_suggestions),
]

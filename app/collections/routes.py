"""Routes of /collections/* and /collection-actions/* (collections.md §2–§6)."""

from __future__ import annotations

from ..http.auth import storage
from ..http.routing import delete, get, post, put
from ..kernel.errors import Conflict, Forbidden, NotFound, TooLarge, TooMany
from . import actions, bulk, feed, links, membership, service, sharing

ROUTES = [
    post("/collections", storage, service.create, errors=(NotFound,)),
    get("/collections", storage, service.listing),
    get("/collections/v2", storage, service.listing),
    get("/collections/v3", storage, service.listing_v3),
    get("/collections/sharees", storage, sharing.sharees, errors=(NotFound,)),
    get("/collections/file", storage, feed.one, errors=(Forbidden, NotFound)),
    get("/collections/v2/diff", storage, feed.diff, errors=(NotFound,)),
    post("/collections/rename", storage, service.rename, errors=(Forbidden, NotFound)),
    put("/collections/magic-metadata", storage, service.set_private_metadata, errors=(Forbidden, NotFound)),
    put("/collections/public-magic-metadata", storage, service.set_public_metadata, errors=(Forbidden, NotFound)),
    put("/collections/sharee-magic-metadata", storage, service.set_sharee_metadata, errors=(Forbidden, NotFound)),
    delete("/collections/v3/{collection_id}", storage, service.delete, errors=(Conflict, Forbidden, NotFound)),
    post("/collections/add-files", storage, membership.add, errors=(Conflict, Forbidden, NotFound, TooLarge)),
    post("/collections/move-files", storage, membership.move, errors=(Conflict, Forbidden, NotFound, TooLarge)),
    post("/collections/restore-files", storage, membership.restore, errors=(Forbidden, NotFound, TooLarge)),
    post("/files/restore", storage, membership.restore_some, errors=(Forbidden, NotFound, TooLarge)),
    post("/collections/v3/remove-files", storage, membership.remove, errors=(Forbidden, NotFound, TooLarge)),
    post("/collections/suggest-delete", storage, membership.suggest_delete, errors=(Forbidden, NotFound, TooLarge)),
    post("/collections/share", storage, sharing.share, limit="public_key", errors=(Forbidden, NotFound, TooMany)),
    post("/collections/share/bulk", storage, bulk.share, limit="bulk_sharing", errors=(Conflict, Forbidden, TooLarge, TooMany)),
    post("/collections/share/batch", storage, sharing.share_batch, limit="bulk_sharing", errors=(Forbidden, NotFound, TooLarge, TooMany)),
    post("/collections/unshare", storage, sharing.unshare, limit="public_key", errors=(Forbidden, NotFound)),
    post("/collections/unshare/bulk", storage, bulk.unshare, limit="bulk_sharing", errors=(TooLarge,)),
    post("/collections/leave/{collection_id}", storage, sharing.leave, errors=(Forbidden, NotFound)),
    get("/collections/{collection_id}", storage, service.get, errors=(NotFound,)),
    post("/collections/share-url", storage, links.create, errors=(Forbidden, NotFound)),
    post("/public/collections", storage, links.create, errors=(Forbidden, NotFound)),
    put("/collections/share-url", storage, links.change, errors=(Forbidden, NotFound)),
    delete("/collections/share-url/{collection_id}", storage, links.end, errors=(Forbidden, NotFound)),
    get("/collection-actions/pending-remove", storage, actions.pending_removals),
    get("/collection-actions/delete-suggestions", storage, actions.delete_suggestions),
    post("/collection-actions/reject-delete-suggestions", storage, actions.reject),
]

"""Routes of /files that commit, change, copy and measure files (files.md §3, §4, §6). Uploads and downloads belong to objects, the trash to trash."""

from __future__ import annotations

from ..http.auth import anyone, storage
from ..http.request import Request
from ..http.routing import get, post, put
from ..kernel.access import Session
from ..kernel.errors import Conflict, Forbidden, NotFound, OutdatedApp, PaymentRequired, StorageFull, TooLarge, Unavailable
from ..kernel.parts import Kernel
from ..kernel.wire import Encoded, encode
from . import copying, figures, magic, service, wire

_COMMIT = (PaymentRequired, Forbidden, NotFound, TooLarge, StorageFull, Unavailable)


async def create(kernel: Kernel, actor: Session, ask: wire.NewFile) -> Encoded[wire.Committed]:
    """A file; with an id its new content, as old clients replace it (§3.3): then the answer is that of `update`."""
    if ask.id != 0:
        return encode(await service.update(kernel, actor, ask))
    return encode(await service.create(kernel, actor.user_id, actor.app, ask))


async def size(request: Request, actor: Session, ask: wire.SizeOf) -> wire.Size:
    if figures.is_outdated(request.header(b"user-agent"), request.header(b"x-client-version"), request.header(b"x-client-package")):
        raise OutdatedApp
    return await figures.size(request.kernel, actor, ask)


ROUTES = [
    post("/files", storage, create, errors=_COMMIT),
    put("/files/update", storage, service.update, errors=_COMMIT),
    put("/files/thumbnail", storage, service.update_thumbnail, errors=_COMMIT),
    put("/files/magic-metadata", storage, magic.change_private, errors=(Conflict, Forbidden, NotFound, TooLarge)),
    put("/files/public-magic-metadata", storage, magic.change_public, errors=(Conflict, Forbidden, NotFound, TooLarge)),
    post("/files/meta", storage, service.create_meta, errors=_COMMIT),
    post("/files/copy", storage, copying.copy, errors=_COMMIT),
    post("/files/size", storage, size, errors=(OutdatedApp,)),
    post("/files/info", storage, figures.info, errors=(Forbidden,)),
    get("/files/duplicates", storage, figures.duplicates),
    get("/files/count", anyone, figures.count),
]

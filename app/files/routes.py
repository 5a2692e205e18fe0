"""Routes of /files that commit, change, copy and measure files (files.md §3, §4, §6). Uploads and downloads belong to objects, the trash to trash."""

from __future__ import annotations

from ..access import Session
from ..http.auth import anyone, storage
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from . import copying, figures, magic, service, wire

routes = Routes()


@routes.post("/files", storage)
async def create(call: Call, actor: Session) -> Answer:
    ask = await call.json(wire.NewFile)
    if ask.id != 0:  # as old clients replace a file's content (§3.3)
        return reply(await service.update(call.kernel, actor, ask))
    return reply(await service.create(call.kernel, actor.user_id, actor.app, ask))


@routes.put("/files/update", storage)
async def update(call: Call, actor: Session) -> Answer:
    return reply(await service.update(call.kernel, actor, await call.json(wire.NewFile)))


@routes.put("/files/thumbnail", storage)
async def update_thumbnail(call: Call, actor: Session) -> Answer:
    await service.update_thumbnail(call.kernel, actor, await call.json(wire.NewThumbnail))
    return EMPTY


@routes.put("/files/magic-metadata", storage)
async def private_magic(call: Call, actor: Session) -> Answer:
    await magic.change(call.kernel, actor, await call.json(wire.MagicChanges), magic.PRIVATE)
    return EMPTY


@routes.put("/files/public-magic-metadata", storage)
async def public_magic(call: Call, actor: Session) -> Answer:
    await magic.change(call.kernel, actor, await call.json(wire.MagicChanges), magic.PUBLIC)
    return EMPTY


@routes.post("/files/meta", storage)
async def create_meta(call: Call, actor: Session) -> Answer:
    return reply(await service.create_meta(call.kernel, actor, await call.json(wire.NewMeta)))


@routes.post("/files/copy", storage)
async def copy(call: Call, actor: Session) -> Answer:
    return reply(await copying.copy(call.kernel, actor, await call.json(wire.CopyFiles)))


@routes.post("/files/size", storage)
async def size(call: Call, actor: Session) -> Answer:
    return reply(await figures.size(call.kernel, actor, await call.json(wire.FileIDs)))


@routes.post("/files/info", storage)
async def info(call: Call, actor: Session) -> Answer:
    return reply(await figures.info(call.kernel, actor, await call.json(wire.FileIDs)))


@routes.get("/files/duplicates", storage)
async def duplicates(call: Call, actor: Session) -> Answer:
    return reply(await figures.duplicates(call.kernel, actor))


@routes.get("/files/large-thumbnails", storage)
async def large_thumbnails(call: Call, actor: Session) -> Answer:
    return reply(await figures.large_thumbnails(call.kernel, actor, call.int_query("threshold")))


@routes.get("/files/count", anyone)
async def count(call: Call, _: None) -> Answer:
    return reply(await figures.count(call.kernel))

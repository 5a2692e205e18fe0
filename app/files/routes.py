"""Routes of /files that commit, change, copy and measure files (files.md §3, §4, §6). Uploads and downloads belong to objects, the trash to trash."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import anyone, storage
from ..http.request import Request
from ..http.routing import get, post, put
from ..kernel.access import Session
from . import copying, figures, magic, service, wire


async def create(request: Request, actor: Session) -> Answer:
    ask = await request.json(wire.NewFile)
    if ask.id != 0:  # as old clients replace a file's content (§3.3)
        return reply(await service.update(request.kernel, actor, ask))
    return reply(await service.create(request.kernel, actor.user_id, actor.app, ask))


async def update(request: Request, actor: Session) -> Answer:
    return reply(await service.update(request.kernel, actor, await request.json(wire.NewFile)))


async def update_thumbnail(request: Request, actor: Session) -> Answer:
    await service.update_thumbnail(request.kernel, actor, await request.json(wire.NewThumbnail))
    return EMPTY


async def private_magic(request: Request, actor: Session) -> Answer:
    await magic.change(request.kernel, actor, await request.json(wire.MagicChanges), magic.PRIVATE)
    return EMPTY


async def public_magic(request: Request, actor: Session) -> Answer:
    await magic.change(request.kernel, actor, await request.json(wire.MagicChanges), magic.PUBLIC)
    return EMPTY


async def create_meta(request: Request, actor: Session) -> Answer:
    return reply(await service.create_meta(request.kernel, actor, await request.json(wire.NewMeta)))


async def copy(request: Request, actor: Session) -> Answer:
    return reply(await copying.copy(request.kernel, actor, await request.json(wire.CopyFiles)))


async def size(request: Request, actor: Session) -> Answer:
    return reply(await figures.size(request.kernel, actor, await request.json(wire.FileIDs)))


async def info(request: Request, actor: Session) -> Answer:
    return reply(await figures.info(request.kernel, actor, await request.json(wire.FileIDs)))


async def duplicates(request: Request, actor: Session) -> Answer:
    return reply(await figures.duplicates(request.kernel, actor))


async def large_thumbnails(request: Request, actor: Session) -> Answer:
    return reply(await figures.large_thumbnails(request.kernel, actor, request.int_query("threshold")))


async def count(request: Request, _: None) -> Answer:
    return reply(await figures.count(request.kernel))


ROUTES = [
    post("/files", storage, create),
    put("/files/update", storage, update),
    put("/files/thumbnail", storage, update_thumbnail),
    put("/files/magic-metadata", storage, private_magic),
    put("/files/public-magic-metadata", storage, public_magic),
    post("/files/meta", storage, create_meta),
    post("/files/copy", storage, copy),
    post("/files/size", storage, size),
    post("/files/info", storage, info),
    get("/files/duplicates", storage, duplicates),
    get("/files/large-thumbnails", storage, large_thumbnails),
    get("/files/count", anyone, count),
]

"""Routes of upload URLs and of downloads (files.md §1, §5)."""

from __future__ import annotations

from ..access import Session
from ..errors import NotFound
from ..http.auth import storage
from ..http.call import EMPTY, Answer, Call, redirect, reply
from ..http.routing import Routes
from . import downloads, uploads, wire

routes = Routes()


@routes.get("/files/upload-urls", storage, limit="upload_urls")
async def upload_urls(call: Call, actor: Session) -> Answer:
    found = await uploads.single(call.kernel, actor.user_id, actor.app, call.base_url, call.int_query("count"))
    return reply(wire.UploadUrls(urls=found))


@routes.post("/files/upload-url", storage, limit="upload_urls")
async def upload_url(call: Call, actor: Session) -> Answer:
    ask = await call.json(wire.NewUpload)
    return reply(await uploads.single_sized(call.kernel, actor.user_id, actor.app, call.base_url, ask))


@routes.get("/files/multipart-upload-urls", storage, limit="upload_urls")
async def multipart_upload_urls(call: Call, actor: Session) -> Answer:
    found = await uploads.multipart(call.kernel, actor.user_id, actor.app, call.base_url, call.int_query("count"))
    return reply(wire.MultipartUrls(urls=found))


@routes.post("/files/multipart-upload-url", storage, limit="upload_urls")
async def multipart_upload_url(call: Call, actor: Session) -> Answer:
    ask = await call.json(wire.NewMultipart)
    return reply(await uploads.multipart_sized(call.kernel, actor.user_id, actor.app, call.base_url, ask))


@routes.get("/files/upload-eligibility", storage)
async def upload_eligibility(call: Call, actor: Session) -> Answer:
    await uploads.check_may_upload(call.kernel, actor.user_id, actor.app)
    return EMPTY


@routes.get("/files/download/{id}", storage)
async def download(call: Call, actor: Session) -> Answer:
    return redirect(await downloads.find(call.kernel, actor, call.base_url, call.id_param(error=NotFound), thumb=False))


@routes.get("/files/preview/{id}", storage, limit="preview")
async def preview(call: Call, actor: Session) -> Answer:
    return redirect(await downloads.find(call.kernel, actor, call.base_url, call.id_param(error=NotFound), thumb=True))


# the same in JSON: v2 for some command-line clients, v3 for newer web apps and the newest command-line client, which have no other way
@routes.get("/files/download/v2/{id}", storage)
async def download_url_v2(call: Call, actor: Session) -> Answer:
    found = downloads.find(call.kernel, actor, call.base_url, call.id_param(error=NotFound), thumb=False)
    return reply(wire.FileUrl(url=await found))


@routes.get("/files/preview/v2/{id}", storage, limit="preview")
async def preview_url_v2(call: Call, actor: Session) -> Answer:
    found = downloads.find(call.kernel, actor, call.base_url, call.id_param(error=NotFound), thumb=True)
    return reply(wire.FileUrl(url=await found))


@routes.get("/files/download/v3/{id}", storage)
async def download_url(call: Call, actor: Session) -> Answer:
    found = downloads.find(call.kernel, actor, call.base_url, call.id_param(), thumb=False)
    return reply(await downloads.in_json(found))


@routes.get("/files/thumbnail/v3/{id}", storage, limit="preview")
async def thumbnail_url(call: Call, actor: Session) -> Answer:
    found = downloads.find(call.kernel, actor, call.base_url, call.id_param(), thumb=True)
    return reply(await downloads.in_json(found))

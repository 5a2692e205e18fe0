"""Routes of upload URLs and of downloads (files.md §1, §5)."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import anyone, storage
from ..http.request import Request
from ..http.routing import delete, get, patch, post, put
from ..kernel.access import Session
from ..kernel.errors import NotFound
from . import doors, downloads, receiving, sending, uploads, wire
from .refusals import DRAINED, Refusal, as_xml
from .signed import signed_url


async def upload_urls(request: Request, actor: Session) -> Answer:
    found = await uploads.single(request.kernel, actor.user_id, actor.app, request.base_url, request.int_query("count"))
    return reply(wire.UploadUrls(urls=found))


async def upload_url(request: Request, actor: Session) -> Answer:
    ask = await request.json(wire.NewUpload)
    return reply(await uploads.single_sized(request.kernel, actor.user_id, actor.app, request.base_url, ask))


async def multipart_upload_urls(request: Request, actor: Session) -> Answer:
    found = await uploads.multipart(request.kernel, actor.user_id, actor.app, request.base_url, request.int_query("count"))
    return reply(wire.MultipartUrls(urls=found))


async def multipart_upload_url(request: Request, actor: Session) -> Answer:
    ask = await request.json(wire.NewMultipart)
    return reply(await uploads.multipart_sized(request.kernel, actor.user_id, actor.app, request.base_url, ask))


async def upload_eligibility(request: Request, actor: Session) -> Answer:
    await uploads.check_may_upload(request.kernel, actor.user_id, actor.app)
    return EMPTY


async def not_allowed(request: Request, actor: None) -> Answer:
    raise Refusal(
        405, "MethodNotAllowed", "The specified method is not allowed against this resource.", [(b"allow", b"GET, HEAD, PUT, POST, OPTIONS")]
    )


OBJECT = "/objects/{key...}"  # `urls.PREFIX`
BYTES = {"refusal": as_xml, "drained": DRAINED}

ROUTES = [
    get("/files/upload-urls", storage, upload_urls, limit="upload_urls"),
    post("/files/upload-url", storage, upload_url, limit="upload_urls"),
    get("/files/multipart-upload-urls", storage, multipart_upload_urls, limit="upload_urls"),
    post("/files/multipart-upload-url", storage, multipart_upload_url, limit="upload_urls"),
    get("/files/upload-eligibility", storage, upload_eligibility),
    *doors.routes("/files", storage, downloads.find, limit="preview", older=True, bad_id=NotFound),
    get(OBJECT, signed_url, sending.send, **BYTES),
    put(OBJECT, signed_url, receiving.put, **BYTES),
    post(OBJECT, signed_url, receiving.complete, **BYTES),
    delete(OBJECT, anyone, not_allowed, hidden=True, **BYTES),
    patch(OBJECT, anyone, not_allowed, hidden=True, **BYTES),
]

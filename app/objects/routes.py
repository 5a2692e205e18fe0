"""Routes of upload URLs and of downloads (files.md §1, §5)."""

from __future__ import annotations

from ..http.answer import Answer
from ..http.auth import anyone, storage
from ..http.request import BaseUrl, Request
from ..http.routing import delete, get, patch, post, put
from ..kernel.access import Session
from ..kernel.errors import Conflict, Forbidden, NoSpace, NotFound, PaymentRequired, StorageFull, TooLarge, Unavailable
from ..kernel.parts import Kernel
from . import doors, downloads, joining, receiving, sending, wire
from . import upload_urls as asking
from .refusals import DRAINED, Refusal, as_xml
from .signed import signed_url

_QUOTA = (PaymentRequired, StorageFull, Forbidden)


async def upload_urls(kernel: Kernel, actor: Session, base_url: BaseUrl, query: wire.CountQuery) -> wire.UploadUrls:
    return wire.UploadUrls(urls=await asking.single(kernel, actor.user_id, actor.app, base_url, query.count))


async def upload_url(kernel: Kernel, actor: Session, base_url: BaseUrl, ask: wire.NewUpload) -> wire.UploadUrl:
    return await asking.single_sized(kernel, actor.user_id, actor.app, base_url, ask)


async def multipart_upload_urls(kernel: Kernel, actor: Session, base_url: BaseUrl, query: wire.CountQuery) -> wire.MultipartUrls:
    return wire.MultipartUrls(urls=await asking.multipart(kernel, actor.user_id, actor.app, base_url, query.count))


async def multipart_upload_url(kernel: Kernel, actor: Session, base_url: BaseUrl, ask: wire.NewMultipart) -> wire.PartUrls:
    return await asking.multipart_sized(kernel, actor.user_id, actor.app, base_url, ask)


async def eligibility(kernel: Kernel, actor: Session) -> None:
    await asking.check_may_upload(kernel, actor.user_id, actor.app)


async def not_allowed(request: Request, actor: None) -> Answer:
    raise Refusal(
        405, "MethodNotAllowed", "The specified method is not allowed against this resource.", [(b"allow", b"GET, HEAD, PUT, POST, OPTIONS")]
    )


OBJECT = "/objects/{key...}"  # `urls.PREFIX`
BYTES = {"refusal": as_xml, "drained": DRAINED}

ROUTES = [
    get("/files/upload-urls", storage, upload_urls, limit="upload_urls", errors=_QUOTA),
    post("/files/upload-url", storage, upload_url, limit="upload_urls", errors=_QUOTA),
    get("/files/multipart-upload-urls", storage, multipart_upload_urls, limit="upload_urls", errors=(*_QUOTA, Unavailable)),
    post("/files/multipart-upload-url", storage, multipart_upload_url, limit="upload_urls", errors=(*_QUOTA, Unavailable)),
    post("/files/multipart-complete", storage, joining.complete, errors=(Conflict, Forbidden, NotFound, TooLarge, Unavailable, NoSpace)),
    get("/files/upload-eligibility", storage, eligibility, errors=_QUOTA),
    *doors.routes("/files", storage, downloads.find, limit="preview", older=True, bad_id=NotFound),
    get(OBJECT, signed_url, sending.send, **BYTES),
    put(OBJECT, signed_url, receiving.put, **BYTES),
    post(OBJECT, signed_url, receiving.complete, **BYTES),
    delete(OBJECT, anyone, not_allowed, hidden=True, **BYTES),
    patch(OBJECT, anyone, not_allowed, hidden=True, **BYTES),
]

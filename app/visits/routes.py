"""Routes of visitors of album links, /public-collection/*, and of joining through a link."""

from __future__ import annotations

from ..filedata.wire import One, OneWanted
from ..http.answer import OBJECT, Answer, reply
from ..http.auth import storage
from ..http.request import BaseUrl
from ..http.routing import get, post
from ..kernel.errors import Forbidden, NotFound, PaymentRequired, StorageFull, Unauthorized, Unavailable
from ..kernel.parts import Kernel
from ..objects import doors
from ..objects.wire import FileUrl
from . import aliases, guests, joining, visiting
from .answers import info
from .guards import Visitor, at_the_door, visitor
from .guests import CollectingOff, guest


async def fetch_data(kernel: Kernel, actor: Visitor, query: OneWanted) -> Answer:
    data = await visiting.video(kernel, actor, query.file_id, query.kind)
    if data is not None:
        return reply(One(data=data))
    if query.prefer_no_content:
        return Answer(status=204)
    raise NotFound(code="NOT_FOUND")


async def preview_data(kernel: Kernel, actor: Visitor, base_url: BaseUrl, query: OneWanted) -> FileUrl:
    return FileUrl(url=await visiting.preview_url(kernel, actor, base_url, query.file_id, query.kind))


_GUESTS = (CollectingOff, PaymentRequired, StorageFull, Forbidden, Unavailable)

ROUTES = [
    post("/collections/join-link", storage, joining.join, done=OBJECT, errors=(Forbidden, NotFound, Unauthorized)),
    get("/public-collection/info", at_the_door, info, errors=(Forbidden,)),
    post("/public-collection/verify-password", at_the_door, visiting.verify_password),
    get("/public-collection/diff", visitor, visiting.diff, errors=(Forbidden,)),
    post("/public-collection/upload-url", guest, guests.upload_url, errors=_GUESTS),
    post("/public-collection/multipart-upload-url", guest, guests.multipart_upload_url, errors=_GUESTS),
    post("/public-collection/file", guest, guests.commit, errors=_GUESTS),
    *doors.routes("/public-collection/files", visitor, visiting.find),
    get("/public-collection/files/data/fetch", visitor, fetch_data, errors=(Forbidden, NotFound)),
    get("/public-collection/files/data/preview", visitor, preview_data, errors=(Forbidden, NotFound)),
    *aliases.ROUTES,
]

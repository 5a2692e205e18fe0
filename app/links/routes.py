"""Routes of album links: /collections/share-url and /collections/join-link for people, /public-collection/* for visitors."""

from __future__ import annotations

from ..filedata.wire import One, prefers_no_content
from ..http.answer import EMPTY, Answer, Redirect, reply
from ..http.auth import storage
from ..http.request import Request
from ..http.routing import delete, get, post, put
from ..kernel.access import Session
from ..kernel.errors import CodedBadRequest, NotFound
from ..kernel.wire import encode, strict_int
from ..objects.service import in_json
from ..objects.wire import FileUrl
from . import joining, manage, visiting, wire
from .gate import Visitor, access_proof, access_token, at_the_door, visitor

DEVICE_TOKEN = (b"x-ente-link-device-token", b"x-link-device-token")  # the name until July 2026, and that of newer apps


async def create(request: Request, actor: Session) -> Answer:
    return reply(wire.Result(result=await manage.create(request.kernel, actor, await request.json(wire.NewLink))))


async def change(request: Request, actor: Session) -> Answer:
    return reply(wire.Result(result=await manage.change(request.kernel, actor, await request.json(wire.LinkChange))))


async def end(request: Request, actor: Session) -> Answer:
    await manage.end(request.kernel, actor, request.id_param())
    return EMPTY


async def join(request: Request, actor: Session) -> Answer:
    await joining.join(request.kernel, actor, await request.json(wire.Join), access_token(request), access_proof(request))
    return reply({})


# --- visitors


def _device(request: Request) -> tuple[str, str, str]:
    """Address, browser, device token."""
    return request.client_ip, request.header(b"user-agent"), request.header(b"x-auth-link-device-token")


async def info(request: Request, actor: Visitor) -> Answer:
    shown, fresh = await visiting.info(request.kernel, actor, _device(request))
    headers = [] if fresh is None else [(name, fresh.encode()) for name in DEVICE_TOKEN]
    return Answer(encode(shown), headers=headers)


async def verify_password(request: Request, actor: Visitor) -> Answer:
    ask = await request.json(wire.Password)
    return reply(wire.Proof(jwt_token=await visiting.verify_password(request.kernel, actor, request.client_ip, ask.pass_hash)))


async def diff(request: Request, actor: Visitor) -> Answer:
    return Answer(await visiting.diff(request.kernel, actor, _device(request), strict_int(request.query.get("sinceTime"))))


async def download(request: Request, actor: Visitor) -> Answer:
    return Redirect(await visiting.find(request.kernel, actor, request.base_url, request.id_param(), thumb=False))


async def preview(request: Request, actor: Visitor) -> Answer:
    return Redirect(await visiting.find(request.kernel, actor, request.base_url, request.id_param(), thumb=True))


async def download_url(request: Request, actor: Visitor) -> Answer:
    return reply(await in_json(visiting.find(request.kernel, actor, request.base_url, request.id_param(), thumb=False)))


async def thumbnail_url(request: Request, actor: Visitor) -> Answer:
    return reply(await in_json(visiting.find(request.kernel, actor, request.base_url, request.id_param(), thumb=True)))


async def fetch_data(request: Request, actor: Visitor) -> Answer:
    no_content = prefers_no_content(request.query.get("preferNoContent"))
    data = await visiting.video(request.kernel, actor, _file_id(request), request.query.get("type", ""))
    if data is not None:
        return reply(One(data=data))
    if no_content:
        return Answer(status=204)
    raise NotFound(code="NOT_FOUND")


async def preview_data(request: Request, actor: Visitor) -> Answer:
    url = await visiting.preview_url(request.kernel, actor, request.base_url, _file_id(request), request.query.get("type", ""))
    return reply(FileUrl(url=url))


def _file_id(request: Request) -> int:
    file_id = strict_int(request.query.get("fileID"))
    if not file_id:
        raise CodedBadRequest("fileID is required")
    return file_id


ROUTES = [
    post("/collections/share-url", storage, create),
    put("/collections/share-url", storage, change),
    delete("/collections/share-url/{id}", storage, end),
    post("/collections/join-link", storage, join),
    get("/public-collection/info", at_the_door, info),
    post("/public-collection/verify-password", at_the_door, verify_password),
    get("/public-collection/diff", visitor, diff),
    get("/public-collection/files/download/{id}", visitor, download),
    get("/public-collection/files/preview/{id}", visitor, preview),
    get("/public-collection/files/download/v3/{id}", visitor, download_url),
    get("/public-collection/files/thumbnail/v3/{id}", visitor, thumbnail_url),
    get("/public-collection/files/data/fetch", visitor, fetch_data),
    get("/public-collection/files/data/preview", visitor, preview_data),
]

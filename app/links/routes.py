"""Routes of album links: /collections/share-url and /collections/join-link for people, /public-collection/* for visitors."""

from __future__ import annotations

from ..access import Session
from ..errors import CodedBadRequest, NotFound
from ..filedata.wire import One, prefers_no_content
from ..http.auth import storage
from ..http.call import EMPTY, Answer, Call, redirect, reply
from ..http.routing import Routes
from ..objects.service import in_json
from ..objects.wire import FileUrl
from ..wire import encode, strict_int
from . import joining, manage, visiting, wire
from .gate import Visitor, access_proof, access_token, at_the_door, visitor

routes = Routes()
DEVICE_TOKEN = (b"x-ente-link-device-token", b"x-link-device-token")  # the name until July 2026, and that of newer apps


@routes.post("/collections/share-url", storage)
async def create(call: Call, actor: Session) -> Answer:
    return reply(wire.Result(result=await manage.create(call.kernel, actor, await call.json(wire.NewLink))))


@routes.put("/collections/share-url", storage)
async def change(call: Call, actor: Session) -> Answer:
    return reply(wire.Result(result=await manage.change(call.kernel, actor, await call.json(wire.LinkChange))))


@routes.delete("/collections/share-url/{id}", storage)
async def end(call: Call, actor: Session) -> Answer:
    await manage.end(call.kernel, actor, call.id_param())
    return EMPTY


@routes.post("/collections/join-link", storage)
async def join(call: Call, actor: Session) -> Answer:
    await joining.join(call.kernel, actor, await call.json(wire.Join), access_token(call), access_proof(call))
    return reply({})


# --- visitors


def _device(call: Call) -> tuple[str, str, str]:
    """Address, browser, device token."""
    return call.client_ip, call.header(b"user-agent"), call.header(b"x-auth-link-device-token")


@routes.get("/public-collection/info", at_the_door)
async def info(call: Call, actor: Visitor) -> Answer:
    shown, fresh = await visiting.info(call.kernel, actor, _device(call))
    headers = [] if fresh is None else [(name, fresh.encode()) for name in DEVICE_TOKEN]
    return Answer(encode(shown), headers=headers)


@routes.post("/public-collection/verify-password", at_the_door)
async def verify_password(call: Call, actor: Visitor) -> Answer:
    ask = await call.json(wire.Password)
    return reply(wire.Proof(jwt_token=await visiting.verify_password(call.kernel, actor, call.client_ip, ask.pass_hash)))


@routes.get("/public-collection/diff", visitor)
async def diff(call: Call, actor: Visitor) -> Answer:
    return Answer(await visiting.diff(call.kernel, actor, _device(call), strict_int(call.query.get("sinceTime"))))


@routes.get("/public-collection/files/download/{id}", visitor)
async def download(call: Call, actor: Visitor) -> Answer:
    return redirect(await visiting.find(call.kernel, actor, call.base_url, call.id_param(), thumb=False))


@routes.get("/public-collection/files/preview/{id}", visitor)
async def preview(call: Call, actor: Visitor) -> Answer:
    return redirect(await visiting.find(call.kernel, actor, call.base_url, call.id_param(), thumb=True))


@routes.get("/public-collection/files/download/v3/{id}", visitor)
async def download_url(call: Call, actor: Visitor) -> Answer:
    return reply(await in_json(visiting.find(call.kernel, actor, call.base_url, call.id_param(), thumb=False)))


@routes.get("/public-collection/files/thumbnail/v3/{id}", visitor)
async def thumbnail_url(call: Call, actor: Visitor) -> Answer:
    return reply(await in_json(visiting.find(call.kernel, actor, call.base_url, call.id_param(), thumb=True)))


@routes.get("/public-collection/files/data/fetch", visitor)
async def fetch_data(call: Call, actor: Visitor) -> Answer:
    no_content = prefers_no_content(call.query.get("preferNoContent"))
    data = await visiting.video(call.kernel, actor, _file_id(call), call.query.get("type", ""))
    if data is not None:
        return reply(One(data=data))
    if no_content:
        return Answer(status=204)
    raise NotFound(code="NOT_FOUND")


@routes.get("/public-collection/files/data/preview", visitor)
async def preview_data(call: Call, actor: Visitor) -> Answer:
    url = await visiting.preview_url(call.kernel, actor, call.base_url, _file_id(call), call.query.get("type", ""))
    return reply(FileUrl(url=url))


def _file_id(call: Call) -> int:
    file_id = strict_int(call.query.get("fileID"))
    if not file_id:
        raise CodedBadRequest("fileID is required")
    return file_id

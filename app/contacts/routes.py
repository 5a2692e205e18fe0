"""Routes of /contacts/* and /attachments/* (misc.md §5). The profile-picture routes are older spellings with the type in the path."""

from __future__ import annotations

from ..http.auth import storage
from ..http.request import BaseUrl
from ..http.routing import delete, get, post, put
from ..kernel.access import Session
from ..kernel.parts import Kernel
from ..objects.wire import FileUrl
from . import pictures, service
from .pictures import KIND
from .wire import Attach, Contact, NewAttachment, PictureQuery, Staged


async def stage_profile(kernel: Kernel, actor: Session, base_url: BaseUrl, id: str, ask: NewAttachment) -> Staged:
    service.checked_id(id)
    return await pictures.stage(kernel, actor, base_url, KIND, ask)


async def attach_profile(kernel: Kernel, actor: Session, id: str, ask: Attach) -> Contact:
    return await pictures.attach(kernel, actor, id, KIND, ask)


async def profile_url(kernel: Kernel, actor: Session, base_url: BaseUrl, id: str, ask: PictureQuery) -> FileUrl:
    return await pictures.url_of(kernel, actor, base_url, id, KIND, ask.attachment_id)


async def picture_url(kernel: Kernel, actor: Session, base_url: BaseUrl, id: str, type: str) -> FileUrl:
    return await pictures.url_of(kernel, actor, base_url, id, type)


async def detach_profile(kernel: Kernel, actor: Session, id: str) -> Contact:
    return await pictures.detach(kernel, actor, id, KIND)


ROUTES = [
    post("/contacts", storage, service.create),
    get("/contacts/diff", storage, service.diff),
    get("/contacts/{id}", storage, service.contact),
    put("/contacts/{id}", storage, service.change),
    delete("/contacts/{id}", storage, service.delete),
    post("/attachments/{type}/upload-url", storage, pictures.stage, limit="upload_urls"),
    get("/attachments/{type}/{attachment_id}", storage, pictures.url),
    put("/contacts/{id}/attachments/{type}", storage, pictures.attach),
    get("/contacts/{id}/attachments/{type}", storage, picture_url),
    delete("/contacts/{id}/attachments/{type}", storage, pictures.detach),
    post("/contacts/{id}/profile-picture/upload-url", storage, stage_profile, limit="upload_urls"),
    put("/contacts/{id}/profile-picture", storage, attach_profile),
    get("/contacts/{id}/profile-picture", storage, profile_url),
    delete("/contacts/{id}/profile-picture", storage, detach_profile),
]

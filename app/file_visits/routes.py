"""Routes of /file-link/* (files.md §7.2)."""

from __future__ import annotations

from ..http.answer import Answer
from ..http.routing import get, post
from ..kernel.errors import Forbidden, NotFound, Unauthorized
from ..kernel.parts import Kernel
from ..kernel.wire import encode
from ..objects import doors
from ..visits.service import DEVICE_TOKEN, Device
from . import visiting
from .visiting import FileVisitor, at_the_file, file_visitor


async def info(kernel: Kernel, actor: FileVisitor, device: Device) -> Answer:
    shown, fresh = await visiting.info(kernel, actor, device)
    return Answer(encode(shown), headers=[] if fresh is None else [(name, fresh.encode()) for name in DEVICE_TOKEN])


ROUTES = [
    get("/file-link/info", file_visitor, info, errors=(Forbidden, NotFound)),
    get("/file-link/pass-info", at_the_file, visiting.pass_info),
    post("/file-link/verify-password", at_the_file, visiting.verify_password, errors=(Unauthorized,)),
    *doors.routes_of_one("/file-link", file_visitor, visiting.find),
    get("/public/files/{token}", file_visitor, doors.redirect_of_one(file_visitor, visiting.find, thumb=False), errors=(Forbidden, NotFound)),
]

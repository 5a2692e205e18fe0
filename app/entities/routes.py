"""Routes of /user-entity/* (misc.md §2)."""

from __future__ import annotations

from ..http.answer import Answer, reply
from ..http.auth import storage
from ..http.routing import delete, get, post, put
from ..kernel.access import Session
from ..kernel.errors import Conflict, NotFound
from ..kernel.parts import Kernel
from . import service, wire


async def ensure_key(kernel: Kernel, actor: Session, ask: wire.NewKey) -> Answer:
    """The only POST whose answer museum forbids to keep."""
    answer = reply(await service.ensure_key(kernel, actor, ask))
    answer.headers.append((b"cache-control", b"no-store"))
    return answer


ROUTES = [
    get("/user-entity/key", storage, service.key, errors=(NotFound,)),
    post("/user-entity/key", storage, service.create_key, errors=(Conflict,)),
    post("/user-entity/key/ensure", storage, ensure_key),
    post("/user-entity/entity", storage, service.create, errors=(Conflict,)),
    put("/user-entity/entity", storage, service.update, errors=(NotFound, Conflict)),
    delete("/user-entity/entity", storage, service.delete),
    get("/user-entity/entity/diff", storage, service.diff),
]

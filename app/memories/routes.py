"""Routes of /memory-share* (collections.md §11)."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import storage
from ..http.routing import delete, get, post
from ..kernel.errors import Forbidden, NotFound
from . import service

ROUTES = [
    post("/memory-share", storage, service.create, errors=(Forbidden,)),
    get("/memory-share", storage, service.listing),
    get("/memory-share/{memory_id}", storage, service.get_one, errors=(Forbidden, NotFound)),
    delete("/memory-share/{memory_id}", storage, service.delete, done=OBJECT, errors=(NotFound,)),
]

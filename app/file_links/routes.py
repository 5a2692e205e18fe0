"""Routes of /files/share-url* (files.md §7.1)."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import storage
from ..http.routing import delete, get, post, put
from ..kernel.errors import Forbidden, NotFound
from . import service

_OWN = (Forbidden, NotFound)

ROUTES = [
    post("/files/share-url", storage, service.create, keeps=True, errors=_OWN),
    put("/files/share-url", storage, service.change, errors=_OWN),
    delete("/files/share-url/{file_id}", storage, service.end, done=OBJECT, errors=_OWN),
    get("/files/share-url", storage, service.listing),
    get("/files/share-urls", storage, service.listing),
]

"""Routes of the trash (files.md §9)."""

from __future__ import annotations

from ..http.auth import storage
from ..http.routing import get, post
from ..kernel.errors import Forbidden, NotFound, TooLarge
from . import service

ROUTES = [
    post("/files/trash", storage, service.trash, errors=(Forbidden, NotFound, TooLarge)),
    get("/trash/v2/diff", storage, service.diff),
    post("/trash/delete", storage, service.delete, errors=(TooLarge,)),
    post("/files/delete", storage, service.delete, errors=(TooLarge,)),
    post("/trash/empty", storage, service.empty),
]

"""Routes of /user-entity/* (misc.md §2)."""

from __future__ import annotations

from ..http.auth import storage
from ..http.routing import delete, get, post, put
from ..kernel.errors import Conflict, NotFound
from . import service

ROUTES = [
    get("/user-entity/key", storage, service.key, errors=(NotFound,)),
    post("/user-entity/key", storage, service.create_key, errors=(Conflict,)),
    post("/user-entity/entity", storage, service.create, errors=(Conflict,)),
    put("/user-entity/entity", storage, service.update, errors=(NotFound, Conflict)),
    delete("/user-entity/entity", storage, service.delete),
    get("/user-entity/entity/diff", storage, service.diff),
]

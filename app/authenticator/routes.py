"""Routes of /authenticator/* (misc.md §3). Open to every app's session: a photos session shows how many codes an account has."""

from __future__ import annotations

from ..http.auth import session
from ..http.routing import delete, get, post, put
from ..kernel.errors import Conflict, NotFound
from . import service

ROUTES = [
    get("/authenticator/key", session, service.key, errors=(NotFound,)),
    post("/authenticator/key", session, service.create_key, errors=(NotFound, Conflict)),
    post("/authenticator/entity", session, service.create),
    put("/authenticator/entity", session, service.update, errors=(NotFound,)),
    delete("/authenticator/entity", session, service.delete),
    get("/authenticator/entity/diff", session, service.diff),
]

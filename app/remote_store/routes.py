"""Routes of /remote-store* and /custom-domain (misc.md §4)."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import anyone, session
from ..http.routing import delete, get, post
from ..kernel.errors import Conflict, NotFound
from . import service

ROUTES = [
    get("/remote-store", session, service.get, errors=(NotFound,)),
    post("/remote-store/update", session, service.update, errors=(Conflict,)),
    delete("/remote-store/{key}", session, service.remove),
    get("/remote-store/feature-flags", session, service.feature_flags),
    get("/custom-domain", anyone, service.require_claimed, limit="custom_domain", errors=(NotFound,), done=OBJECT),
]

"""Routes of /cast/* (collections.md §10): a TV's without an account, a phone's with one, and a TV's with its token."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import anyone, storage
from ..http.routing import delete, get, post
from ..kernel.errors import Forbidden, NotFound
from ..objects import doors
from . import service
from .service import tv

ROUTES = [
    post("/cast/device-info", anyone, service.offer, limit="sensitive"),
    get("/cast/cast-data/{code}", anyone, service.payload, limit="cast_codes", errors=(NotFound,)),
    get("/cast/device-info/{code}", storage, service.keys, limit="cast_codes", errors=(NotFound,)),
    post("/cast/cast-data", storage, service.answer, errors=(NotFound,)),
    get("/cast/device-info", storage, service.devices),
    delete("/cast/device-info/{device_id}", storage, service.end, done=OBJECT),
    delete("/cast/revoke-all-tokens", storage, service.end_all, done=OBJECT),
    get("/cast/info", tv, service.info),
    get("/cast/diff", tv, service.diff, errors=(Forbidden,)),
    *doors.routes("/cast/files", tv, service.find),
]

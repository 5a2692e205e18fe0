"""Routes of /users/two-factor/*, but for the passkeys' own (accounts.md §5.7)."""

from __future__ import annotations

from ..http.auth import anyone, session
from ..http.routing import get, post
from ..kernel.errors import BadRequest, Forbidden, NotFound, TooMany, Unauthorized
from . import passing, service

ROUTES = [
    get("/users/two-factor/status", session, service.status, limit="sensitive"),
    get("/users/two-factor/recovery-status", session, service.recovery_status, limit="sensitive"),
    post("/users/two-factor/setup", session, service.setup, limit="sensitive", errors=(NotFound,)),
    post("/users/two-factor/enable", session, service.enable, limit="sensitive", errors=(Unauthorized,)),
    post("/users/two-factor/disable", session, service.disable, limit="sensitive"),
    post("/users/two-factor/verify", anyone, passing.verify, limit="sensitive", errors=(BadRequest, NotFound, TooMany, Unauthorized)),
    get("/users/two-factor/recover", anyone, passing.recover, limit="sensitive", errors=(NotFound,)),
    post("/users/two-factor/remove", anyone, passing.remove, limit="sensitive", errors=(Forbidden, NotFound)),
]

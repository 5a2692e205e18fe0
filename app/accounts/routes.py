"""Routes of an account under /users/* (accounts.md §5.5, §5.11)."""

from __future__ import annotations

from ..http.auth import session, storage
from ..http.routing import get, post, put
from ..kernel.access import Session
from ..kernel.errors import Conflict, NotFound, TooMany
from . import details, keys, wire


async def report_event(actor: Session, ask: wire.ClientEvent) -> None:
    """Clients report on themselves here; nothing is kept of it, by choice."""


ROUTES = [
    put("/users/recovery-key", session, keys.set_recovery_key, errors=(NotFound, Conflict)),
    get("/users/public-key", session, keys.public_key, limit="public_key", errors=(NotFound, TooMany)),
    post("/users/public-keys", session, keys.public_keys, limit="public_key", errors=(NotFound, TooMany)),
    get("/users/details/v2", session, details.details, errors=(NotFound,)),
    put("/users/email-mfa", session, details.set_email_mfa, errors=(Conflict,)),
    post("/users/event", session, report_event),
    get("/users/deletion-summary", session, details.deletion_summary),
    get("/users/locker-usage", storage, details.locker_usage),
]

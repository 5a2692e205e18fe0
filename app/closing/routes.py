"""Routes of closing an account and of bringing it back (accounts.md §5.14)."""

from __future__ import annotations

from ..http.auth import anyone, session
from ..http.routing import delete, get, post
from ..kernel.errors import Forbidden, NotFound
from . import deletion, restoring

ROUTES = [
    get("/users/delete-challenge", session, deletion.challenge, errors=(NotFound,)),
    delete("/users/delete", session, deletion.delete, keeps=False, errors=(Forbidden,)),
    get(restoring.PATH, anyone, restoring.page),
    post(f"{restoring.PATH}/page", anyone, restoring.press, limit="sensitive"),
    post(restoring.PATH, anyone, restoring.recover, limit="sensitive", errors=restoring.REFUSALS),
    post(f"{restoring.PATH}/validate", anyone, restoring.validate, limit="sensitive", errors=restoring.REFUSALS),
]

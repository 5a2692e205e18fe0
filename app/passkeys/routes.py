"""Routes of /passkeys* (with the accounts page's token) and /users/two-factor/passkeys/* (accounts.md §5.8, §5.9)."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import accounts_page, anyone, session
from ..http.routing import delete, get, patch, post
from ..kernel.errors import CodedBadRequest, Conflict, Gone, NotFound, Unauthorized
from . import passing, registration, service

ROUTES = [
    get("/passkeys", accounts_page, service.passkeys),
    patch("/passkeys/{id}", accounts_page, service.rename, errors=(CodedBadRequest,), done=OBJECT),
    delete("/passkeys/{id}", accounts_page, service.delete, done=OBJECT),
    post("/passkeys/registration/begin", accounts_page, registration.begin, errors=(Conflict, NotFound)),
    post("/passkeys/registration/finish", accounts_page, registration.finish, keeps=False, errors=(CodedBadRequest, Conflict, NotFound), done=OBJECT),
    post("/users/two-factor/passkeys/begin", anyone, passing.begin, limit="sensitive", errors=(CodedBadRequest, Conflict, NotFound)),
    post("/users/two-factor/passkeys/finish", anyone, passing.finish, limit="sensitive", errors=(Conflict, Gone, NotFound, Unauthorized)),
    get("/users/two-factor/passkeys/get-token", anyone, passing.fetch, limit="sensitive", errors=(CodedBadRequest, Gone, NotFound)),
    post("/users/two-factor/passkeys/configure-recovery", session, service.configure_recovery, limit="sensitive", done=OBJECT),
]

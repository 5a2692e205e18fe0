"""Routes of log-in under /users/* (accounts.md §5)."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import anyone, session
from ..http.routing import delete, get, post, put
from ..kernel.errors import Conflict, Forbidden, Gone, NotFound, TooMany, Unauthorized, Unavailable
from ..mail.service import MailFailed
from . import code_login, codes, in_clear, password, session_list, sign_up, tokens, validity

CODE = (Unauthorized, Gone, TooMany)  # wrong, none alive, too many guesses
PROOF = (Unauthorized, Gone)

ROUTES = [
    post("/users/ott", anyone, codes.send, limit="sensitive", errors=(codes.RegistrationClosed, NotFound, Conflict, TooMany, MailFailed)),
    post("/users/verify-email", anyone, code_login.verify, limit="sensitive", errors=(*CODE, codes.RegistrationClosed)),
    post("/users/change-email", session, code_login.change_email, limit="sensitive", errors=(*CODE, Forbidden)),
    put("/users/attributes", session, sign_up.set_attributes, errors=(Forbidden,)),
    post("/users/login", anyone, in_clear.log_in, limit="sensitive", errors=(Forbidden, Unauthorized, Conflict, TooMany, Unavailable)),
    get("/users/session-validity/v2", validity.validity, validity.told),
    get("/users/srp/attributes", anyone, password.attributes, limit="sensitive", errors=(NotFound,)),
    post("/users/srp/create-session", anyone, password.start, limit="sensitive", errors=(Conflict,)),
    post("/users/srp/verify-session", anyone, password.finish, limit="sensitive", errors=(*PROOF, TooMany)),
    post("/users/srp/setup", session, password.setup, limit="sensitive"),
    post("/users/srp/complete", session, password.complete, limit="sensitive", errors=(*PROOF, NotFound)),
    post("/users/srp/update", session, password.update, limit="sensitive", errors=(*PROOF, NotFound)),
    get("/users/sessions", session, session_list.listed),
    delete("/users/sessions/current", session, session_list.log_out, done=OBJECT),
    delete("/users/sessions/{id}", session, session_list.end_one, done=OBJECT, errors=(NotFound,)),
    post("/users/sessions/revoke-others", session, session_list.end_others),
    delete("/users/session", session, session_list.end, done=OBJECT),
    post("/users/logout", session, session_list.log_out, done=OBJECT),
    get("/users/accounts-token", session, tokens.accounts_token),
    get("/users/families-token", session, tokens.families_token),
    get("/users/payment-token", session, tokens.payment_token),
]

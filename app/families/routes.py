"""Routes of /family/* (misc.md §8). Those of the admin take a session or, from older clients, a token of GET /users/families-token."""

from __future__ import annotations

from ..http.auth import anyone, family_page, session
from ..http.routing import delete, get, post
from ..kernel.errors import Forbidden, NotFound, PaymentRequired, StorageFull, TooMany
from . import joining, leading
from .service import Full, NotAcceptable, WasEnded

ENDING = (Forbidden, NotFound)

ROUTES = [
    post("/family/create", family_page, leading.create, errors=(PaymentRequired,)),
    post(
        "/family/add-member",
        family_page,
        leading.add_member,
        limit="sensitive",
        errors=(PaymentRequired, NotFound, NotAcceptable, Full, StorageFull, TooMany),
    ),
    get("/family/members", family_page, leading.members),
    delete("/family/remove-member/{id}", family_page, leading.remove_member, errors=ENDING),
    delete("/family/revoke-invite/{id}", family_page, leading.revoke_invite, errors=ENDING),
    post("/family/modify-storage", family_page, leading.modify_storage, errors=(*ENDING, StorageFull)),
    delete("/family/leave", session, joining.leave, errors=(Forbidden,)),
    get("/family/invite-info/{token}", anyone, joining.invite_info, limit="sensitive", errors=(NotFound,)),
    post("/family/accept-invite", anyone, joining.accept_invite, limit="sensitive", errors=(NotFound, WasEnded, NotAcceptable)),
]

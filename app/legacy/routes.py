"""Routes of /emergency-contacts/* and /legacy-kits/* (misc.md §6, §7). Finders of a kit have no account: its parts are their credential."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import anyone, session
from ..http.routing import delete, get, post
from ..kernel.errors import Conflict, Forbidden, Gone, NotFound, TooMany, Unauthorized
from . import kit_recovery, kits, recovery, trust

PARTY = (Forbidden, NotFound)
PROOF = (Unauthorized, Gone, NotFound)

ROUTES = [
    post("/emergency-contacts/add", session, trust.add, limit="sensitive", errors=(NotFound, TooMany)),
    get("/emergency-contacts/info", session, trust.info),
    post("/emergency-contacts/update", session, trust.update, done=OBJECT, errors=(Forbidden,)),
    post("/emergency-contacts/update-recovery-notice", session, trust.update_notice, done=OBJECT),
    post("/emergency-contacts/start-recovery", session, recovery.start, limit="sensitive", done=OBJECT, errors=PARTY),
    post("/emergency-contacts/stop-recovery", session, recovery.stop, done=OBJECT, errors=PARTY),
    post("/emergency-contacts/reject-recovery", session, recovery.reject, done=OBJECT, errors=PARTY),
    post("/emergency-contacts/approve-recovery", session, recovery.approve, done=OBJECT, errors=PARTY),
    get("/emergency-contacts/recovery-info/{id}", session, recovery.keys, errors=PARTY),
    post("/emergency-contacts/init-change-password", session, recovery.begin_password, limit="sensitive", errors=(*PARTY, TooMany)),
    post("/emergency-contacts/change-password", session, recovery.set_password, limit="sensitive", errors=(*PROOF, Forbidden)),
    post("/legacy-kits", session, kits.make, errors=(Conflict,)),
    get("/legacy-kits", session, kits.listed),
    get("/legacy-kits/{id}/download", session, kits.content, errors=(NotFound,)),
    get("/legacy-kits/{id}/download-content", session, kits.content, errors=(NotFound,)),
    get("/legacy-kits/{id}/recovery-session", session, kits.under_way, errors=(NotFound,)),
    post("/legacy-kits/update-recovery-notice", session, kits.update_notice, errors=(NotFound,)),
    post("/legacy-kits/block-recovery", session, kits.block, errors=(NotFound,)),
    delete("/legacy-kits/{id}", session, kits.delete, errors=(NotFound,)),
    post("/legacy-kits/recovery/challenge", anyone, kit_recovery.challenge, limit="sensitive", errors=(NotFound,)),
    post("/legacy-kits/recovery/open", anyone, kit_recovery.open_kit, limit="sensitive", errors=(NotFound, TooMany)),
    post("/legacy-kits/recovery/session", anyone, kit_recovery.look, errors=(NotFound,)),
    post("/legacy-kits/recovery/info", anyone, kit_recovery.keys, errors=(NotFound,)),
    post("/legacy-kits/recovery/init-change-password", anyone, kit_recovery.begin_password, limit="sensitive", errors=(NotFound, TooMany)),
    post("/legacy-kits/recovery/change-password", anyone, kit_recovery.set_password, limit="sensitive", errors=PROOF),
]

"""Routes of /users/* (accounts.md §5). Each decodes, calls one service function and encodes."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import anyone, session, storage
from ..http.request import Request
from ..http.routing import delete, get, post, put
from ..kernel.access import Session
from ..kernel.wire import go_bool
from . import codes, deletion, details, devices, email, keys, password, restoring, wire
from .gate import validity
from .service import Device

GONE: dict[str, str] = {}  # the `{}` that ending a session answers


# --- codes by e-mail
async def send_code(request: Request, _: None) -> Answer:
    await codes.send(request.kernel, await request.json(wire.CodeRequest), request.app, request.client_ip)
    return EMPTY


async def verify_email(request: Request, _: None) -> Answer:
    return reply(await email.verify(request.kernel, await request.json(wire.CodeProof), Device.of(request)))


async def change_email(request: Request, actor: Session) -> Answer:
    await email.change(request.kernel, actor, await request.json(wire.CodeProof))
    return EMPTY


# --- keys
async def set_attributes(request: Request, actor: Session) -> Answer:
    await keys.set_attributes(request.kernel, actor, await request.json(wire.NewAttributes))
    return EMPTY


async def set_recovery_key(request: Request, actor: Session) -> Answer:
    await keys.set_recovery_key(request.kernel, actor, await request.json(wire.RecoveryKey))
    return EMPTY


async def public_key(request: Request, actor: Session) -> Answer:
    return reply(await keys.public_key(request.kernel, request.query.get("email", "")))


async def session_validity(request: Request, found: wire.Validity) -> Answer:
    return reply(found)


# --- password log-in
async def srp_attributes(request: Request, _: None) -> Answer:
    found = await password.attributes(request.kernel, request.query.get("email", ""), request.client_ip)
    return reply(wire.SrpAttributesReply(attributes=found))


async def srp_start(request: Request, _: None) -> Answer:
    return reply(await password.start(request.kernel, await request.json(wire.SrpStart)))


async def srp_finish(request: Request, _: None) -> Answer:
    return reply(await password.finish(request.kernel, await request.json(wire.SrpProof), Device.of(request)))


async def srp_setup(request: Request, actor: Session) -> Answer:
    return reply(await password.setup(request.kernel, actor, await request.json(wire.SrpSetup)))


async def srp_complete(request: Request, actor: Session) -> Answer:
    return reply(await password.complete(request.kernel, actor, await request.json(wire.SrpComplete)))


async def srp_update(request: Request, actor: Session) -> Answer:
    return reply(await password.update(request.kernel, actor, await request.json(wire.SrpUpdate)))


# --- sessions
async def list_sessions(request: Request, actor: Session) -> Answer:
    return reply(await devices.sessions(request.kernel, actor))


async def end_session(request: Request, actor: Session) -> Answer:
    await devices.end(request.kernel, actor, request.query.get("token", ""))
    return reply(GONE)


async def log_out(request: Request, actor: Session) -> Answer:
    await devices.log_out(request.kernel, actor)
    return reply(GONE)


# --- the account
async def get_details(request: Request, actor: Session) -> Answer:
    count_files = "memoryCount" not in request.query or bool(go_bool(request.query["memoryCount"]))
    return reply(await details.details(request.kernel, actor, count_files))


async def set_email_mfa(request: Request, actor: Session) -> Answer:
    await details.set_email_mfa(request.kernel, actor, await request.json(wire.EmailMfa))
    return EMPTY


async def report_event(request: Request, actor: Session) -> Answer:
    """Clients report on themselves here; nothing is kept of it, by choice."""
    await request.json(wire.Event)
    return EMPTY


async def deletion_summary(request: Request, actor: Session) -> Answer:
    return reply(await details.deletion_summary(request.kernel, actor))


async def delete_challenge(request: Request, actor: Session) -> Answer:
    return reply(await deletion.challenge(request.kernel, actor))


async def delete_account(request: Request, actor: Session) -> Answer:
    return reply(await deletion.delete(request.kernel, actor, await request.json(wire.DeleteAccount)))


async def recover_account(request: Request, _: None) -> Answer:
    page = await restoring.page(request.kernel, request.query.get("token", ""))
    return Answer(page, media=b"text/html; charset=utf-8", headers=[(b"content-security-policy", b"default-src 'none'")])


async def locker_usage(request: Request, actor: Session) -> Answer:
    return reply(await details.locker_usage(request.kernel, actor))


async def two_factor_status(request: Request, actor: Session) -> Answer:
    return reply(await details.two_factor_status(request.kernel, actor))


async def recovery_status(request: Request, actor: Session) -> Answer:
    return reply(details.recovery_status())


async def accounts_token(request: Request, actor: Session) -> Answer:
    return reply(details.accounts_token(request.kernel, actor))


async def families_token(request: Request, actor: Session) -> Answer:
    return reply(details.families_token(request.kernel, actor))


async def payment_token(request: Request, actor: Session) -> Answer:
    return reply(details.payment_token(request.kernel, actor))


ROUTES = [
    post("/users/ott", anyone, send_code, limit="sensitive"),
    post("/users/verify-email", anyone, verify_email, limit="sensitive"),
    post("/users/change-email", session, change_email, limit="sensitive"),
    put("/users/attributes", session, set_attributes),
    put("/users/recovery-key", session, set_recovery_key),
    get("/users/public-key", session, public_key, limit="public_key"),
    get("/users/session-validity/v2", validity, session_validity),
    get("/users/srp/attributes", anyone, srp_attributes, limit="sensitive"),
    post("/users/srp/create-session", anyone, srp_start, limit="sensitive"),
    post("/users/srp/verify-session", anyone, srp_finish, limit="sensitive"),
    post("/users/srp/setup", session, srp_setup, limit="sensitive"),
    post("/users/srp/complete", session, srp_complete, limit="sensitive"),
    post("/users/srp/update", session, srp_update, limit="sensitive"),
    get("/users/sessions", session, list_sessions),
    delete("/users/session", session, end_session),
    post("/users/logout", session, log_out),
    get("/users/details/v2", session, get_details),
    put("/users/email-mfa", session, set_email_mfa),
    post("/users/event", session, report_event),
    get("/users/deletion-summary", session, deletion_summary),
    get("/users/delete-challenge", session, delete_challenge),
    delete("/users/delete", session, delete_account),
    get(restoring.PATH, anyone, recover_account),
    get("/users/locker-usage", storage, locker_usage),
    get("/users/two-factor/status", session, two_factor_status, limit="sensitive"),
    get("/users/two-factor/recovery-status", session, recovery_status, limit="sensitive"),
    get("/users/accounts-token", session, accounts_token),
    get("/users/families-token", session, families_token),
    get("/users/payment-token", session, payment_token),
]

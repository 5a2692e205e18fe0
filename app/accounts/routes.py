"""Routes of /users/* (accounts.md §5). Each decodes, calls one service function and encodes."""

from __future__ import annotations

from ..access import Session
from ..http.auth import anyone, session, storage
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from ..wire import go_bool
from . import codes, deletion, details, devices, email, keys, password, restoring, wire
from .gate import validity
from .service import Device

routes = Routes()
GONE: dict[str, str] = {}  # the `{}` that ending a session answers


# --- codes by e-mail
@routes.post("/users/ott", anyone, limit="sensitive")
async def send_code(call: Call, _: None) -> Answer:
    await codes.send(call.kernel, await call.json(wire.CodeRequest), call.app, call.client_ip)
    return EMPTY


@routes.post("/users/verify-email", anyone, limit="sensitive")
async def verify_email(call: Call, _: None) -> Answer:
    return reply(await email.verify(call.kernel, await call.json(wire.CodeProof), Device.of(call)))


@routes.post("/users/change-email", session, limit="sensitive")
async def change_email(call: Call, actor: Session) -> Answer:
    await email.change(call.kernel, actor, await call.json(wire.CodeProof))
    return EMPTY


# --- keys
@routes.put("/users/attributes", session)
async def set_attributes(call: Call, actor: Session) -> Answer:
    await keys.set_attributes(call.kernel, actor, await call.json(wire.NewAttributes))
    return EMPTY


@routes.put("/users/recovery-key", session)
async def set_recovery_key(call: Call, actor: Session) -> Answer:
    await keys.set_recovery_key(call.kernel, actor, await call.json(wire.RecoveryKey))
    return EMPTY


@routes.get("/users/public-key", session, limit="public_key")
async def public_key(call: Call, actor: Session) -> Answer:
    return reply(await keys.public_key(call.kernel, call.query.get("email", "")))


@routes.get("/users/session-validity/v2", validity)
async def session_validity(call: Call, found: wire.Validity) -> Answer:
    return reply(found)


# --- password log-in
@routes.get("/users/srp/attributes", anyone, limit="sensitive")
async def srp_attributes(call: Call, _: None) -> Answer:
    found = await password.attributes(call.kernel, call.query.get("email", ""), call.client_ip)
    return reply(wire.SrpAttributesReply(attributes=found))


@routes.post("/users/srp/create-session", anyone, limit="sensitive")
async def srp_start(call: Call, _: None) -> Answer:
    return reply(await password.start(call.kernel, await call.json(wire.SrpStart)))


@routes.post("/users/srp/verify-session", anyone, limit="sensitive")
async def srp_finish(call: Call, _: None) -> Answer:
    return reply(await password.finish(call.kernel, await call.json(wire.SrpProof), Device.of(call)))


@routes.post("/users/srp/setup", session, limit="sensitive")
async def srp_setup(call: Call, actor: Session) -> Answer:
    return reply(await password.setup(call.kernel, actor, await call.json(wire.SrpSetup)))


@routes.post("/users/srp/complete", session, limit="sensitive")
async def srp_complete(call: Call, actor: Session) -> Answer:
    return reply(await password.complete(call.kernel, actor, await call.json(wire.SrpComplete)))


@routes.post("/users/srp/update", session, limit="sensitive")
async def srp_update(call: Call, actor: Session) -> Answer:
    return reply(await password.update(call.kernel, actor, await call.json(wire.SrpUpdate)))


# --- sessions
@routes.get("/users/sessions", session)
async def list_sessions(call: Call, actor: Session) -> Answer:
    return reply(await devices.sessions(call.kernel, actor))


@routes.delete("/users/session", session)
async def end_session(call: Call, actor: Session) -> Answer:
    await devices.end(call.kernel, actor, call.query.get("token", ""))
    return reply(GONE)


@routes.post("/users/logout", session)
async def log_out(call: Call, actor: Session) -> Answer:
    await devices.log_out(call.kernel, actor)
    return reply(GONE)


# --- the account
@routes.get("/users/details/v2", session)
async def get_details(call: Call, actor: Session) -> Answer:
    count_files = "memoryCount" not in call.query or bool(go_bool(call.query["memoryCount"]))
    return reply(await details.details(call.kernel, actor, count_files))


@routes.put("/users/email-mfa", session)
async def set_email_mfa(call: Call, actor: Session) -> Answer:
    await details.set_email_mfa(call.kernel, actor, await call.json(wire.EmailMfa))
    return EMPTY


@routes.post("/users/event", session)
async def report_event(call: Call, actor: Session) -> Answer:
    """Clients report on themselves here; nothing is kept of it, by choice."""
    await call.json(wire.Event)
    return EMPTY


@routes.get("/users/deletion-summary", session)
async def deletion_summary(call: Call, actor: Session) -> Answer:
    return reply(await details.deletion_summary(call.kernel, actor))


@routes.get("/users/delete-challenge", session)
async def delete_challenge(call: Call, actor: Session) -> Answer:
    return reply(await deletion.challenge(call.kernel, actor))


@routes.delete("/users/delete", session)
async def delete_account(call: Call, actor: Session) -> Answer:
    return reply(await deletion.delete(call.kernel, actor, await call.json(wire.DeleteAccount)))


@routes.get(restoring.PATH, anyone)
async def recover_account(call: Call, _: None) -> Answer:
    page = await restoring.page(call.kernel, call.query.get("token", ""))
    return Answer(page, media=b"text/html; charset=utf-8", headers=[(b"content-security-policy", b"default-src 'none'")])


@routes.get("/users/locker-usage", storage)
async def locker_usage(call: Call, actor: Session) -> Answer:
    return reply(await details.locker_usage(call.kernel, actor))


@routes.get("/users/two-factor/status", session, limit="sensitive")
async def two_factor_status(call: Call, actor: Session) -> Answer:
    return reply(await details.two_factor_status(call.kernel, actor))


@routes.get("/users/two-factor/recovery-status", session, limit="sensitive")
async def recovery_status(call: Call, actor: Session) -> Answer:
    return reply(details.recovery_status())


@routes.get("/users/accounts-token", session)
async def accounts_token(call: Call, actor: Session) -> Answer:
    return reply(details.accounts_token(call.kernel, actor))


@routes.get("/users/families-token", session)
async def families_token(call: Call, actor: Session) -> Answer:
    return reply(details.families_token(call.kernel, actor))


@routes.get("/users/payment-token", session)
async def payment_token(call: Call, actor: Session) -> Answer:
    return reply(details.payment_token(call.kernel, actor))

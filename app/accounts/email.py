"""What a code from the mailbox opens: sign-up and log-in (accounts.md §5.3), and a new address (§5.13)."""

from __future__ import annotations

from ..db import Tx
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.crypto import normal_email
from ..kernel.errors import Forbidden, Gone
from ..kernel.parts import Kernel
from . import codes, queries, service
from .codes import Check
from .wire import Authorised, CodeProof


async def verify(kernel: Kernel, ask: CodeProof, device: service.Device) -> Authorised:
    """Log in by code; an address without an account gets one, where registration allows it (403 otherwise, the code is used up)."""
    check, grant = await kernel.db.write("accounts.verify_email", _verify, kernel, ask, device)
    check.refuse()
    if grant is None:
        raise Forbidden(log="registration is not open for this address")
    return service.answer(grant)


def _verify(tx: Tx, kernel: Kernel, ask: CodeProof, device: service.Device) -> tuple[Check, service.Grant | None]:
    email = normal_email(ask.email)
    check = codes.redeem(tx, kernel, email, device.app, ask.ott.strip())
    if check is not Check.OK:
        return check, None
    email_hash = kernel.crypto.hash(email)
    user_id = queries.user_by_email(tx, email_hash)
    if user_id is None:
        if not codes.may_register(tx, kernel.config, email_hash):
            return check, None
        user_id = service.register(tx, kernel, email, ask.source)
    return check, service.authorise(tx, kernel, user_id, device)


async def change(kernel: Kernel, actor: Session, ask: CodeProof) -> None:
    """Give the account a new address, proved by a code sent there; 403 when it belongs to any account. Sessions stay."""
    (await kernel.db.write("accounts.change_email", _change, kernel, actor, ask)).refuse()


def _change(tx: Tx, kernel: Kernel, actor: Session, ask: CodeProof) -> Check:
    email = normal_email(ask.email)
    check = codes.redeem(tx, kernel, email, actor.app, ask.ott.strip())
    if check is Check.OK:
        email_hash = kernel.crypto.hash(email)
        sync.lock_account(tx, actor.user_id)
        if queries.user(tx, actor.user_id) is None:
            raise Gone(log=f"account {actor.user_id} was deleted")
        if queries.user_by_email(tx, email_hash) is not None:
            raise Forbidden(log="the address has an account")  # the code comes back with the rollback: it harms nobody
        queries.set_email(tx, actor.user_id, (*kernel.crypto.encrypt(email), email_hash))
    return check

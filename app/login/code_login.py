"""What a code from the mailbox opens: sign-up and log-in (accounts.md §5.3), and a new address (§5.13)."""

from __future__ import annotations

from ..accounts import service as accounts
from ..contacts import service as contacts
from ..db import Tx
from ..http.client import Client
from ..kernel import people, sync
from ..kernel.access import Session
from ..kernel.crypto import normal_email
from ..kernel.errors import Forbidden, Gone
from ..kernel.parts import Kernel
from ..mail import service as mail
from ..second_factor import service as second_factor
from . import codes, service
from .codes import Check
from .wire import Authorised, CodeProof

NOT_ME = "If that was not you, tell who runs this server at once."


async def verify(kernel: Kernel, ask: CodeProof, client: Client) -> Authorised:
    """Log in by code; an address without an account gets one, where registration allows it (403 otherwise, the code is used up)."""
    check, grant = await kernel.db.write("login.verify_email", _verify, kernel, ask, client)
    check.refuse()
    if grant is None:
        refusal = codes.RegistrationClosed(normal_email(ask.email))
        refusal.note()
        raise refusal
    return service.answer(kernel.config, grant)


def _verify(tx: Tx, kernel: Kernel, ask: CodeProof, client: Client) -> tuple[Check, second_factor.Admission | None]:
    email = normal_email(ask.email)
    check = codes.redeem(tx, kernel, email, client, ask.ott.strip())
    if check is not Check.OK:
        return check, None
    user_id = people.find(tx, kernel.crypto, email)
    if user_id is None:
        if not accounts.may_register_now(tx, kernel, email):
            return check, None
        user_id = accounts.register(tx, kernel, email, ask.source)
    return check, second_factor.admit(tx, kernel, user_id, client)


async def change_email(kernel: Kernel, actor: Session, ask: CodeProof, client: Client) -> None:
    """Give the account a new address, proved by a code sent there; 403 when it belongs to any account. Sessions stay."""
    old = await mail.address_of(kernel, actor.user_id)
    (await kernel.db.write("login.change_email", _change_email, kernel, actor, ask, client)).refuse()
    texts = (f"Your account now belongs to {normal_email(ask.email)}: codes go there, and you log in with it.", NOT_ME)
    mail.post(kernel, old, mail.Mail("Email address updated", texts))


def _change_email(tx: Tx, kernel: Kernel, actor: Session, ask: CodeProof, client: Client) -> Check:
    email = normal_email(ask.email)
    check = codes.redeem(tx, kernel, email, client, ask.ott.strip())
    if check is Check.OK:
        sync.lock_account(tx, actor.user_id)
        if not accounts.is_live(tx, actor.user_id):
            raise Gone(log=f"account {actor.user_id} was deleted")
        if people.find(tx, kernel.crypto, email) is not None:
            raise Forbidden(log="the address has an account")  # the code comes back with the rollback: it harms nobody
        accounts.set_email(tx, actor.user_id, (*kernel.crypto.encrypt(email), kernel.crypto.hash(email)))
        contacts.address_changed(tx, actor.user_id, kernel.clock.now())
    return check

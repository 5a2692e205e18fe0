"""Administrators' routes as Ente's tools call them (misc.md §12).

What this server has nothing of (mailing lists, coupons, queues, referral codes) is refused in words: no tool is told that something was done.
"""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec

from ..accounts import entry
from ..accounts import service as accounts
from ..db import Tx
from ..http.answer import OBJECT
from ..http.query import Exact, Query
from ..http.routing import delete, get, post, put
from ..kernel import people
from ..kernel.access import App
from ..kernel.clock import DAY
from ..kernel.crypto import normal_email, token_hash
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, Gone, NotFound
from ..kernel.fields import Address
from ..kernel.parts import Kernel
from ..mail.service import MailFailed
from . import queries, service
from .guards import Administrator, administrator, fresh_administrator
from .wire import (
    Deleted,
    Deletion,
    Deletions,
    EmailMfa,
    Emails,
    EndSession,
    Hash,
    Hashes,
    NewAddress,
    NewBonus,
    NewCode,
    NewFlag,
    NewMail,
    NewSubscription,
    Recover,
    Token,
    User,
    UserDetails,
    Users,
    Whom,
)

PRODUCT = "free"  # of a plan that `ente admin update-subscription` agrees to change; to their owners plans are paid
MOST = 10_000  # users in one answer


class Which(Query):
    email: Address = ""
    id: int = 0


class Named(Query):
    email: Address = ""


class Since(Query):
    since_time: Exact


async def user(kernel: Kernel, actor: Administrator, query: Which) -> UserDetails:
    """By address or number; 400 for neither, 404 for nobody's."""
    if not query.email and not query.id:
        raise BadRequest(log="neither email nor id")
    return await kernel.db.scan(_user, kernel, query)


def _user(tx: Tx, kernel: Kernel, query: Which) -> UserDetails:
    user_id = query.id or people.find(tx, kernel.crypto, query.email)
    row = None if user_id is None else queries.account(tx, user_id)
    if row is None or row.deleted_at is not None:
        raise NotFound(log="no such account")
    details = entry.details_of(tx, kernel, row.user_id, "photos", True)
    return UserDetails(
        user=_shown(kernel, row),
        subscription=msgspec.structs.replace(accounts.subscription(tx, kernel.config, row.user_id), product_id=PRODUCT),
        details=details,
        tokens=[
            Token(creation_time=s.created_at, last_used_time=s.last_used_at, ua=s.user_agent, is_deleted=False, app=s.app)
            for s in queries.sessions(tx, row.user_id)
        ],
        auth_codes=entry.code_count(tx, row.user_id),
    )


def _shown(kernel: Kernel, row: queries.Account) -> User:
    return User(
        id=row.user_id,
        email=service.address(kernel, row),
        hash=row.email_hash,
        creation_time=row.created_at,
        is_two_factor_enabled=row.totp,
        is_email_mfa_enabled=row.email_mfa,
    )


async def users(kernel: Kernel, actor: Administrator, query: Since) -> Users:
    """Accounts made after a time."""
    rows = await kernel.db.scan(queries.created_since, query.since_time, MOST)
    return Users(users=[_shown(kernel, row) for row in rows])


async def close(kernel: Kernel, actor: Administrator, query: Named) -> Deleted:
    """What its owner does by deleting it."""
    if not query.email:
        raise BadRequest(log="email is required")
    user_id = await service.find(kernel, normal_email(query.email))
    await service.close(kernel, actor.name, user_id)
    return Deleted(is_subscription_cancelled=True, user_id=user_id)


async def disable_codes(kernel: Kernel, actor: Administrator, ask: Whom) -> None:
    await service.reset_second_factor(kernel, actor.name, ask.user_id, keys=False)


async def disable_passkeys(kernel: Kernel, actor: Administrator, ask: Whom) -> None:
    await service.reset_second_factor(kernel, actor.name, ask.user_id, codes=False)


async def subscribe(kernel: Kernel, actor: Administrator, ask: NewSubscription) -> None:
    """The limit and its end; 400 below zero."""
    if ask.storage < 0:
        raise CodedBadRequest("storage should not be below zero")
    await service.set_plan(kernel, actor.name, ask.user_id, ask.storage, ask.expiry_time)


async def email_mfa(kernel: Kernel, actor: Administrator, ask: EmailMfa) -> None:
    if ask.email_mfa is None:
        raise CodedBadRequest("emailMFA is required")
    await service.set_email_mfa(kernel, actor.name, ask.user_id, ask.email_mfa)


async def add_code(kernel: Kernel, actor: Administrator, ask: NewCode) -> None:
    await service.add_code(kernel, actor.name, ask.email, cast(App, ask.app), ask.code, ask.expiry_time)


async def send_mail(kernel: Kernel, actor: Administrator, ask: NewMail) -> None:
    """What is sent is the text of the HTML."""
    if not ask.to:
        raise CodedBadRequest("to is required")
    text = re.sub(r"(?i)<(br|/p|/div|/h[1-6]|/li|/tr)\b[^>]*>", "\n", ask.body)
    text = html.unescape(re.sub(r"(?is)<(style|script|head)\b.*?</\1>|<[^>]*>", "", text))
    await service.send_mail(kernel, actor.name, ask.to, ask.from_name, ask.subject, text)


async def close_family(kernel: Kernel, actor: Administrator, ask: Whom) -> None:
    await service.dissolve_family(kernel, actor.name, ask.user_id)


async def update_flag(kernel: Kernel, actor: Administrator, ask: NewFlag) -> None:
    if ask.value is None:
        raise BadRequest(log="no value")
    await service.set_flag(kernel, actor.name, ask.user_id, ask.key, ask.value)


async def unblock(kernel: Kernel, actor: Administrator, ask: Whom) -> None:
    await service.unblock(kernel, actor.name, ask.user_id)


LASTING = ("ADD_ON_SUPPORT", "ADD_ON_NON_PROFIT")


async def change_bonus(kernel: Kernel, actor: Administrator, ask: NewBonus) -> None:
    """A bonus here is one figure without an end: a hundred years stand for it, and what ends sooner is refused."""
    if ask.testing or ask.bonus_type not in LASTING or ask.action not in ("ADD", "UPDATE", "REMOVE"):
        raise CodedBadRequest("only ADD_ON_SUPPORT and ADD_ON_NON_PROFIT, and ADD, UPDATE or REMOVE, are known here")
    if ask.action != "REMOVE" and not (ask.year == 100 and 1 <= ask.storage_in_gb <= 2000):
        raise CodedBadRequest("a bonus here has no end: 100 years, 1 to 2000 GB. A limit that ends is set by /admin/user/subscription")
    size = 0 if ask.action == "REMOVE" else ask.storage_in_gb << 30
    await service.set_bonus(kernel, actor.name, ask.user_id, size, more=ask.action == "ADD")


def _without(what: str) -> Callable[[Administrator], Awaitable[None]]:
    """A route that says what this server has not."""

    async def refuse(actor: Administrator) -> None:
        raise CodedBadRequest(f"this server has no {what}")

    return refuse


async def end_session(kernel: Kernel, actor: Administrator, ask: EndSession) -> None:
    await service.end_session(kernel, actor.name, ask.user_id, token_hash(ask.token))


async def change_email(kernel: Kernel, actor: Administrator, ask: NewAddress) -> None:
    await service.change_email(kernel, actor.name, ask.user_id, ask.email)


async def recover(kernel: Kernel, actor: Administrator, ask: Recover) -> None:
    await service.restore(kernel, actor.name, ask.user_id, ask.email_id)


async def scheduled(kernel: Kernel, actor: Administrator, query: Named) -> Deletions:
    """Deleted accounts that had this address and can still come back."""
    if not query.email:
        raise CodedBadRequest("email is required")
    return await kernel.db.scan(_scheduled, kernel, kernel.crypto.hash(normal_email(query.email)))


def _scheduled(tx: Tx, kernel: Kernel, email_hash: str) -> Deletions:
    kept = kernel.config.trash.retention_days * DAY
    rows = queries.former(tx, email_hash)
    used = queries.usage(tx, [user_id for user_id, _, _ in rows])
    return Deletions(
        scheduled_deletions=[
            Deletion(
                user_id=user_id,
                user_created_at=created,
                scheduled_at=gone,
                deletion_starts_at=gone + kept,
                storage_consumed=used.get(user_id, (0, 0))[0],
                authenticator_entry_count=entry.code_count(tx, user_id),
            )
            for user_id, created, gone in rows
        ]
    )


async def email_hash(kernel: Kernel, actor: Administrator, query: Named) -> Hash:
    """The form in which the database knows an address."""
    return Hash(hash=kernel.crypto.hash(normal_email(query.email)))


async def emails(kernel: Kernel, actor: Administrator, ask: Hashes) -> Emails:
    found = await kernel.db.scan(queries.by_hashes, ask.hashes)
    return Emails(emails=[kernel.crypto.decrypt(*found[h]) for h in dict.fromkeys(ask.hashes) if h in found])


ROUTES = [
    get("/admin/user", administrator, user, errors=(NotFound,)),
    get("/admin/users", fresh_administrator, users),
    delete("/admin/user/delete", fresh_administrator, close, errors=(NotFound,)),
    post("/admin/user/disable-2fa", fresh_administrator, disable_codes, done=OBJECT, errors=(NotFound,)),
    post("/admin/user/disable-passkeys", administrator, disable_passkeys, done=OBJECT, errors=(NotFound,)),
    put("/admin/user/subscription", administrator, subscribe, done=OBJECT, errors=(NotFound,)),
    post("/admin/user/update-email-mfa", administrator, email_mfa, done=OBJECT, errors=(NotFound, Conflict)),
    post("/admin/user/add-ott", administrator, add_code, done=OBJECT),
    post("/admin/user/terminate-session", administrator, end_session, done=OBJECT, errors=(NotFound,)),
    put("/admin/user/change-email", administrator, change_email, done=OBJECT, errors=(NotFound, Conflict)),
    post("/admin/user/recover", administrator, recover, done=OBJECT, errors=(NotFound, Conflict, Gone)),
    post("/admin/mail", administrator, send_mail, keeps=False, done=OBJECT, errors=(MailFailed,)),
    post("/admin/user/bonus", administrator, change_bonus, done=OBJECT, errors=(NotFound,)),
    post("/admin/user/update-referral", administrator, _without("referral codes")),
    post("/admin/queue/re-queue", administrator, _without("such queue: `darkroom storage resync NAME` has copies made that were given up")),
    post("/admin/mail/subscribe", administrator, _without("mailing list")),
    post("/admin/mail/unsubscribe", administrator, _without("mailing list")),
    get("/admin/listmonk/missing-subscribers/count", administrator, _without("mailing list")),
    post("/admin/discount/add-coupons", administrator, _without("coupons")),
    post("/admin/user/close-family", administrator, close_family, done=OBJECT, errors=(NotFound,)),
    post("/admin/user/update-flag", administrator, update_flag, done=OBJECT, errors=(NotFound, Conflict)),
    post("/admin/user/unblock-storage-warning-login", administrator, unblock, done=OBJECT, errors=(NotFound,)),
    get("/admin/user/scheduled-deletions", administrator, scheduled),
    get("/admin/email-hash", administrator, email_hash),
    post("/admin/emails-from-hashes", administrator, emails, keeps=False),
]

"""What administrators do, once for all who ask: `darkroom admin`, the page, and the routes of Ente's own tools.

`by` says who acts, for the audit log: `command`, `page`, `user 17`. Whoever calls this has made sure that they may. Every act is written
together with its line in the audit log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..accounts import entry as details
from ..accounts import service as accounts
from ..closing import service as closing
from ..contacts import service as contacts
from ..db import Tx
from ..families import service as families
from ..invitations import service as invitations
from ..invitations.service import Invite
from ..kernel import audit, jobs, people, quota, sessions, sync
from ..kernel.access import App
from ..kernel.clock import DAY
from ..kernel.config import LARGEST
from ..kernel.errors import CodedBadRequest, Conflict, NotFound
from ..kernel.jobs import Run
from ..kernel.parts import Kernel
from ..login import service as login
from ..login.service import WaitingCode
from ..mail import service as mail
from ..passkeys import service as passkeys
from ..remote_store import service as remote_store
from ..second_factor import service as second_factor
from . import queries
from .queries import Act, OpenSession

PAGE = 500  # accounts or acts in one answer
LONGEST = 3650  # days of an invitation
APPS: tuple[App, ...] = ("photos", "auth", "locker")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it. Sizes in bytes, times in µs; `email` "" once it is deleted."""

    user_id: int
    email: str
    created_at: int
    bytes: int
    files: int
    quota: int | None  # its own; None: the configured default; 0: none
    limit: int
    plan_ends_at: int | None
    ready: bool  # its sign-up is finished
    deleted_at: int | None
    totp: bool


@dataclass(frozen=True, slots=True)
class Details:
    """Everything of one account that is not its own business alone."""

    account: Account
    email_mfa: bool
    passkeys: int
    sessions: list[OpenSession]
    album_links: int
    file_links: int
    acts: list[Act]


@dataclass(frozen=True, slots=True)
class Totals:
    accounts: int
    bytes: int
    files: int


# --- looking
async def totals(kernel: Kernel) -> Totals:
    return Totals(*await kernel.db.scan(queries.totals))


async def listed(kernel: Kernel, after: int = 0) -> list[Account]:
    """`PAGE` live accounts with a higher number, the oldest first."""
    return await kernel.db.scan(_listed, kernel, after)


def _listed(tx: Tx, kernel: Kernel, after: int) -> list[Account]:
    return _shown(tx, kernel, queries.accounts(tx, after=after, limit=PAGE))


async def closed(kernel: Kernel) -> list[Account]:
    """Deleted accounts that can still come back."""
    return await kernel.db.scan(lambda tx: _shown(tx, kernel, queries.deleted(tx, PAGE)))


def _shown(tx: Tx, kernel: Kernel, rows: list[queries.Account]) -> list[Account]:
    used = queries.usage(tx, [row.user_id for row in rows])
    return [_account(kernel, row, *used.get(row.user_id, (0, 0))) for row in rows]


def _account(kernel: Kernel, row: queries.Account, size: int, files: int) -> Account:
    limit = (kernel.config.quota.default if row.quota is None else row.quota) or quota.UNLIMITED
    return Account(
        user_id=row.user_id,
        email=address(kernel, row),
        created_at=row.created_at,
        bytes=size,
        files=files,
        quota=row.quota,
        limit=min(limit + row.bonus, quota.UNLIMITED),
        plan_ends_at=row.plan_ends_at,
        ready=row.ready,
        deleted_at=row.deleted_at,
        totp=row.totp,
    )


def address(kernel: Kernel, row: queries.Account) -> str:
    return "" if row.email_cipher is None or row.email_nonce is None else kernel.crypto.decrypt(row.email_cipher, row.email_nonce)


async def find(kernel: Kernel, who: str) -> int:
    """The number of an account by its number or its address; 404 for nobody's. Of deleted ones by the number only."""
    return await kernel.db.read(_find, kernel, who.strip())


def _find(tx: Tx, kernel: Kernel, who: str) -> int:
    user_id = int(who) if re.fullmatch(r"[0-9]{1,18}", who) else people.find(tx, kernel.crypto, who)
    if user_id is None or queries.account(tx, user_id) is None:
        raise NotFound(f"{who} has no account", log=f"{who} has no account")
    return user_id


async def examine(kernel: Kernel, user_id: int) -> Details:
    """404 for no account."""
    return await kernel.db.scan(_examine, kernel, user_id)


def _examine(tx: Tx, kernel: Kernel, user_id: int) -> Details:
    row = _there(tx, user_id)
    (shown,) = _shown(tx, kernel, [row])
    return Details(
        shown,
        row.email_mfa,
        passkeys.count(tx, user_id),
        queries.sessions(tx, user_id),
        *queries.links(tx, user_id),
        queries.acts_on(tx, user_id, 50),
    )


def _there(tx: Tx, user_id: int) -> queries.Account:
    row = queries.account(tx, user_id)
    if row is None:
        raise NotFound(f"there is no account {user_id}", log=f"there is no account {user_id}")
    return row


def _live(tx: Tx, user_id: int) -> queries.Account:
    row = _there(tx, user_id)
    if row.deleted_at is not None:
        raise NotFound(f"account {user_id} is closed", log=f"account {user_id} is closed")
    return row


async def waiting_codes(kernel: Kernel) -> list[WaitingCode]:
    return await kernel.db.scan(login.waiting_codes, kernel.crypto, kernel.clock.now())


async def job_runs(kernel: Kernel) -> list[Run]:
    return await kernel.db.scan(jobs.runs)


async def acts(kernel: Kernel, before: int = 1 << 62) -> list[Act]:
    """The audit log, the last act first."""
    return await kernel.db.scan(queries.acts, before, PAGE)


# --- acting: each of these in one transaction with its line in the audit log
def note(tx: Tx, kernel: Kernel, by: str, act: str, user_id: int | None, detail: str = "") -> None:
    audit.note(tx, kernel.clock.now(), by, act, user_id, detail)


async def set_quota(kernel: Kernel, by: str, user_id: int, size: int | None) -> None:
    """Bytes; None: the configured default again; 0: no limit. 400 for what is no size."""
    if size is not None and not 0 <= size <= LARGEST:
        raise CodedBadRequest("a limit is a number of bytes, 0 for none")
    await kernel.db.write("admin.quota", _set_quota, kernel, by, user_id, size)


def _set_quota(tx: Tx, kernel: Kernel, by: str, user_id: int, size: int | None) -> None:
    sync.lock_account(tx, user_id)
    before = _live(tx, user_id).quota
    queries.set_quota(tx, user_id, size)
    note(tx, kernel, by, "account.quota", user_id, f"{_size(before)} → {_size(size)}")


def _size(quota: int | None) -> str:
    return "default" if quota is None else f"{quota} bytes" if quota else "unlimited"


async def set_plan(kernel: Kernel, by: str, user_id: int, size: int, ends_at: int) -> None:
    """A limit, and until when (µs) something may be stored."""
    await kernel.db.write("admin.plan", _set_plan, kernel, by, user_id, min(size, LARGEST), ends_at)


def _set_plan(tx: Tx, kernel: Kernel, by: str, user_id: int, size: int, ends_at: int) -> None:
    sync.lock_account(tx, user_id)
    _live(tx, user_id)
    queries.set_plan(tx, user_id, size, ends_at)
    note(tx, kernel, by, "account.plan", user_id, f"{size} bytes until {ends_at}")


async def set_bonus(kernel: Kernel, by: str, user_id: int, size: int, *, more: bool) -> None:
    """Bytes on top of the limit, or (`more`) so many more than there are. 400 beyond all sizes."""
    await kernel.db.write("admin.bonus", _set_bonus, kernel, by, user_id, size, more)


def _set_bonus(tx: Tx, kernel: Kernel, by: str, user_id: int, size: int, more: bool) -> None:
    sync.lock_account(tx, user_id)
    before = _live(tx, user_id).bonus
    after = before + size if more else size
    if not 0 <= after <= LARGEST:
        raise CodedBadRequest("the bonus should stay between nothing and the largest size")
    queries.set_bonus(tx, user_id, after)
    note(tx, kernel, by, "account.bonus", user_id, f"{before} → {after} bytes")


async def close(kernel: Kernel, by: str, user_id: int) -> None:
    """What its owner does by deleting it: the address is free, nobody is logged in, shares end; it can come back until it is purged."""
    await kernel.db.write("admin.close", _close, kernel, by, user_id)


def _close(tx: Tx, kernel: Kernel, by: str, user_id: int) -> None:
    _live(tx, user_id)
    closing.close(tx, kernel, user_id, '{"reason": "closed by an administrator"}', kernel.clock.now())
    note(tx, kernel, by, "account.close", user_id)


async def restore(kernel: Kernel, by: str, user_id: int, email: str) -> None:
    """Bring a deleted account back under this address. Refusals: those of the owner's own link."""
    await kernel.db.write("admin.restore", _restore, kernel, by, user_id, people.usable_address(email))


def _restore(tx: Tx, kernel: Kernel, by: str, user_id: int, email: str) -> None:
    if _there(tx, user_id).deleted_at is None:
        raise CodedBadRequest("the account is not closed")
    closing.bring_back(tx, kernel, user_id, email)
    note(tx, kernel, by, "account.restore", user_id)


async def end_sessions(kernel: Kernel, by: str, user_id: int, handle: str = "") -> int:
    """End the session of this handle, or all of them; how many."""
    return await kernel.db.write("admin.end_sessions", _end_sessions, kernel, by, user_id, handle)


def _end_sessions(tx: Tx, kernel: Kernel, by: str, user_id: int, handle: str) -> int:
    _there(tx, user_id)
    ended = sessions.end(tx, user_id, b"", handle) if handle else sessions.end_all(tx, user_id)
    if not handle:
        second_factor.end_logins(tx, user_id)
    note(tx, kernel, by, "sessions.end", user_id, f"{ended} ended")
    return ended


async def end_session(kernel: Kernel, by: str, user_id: int, token_hash: bytes) -> None:
    """End the session of this token's hash; an unknown one is no error."""
    await kernel.db.write("admin.end_session", _end_session, kernel, by, user_id, token_hash)


def _end_session(tx: Tx, kernel: Kernel, by: str, user_id: int, token_hash: bytes) -> None:
    _there(tx, user_id)
    note(tx, kernel, by, "sessions.end", user_id, f"{sessions.end(tx, user_id, token_hash, '')} ended")


async def reset_second_factor(kernel: Kernel, by: str, user_id: int, *, codes: bool = True, keys: bool = True) -> None:
    """Ask for no code of an authenticator app any more, and forget the passkeys: for who has lost the phone. Half-done log-ins end."""
    await kernel.db.write("admin.reset_second_factor", _reset, kernel, by, user_id, codes, keys)


def _reset(tx: Tx, kernel: Kernel, by: str, user_id: int, codes: bool, keys: bool) -> None:
    _live(tx, user_id)
    if codes:
        second_factor.switch_off(tx, user_id)
    forgotten = passkeys.forget(tx, user_id) if keys else 0
    second_factor.end_logins(tx, user_id)
    note(tx, kernel, by, "second_factor.reset", user_id, ", ".join(["codes"] * codes + [f"{forgotten} passkeys"] * keys))


async def set_email_mfa(kernel: Kernel, by: str, user_id: int, enabled: bool) -> None:
    """Whether a log-in asks for a code by e-mail instead of the password. 409 when that is switched off without a password set up."""
    await kernel.db.write("admin.email_mfa", _set_email_mfa, kernel, by, user_id, enabled)


def _set_email_mfa(tx: Tx, kernel: Kernel, by: str, user_id: int, enabled: bool) -> None:
    _live(tx, user_id)
    if not enabled and not details.details_of(tx, kernel, user_id, "photos", False).profile_data.can_disable_email_mfa:
        raise Conflict("SRP setup incomplete", code="CONFLICT")
    details.set_email_mfa(tx, user_id, enabled)
    note(tx, kernel, by, "account.email_mfa", user_id, "on" if enabled else "off")


async def change_email(kernel: Kernel, by: str, user_id: int, email: str) -> None:
    """Give an account another address; 409 when it is somebody's."""
    await kernel.db.write("admin.change_email", _change_email, kernel, by, user_id, people.usable_address(email))


def _change_email(tx: Tx, kernel: Kernel, by: str, user_id: int, email: str) -> None:
    sync.lock_account(tx, user_id)
    _live(tx, user_id)
    if people.find(tx, kernel.crypto, email) not in (None, user_id):
        raise Conflict("the address has an account", code="CONFLICT")
    accounts.set_email(tx, user_id, (*kernel.crypto.encrypt(email), kernel.crypto.hash(email)))
    contacts.address_changed(tx, user_id, kernel.clock.now())
    note(tx, kernel, by, "account.email", user_id)


async def add_code(kernel: Kernel, by: str, email: str, app: App, code: str, expires_at: int) -> None:
    """A code that logs this address in, as one by e-mail does. 400 for one that is too short or over already."""
    now = kernel.clock.now()
    if len(code) < 6 or app not in APPS or not now < expires_at <= now + 7 * DAY:
        raise CodedBadRequest("a code has six characters at least and is good for a week at most")
    await kernel.db.write("admin.add_code", _add_code, kernel, by, people.usable_address(email), app, code, expires_at)


def _add_code(tx: Tx, kernel: Kernel, by: str, email: str, app: App, code: str, expires_at: int) -> None:
    login.add_code(tx, kernel, email, app, code, expires_at)
    note(tx, kernel, by, "code.add", people.find(tx, kernel.crypto, email), f"for {app}")


async def dissolve_family(kernel: Kernel, by: str, user_id: int) -> None:
    """End the family that this account leads; 400 for who leads none."""
    await kernel.db.write("admin.close_family", _dissolve_family, kernel, by, user_id)


def _dissolve_family(tx: Tx, kernel: Kernel, by: str, user_id: int) -> None:
    _live(tx, user_id)
    if families.members(tx, kernel, user_id) is None or user_id not in families.admins(tx):
        raise CodedBadRequest("the account leads no family")
    families.dissolve(tx, user_id)
    note(tx, kernel, by, "family.close", user_id)


async def set_flag(kernel: Kernel, by: str, user_id: int, key: str, value: str) -> None:
    """What only an operator sets for an account (misc.md §4); 400 for other keys and values, 409 for a domain that is another's."""
    await kernel.db.write("admin.flag", _set_flag, kernel, by, user_id, key, value)


def _set_flag(tx: Tx, kernel: Kernel, by: str, user_id: int, key: str, value: str) -> None:
    _live(tx, user_id)
    remote_store.set_by_operator(tx, kernel, user_id, key, value)
    note(tx, kernel, by, "account.flag", user_id, f"{key} = {value or 'nothing'}")


async def unblock(kernel: Kernel, by: str, user_id: int) -> None:
    """Take back warnings that an account will be deleted for what it stores too much. This server sends none, so none is left."""
    await kernel.db.write("admin.unblock", _unblock, kernel, by, user_id)


def _unblock(tx: Tx, kernel: Kernel, by: str, user_id: int) -> None:
    _live(tx, user_id)
    note(tx, kernel, by, "account.unblock", user_id, "there was nothing to unblock")


async def send_mail(kernel: Kernel, by: str, to: list[str], name: str, subject: str, text: str) -> None:
    """One mail to each of these, by the configured mail server and from its sender, under this name. 503 MAIL_FAILED without one."""
    if not mail.is_on(kernel.config):
        raise mail.MailFailed("mail.host is not set")
    for address in to:
        mail.checked(address)
    paragraphs = tuple(part for line in text.splitlines() if (part := " ".join(line.split())))
    for address in to:
        await mail.send(kernel, address, mail.Mail(subject, paragraphs or ("",), sender_name=name))
    await kernel.db.write("admin.mail", note, kernel, by, "mail.send", None, f"{len(to)} mails")


# --- who may come
async def invites(kernel: Kernel) -> list[Invite]:
    """By address and by code, the last ones first."""
    return await kernel.db.scan(invitations.listed, kernel, PAGE)


async def invite(kernel: Kernel, by: str, email: str, days: int | None = None, size: int | None = None) -> str:
    """Let an address sign up while registration is by invitation, for so many days (None: for ever), with this limit in bytes (None: the
    default, 0: none); the address as it is kept. Where mail is sent, it is written to. 409 for somebody's. The newest invitation holds."""
    _check(days, size)
    email = people.usable_address(email)
    await kernel.db.write("admin.invite", _invite, kernel, by, email, days, size)
    texts = (
        f"You are invited to keep your photos at {kernel.config.public_url or 'a server of somebody you know'}.",
        "In the app, make this address the server (tap the first screen seven times), then sign up with the address that this mail came to.",
        *(() if days is None else (f"The invitation is good for {days} days.",)),
    )
    mail.post(kernel, email, mail.Mail("You are invited", texts, link=kernel.config.public_url or ""))
    return email


def _check(days: int | None, size: int | None) -> None:
    if days is not None and not 1 <= days <= LONGEST:
        raise CodedBadRequest(f"an invitation is good for 1 to {LONGEST} days", log="no number of days")
    if size is not None and not 0 <= size <= LARGEST:
        raise CodedBadRequest("a limit is a number of bytes, 0 for none", log="no size")


def _invite(tx: Tx, kernel: Kernel, by: str, email: str, days: int | None, size: int | None) -> None:
    if people.find(tx, kernel.crypto, email) is not None:
        raise Conflict(f"{email} has an account already", code="CONFLICT")
    invitations.invite(tx, kernel, email, days, size)
    note(tx, kernel, by, "invite", None)


async def invite_anybody(kernel: Kernel, by: str, days: int | None = None, size: int | None = None) -> str:
    """A code with which whoever has it names the address that may sign up; good for one account, for so many days (None: two weeks)."""
    _check(days, size)
    code = invitations.new_code(kernel.ids)
    await kernel.db.write("admin.invite_code", _invite_anybody, kernel, by, code, days, size)
    return code


def _invite_anybody(tx: Tx, kernel: Kernel, by: str, code: str, days: int | None, size: int | None) -> None:
    invitations.make_code(tx, kernel, code, days, size)
    note(tx, kernel, by, "invite.code", None)


async def withdraw_invite(kernel: Kernel, by: str, which: str) -> None:
    """By its address, or by its number in the list; 404 where none is open."""
    await kernel.db.write("admin.withdraw_invite", _withdraw, kernel, by, which)


def _withdraw(tx: Tx, kernel: Kernel, by: str, which: str) -> None:
    by_number = re.fullmatch(r"[0-9]{1,18}", which.strip())
    if not (invitations.withdraw_code(tx, int(which)) if by_number else invitations.withdraw(tx, kernel, people.usable_address(which))):
        raise NotFound(f"{which} has no open invitation", log="no open invitation of that name")
    note(tx, kernel, by, "invite.withdraw", None)


async def add_account(kernel: Kernel, by: str, email: str) -> int:
    """Open an account for an address, whoever may register; its owner signs up in the app. The number; 409 for somebody's."""
    return await kernel.db.write("admin.add_account", _add_account, kernel, by, people.usable_address(email))


def _add_account(tx: Tx, kernel: Kernel, by: str, email: str) -> int:
    if people.find(tx, kernel.crypto, email) is not None:
        raise Conflict(f"{email} has an account already", code="CONFLICT")
    user_id = accounts.register(tx, kernel, email)
    note(tx, kernel, by, "account.add", user_id)
    return user_id

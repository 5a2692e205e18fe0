"""What the administrative commands do, given a kernel: run by the serving process for `admin_socket`, or by the command itself.

Arguments and results are JSON values, so that both ways are the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from ..accounts import service as accounts
from ..admin import service as administration
from ..closing import restoring
from ..db import Tx
from ..families import service as family_service
from ..invitations import service as invitations
from ..kernel import people, sync
from ..kernel.errors import AppError, BadRequest
from ..kernel.parts import Kernel
from ..kernel.progress import Tell, silent
from ..login import service as login
from ..mail import service as mail
from ..storage import entry as storage
from . import admin_acts, admin_maintenance
from . import admin_queries as queries
from .admin_client import Refused
from .banner import origin

STORAGE_ACTS: tuple[Callable[..., Awaitable[Any]], ...] = (
    storage.status,
    storage.work,
    storage.add,
    storage.drain,
    storage.retire,
    storage.resync,
    storage.verify,
    storage.move,
)
LOOKING = ("storage_status", "storage_work")


async def run(kernel: Kernel, command: str, args: dict[str, Any], tell: Tell = silent) -> Any:
    """The result of a command by name; Refused for one that does not exist. `tell` hears how far a long one is."""
    if command in admin_maintenance.COMMANDS:
        return await admin_maintenance.COMMANDS[command](kernel, tell, **args)
    if command not in COMMANDS:
        raise Refused(f"the running server knows no command {command}: is it an older one?")
    try:
        done = await COMMANDS[command](kernel, **args)
        if command.startswith("storage_") and command not in LOOKING:
            await kernel.db.write(
                "admin.storage", administration.note, kernel, admin_acts.BY, command.replace("_", "."), None, " ".join(args.values())
            )
        return done
    except AppError as e:
        raise Refused(e.message or e.log) from None


async def options(kernel: Kernel) -> dict[str, Any]:
    """The options that answers of commands depend on, as the server has them: its address, who may sign up, the limit of who has none."""
    config = kernel.config
    return {"origin": origin(config), "mode": config.registration.mode, "quota": config.quota.default, "tolerance": config.quota.tolerance}


async def codes(kernel: Kernel, email: str) -> list[dict[str, Any]]:
    """`[{"app", "code", "expires_in"}]` (seconds), oldest first."""
    now = kernel.clock.now()
    found = await kernel.db.scan(login.pending_codes, kernel.crypto, email, now)
    return [{"app": c.app, "code": c.code, "expires_in": (c.expires_at - now) // 1_000_000} for c in found]


async def users(kernel: Kernel) -> list[dict[str, Any]]:
    """`[{"id", "email", "created", "bytes", "files", "quota", "ready"}]`; `quota` in bytes, None for the default, 0 for none."""
    found, used = await kernel.db.scan(lambda tx: (queries.accounts(tx), queries.usage(tx)))
    return [_listed(kernel, account, *used.get(account.user_id, (0, 0))) for account in found]


def _listed(kernel: Kernel, a: queries.Account, size: int, files: int) -> dict[str, Any]:
    email = kernel.crypto.decrypt(a.email_cipher, a.email_nonce)
    return {"id": a.user_id, "email": email, "created": a.created_at, "bytes": size, "files": files, "quota": a.quota, "ready": a.ready}


async def add(kernel: Kernel, email: str) -> int:
    """Open an account for an address, whoever may register; its owner signs up in the app. The user id."""
    return await administration.add_account(kernel, admin_acts.BY, _address(email))


async def invite(kernel: Kernel, email: str = "", days: int | None = None, size: int | None = None) -> str:
    """Let an address sign up while registration is by invitation, for so many days, with this limit in bytes. Harmless when repeated.
    Without an address: the path of a link whose owner names it."""
    if not email:
        return invitations.path_of(await administration.invite_anybody(kernel, admin_acts.BY, days, size))
    await administration.invite(kernel, admin_acts.BY, _address(email), days, size)
    await mail.settle(20)
    return ""


async def invites(kernel: Kernel) -> list[dict[str, Any]]:
    """`[{"code_id", "email", "created_at", "expires_at", "used_at"}]`, the last ones first."""
    return [asdict(i) for i in await administration.invites(kernel)]


async def withdraw(kernel: Kernel, which: str) -> None:
    """End an open invitation, by its address or number."""
    await administration.withdraw_invite(kernel, admin_acts.BY, which)


async def quota(kernel: Kernel, email: str, size: int | None) -> None:
    """Set an account's limit in bytes; None: the configured default again; 0: no limit."""
    await administration.set_quota(kernel, admin_acts.BY, await _number(kernel, email), size)


async def reset_second_factor(kernel: Kernel, email: str) -> None:
    """For somebody who lost it, and the recovery key too: the next log-in owes nothing but the password or a mailed code."""
    await administration.reset_second_factor(kernel, admin_acts.BY, await _number(kernel, email))


async def _number(kernel: Kernel, email: str) -> int:
    user_id = await kernel.db.read(people.find, kernel.crypto, email)
    if user_id is None:
        raise Refused(f"{email} has no account")
    return user_id


async def restore(kernel: Kernel, user_id: int, email: str) -> str:
    """The path of a link that undoes the deletion of this account for the next seven days and gives it this address."""
    if not await kernel.db.read(accounts.is_deleted, user_id):
        raise Refused(f"{user_id} is no deleted account")
    await kernel.db.write("admin.restore_link", administration.note, kernel, admin_acts.BY, "account.restore_link", user_id)
    return restoring.link(kernel, user_id, _address(email))


# --- families
async def families(kernel: Kernel) -> list[dict[str, Any]]:
    """`[{"members": [{"email", "status", "limit", "bytes"}]}]`, the admin first; limits in bytes, None for the whole plan."""
    return await kernel.db.scan(_families, kernel)


def _families(tx: Tx, kernel: Kernel) -> list[dict[str, Any]]:
    found = [family_service.view(tx, kernel, admin_id).members for admin_id in family_service.admins(tx)]
    return [{"members": [{"email": m.email, "status": m.status, "limit": m.storage_limit, "bytes": m.usage} for m in members]} for members in found]


async def family(kernel: Kernel, action: str, admin: str, member: str = "", size: int | None = None) -> str:
    """Do to the family of the account `admin` what its admin could do in the app: create, invite, limit, remove; and what only an operator
    can: add (no invitation has to be accepted), dissolve. Of an invitation the link to hand on, else nothing."""
    try:
        return await kernel.db.write(f"admin.family.{action}", _family, kernel, action, admin, member, size)
    except AppError as e:
        raise Refused(_FAMILY_REFUSALS.get(e.status, e.log)) from None


_FAMILY_REFUSALS = {406: "they are in a family already", 412: "a family has six places", 426: "the limit is more than the plan"}


def _family(tx: Tx, kernel: Kernel, action: str, admin: str, member: str, size: int | None) -> str:
    admin_id = _user(tx, kernel, admin)
    administration.note(tx, kernel, admin_acts.BY, f"family.{action}", admin_id)
    if action == "create":
        family_service.create(tx, kernel, admin_id)
        return ""
    family_service.lock_led(tx, kernel, admin_id)
    if action == "dissolve":
        family_service.dissolve(tx, admin_id)
        return ""
    guest = _user(tx, kernel, member)
    if action in ("invite", "add"):
        sync.lock_account(tx, guest)
        row = family_service.invite(tx, kernel, admin_id, guest, size)
        return family_service.link(kernel, row) if action == "invite" or not family_service.join(tx, row) else ""
    places = [m.id for m in family_service.view(tx, kernel, admin_id).members if m.email == people.email_of(tx, kernel.crypto, guest)]
    if not places:
        raise Refused(f"{member} is not in the family of {admin}")
    if action == "limit":
        family_service.limit(tx, kernel, admin_id, places[0], size)
    else:
        family_service.end(tx, admin_id, places[0])
    return ""


def _user(tx: Tx, kernel: Kernel, email: str) -> int:
    user_id = people.find(tx, kernel.crypto, email)
    if user_id is None:
        raise Refused(f"{email} has no account")
    return user_id


def _address(text: str) -> str:
    try:
        return people.usable_address(text)
    except BadRequest:
        raise Refused(f"{text!r} is no e-mail address") from None


COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {
    "options": options,
    "ott": codes,
    "users": users,
    "add": add,
    "invite": invite,
    "invites": invites,
    "withdraw": withdraw,
    "quota": quota,
    "restore": restore,
    "reset_second_factor": reset_second_factor,
    **admin_acts.COMMANDS,
    "families": families,
    "family": family,
    **{f"storage_{act.__name__}": act for act in STORAGE_ACTS},
}

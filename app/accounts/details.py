"""The account as its owner sees it: details, counts, small switches, and the signed tokens for the accounts and family pages."""

from __future__ import annotations

from ..db import Tx
from ..families import service as families
from ..http.query import Query
from ..kernel import family, people, quota
from ..kernel.access import App, Session
from ..kernel.errors import Conflict
from ..kernel.parts import Kernel
from ..kernel.wire import go_bool
from . import queries, service
from .wire import (
    Bonuses,
    DeletionSummary,
    Details,
    EmailMfa,
    LockerFamilyUsage,
    LockerUsage,
    Profile,
)

MANY = 100_000
"""Files that Locker is told to have room for when nothing limits them: a number that people understand, ten times that once it is reached."""


class DetailsQuery(Query):
    """`memoryCount` true when absent, false when unreadable."""

    memory_count: str = "true"


async def details(kernel: Kernel, actor: Session, query: DetailsQuery) -> Details:
    """Address, usage, plan and profile (accounts.md §5.11). `usage` is what Photos stores; Locker has its own limit."""
    return await kernel.db.scan(details_of, kernel, actor.user_id, actor.app, bool(go_bool(query.memory_count)))


def details_of(tx: Tx, kernel: Kernel, user_id: int, app: App, count_files: bool) -> Details:
    """The details of an account as one of its apps sees them."""
    email = people.email_of(tx, kernel.crypto, user_id)
    files = _live(tx, user_id, app)[1] if count_files else 0
    return Details(
        email=email,
        usage=quota.used(tx, user_id, "photos")[0],
        subscription=service.subscription(tx, kernel.config, user_id),
        file_count=files if count_files else None,
        shared_collections_count=0 if count_files else None,
        locker_family_usage=LockerFamilyUsage(family_file_count=_locker(tx, user_id)[2][1]) if app == "locker" else None,
        storage_bonus=quota.plan(tx, kernel.config, user_id).bonus,
        profile_data=_profile(tx, user_id),
        bonus_data=Bonuses(storage_bonuses=[]),
        family_data=families.members(tx, kernel, user_id),
    )


def _profile(tx: Tx, user_id: int) -> Profile:
    row = queries.user(tx, user_id)
    return Profile(
        can_disable_email_mfa=row is not None and row.has_srp,
        is_email_mfa_enabled=row is not None and row.email_mfa,
        is_two_factor_enabled=row is not None and row.totp_enabled,
        passkey_count=0 if row is None else row.passkeys,
    )


async def set_email_mfa(kernel: Kernel, actor: Session, ask: EmailMfa) -> None:
    """Log in by e-mail code instead of password. 409 CONFLICT when that is switched off without a password set up."""
    await kernel.db.write("accounts.email_mfa", _set_email_mfa, actor.user_id, bool(ask.is_enabled))


def _set_email_mfa(tx: Tx, user_id: int, enabled: bool) -> None:
    row = queries.user(tx, user_id)
    if not enabled and (row is None or not row.has_srp):
        raise Conflict("SRP setup incomplete", code="CONFLICT")
    queries.set_email_mfa(tx, user_id, enabled)


async def deletion_summary(kernel: Kernel, actor: Session) -> DeletionSummary:
    """What would go with the account."""
    return await kernel.db.scan(_deletion_summary, actor.user_id)


def _deletion_summary(tx: Tx, user_id: int) -> DeletionSummary:
    return DeletionSummary(
        photos_and_videos_count=_live(tx, user_id, "photos")[1],
        authenticator_codes_count=queries.code_count(tx, user_id),
        locker_records_count=_live(tx, user_id, "locker")[1],
    )


def _live(tx: Tx, user_id: int, app: str) -> tuple[int, int]:
    """(bytes, the trash included; files without it). Every file is in an album of its owner or in the trash, so this is the number of
    distinct files in the person's own albums, without a look at a million of them."""
    used, files = quota.used(tx, user_id, app)
    return used, files - quota.in_trash(tx, user_id, app)


def _locker(tx: Tx, user_id: int) -> tuple[bool, tuple[int, int], tuple[int, int]]:
    """(whether in a family, own bytes and files, those of all who share the limit)."""
    own, admin_id = _live(tx, user_id, "locker"), family.admin_of(tx, user_id)
    if admin_id is None:
        return False, own, own
    all_of_them = [_live(tx, member, "locker") for member in family.member_ids(tx, admin_id)]
    return True, own, (sum(size for size, _ in all_of_them), sum(files for _, files in all_of_them))


async def locker_usage(kernel: Kernel, actor: Session) -> LockerUsage:
    """Locker's files (without those in the trash) and bytes (with them) against the operator's limits; a family's count together."""
    limits = kernel.config.locker
    in_family, (own_used, own_files), (used, files) = await kernel.db.scan(_locker, actor.user_id)
    file_limit = limits.files or max(MANY, 10 ** len(str(files)))
    storage_limit = limits.storage or quota.told(kernel.config, quota.UNLIMITED)
    return LockerUsage(
        is_paid=True,
        is_family=in_family,
        used_file_count=files,
        file_limit=file_limit,
        remaining_file_count=max(0, file_limit - files),
        used_storage=used,
        storage_limit=storage_limit,
        remaining_storage=max(0, storage_limit - used),
        user_file_count=own_files,
        user_storage=own_used,
    )

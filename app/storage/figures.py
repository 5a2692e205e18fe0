"""An account's storage figures, for its owner. They are those of the ledger, which commits keep: nothing here is cached or estimated."""

from __future__ import annotations

import logging

from ..db import Tx
from ..kernel import quota, sync
from ..kernel.access import Session
from ..kernel.parts import Kernel
from . import queries
from .wire import AppUsage, Detailed, Overview, Replication, TierQuota, TierQuotas, Usage

log = logging.getLogger("darkroom.storage")


async def overview(kernel: Kernel, actor: Session) -> Overview:
    """GET /storage."""
    return await kernel.db.scan(_overview, kernel, actor.user_id)


def _overview(tx: Tx, kernel: Kernel, user_id: int) -> Overview:
    found = quota.standing(tx, kernel.config, user_id, "photos")
    return Overview(
        usage=found.bytes,
        limit=found.plan.limit,
        remaining=max(0, found.plan.limit - found.bytes),
        bonus=found.plan.bonus,
        file_count=found.files,
        derived_data=queries.derived(tx, user_id),
    )


def apps(tx: Tx, user_id: int) -> list[AppUsage]:
    return [AppUsage(app=app, usage=size, file_count=files) for app, size, files in queries.by_app(tx, user_id)]


async def usage(kernel: Kernel, actor: Session) -> Usage:
    """GET /storage/usage."""
    return await kernel.db.scan(_usage, kernel, actor.user_id)


def _usage(tx: Tx, kernel: Kernel, user_id: int) -> Usage:
    found = quota.standing(tx, kernel.config, user_id, "photos")
    return Usage(usage=found.bytes, limit=found.plan.limit, apps=apps(tx, user_id))


async def tier_quotas(kernel: Kernel, actor: Session) -> TierQuotas:
    """GET /storage/tier-quotas: by role, because the names of stores are the operator's own."""
    return await kernel.db.scan(_tier_quotas, kernel, actor.user_id)


def _tier_quotas(tx: Tx, kernel: Kernel, user_id: int) -> TierQuotas:
    config = kernel.config
    found = {store: (n, size) for store, n, size in queries.by_store(tx, user_id)}
    tiers = []
    for role in dict.fromkeys(s.role for s in config.storage):
        members = [s for s in config.storage if s.role == role]
        here = [found.get(s.name, (0, 0)) for s in members]
        limit = sum(s.quota for s in members) if all(s.quota for s in members) else 0
        tiers.append(TierQuota(tier=role, stores=len(members), objects=sum(n for n, _ in here), usage=sum(b for _, b in here), limit=limit))
    plan = quota.plan(tx, config, user_id)
    return TierQuotas(limit=plan.limit, tolerance=config.quota.tolerance, largest_file=config.quota.max_file, tiers=tiers)


async def replication(kernel: Kernel, actor: Session) -> Replication:
    """GET /storage/replication-info."""
    copies = kernel.config.tiers.copies
    objects, verified, waiting, failed = await kernel.db.scan(queries.replication, actor.user_id, copies)
    return Replication(copies=copies, objects=objects, verified=verified, waiting=waiting, failed=failed)


async def detailed(kernel: Kernel, actor: Session) -> Detailed:
    """GET /storage/detailed-usage."""
    return await kernel.db.scan(_detailed, kernel, actor.user_id)


def _detailed(tx: Tx, kernel: Kernel, user_id: int) -> Detailed:
    found = quota.standing(tx, kernel.config, user_id, "photos")
    originals, thumbnails = queries.parts(tx, user_id)
    return Detailed(
        usage=found.bytes,
        originals=originals,
        thumbnails=thumbnails,
        trash=queries.trashed(tx, user_id),
        derived_data=queries.derived(tx, user_id),
        derived_data_limit=found.plan.limit,
        uncommitted=queries.uncommitted(tx, user_id),
        apps=apps(tx, user_id),
    )


async def refresh(kernel: Kernel, actor: Session) -> Usage:
    """POST /storage/refresh: count the files again and set the ledger right, should it ever differ; the figures after that."""
    if drift := await kernel.db.write("storage.refresh", _recount, actor.user_id):
        log.warning("the ledger of user %d was off by %s and is set right", actor.user_id, drift)
    return await usage(kernel, actor)


def _recount(tx: Tx, user_id: int) -> list[tuple[str, int, int]]:
    """(app, bytes, files) that had to be added."""
    sync.lock_account(tx, user_id)
    told = {app: (size, files) for app, size, files in queries.by_app(tx, user_id)}
    counted = {app: (size, files) for app, size, files in queries.recount(tx, user_id)}
    drift = []
    for app in sorted({*told, *counted}):
        (a, b), (c, d) = told.get(app, (0, 0)), counted.get(app, (0, 0))
        if (a, b) != (c, d):
            quota.charge(tx, user_id, app, c - a, d - b)
            drift.append((app, c - a, d - b))
    return drift

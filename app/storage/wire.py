"""Wire shapes of /storage/*: the product's own, no other server has them. Sizes are bytes."""

from __future__ import annotations

from ..kernel.wire import Body, Needed, Reply


class Overview(Reply):
    """`usage` is what Photos stores, the trash included; `limit` holds the bonus."""

    usage: int
    limit: int
    remaining: int
    bonus: int
    file_count: int
    derived_data: int


class AppUsage(Reply):
    app: str
    usage: int
    file_count: int


class Usage(Reply):
    usage: int
    limit: int
    apps: list[AppUsage]


class TierQuota(Reply):
    """What an account's objects take up in the stores of one role; `limit` 0: these stores have none of their own."""

    tier: str
    stores: int
    usage: int
    objects: int
    limit: int


class TierQuotas(Reply):
    limit: int
    tolerance: int
    largest_file: int
    tiers: list[TierQuota]


class Replication(Reply):
    """`copies`: wanted of each object; `verified`: objects that have as many, each of them read and compared; `waiting`: copies under way;
    `failed`: copies that were given up."""

    copies: int
    objects: int
    verified: int
    waiting: int
    failed: int


class Detailed(Reply):
    """What `usage` is made of. `uncommitted`: uploaded, of no file yet; `derived_data` and these two count beside the limit."""

    usage: int
    originals: int
    thumbnails: int
    trash: int
    derived_data: int
    derived_data_limit: int
    uncommitted: int
    apps: list[AppUsage]


class NewQuota(Body):
    """PUT /storage/admin/quota/{id}: bytes, 0 for no limit, null for the configured default."""

    quota: int | None = None


class NewBonus(Body):
    """POST /storage/admin/bonus/{id}: bytes to add to the account's bonus; below zero to take back."""

    bytes: Needed[int]


class Account(Reply):
    """An account as an administrator sees it; `quota` null: the configured default."""

    user_id: int
    quota: int | None
    bonus: int
    limit: int
    usage: int
    derived_data: int
    apps: list[AppUsage]

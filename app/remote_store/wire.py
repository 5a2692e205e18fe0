"""Wire shapes of /remote-store* (misc.md §4)."""

from __future__ import annotations

import msgspec

from ..kernel.fields import Line, Word
from ..kernel.wire import Body, Needed, Reply


class Setting(Body):
    """POST /remote-store/update; `value` must be there and may be empty."""

    key: Needed[Word]
    value: Line | None = None


class Value(Reply):
    value: str


class FeatureFlags(Reply, kw_only=True):
    """GET /remote-store/feature-flags. The last two vanish when there is none."""

    enable_stripe: bool = True  # the apps' payment pages; with no plans to buy they stay empty
    disable_cf_worker: bool = msgspec.field(default=False, name="disableCFWorker")
    map_enabled: bool
    face_search_enabled: bool
    pass_key_enabled: bool
    recovery_key_verified: bool
    internal_user: bool
    beta_user: bool
    enable_mob_multi_part: bool = True
    server_api_flag: int
    cast_url: str
    embed_url: str
    custom_domain: str | msgspec.UnsetType = msgspec.UNSET
    custom_domain_cname: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="customDomainCNAME")

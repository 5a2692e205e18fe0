"""Routes of /storage/*: the product's own."""

from __future__ import annotations

from ..http.auth import storage
from ..http.routing import get, post, put
from ..kernel.errors import NotFound
from . import admin, figures
from .admin import administrator

ROUTES = [
    get("/storage", storage, figures.overview),
    get("/storage/usage", storage, figures.usage),
    get("/storage/tier-quotas", storage, figures.tier_quotas),
    get("/storage/replication-info", storage, figures.replication),
    get("/storage/detailed-usage", storage, figures.detailed),
    post("/storage/refresh", storage, figures.refresh, limit="upload_urls"),
    put("/storage/admin/quota/{user_id}", administrator, admin.set_quota, errors=(NotFound,)),
    post("/storage/admin/bonus/{user_id}", administrator, admin.add_bonus, errors=(NotFound,)),
    get("/storage/admin/usage/{user_id}", administrator, admin.usage, errors=(NotFound,)),
]

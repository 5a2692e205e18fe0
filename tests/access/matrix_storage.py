"""Storage figures and administrators' routes (the product's own)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, OTHERS, OWNER_ONLY, Row, Rows, people, same
from tests.collections.scenes import items

FIGURES = ("/storage", "/storage/usage", "/storage/tier-quotas", "/storage/replication-info", "/storage/detailed-usage")
NOBODY = people(403, 403, 403, 403, 403, 403)
"""Of administrators' routes, where the configuration names none."""
ROWS: Rows = {
    **{("GET", path): Row(same(path), EVERYBODY) for path in FIGURES},
    ("POST", "/storage/refresh"): Row(same("/storage/refresh"), EVERYBODY),
    ("PUT", "/storage/admin/quota/{user_id}"): Row(lambda s, a: (f"/storage/admin/quota/{s.owner.user_id}", {"quota": 1}), NOBODY),
    ("POST", "/storage/admin/bonus/{user_id}"): Row(lambda s, a: (f"/storage/admin/bonus/{s.owner.user_id}", {"bytes": 1}), NOBODY),
    ("GET", "/storage/admin/usage/{user_id}"): Row(lambda s, a: (f"/storage/admin/usage/{s.owner.user_id}", None), NOBODY),
    ("POST", "/files/multipart-complete"): Row(
        same("/files/multipart-complete", {"completeURL": "http://darkroom.test/objects/1/x?sig=1", "parts": [{"partNumber": 1, "eTag": "e"}]}),
        people(400, 400, 400, 400, 400, 400),
    ),
    ("POST", "/files/restore"): Row(
        lambda s, a: ("/files/restore", {"collectionID": s.own["OWNER"][0], "files": items(s.own["OWNER"][2])}),
        OWNER_ONLY,
    ),
    ("POST", "/files/delete"): Row(lambda s, a: ("/files/delete", {"fileIDs": [s.own["OWNER"][2]]}), EVERYBODY, inert=OTHERS),
}

"""Settings and the custom domain (misc.md §4)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, SELF, Row, Rows, anybody, people, same
from tests.access.scene import Scene

DOMAIN = "pics.example.org"


async def prepare(s: Scene) -> None:
    await s.owner.post("/remote-store/update", {"key": "mapEnabled", "value": "true"})


ROWS: Rows = {
    ("GET", "/remote-store"): Row(same("/remote-store?key=mapEnabled"), SELF),
    ("POST", "/remote-store/update"): Row(same("/remote-store/update", {"key": "mapEnabled", "value": "false"}), EVERYBODY),
    ("POST", "/remote-store/update", "what only an operator sets"): Row(
        same("/remote-store/update", {"key": "internalUser", "value": "true"}), people(400, 400, 400, 400, 400, 400)
    ),
    ("DELETE", "/remote-store/{key}"): Row(same("/remote-store/customDomain"), EVERYBODY),
    ("GET", "/remote-store/feature-flags"): Row(same("/remote-store/feature-flags"), EVERYBODY),
    ("GET", "/custom-domain"): Row(same(f"/custom-domain?domain={DOMAIN}"), anybody(404)),
}

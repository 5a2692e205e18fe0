"""Signs of life (accounts.md §5), and the description of the interface: for everybody, and nothing of anybody in them."""

from __future__ import annotations

from tests.access.rows import Row, Rows, anybody, same

PATHS = ("/ping", "/fire/db-m-ping", "/healthz", "/readyz", "/livez", "/version", "/openapi.json")
ROWS: Rows = {("GET", path): Row(same(path), anybody()) for path in PATHS} | {("GET", "/metrics"): Row(same("/metrics"), anybody(404))}

"""Signs of life (accounts.md §5): for everybody, and nothing of anybody in them."""

from __future__ import annotations

from tests.access.rows import Row, Rows, anybody, same

ROWS: Rows = {("GET", path): Row(same(path), anybody()) for path in ("/ping", "/fire/db-m-ping", "/healthz", "/readyz", "/livez", "/version")}

"""docs/compatibility.md from docs/compatibility.json: `python -m tests.compatibility` writes it."""

from __future__ import annotations

import json
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """# Clients that were tried

Made from [compatibility.json](compatibility.json) by `python -m tests.compatibility`. The administration page and `/metrics` count what apps asked
for and this server has not: a newer app's needs are seen there first.

| client | version | when | what was tried |
|---|---|---|---|
"""


def table() -> str:
    rows = json.loads((DOCS / "compatibility.json").read_text(encoding="utf-8"))
    return HEAD + "".join(f"| {r['client']} | {r['version']} | {r['when']} | {r['tried']} |\n" for r in rows)


if __name__ == "__main__":
    (DOCS / "compatibility.md").write_text(table(), encoding="utf-8")

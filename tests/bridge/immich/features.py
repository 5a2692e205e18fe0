"""docs/immich-features.toml as the tables of docs/bridge.md: `python -m tests.bridge.immich.features` writes them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
PAGE, FEATURES, TOOLS = ROOT / "docs/bridge.md", ROOT / "docs/immich-features.toml", ROOT / "docs/bridge-tools.toml"
STATES = {"works": "works", "inert": "inert", "server": "the server's", "never": "never", "not yet": "not yet"}


class Row(NamedTuple):
    area: str
    state: str
    feature: str
    why: str
    routes: list[tuple[str, str]]


class Tool(NamedTuple):
    """`pinned`: what its version stands as in `where`."""

    name: str
    version: str
    does: str
    test: str
    where: str
    pinned: str


def rows() -> Iterator[Row]:
    for area, held in tomllib.loads(FEATURES.read_text()).items():
        for state, feature, why, routes in held["rows"]:
            found = [tuple(route.split(" ", 1)) for route in routes.split(", ") if route]
            yield Row(area, state, feature, why, [(method, path) for method, path in found])


def tools() -> list[Tool]:
    return [Tool(*row) for row in tomllib.loads(TOOLS.read_text())["rows"]]


def tables() -> dict[str, str]:
    """Name of the mark in the page → table."""
    lines = ["| Immich's feature | | |", "|---|---|---|"]
    area = ""
    for row in rows():
        if row.area != area:
            area = row.area
            lines.append(f"| **{area}** | | |")
        lines.append(f"| {row.feature} | {STATES[row.state]} | {row.why} |")
    compatible = ["| program | version | what it does in the tests | test |", "|---|---|---|---|"]
    compatible += [f"| {tool.name} | {tool.version} | {tool.does} | `{tool.test}` |" for tool in tools()]
    return {"features": "\n".join(lines), "compatibility": "\n".join(compatible)}


def page(text: str) -> str:
    """The page with the tables as they are now."""
    for name, table in tables().items():
        text, count = re.subn(f"(<!-- {name}: .*? -->\n).*?(<!-- end -->)", lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL)
        assert count == 1, name
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))

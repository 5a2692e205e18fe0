"""`darkroom routes`: every route of the server with its guard, budget and body limit; or as OpenAPI; or the limits of every field.

The table shows the configuration in force; `--openapi` and `--fields` print what docs/openapi.json and docs/limits.md hold: the defaults.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from ..kernel.config import Config, Limits, format_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the table as JSON")
    form.add_argument("--openapi", action="store_true", help="print docs/openapi.json")
    form.add_argument("--fields", action="store_true", help="print docs/limits.md")


def run(args: argparse.Namespace, config: Config) -> int:
    from ..http import openapi
    from ..main import TABLE
    from .field_limits import markdown

    if args.openapi:
        text = openapi.encoded(TABLE.routes, Limits()).decode()
    elif args.fields:
        text = markdown(TABLE.routes)
    else:
        rows = list(described(TABLE.routes, config))
        text = json.dumps(rows, indent=1) + "\n" if args.json else "".join(lines(rows))
    sys.stdout.write(text)
    return 0


def described(routes: Any, config: Config) -> Iterator[dict[str, Any]]:
    """One row for each route, by path. `bodyLimit` in bytes, 0 for none, and for strangers' routes no more than strangers may send."""
    from ..http.routing import STRANGERS

    for route in sorted(routes, key=lambda r: (r.path, r.method)):
        limit = None if route.limit is None else getattr(config.limits, route.limit)
        most = config.http.max_body if route.guard.credential == "X-Auth-Token" else STRANGERS
        yield {
            "method": route.method,
            "path": route.path,
            "guard": route.guard.name,
            "limit": route.limit,
            "requests": None if limit is None else limit.count,
            "seconds": None if limit is None else limit.seconds,
            "bodyLimit": min(route.body_limit, most),
            "hidden": route.hidden,
            "where": route.where,
        }


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The rows as columns of text."""
    cells = [("METHOD", "PATH", "GUARD", "LIMIT", "BODY", "WHERE"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n"


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    limit = "-" if row["limit"] is None else f"{row['limit']} {row['requests']}/{row['seconds']}s"
    size = format_size(row["bodyLimit"], exact=False) if row["bodyLimit"] else "-"
    return (row["method"], row["path"], row["guard"], limit, size, row["where"])

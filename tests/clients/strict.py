"""What Ente's clients require of each answer: their own parsers, written down as JSON Schemas in tests/data/strict.

An answer must satisfy every client that names its route. Loaded and compiled once; no network, no server code.
"""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

FILES = Path(__file__).parent.parent / "data" / "strict"
_DIGITS = frozenset({"collectionID", "fileID", "shareID"})


@dataclass(frozen=True)
class Demand:
    """One client's parser of one route."""

    client: str
    route: str
    statuses: frozenset[int]
    empty_ok: bool
    without_id: bool
    broken: str
    schema: dict[str, Any]
    validator: jsonschema_rs.Draft202012Validator
    reads_body: bool

    def applies(self, request_body: Any) -> bool:
        return not (self.without_id and isinstance(request_body, dict) and request_body.get("id"))


@dataclass(frozen=True)
class Pattern:
    expression: re.Pattern[str]
    literals: int
    demands: tuple[Demand, ...]


def _expression(path: str) -> re.Pattern[str]:
    def hole(match: re.Match[str]) -> str:
        return r"\d+" if match[1] in _DIGITS else "[^/]+"

    parts = re.split(r"(\{\w+\})", path.rstrip("/") or "/")
    text = "".join(re.sub(r"\{(\w+)\}", hole, part) if part.startswith("{") else re.escape(part) for part in parts)
    return re.compile(text + "/?")


def _demands_of(file: Path) -> Iterator[tuple[str, str, Demand]]:
    document = json.loads(file.read_text())
    for route in document["routes"]:
        schema = {"$defs": document["$defs"], **route["schema"]}
        condition = route.get("applies_when", "")
        if condition and not condition.startswith(("request without id", "builds before")):  # builds before a release are still in use
            raise ValueError(f"{file.name}: condition not understood: {condition}")
        demand = Demand(
            client=f"{document.get('client', file.stem)} ({', '.join(route.get('apps', ['photos']))})",
            route=f"{route['method']} {route['path']}",
            statuses=frozenset(route["status"]),
            empty_ok=route["empty_body_ok"],
            without_id=condition.startswith("request without id"),
            broken=route["if_broken"],
            schema=schema,
            validator=jsonschema_rs.Draft202012Validator(schema),  # a hundred times as fast as the one that explains
            reads_body=route["schema"] not in ({}, {"$ref": "#/$defs/Anything"}, {"$ref": "#/$defs/Bytes"}),
        )
        yield route["method"], route["path"], demand


@functools.cache
def patterns() -> dict[str, tuple[Pattern, ...]]:
    """By method; paths with more literal text come first, so /collections/v3 goes before /collections/{id}."""
    found: dict[tuple[str, str], list[Demand]] = defaultdict(list)
    for file in sorted(FILES.glob("*.json")):
        for method, path, demand in _demands_of(file):
            found[method, path.rstrip("/")].append(demand)
    table: dict[str, list[Pattern]] = defaultdict(list)
    for (method, path), demands in found.items():
        literals = len(re.sub(r"\{\w+\}", "", path))
        table[method].append(Pattern(_expression(path), literals, tuple(demands)))
    return {method: tuple(sorted(rows, key=lambda row: -row.literals)) for method, rows in table.items()}


@functools.lru_cache(maxsize=4096)
def demands(method: str, path: str) -> tuple[Demand, ...]:
    """Every client's demand on the route; parameters differ in name between files, so equal ranks are merged."""
    matching = [row for row in patterns().get(method, ()) if row.expression.fullmatch(path)]
    if not matching:
        return ()
    return tuple(demand for row in matching if row.literals == matching[0].literals for demand in row.demands)


def check(method: str, path: str, status: int, body: Any, request_body: Any = None) -> None:
    """Raises AssertionError naming client, route and JSON path; errors (4xx, 5xx) are judged by their shape only.

    `body` is the decoded JSON, None for an empty or a non-JSON body.
    """
    if status >= 400:
        assert body is None or isinstance(body, dict), f"{method} {path}: the body of a {status} must be a JSON object"
        return
    for demand in demands(method, path):
        if not demand.applies(request_body):
            continue
        _check_one(demand, status, body)


def _check_one(demand: Demand, status: int, body: Any) -> None:
    where = f"{demand.client}: {demand.route}"
    assert status in demand.statuses or (status == 204 and body is None), f"{where}: status {status}, wants {sorted(demand.statuses)}"
    if not demand.reads_body:
        return
    if body is None and status != 204:
        assert demand.empty_ok or demand.validator.is_valid(None), f"{where}: empty body ({demand.broken})"
        return
    if status == 204 or demand.validator.is_valid(body):
        return
    error = best_match(Draft202012Validator(demand.schema).iter_errors(body))
    assert error is not None, f"{where}: the two validators disagree"
    raise AssertionError(f"{where}: {error.json_path}: {error.message[:300]} ({demand.broken})")

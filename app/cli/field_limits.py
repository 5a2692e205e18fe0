"""docs/limits.md: how long every text and list of a request may be, and why. Made from the declared bodies and queries."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator

import msgspec

from ..http.query import Query
from ..http.routing import STRANGERS, Route
from ..http.schemas import measured, requests
from ..kernel.config import Config, format_size

_HEAD = """\
# Limits of fields

Every text and list that a client may send, by request. A longer one is refused like any other value that does not fit, when the request is
read and before anything is done. The largest body of a route follows from its fields (`darkroom routes` shows it) and is never above
`http.max_body` ({max_body} unless configured), nor {strangers} without a session. A text counts in characters;
what is free in its form (a dictionary) is held by its body's limit alone.

This page is written by `darkroom routes --fields > docs/limits.md`; a test keeps it so and fails for a field without a limit.
"""


def markdown(routes: Iterable[Route]) -> str:
    """The whole page."""
    routes = list(routes)
    head = _HEAD.format(max_body=format_size(Config().http.max_body), strangers=format_size(STRANGERS))
    return "\n".join([head, *_kinds(routes), *_requests(routes)])


def _kinds(routes: list[Route]) -> Iterator[str]:
    """Each limit with its reason, once."""
    reasons = {(what, limit, why) for kind in requests(routes) for _, what, limit, why in fields(kind)}
    yield "| limit | of | reason |\n|---:|---|---|"
    for what, limit, why in sorted(reasons, key=lambda r: (r[0], r[1], r[2])):
        yield f"| {limit:,} | {what} | {why} |"
    yield ""


def _requests(routes: list[Route]) -> Iterator[str]:
    """Each request with its fields."""
    yield "| request | field | limit |\n|---|---|---:|"
    for kind in requests(routes):
        sort = "query" if issubclass(kind, Query) else "body"
        for name, what, limit, _ in fields(kind):
            yield f"| {kind.__module__.split('.')[1]} `{kind.__name__}` ({sort}) | `{name}` | {limit:,} {what} |"
    yield ""


def fields(kind: type[msgspec.Struct]) -> Iterator[tuple[str, str, int, str]]:
    """(wire name, "characters" or "items", limit, reason) of each text and list of a request; `name[]` is what is inside a list."""
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        depth = ""
        for what, why, limit in measured(hints[field.name], kind):
            yield f"{field.encode_name}{depth}", what, limit or 0, why
            depth += "[]" if what == "items" else ""

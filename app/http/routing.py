"""Routes as features declare them, and the table that finds one: exact paths in a dict, parameters compiled once.

    ROUTES = [
        post("/authenticator/entity", session, service.create),
        get("/authenticator/entity/diff", session, diff),
    ]

Everything that can be said of a route stands in its declaration and in its handler's signature (`signature`); `darkroom routes`,
`/openapi.json`, the access matrix and the tests with hostile values are made from it.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..db.turns import payer
from ..kernel.access import Account, Session
from ..kernel.errors import AppError
from . import signature
from .answer import EMPTY, Answer
from .auth import AnyGuard
from .request import Request

STRANGERS = 256 << 10  # bytes of a body without a session, visitors of links included; the largest of theirs is a paste of 32 KiB
DRAINED = 4 << 20  # bytes of an unwanted body that are read and dropped


def json_refusal(error: AppError) -> Answer:
    """A refusal as the JSON routes say it (accounts.md §1.6)."""
    return Answer(error.body(), error.status)


@dataclass(frozen=True)
class Route:
    """One method of one path. `{name}` segments of the path are the handler's parameters, `{name...}` at its end takes all that is left.

    `limit`: the entry of `config.Limits` that it draws on, by account, or by address without one. `errors`: refusals beyond its family's
    usual ones (400, the guard's, 429). `done`: the answer of a handler that gives nothing; `status`: that of one that gives something.
    `refusal`: how its errors are said. `max_body`: bytes of a body, where the type does not say it. `drained`: bytes of an unwanted body
    that are read before the answer. `hidden`: not part of the described interface. `keeps`: whether an account with too many texts in the
    database may not call it, where the body's type says it wrongly (`fills`).
    """

    method: str
    path: str
    guard: AnyGuard
    handler: signature.Handler
    limit: str | None = None
    errors: tuple[type[AppError], ...] = ()
    done: Answer = field(default=EMPTY, repr=False)
    status: int = 200
    refusal: Callable[[AppError], Answer] = field(default=json_refusal, repr=False)
    max_body: int | None = None
    keeps: bool | None = None
    drained: int = DRAINED
    hidden: bool = False

    @cached_property
    def signature(self) -> signature.Signature:
        actor = typing.get_type_hints(self.guard.check)["return"]
        return signature.read(self.handler, self.path, actor)

    @cached_property
    def family(self) -> str:
        """The feature it belongs to: what its figures are counted under."""
        return self.handler.__module__.split(".")[1]

    @cached_property
    def body_limit(self) -> int:
        """Bytes of the largest body this route takes from somebody with an account."""
        return self.signature.body_limit if self.max_body is None else self.max_body

    async def __call__(self, request: Request) -> Answer:
        actor = await self.guard.check(request)
        known = isinstance(actor, Session | Account)
        who = f"user {actor.user_id}" if known else f"ip {request.client_ip}"
        if known:
            request.body.paid_by(who)
        token = payer.set(who)
        try:
            return await self._handle(request, actor, who, known=known)
        finally:
            payer.reset(token)

    async def _handle(self, request: Request, actor: Any, who: str, *, known: bool) -> Answer:
        if self.limit is not None:
            await request.kernel.limiter.allow(self.limit, f"{who} {self.path}")
        limit = min(self.body_limit, request.kernel.config.http.max_body if known else STRANGERS)
        account = actor.user_id if known else getattr(actor, "owner_id", None)  # of a link's visitors: whose link it is
        answer = await signature.run(self.handler, self.signature, request, actor, limit, account, fills=self.fills)
        if answer is None:
            return self.done
        if self.status != 200 and answer.status == 200:
            answer.status = self.status
        return answer

    @cached_property
    def fills(self) -> bool:
        """Whether it can fill the database."""
        return self.signature.fills if self.keeps is None else self.keeps

    @property
    def where(self) -> str:
        """Module and name of the handler."""
        return f"{self.handler.__module__}.{getattr(self.handler, '__qualname__', '?')}"


def get(path: str, guard: AnyGuard, handler: signature.Handler, **more: Any) -> Route:
    """A GET route; `more` as in `Route`. It answers HEAD too."""
    return Route("GET", path, guard, handler, **more)


def post(path: str, guard: AnyGuard, handler: signature.Handler, **more: Any) -> Route:
    return Route("POST", path, guard, handler, **more)


def put(path: str, guard: AnyGuard, handler: signature.Handler, **more: Any) -> Route:
    return Route("PUT", path, guard, handler, **more)


def patch(path: str, guard: AnyGuard, handler: signature.Handler, **more: Any) -> Route:
    return Route("PATCH", path, guard, handler, **more)


def delete(path: str, guard: AnyGuard, handler: signature.Handler, **more: Any) -> Route:
    return Route("DELETE", path, guard, handler, **more)


Methods = dict[str, Route]


class Node:
    """Paths that share their first segments."""

    __slots__ = ("methods", "named", "param", "rest")

    def __init__(self) -> None:
        self.named: dict[str, Node] = {}
        self.param: Node | None = None
        self.methods: dict[str, tuple[Route, tuple[str, ...]]] = {}
        self.rest: dict[str, tuple[Route, str]] = {}


class Table:
    """Finds the route of a method and a path. A path that is registered twice for one method is a programming error."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._exact: dict[str, Methods] = {}
        self._root = Node()
        for route in self.routes:
            _ = route.signature  # a handler that cannot be filled fails the start, not a request
            if "{" in route.path:
                self._add(route)
            else:
                _put(self._exact.setdefault(route.path, {}), route, route)

    def _add(self, route: Route) -> None:
        node = self._root
        names: list[str] = []
        for segment in route.path[1:].split("/"):
            if segment.endswith("...}"):
                _put(node.rest, route, (route, segment[1:-4]))
                return
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.param = node.param or Node()
                node = node.param
            else:
                node = node.named.setdefault(segment, Node())
        _put(node.methods, route, (route, tuple(names)))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path parameters. One slash at the end of a path makes no difference (accounts.md §1.1)."""
        if len(path) > 1 and path[-1] == "/":
            path = path[:-1]
        methods = self._exact.get(path)
        if methods is not None:
            found = methods.get(method)
            return None if found is None else (found, {})
        return self._walk(method, path)

    def _walk(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        node, values = self._root, []
        segments = path[1:].split("/")
        for i, segment in enumerate(segments):
            if node.rest:
                hit = node.rest.get(method)
                return None if hit is None else (hit[0], {hit[1]: "/".join(segments[i:])})
            inner = node.named.get(segment)
            if inner is None:
                inner = node.param
                if inner is None or not segment:
                    return None
                values.append(segment)
            node = inner
        found = node.methods.get(method)
        return None if found is None else (found[0], dict(zip(found[1], values, strict=True)))


def _put(methods: dict[str, Any], route: Route, entry: Any) -> None:
    """Enter a route by its method; a GET also answers HEAD."""
    if route.method in methods:
        raise RuntimeError(f"{route.method} {route.path} is registered twice")
    methods[route.method] = entry
    if route.method == "GET":
        methods.setdefault("HEAD", entry)

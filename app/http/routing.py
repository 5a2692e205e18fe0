"""Routes: a method, a path, who may call it, which budget it draws on, and a handler. Litestar finds the path; we do the rest.

Measured on one core (design.md §3): Litestar's own handlers 9,000 requests/s, its raw ASGI handlers 27,000: so a path is one raw
handler that picks the method, and `app.http.front` does what middleware, guards and serialisation would do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..access import Session
from .auth import Guard
from .call import Answer, Call

A = TypeVar("A")
STRANGERS = 256 << 10  # bytes of a body without a session, visitors of links included; the largest of theirs is a paste of 32 KiB
Handler = Callable[[Call, A], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route(Generic[A]):
    """One method of one path. `limit` names an entry of `config.Limits`; its key is the account, or the address without one."""

    method: str
    path: str
    guard: Guard[A]
    handler: Handler[A]
    limit: str | None = None

    async def __call__(self, call: Call) -> Answer:
        actor = await self.guard(call)
        if not isinstance(actor, Session):
            call.body_limit = min(call.body_limit, STRANGERS)
        if self.limit is not None:
            who = f"user {actor.user_id}" if isinstance(actor, Session) else f"ip {call.client_ip}"
            await call.kernel.limiter.allow(self.limit, f"{who} {self.path}")
        return await self.handler(call, actor)


class Routes:
    """The routes of a feature: `routes = Routes()`, then `@routes.get(path, guard)` on `async def handler(call, actor)`."""

    def __init__(self) -> None:
        self.all: list[Route[Any]] = []

    def add(self, method: str, path: str, guard: Guard[A], limit: str | None = None) -> Callable[[Handler[A]], Handler[A]]:
        """Register a handler; `{name}` segments of the path become `call.params[name]`."""

        def register(handler: Handler[A]) -> Handler[A]:
            self.all.append(Route(method, path, guard, handler, limit))
            return handler

        return register

    def get(self, path: str, guard: Guard[A], limit: str | None = None) -> Callable[[Handler[A]], Handler[A]]:
        return self.add("GET", path, guard, limit)

    def post(self, path: str, guard: Guard[A], limit: str | None = None) -> Callable[[Handler[A]], Handler[A]]:
        return self.add("POST", path, guard, limit)

    def put(self, path: str, guard: Guard[A], limit: str | None = None) -> Callable[[Handler[A]], Handler[A]]:
        return self.add("PUT", path, guard, limit)

    def delete(self, path: str, guard: Guard[A], limit: str | None = None) -> Callable[[Handler[A]], Handler[A]]:
        return self.add("DELETE", path, guard, limit)


def by_path(routes: list[Route[Any]]) -> dict[str, dict[str, Route[Any]]]:
    """path → method → route; a GET also answers HEAD. A method registered twice for a path is a programming error."""
    table: dict[str, dict[str, Route[Any]]] = {}
    for r in routes:
        methods = table.setdefault(r.path, {})
        if r.method in methods:
            raise RuntimeError(f"{r.method} {r.path} is registered twice")
        methods[r.method] = r
    for methods in table.values():
        if "GET" in methods:
            methods.setdefault("HEAD", methods["GET"])
    return table

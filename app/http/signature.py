"""What a handler wants and gives, read from its signature once, at start: no cost per request beyond the values themselves.

A parameter is filled by its type: `Kernel`, `Request`, the guard's actor, a `Body` (decoded), a `Query` (decoded), a class with
`of(request)`; `int` and `str` are path parameters by their name. The return type is a reply struct or list (encoded), `Encoded[Shape]`
(sent as it is), an `Answer` (likewise), or None.
"""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from ..kernel import wire
from ..kernel.fields import SLACK, kept, largest
from ..kernel.parts import Kernel
from . import query
from .answer import Answer
from .request import Request

Getter = Callable[[Request, Any], Any]
Handler = Callable[..., Awaitable[Any]]


FILLS = 64 << 10
"""Characters of text in a body from which it can fill a database. What one account has one of (keys, a password's proof) is below."""


@dataclass(frozen=True, slots=True)
class Signature:
    """`body`, `query`: the struct types of a handler, if it takes them. `params`: path parameters and their types. `shape`: the JSON that it
    answers, None for none, `Answer` or a kind of it where only the handler knows."""

    body: type[wire.Body] | None
    query: type[query.Query] | None
    params: dict[str, type]
    shape: Any
    fills: bool  # whether who keeps too many texts may not call it
    getters: tuple[Getter | None, ...] = field(repr=False)
    encode: Callable[[Any], Answer] | None = field(repr=False)

    @property
    def body_limit(self) -> int:
        """Bytes that the largest honest body of this handler has."""
        return 0 if self.body is None else largest(self.body) + SLACK


def read(handler: Handler, path: str, actor: Any) -> Signature:
    """The signature of a handler of this path behind a guard that gives `actor` (a type). TypeError for what cannot be filled."""
    hints = typing.get_type_hints(handler, include_extras=True)
    answered = hints.pop("return", None)
    body: type[wire.Body] | None = None
    asked: type[query.Query] | None = None
    params: dict[str, type] = {}
    getters: list[Getter | None] = []
    for name, hint in hints.items():
        if isinstance(hint, type) and issubclass(hint, wire.Body):
            body = hint
            getters.append(None)
        elif isinstance(hint, type) and issubclass(hint, query.Query):
            asked = hint
            getters.append(partial(_query, hint))
        elif hint in (int, str) and (f"{{{name}}}" in path or f"{{{name}...}}" in path):
            params[name] = hint
            getters.append(partial(_id if hint is int else _text, name))
        else:
            getters.append(_simple(handler, name, hint, actor))
    shape, encode = _answer(handler, answered)
    return Signature(body, asked, params, shape, body is not None and kept(body) >= FILLS, tuple(getters), encode)


def _simple(handler: Handler, name: str, hint: Any, actor: Any) -> Getter:
    if hint is Kernel:
        return _kernel
    if hint is Request:
        return _request
    if hint == actor:
        return _actor
    if of := getattr(hint, "of", None):
        return partial(_made, of)
    raise TypeError(f"{handler.__module__}.{handler.__qualname__}: nothing fills {name}: {hint}")


def _kernel(request: Request, _: Any) -> Kernel:
    return request.kernel


def _request(request: Request, _: Any) -> Request:
    return request


def _actor(_: Request, actor: Any) -> Any:
    return actor


def _made(of: Callable[[Request], Any], request: Request, _: Any) -> Any:
    return of(request)


def _id(name: str, request: Request, _: Any) -> int:
    return request.id_param(name)


def _text(name: str, request: Request, _: Any) -> str:
    return request.params[name]


def _query(kind: type[query.Query], request: Request, _: Any) -> Any:
    return query.decode(request.query, kind)


def _answer(handler: Handler, hint: Any) -> tuple[Any, Callable[[Any], Answer] | None]:
    """(shape, how a result becomes an answer; None for no result)."""
    if hint is None or hint is type(None):
        return None, None
    if isinstance(hint, type) and issubclass(hint, Answer):
        return hint, _as_it_is
    if typing.get_origin(hint) is Annotated and typing.get_args(hint)[0] is bytes:
        return typing.get_args(hint)[1], Answer
    return hint, _encoded


def _as_it_is(answer: Answer) -> Answer:
    return answer


def _encoded(value: Any) -> Answer:
    return Answer(wire.encode(value))


async def run(
    handler: Handler, signature: Signature, request: Request, actor: Any, limit: int, account: int | None = None, *, fills: bool = False
) -> Answer | None:
    """Call a handler with what it wants (a body of at most `limit` bytes, which may become texts of `account`, and too many of them if it `fills`
    the database); None when it gives nothing."""
    body = None if signature.body is None else await request.json(signature.body, limit)
    if account is not None and body is not None:
        if fills:
            await request.kernel.texts.take(account, request.body.got)
        elif request.method != "GET":
            request.kernel.texts.count(account, request.body.got)
    result = await handler(*[body if get is None else get(request, actor) for get in signature.getters])
    return None if signature.encode is None else signature.encode(result)

"""What a handler says it takes and gives is what it gets, and what the client gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.http import signature
from app.http.answer import Answer, Redirect
from app.http.auth import anyone, session
from app.http.query import Lax, Query
from app.http.request import BaseUrl, Request
from app.http.routing import get, post
from app.kernel.access import Session
from app.kernel.errors import BadRequest, CodedBadRequest, TooLarge
from app.kernel.fields import SLACK, Batch, Word, largest
from app.kernel.parts import Kernel
from app.kernel.wire import Body, Encoded, Needed, Reply
from tests.http.raw import scope_of
from tests.inprocess import Person, World


class New(Body):
    title: Needed[Word]
    ids: Batch[int] = []  # noqa: RUF012  # msgspec copies it


class Coded(Body):
    refusal = CodedBadRequest
    id: Needed[int]


class Since(Query):
    since_time: Lax = 0


class Made(Reply):
    collection_id: int
    what: str


def request(world: World, path: str = "/x", body: bytes = b"", params: dict[str, str] | None = None, headers: Any = ()) -> Request:
    pieces = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return pieces.pop()

    made = Request(world.kernel, scope_of(path, [(b"host", b"h"), *headers]), receive)
    made.params = params or {}
    return made


async def test_it_fills_everything_by_its_type(world: World, alice: Person) -> None:
    seen: dict[str, Any] = {}

    async def handler(
        kernel: Kernel, request: Request, actor: Session, body: New, query: Since, base: BaseUrl, id: int, name: str
    ) -> Made:  # fmt: skip
        seen.update(locals())
        return Made(collection_id=id, what=body.title)

    route = post("/x/{id}/{name}", session, handler)
    asked = request(
        world, "/x/5/y?sinceTime=7", b'{"title":"a","ids":[1,2]}', {"id": "5", "name": "y"}, [(b"x-auth-token", (alice.token or "").encode())]
    )
    answer = await route(asked)
    assert (answer.status, json.loads(answer.body)) == (200, {"collectionID": 5, "what": "a"})
    assert seen["kernel"] is world.kernel
    assert seen["request"] is asked
    assert (seen["actor"].user_id, seen["query"].since_time, seen["body"].ids) == (alice.user_id, 7, [1, 2])
    assert (seen["base"], seen["id"], seen["name"]) == ("http://darkroom.test", 5, "y")


def test_it_says_what_it_read() -> None:
    async def handler(body: New, query: Since, id: int) -> Made: ...

    read = signature.read(handler, "/x/{id}", type(None))
    assert (read.body, read.query, read.params, read.shape) == (New, Since, {"id": int}, Made)
    assert read.body_limit == largest(New) + SLACK


def test_a_rest_of_the_path_is_a_parameter() -> None:
    async def handler(key: str) -> None: ...

    assert signature.read(handler, "/objects/{key...}", type(None)).params == {"key": str}


@pytest.mark.parametrize("hint", [bytes, float, dict[str, Any], int | None, Session])
def test_what_nothing_fills_is_a_mistake(hint: Any) -> None:
    async def handler(what: Any) -> None: ...

    handler.__annotations__["what"] = hint
    with pytest.raises(TypeError, match="nothing fills what"):
        signature.read(handler, "/x", type(None))


@pytest.mark.parametrize("kind", [int, str])
def test_a_name_that_only_begins_like_a_parameter_is_a_mistake(kind: type) -> None:
    async def handler(i: Any) -> None: ...

    handler.__annotations__["i"] = kind
    with pytest.raises(TypeError, match="nothing fills i"):
        signature.read(handler, "/x/{id}", type(None))


async def run(world: World, handler: Any, **more: Any) -> Answer:
    return await post("/x", anyone, handler)(request(world, **more))


async def test_what_it_answers_by_its_return_type(world: World) -> None:
    async def nothing() -> None: ...

    async def several() -> list[Made]:
        return [Made(collection_id=1, what="a")]

    async def encoded() -> Encoded[Made]:
        return b'{"kept":true}'

    async def away() -> Redirect:
        return Redirect("https://x.example.org/")

    assert (await run(world, nothing)).body == b""
    assert json.loads((await run(world, several)).body) == [{"collectionID": 1, "what": "a"}]
    assert (await run(world, encoded)).body == b'{"kept":true}'
    assert (await run(world, away)).status == 307
    assert [signature.read(h, "/x", type(None)).shape for h in (nothing, several, encoded, away)] == [None, list[Made], Made, Redirect]


async def test_what_does_not_fit_does_not_reach_the_handler(world: World) -> None:
    async def never(body: New) -> None:
        raise AssertionError

    async def coded(body: Coded) -> None:
        raise AssertionError

    async def since(id: int) -> None:
        raise AssertionError

    for bad in (b"", b"[]", b"{}", b'{"title":""}', b'{"title":1}', b'{"title":"%s"}' % (b"x" * 257), b'{"title":"x","ids":[%s1]}' % (b"1," * 5000)):
        with pytest.raises(BadRequest):
            await run(world, never, body=bad)
    with pytest.raises(TooLarge):
        await run(world, never, body=b'{"title":"x"%s}' % (b" " * (largest(New) + SLACK)))
    with pytest.raises(CodedBadRequest):
        await run(world, coded, body=b'{"id":0}')
    for text in ("", "x", "1.5", "9" * 20):
        with pytest.raises(BadRequest):
            await get("/x/{id}", anyone, since)(request(world, params={"id": text}))

"""Routes: which handler answers a method and path, with what actor, on whose budget."""

from __future__ import annotations

from typing import Any

import pytest

from app.http.answer import OBJECT, Answer
from app.http.auth import anyone, session
from app.http.request import Request
from app.http.routing import Route, Table, delete, get, patch, post, put
from app.kernel.access import Session
from app.kernel.config import Limit, Limits
from app.kernel.errors import NotFound
from app.main import TABLE
from tests.http.raw import scope_of
from tests.inprocess import Person, World


async def nothing() -> None:
    """Answers what its route says."""


async def one(id: int) -> dict[str, int]:
    return {"id": id}


async def two(a: str, b: str) -> list[str]:
    return [a, b]


async def rest(key: str) -> str:
    return key


def where(table: Table, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    found = table.find(method, path)
    return None if found is None else (found[0].path, found[1])


def test_it_finds_exact_paths_parameters_and_rests() -> None:
    table = Table(
        [get("/a", anyone, nothing), get("/a/{id}", anyone, one), get("/a/{a}/b/{b}", anyone, two), get("/files/{key...}", anyone, rest)],
    )  # fmt: skip
    assert where(table, "GET", "/a") == ("/a", {})
    assert where(table, "GET", "/a/5") == ("/a/{id}", {"id": "5"})
    assert where(table, "GET", "/a/x/b/y") == ("/a/{a}/b/{b}", {"a": "x", "b": "y"})
    assert where(table, "GET", "/files/1/2/3") == ("/files/{key...}", {"key": "1/2/3"})
    assert where(table, "GET", "/files/x") == ("/files/{key...}", {"key": "x"})


@pytest.mark.parametrize("path", ["", "/", "//", "/b", "/A", "/a//", "/a/", "/a/1/2", "/a/1/b", "/a//b/2", "/a/1/b/", "/a/1/b//", "/files", "/ab"])
def test_what_it_does_not_find(path: str) -> None:
    table = Table([get("/a", anyone, nothing), get("/a/{a}/b/{b}", anyone, two), get("/files/{key...}", anyone, rest)])
    found = where(table, "GET", path)
    assert found is None or (path == "/a/" and found == ("/a", {}))


def test_one_slash_at_the_end_makes_no_difference() -> None:
    table = Table([get("/", anyone, nothing), get("/a", anyone, nothing), get("/a/{id}", anyone, one), get("/files/{key...}", anyone, rest)])
    assert where(table, "GET", "/") == ("/", {})
    assert where(table, "GET", "/a/") == ("/a", {})
    assert where(table, "GET", "/a/5/") == ("/a/{id}", {"id": "5"})
    assert where(table, "GET", "/a//") is None
    assert where(table, "GET", "/files/x/") == ("/files/{key...}", {"key": "x"})


def test_methods_of_a_path_are_told_apart() -> None:
    routes = [add("/things/{id}", anyone, one) for add in (get, post, put, patch, delete)]
    table = Table(routes)
    for route in routes:
        assert (table.find(route.method, "/things/1") or (None,))[0] is route
    assert where(table, "TRACE", "/things/1") is None
    assert where(Table([post("/x", anyone, nothing)]), "GET", "/x") is None


def test_a_get_answers_head_but_an_own_head_stays() -> None:
    for path, handler in (("/x", nothing), ("/x/{id}", one), ("/x/{key...}", rest)):
        asked = path.replace("{id}", "1").replace("{key...}", "1/2")
        own, other = Route("HEAD", path, anyone, handler), get(path, anyone, handler)
        assert (Table([other]).find("HEAD", asked) or (None,))[0] is other
        assert (Table([own, other]).find("HEAD", asked) or (None,))[0] is own
    assert where(Table([post("/x", anyone, nothing)]), "HEAD", "/x") is None


@pytest.mark.parametrize("path, other, handler", [("/x", "/x", nothing), ("/x/{id}", "/x/{id}", one), ("/o/{key...}", "/o/{key...}", rest)])
def test_a_route_registered_twice_is_a_mistake(path: str, other: str, handler: Any) -> None:
    with pytest.raises(RuntimeError, match=r"GET /.* is registered twice"):
        Table([get(path, anyone, handler), get(other, anyone, handler)])


def test_a_parameter_of_another_name_is_the_same_path() -> None:
    async def named(name: str) -> None:
        """Takes a name."""

    with pytest.raises(RuntimeError, match=r"GET /x/\{name\}"):
        Table([get("/x/{id}", anyone, one), get("/x/{name}", anyone, named)])


def test_a_handler_that_cannot_be_filled_fails_the_start() -> None:
    async def wants(what: bytes) -> None:
        """Nobody has that."""

    with pytest.raises(TypeError, match="nothing fills what"):
        Table([get("/x", anyone, wants)])


def test_every_route_of_the_server_has_a_clean_path_and_its_budget_exists() -> None:
    assert {r.limit for r in TABLE.routes if r.limit} <= {name for name, field in Limits.model_fields.items() if field.annotation is Limit}
    for r in TABLE.routes:
        assert r.path.startswith("/"), r.path
        assert not r.path.endswith("/"), r.path


# --- in the server
async def test_paths_are_exact_but_for_a_slash_at_the_end(alice: Person) -> None:
    await alice.get("/remote-store/feature-flags/")
    for path in ("/REMOTE-STORE/feature-flags", "/remote-store/feature-flags/x", "/remote-store/feature-flagsx"):
        await alice.get(path, expect=404)


async def test_a_literal_path_wins_over_a_parameter(alice: Person) -> None:
    """/remote-store/feature-flags and /remote-store/{key} live side by side."""
    assert "serverApiFlag" in (await alice.get("/remote-store/feature-flags")).json()
    assert (await alice.delete("/remote-store/customDomain")).content == b""
    await alice.get("/remote-store/customDomain", expect=404)


async def test_a_wrong_method_is_not_found_and_no_json(alice: Person) -> None:
    got = await alice.post("/billing/user-plans", {}, expect=404)
    assert (got.content, got.headers["content-type"]) == (b"404 page not found", "text/plain")
    await alice.call("PATCH", "/billing/user-plans", expect=404)
    await alice.call("TRACE", "/billing/user-plans", expect=404)


async def test_budgets_are_per_account_or_address_and_per_route(world: World) -> None:
    """/events draws on `sensitive`: ten a minute for each address."""
    eve, adam = world.anon(), world.anon()
    for spelling in ("/events", "/events/", "/events?x=1", "/events/?", "/events") * 2:
        await eve.post(spelling, {}, expect=400)
    await eve.post("/events", {}, expect=429)
    await eve.post("/events/", {}, expect=429)
    await adam.post("/events", {}, expect=400)
    await eve.get("/billing/plans/v2")


async def test_the_guard_comes_before_the_budget(world: World) -> None:
    """A stranger's bad tokens do not use up anybody's budget."""
    eve = world.anon()
    for _ in range(30):
        await eve.post("/users/srp/setup", {}, token="A" * 44, expect=401)


def ask(world: World, token: str | None = None, path: str = "/x") -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    return Request(world.kernel, scope_of(path, [(b"x-auth-token", token.encode())] if token else [], method="GET"), receive)


async def test_handlers_receive_the_actor(world: World, alice: Person) -> None:
    seen: list[Session] = []

    async def who(actor: Session) -> None:
        seen.append(actor)

    assert (await get("/x", session, who)(ask(world, alice.token))).body == b""
    assert seen[0].user_id == alice.user_id


async def test_a_route_says_what_done_and_status_are(world: World) -> None:
    async def found() -> dict[str, int]:
        return {"a": 1}

    async def own() -> Answer:
        return Answer(b"x", 204)

    async def lost() -> None:
        raise NotFound

    assert await get("/x", anyone, nothing, done=OBJECT)(ask(world)) is OBJECT
    made = await get("/x", anyone, found, status=201)(ask(world))
    assert (made.status, made.body) == (201, b'{"a":1}')
    assert (await get("/x", anyone, own, status=201)(ask(world))).status == 204, "a handler that says its own status keeps it"
    with pytest.raises(NotFound):
        await get("/x", anyone, lost)(ask(world))

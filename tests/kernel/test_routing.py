"""Routes: which handler answers a method and path, with what actor, on whose budget."""

from __future__ import annotations

from typing import Any

import pytest

from app import main
from app.http.auth import anyone, session
from app.http.request import EMPTY, Answer, Call
from app.http.routing import Routes, by_path
from app.kernel.access import Session
from app.kernel.config import Limit, Limits
from tests.inprocess import Person, World


async def nothing(call: Call, actor: Any) -> Answer:
    return EMPTY


def test_methods_of_a_path_share_its_entry() -> None:
    routes = Routes()
    for add in (routes.get, routes.post, routes.put, routes.delete):
        assert add("/things/{id}", anyone)(nothing) is nothing
    routes.post("/other", session, limit="sensitive")(nothing)
    table = by_path(routes.all)
    assert set(table) == {"/things/{id}", "/other"}
    assert set(table["/things/{id}"]) == {"GET", "HEAD", "POST", "PUT", "DELETE"}
    assert table["/things/{id}"]["HEAD"] is table["/things/{id}"]["GET"]
    assert set(table["/other"]) == {"POST"}
    assert table["/other"]["POST"].limit == "sensitive"


def test_an_own_head_stays() -> None:
    routes = Routes()
    routes.add("HEAD", "/x", anyone)(nothing)
    routes.get("/x", anyone)(nothing)
    methods = by_path(routes.all)["/x"]
    assert methods["HEAD"] is routes.all[0]


def test_a_route_registered_twice_is_a_mistake() -> None:
    routes = Routes()
    for _ in range(2):
        routes.get("/x", anyone)(nothing)
    with pytest.raises(RuntimeError, match="GET /x"):
        by_path(routes.all)


def test_every_route_of_the_server_is_registered_once_and_its_budget_exists() -> None:
    routes = main.all_routes()
    by_path(routes)
    assert {r.limit for r in routes if r.limit} <= {name for name, field in Limits.model_fields.items() if field.annotation is Limit}
    for r in routes:
        assert r.path.startswith("/"), r.path
        assert r.path == "/" or not r.path.endswith("/"), r.path


async def test_paths_are_exact_but_for_a_slash_at_the_end(world: World, alice: Person) -> None:
    await alice.get("/remote-store/feature-flags/")
    for path in (
        "/REMOTE-STORE/feature-flags",
        "/remote-store/feature-flags/x",
        "/remote-store/feature-flagsx",
    ):
        await alice.get(path, expect=404)


async def test_a_literal_path_wins_over_a_parameter(alice: Person) -> None:
    """/remote-store/feature-flags and /remote-store/{key} live side by side."""
    assert "serverApiFlag" in (await alice.get("/remote-store/feature-flags")).json()
    assert (await alice.delete("/remote-store/customDomain")).content == b""
    await alice.get("/remote-store/customDomain", expect=404)


async def test_a_wrong_method_is_not_found(alice: Person) -> None:
    got = await alice.post("/billing/user-plans", {}, expect=404)
    assert got.content == b"404 page not found"
    await alice.call("PATCH", "/billing/user-plans", expect=404)
    await alice.call("TRACE", "/billing/user-plans", expect=(404, 405))


async def test_budgets_are_per_account_or_address_and_per_route(world: World) -> None:
    """/events draws on `sensitive`: ten a minute for each address."""
    eve, adam = world.anon(), world.anon()
    for spelling in ("/events", "/events/", "//events", "/events//", "/events?x=1") * 2:
        await eve.post(spelling, {}, expect=400)
    await eve.post("/events", {}, expect=429)
    await adam.post("/events", {}, expect=400)
    await eve.get("/billing/plans/v2")


async def test_the_guard_comes_before_the_budget(world: World) -> None:
    """A stranger's bad tokens do not use up anybody's budget."""
    eve = world.anon()
    for _ in range(30):
        await eve.post("/users/srp/setup", {}, token="A" * 44, expect=401)


async def test_handlers_receive_the_actor(world: World, alice: Person) -> None:
    seen: list[Any] = []
    routes = Routes()

    @routes.get("/who", session)
    async def who(call: Call, actor: Session) -> Answer:
        seen.append(actor)
        return EMPTY

    scope = {
        "method": "GET", "path": "/who", "query_string": b"", "headers": [(b"x-auth-token", (alice.token or "").encode())], "path_params": {},
    }  # fmt: skip
    await routes.all[0](Call(world.kernel, scope, None))  # type: ignore[arg-type]  # no body is read
    assert seen[0].user_id == alice.user_id

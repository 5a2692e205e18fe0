"""What every request passes: headers on all answers, preflight, errors, compression, sizes, request ids."""

from __future__ import annotations

import gzip
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from app.http import compress
from app.http.answer import Answer, Redirect, reply
from app.http.auth import anyone, session
from app.http.query import Lax, Query
from app.http.request import BaseUrl, Request
from app.http.routing import Table, get, post
from app.http.server import Server
from app.kernel import errors
from app.kernel.access import Session
from app.kernel.config import Apps, Config, Http, Limit, Limits, Storage
from app.kernel.wire import Body
from app.main import TABLE
from tests.http.raw import call_raw, piece, scope_of
from tests.inprocess import Person, World, open_world

ORIGIN = {"origin": "https://photos.example.org"}
SECRET = "a secret of the request"
BROWSERS = ("access-control-allow-origin", "access-control-allow-credentials", "vary", "x-content-type-options")


class Text(Body):
    text: str = ""


class Numbers(Query):
    n: Lax = 0


async def fail(body: Text) -> None:
    kind: type[Exception] = getattr(errors, body.text, None) or {"ValueError": ValueError, "KeyError": KeyError}[body.text]
    raise kind(SECRET)


async def size(size: int) -> dict[str, str]:
    return {"x": "a" * size}


async def away() -> Redirect:
    return Redirect("https://elsewhere.example.org/x")


async def echo(request: Request, body: Text, base: BaseUrl, query: Numbers) -> Answer:
    return reply({"text": body.text, "ip": request.client_ip, "query": request.query, "base": str(base), "n": query.n})


async def of_a_person(actor: Session, body: Text) -> dict[str, int]:
    return {"length": len(body.text)}


PROBE = [
    post("/probe/raise", anyone, fail),
    get("/probe/size/{size}", anyone, size),
    get("/probe/redirect", anyone, away),
    post("/probe/echo", anyone, echo, max_body=1 << 20),
    post("/probe/person", session, of_a_person, max_body=1 << 20),
]
"""A feature whose routes do what this file asks about."""


def with_probe(world: World) -> World:
    world.app.server = Server(world.kernel, Table([*TABLE.routes, *PROBE]), world.app.pages)
    return world


@pytest.fixture(autouse=True)
def _probe(request: pytest.FixtureRequest) -> None:
    if "world" in request.fixturenames:
        with_probe(request.getfixturevalue("world"))


def values(headers: dict[str, str], *names: str) -> list[str | None]:
    return [headers.get(n) for n in names]


# --- headers
@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/billing/plans/v2", 200),
        ("HEAD", "/billing/plans/v2", 200),
        ("POST", "/billing/plans/v2", 404),
        ("GET", "/billing/subscription", 401),
        ("GET", "/no/such", 404),
        ("POST", "/events", 400),
        ("GET", "/custom-domain?domain=a.example.org", 404),
        ("GET", "/probe/redirect", 307),
    ],
)
async def test_every_answer_is_readable_by_a_browser(world: World, method: str, path: str, status: int) -> None:
    for origin in ("https://photos.example.org", "null", "http://localhost:3000"):
        got = await world.anon().call(method, path, expect=status, headers={"origin": origin})
        assert values(got.headers, *BROWSERS) == [origin, "true", "Origin", "nosniff"]
        assert "X-Request-Id" in got.headers["access-control-expose-headers"]
        assert re.fullmatch(r"ser_[0-9A-Za-z]{22}", got.headers["x-request-id"])
        if method == "GET":
            assert got.headers.get("cache-control") == (None if status == 307 else "no-store")
    assert values((await world.anon().call(method, path, expect=status)).headers, *BROWSERS) == ["*", "true", "Origin", "nosniff"]


async def test_a_server_error_is_readable_too(world: World) -> None:
    got = await world.anon().post("/probe/raise", {"text": "ValueError"}, expect=500, headers=ORIGIN)
    assert got.headers["access-control-allow-origin"] == ORIGIN["origin"]
    assert got.content == b"{}"


async def test_preflight_is_for_everybody_and_every_path(world: World) -> None:
    for path in ("/users/ott", "/no/such/route", "/billing/subscription"):
        got = await world.anon().call("OPTIONS", path, headers={**ORIGIN, "access-control-request-method": "PUT"})
        assert (got.status, got.content) == (200, b"")
        assert got.headers["access-control-allow-origin"] == ORIGIN["origin"]
        allowed = {h.strip().lower() for h in got.headers["access-control-allow-headers"].split(",")}
        assert allowed >= {"x-auth-token", "x-client-package", "x-client-version", "content-type", "range", "x-paste-consume", "x-cast-access-token"}
        assert allowed >= {"content-md5", "upload-url", "x-auth-access-token", "x-auth-access-token-jwt", "x-auth-link-device-token"}
        assert set(got.headers["access-control-allow-methods"].split(", ")) >= {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
        assert got.headers["access-control-max-age"] == "1728000"


async def test_preflight_costs_no_budget(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, limits=Limits(address=Limit(count=3, seconds=1)), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        anon = world.anon()
        for _ in range(20):
            await anon.call("OPTIONS", "/billing/plans/v2")
        for _ in range(3):
            await anon.get("/billing/plans/v2")
        refused = await anon.get("/billing/plans/v2", expect=429, headers=ORIGIN)
        assert refused.json() == {"error": "Rate limit breached, try later"}
        assert refused.headers["access-control-allow-origin"] == ORIGIN["origin"]
        await world.anon().get("/billing/plans/v2")


async def test_request_ids_are_kept_made_and_bounded(world: World) -> None:
    anon = world.anon()
    for path, status in (("/billing/plans/v2", 200), ("/no/such", 404)):
        for sent, kept in (("ios_42", "ios_42"), ("x" * 200, "x" * 128)):
            raw = await call_raw(world, scope_of(path, [(b"x-request-id", sent.encode("latin-1"))], method="GET"))
            assert (raw["status"], raw["headers"][b"x-request-id"].decode("latin-1")) == (status, kept)
        made = {(await anon.get(path, expect=status, headers={"x-request-id": ""})).headers["x-request-id"] for _ in range(5)}
        assert len(made) == 5


# --- errors
@pytest.mark.parametrize(
    "name, status",
    [
        ("BadRequest", 400), ("Unauthorized", 401), ("PaymentRequired", 402), ("Forbidden", 403), ("NotFound", 404), ("Conflict", 409), ("Gone", 410),
        ("TooLarge", 413), ("StorageFull", 426), ("TooMany", 429), ("Unavailable", 503), ("NoSpace", 507), ("ValueError", 500), ("KeyError", 500),
    ],
)  # fmt: skip
async def test_plain_refusals_are_empty_objects(world: World, name: str, status: int) -> None:
    got = await world.anon().post("/probe/raise", {"text": name}, expect=status)
    assert got.headers["content-type"].startswith("application/json")
    assert got.content == b"{}"


async def test_refusals_with_a_text_for_the_person(world: World) -> None:
    assert (await world.anon().post("/probe/raise", {"text": "CodedBadRequest"}, expect=400)).json() == {"code": "BAD_REQUEST", "message": SECRET}
    assert (await world.anon().post("/probe/raise", {"text": "Gate"}, expect=401)).json() == {"error": SECRET}


async def test_a_bug_is_logged_with_its_id_and_without_the_body(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        got = await world.anon().post("/probe/raise?token=query-secret", {"text": "ValueError"}, expect=500, headers={"x-request-id": "web_77"})
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "POST /probe/raise failed [web_77]" in record.getMessage()
    assert record.exc_info
    assert b"Traceback" not in got.content
    assert SECRET.encode() not in got.content
    assert "query-secret" not in caplog.text
    assert '"text"' not in caplog.text


async def test_refusals_are_quiet_but_failures_of_the_machine_are_not(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await world.anon().post("/probe/raise", {"text": "NotFound"}, expect=404)
        assert caplog.records == []
        await world.anon().post("/probe/raise", {"text": "NoSpace"}, expect=507)
    assert ["507" in r.getMessage() for r in caplog.records] == [True]
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger="darkroom.http"):
        await world.anon().post("/probe/raise", {"text": "NotFound"}, expect=404)
    assert "/probe/raise 404" in caplog.text


async def test_a_nul_in_the_address_is_a_bad_request(world: World, alice: Person) -> None:
    for path in ("/remote-store?key=a%00b&defaultValue=x", "/remote-store/a\0b", "/user-entity/key?type=%00"):
        method = "DELETE" if "\0" in path else "GET"
        assert (await alice.call(method, path, expect=400)).json() == {}


# --- HEAD, sizes, compression
async def test_head_is_a_get_without_the_body(world: World) -> None:
    anon = world.anon()
    get, head = [await anon.call(m, "/probe/size/500") for m in ("GET", "HEAD")]
    assert (head.content, head.headers["content-length"]) == (b"", str(len(get.content)))
    await anon.call("HEAD", "/events", expect=404)
    await anon.call("HEAD", "/no/such", expect=404)


async def test_an_empty_answer_has_no_type(world: World, alice: Person) -> None:
    got = await alice.post("/remote-store/update", {"key": "mapEnabled", "value": "true"})
    assert values(got.headers, "content-type", "content-length", "content-encoding") == [None, "0", None]


@pytest.mark.parametrize("size", [compress.FLOOR, compress.IN_LOOP + 1, 3_000_000])
async def test_large_answers_are_compressed_for_who_can_read_it(world: World, size: int) -> None:
    anon = world.anon()
    plain = await anon.get(f"/probe/size/{size}")
    assert values(plain.headers, "content-encoding", "content-length") == [None, str(len(plain.content))]
    packed = await anon.get(f"/probe/size/{size}", headers={"accept-encoding": "br, gzip"})
    assert values(packed.headers, "content-encoding", "vary", "content-length") == ["gzip", "Accept-Encoding", str(len(packed.content))]
    assert len(packed.content) < len(plain.content) // 5
    assert gzip.decompress(packed.content) == plain.content
    head = await anon.call("HEAD", f"/probe/size/{size}", headers={"accept-encoding": "gzip"})
    assert (head.content, head.headers["content-length"]) == (b"", str(len(packed.content)))


async def test_small_answers_are_not_compressed(world: World) -> None:
    got = await world.anon().get("/probe/size/900", headers={"accept-encoding": "gzip"})
    assert values(got.headers, "content-encoding") == [None]


@pytest.mark.parametrize("said", ["gzip;q=0", "br, gzip; q=0.0", "GZIP ;q=0, *", "br;q=1", "gzip;q=0.000, identity", "x-gzip;q=1", "*;q=0"])
async def test_who_does_not_want_it_compressed_gets_it_plain(world: World, said: str) -> None:
    got = await world.anon().get("/probe/size/5000", headers={"accept-encoding": said})
    assert values(got.headers, "content-encoding", "content-length") == [None, str(len(got.content))]


@pytest.mark.parametrize("said", ["gzip", "gzip;q=1.0", "deflate, gzip;q=0.001", "br;q=0, gzip", "identity;q=0, Gzip;q=0.5, gzip", "gzip ; Q=1"])
async def test_who_wants_it_compressed_gets_it_so(world: World, said: str) -> None:
    assert (await world.anon().get("/probe/size/5000", headers={"accept-encoding": said})).headers["content-encoding"] == "gzip"


async def test_bodies_above_the_limit_are_refused(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, http=Http(max_body=1000), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await with_probe(world).person("alice")
        fits = json.dumps({"text": "x" * (1000 - 12)}).encode()
        assert len(fits) == 1000
        await alice.post("/probe/person", content=fits)
        assert (await alice.post("/probe/person", content=fits + b" ", expect=413)).json() == {}


async def test_strangers_send_less(world: World, alice: Person) -> None:
    big = json.dumps({"text": "x" * (256 << 10)}).encode()
    assert (await world.anon().post("/probe/echo", content=big, expect=413)).json() == {}
    await world.anon().post("/probe/echo", content=big[: 250 << 10] + b'"}')
    await alice.post("/probe/person", content=big)


async def test_a_client_that_goes_away_in_the_middle(world: World) -> None:
    got = await call_raw(world, scope_of("/probe/echo", [], None), piece(b'{"te', more=True), {"type": "http.disconnect"})
    assert got["status"] == 400


async def test_a_body_in_pieces(world: World) -> None:
    pieces = [piece(b'{"te', True), piece(b"", True), piece(b'xt":"a', True), {"type": "http.request", "body": b'b"}'}]
    assert json.loads((await call_raw(world, scope_of("/probe/echo", []), *pieces))["body"])["text"] == "ab"


# --- what the handler sees
async def test_the_content_type_does_not_matter(world: World) -> None:
    for kind in ("text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "nonsense", ""):
        assert (await world.anon().post("/probe/echo", {"text": "x"}, headers={"content-type": kind})).json()["text"] == "x"


async def test_the_first_of_equal_query_names_counts(world: World) -> None:
    async def query(text: str) -> Any:
        return (await world.anon().post(f"/probe/echo?{text}", {})).json()["query"]

    assert await query("a=1&a=2&b=") == {"a": "1", "b": ""}
    assert await query("a=%C3%A9&b=x+y&c=%2B&%61=2") == {"a": "é", "b": "x y", "c": "+"}
    assert await query("a=%FF&b=%zz&c") == {"a": "\ufffd", "b": "%zz", "c": ""}
    assert await query("") == {}


async def test_integers_of_the_query_are_read_as_museum_does(world: World) -> None:
    for text, number in (("n=5", 5), ("n=x", 0), ("", 0), ("n=", 0), ("n=-3", -3), ("n=9223372036854775808", 0)):
        assert (await world.anon().post(f"/probe/echo?{text}", {})).json()["n"] == number


async def test_integers_of_the_path_must_be_some(world: World) -> None:
    for bad in ("x", "1.0", "9223372036854775808"):
        assert (await world.anon().get(f"/probe/size/{bad}", expect=400)).json() == {}


async def test_the_servers_own_address(engine: str, tmp_path: Path) -> None:
    for public, base in ((None, "http://darkroom.test"), ("https://photos.example.org/", "https://photos.example.org")):
        config = Config(data_dir=tmp_path, public_url=public, storage=(Storage(kind="memory"),), apps=Apps())
        folder = tmp_path / str(bool(public))
        folder.mkdir()
        async with open_world(engine, folder, config=config) as world:
            with_probe(world)
            assert (await world.anon().post("/probe/echo", {})).json()["base"] == base


async def test_forwarded_addresses(engine: str, tmp_path: Path) -> None:
    async def seen(world: World, peer: Any, *lines: bytes) -> str:
        raw = await call_raw(world, scope_of("/probe/echo", [(b"x-forwarded-for", line) for line in lines], peer), piece(b"{}"))
        return str(json.loads(raw["body"])["ip"])

    config = Config(data_dir=tmp_path, http=Http(trusted_proxies=("10.0.0.1",)), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        with_probe(world)
        proxy, eve = ("10.0.0.1", 1), ("203.0.113.66", 1)
        assert await seen(world, eve, b"1.2.3.4") == "203.0.113.66"
        assert await seen(world, proxy, b"1.2.3.4, 203.0.113.66") == "203.0.113.66"
        assert await seen(world, proxy, b"1.2.3.4", b"203.0.113.66") == "203.0.113.66", "the proxy's own line below the client's"
        assert await seen(world, proxy, b"203.0.113.66") == "203.0.113.66"
        assert await seen(world, proxy) == "10.0.0.1"
        assert await seen(world, None, b"1.2.3.4") == ""


async def test_people_at_ipv4_addresses_have_budgets_of_their_own_on_a_socket_for_both(world: World) -> None:
    for last in range(12):
        raw = await call_raw(world, scope_of("/events", [], (f"::ffff:203.0.113.{last}", 1)), piece(b"{}"))
        assert raw["status"] == 400, "one bucket for all of them would be empty by now"

"""The document that describes the routes: true, valid, complete, and the one that is checked in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET, UnsetType

from app.http import openapi
from app.http.answer import OBJECT, Answer, Redirect
from app.http.auth import anyone, guard, session, storage
from app.http.query import Lax, Query
from app.http.request import Request
from app.http.routing import Route, get, post
from app.kernel.config import Limits
from app.kernel.errors import CodedBadRequest, Forbidden, Gone, NotFound
from app.kernel.fields import Batch, Title, Word
from app.kernel.wire import Body, Encoded, Lean, Needed, Reply
from app.main import TABLE
from tests.inprocess import World

ROOT = Path(__file__).parent.parent.parent


class Inner(Body):
    key: Needed[Word]


class New(Body):
    """POST /things:
    a thing."""

    collection_id: Needed[int]
    title: Title = ""
    inner: Inner | None = None
    ids: Batch[int] = []  # noqa: RUF012  # msgspec copies it


class Page(Query):
    refusal = CodedBadRequest
    since_time: int
    kind: Word = ""
    limit: Lax = 0
    keep: bool | None = None


class Thing(Reply):
    id: int
    name: str | None = None
    url: str | UnsetType = UNSET


class Slim(Lean):
    id: int
    name: str = ""


class Coded(NotFound):
    code = "NOT_FOUND"


async def create(body: New) -> Thing:
    """Make one.

    And say
    more."""
    raise AssertionError


async def listing(query: Page) -> list[Slim]:
    raise AssertionError


async def encoded_one(id: int) -> Encoded[Thing]:
    raise AssertionError


async def away(id: str) -> Redirect:
    raise AssertionError


async def nothing() -> None: ...


async def own() -> Answer:
    raise AssertionError


def described(*routes: Route) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(openapi.encoded(routes, Limits()))
    return made


@pytest.fixture(autouse=True)
def _feature(monkeypatch: pytest.MonkeyPatch) -> None:
    for handler in (create, listing, encoded_one, away, nothing, own, either):
        monkeypatch.setattr(handler, "__module__", "app.ops.routes")


def shape(operation: dict[str, Any], status: str = "200") -> Any:
    return operation["responses"][status]["content"]["application/json"]["schema"]


def test_it_says_what_a_route_takes_and_gives() -> None:
    document = described(post("/things", session, create, limit="sensitive", errors=(Coded, Forbidden)))
    operation = document["paths"]["/things"]["post"]
    assert (operation["summary"], operation["description"]) == ("Make one.", "And say more.")
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/New"}
    assert shape(operation) == {"$ref": "#/components/schemas/Thing"}
    assert operation["security"] == [{"X-Auth-Token": []}]
    assert document["components"]["securitySchemes"] == {"X-Auth-Token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}}
    assert operation["x-rate-limit"] == {"name": "sensitive", "requests": 10, "seconds": 60}
    assert operation["x-body-limit"] == post("/things", session, create).body_limit
    assert set(operation["responses"]) == {"200", "400", "401", "403", "404", "413", "426", "429", "5XX"}
    assert "`NOT_FOUND`" in operation["responses"]["404"]["description"]
    assert shape(operation, "404") == {"$ref": "#/components/schemas/CodedRefusal"}
    assert shape(operation, "403") == {"$ref": "#/components/schemas/Refusal"}


def test_required_limits_and_names_are_the_wires() -> None:
    schemas = described(post("/things", session, create), get("/things", anyone, listing))["components"]["schemas"]
    new = schemas["New"]
    assert new["required"] == ["collectionID"]
    assert "additionalProperties" not in new, "unknown keys are ignored"
    assert new["description"] == "POST /things: a thing."
    assert new["properties"]["collectionID"] == {"type": "integer", "not": {"const": 0}}
    assert (new["properties"]["title"]["maxLength"], new["properties"]["ids"]["maxItems"]) == (65_536, 5000)
    assert schemas["Inner"]["properties"]["key"]["minLength"] == 1
    assert schemas["Thing"]["required"] == ["id", "name"], "answers have every field but those that can be unset"
    assert schemas["Slim"]["required"] == ["id"]


def test_queries_and_paths_are_parameters() -> None:
    paths = described(get("/things", anyone, listing), get("/things/{id}", storage, encoded_one), get("/o/{id...}", anyone, away))["paths"]
    since, kind, limit, keep = paths["/things"]["get"]["parameters"]
    assert (since["name"], since["in"], since["required"], since["schema"]) == ("sinceTime", "query", True, {"type": "integer", "format": "int64"})
    assert (kind["schema"], keep["schema"], limit["required"]) == ({"type": "string", "maxLength": 256}, {"type": "boolean"}, False)
    (number,) = paths["/things/{id}"]["get"]["parameters"]
    assert (number["name"], number["in"], number["required"], number["schema"]["type"]) == ("id", "path", True, "integer")
    assert paths["/o/{id}"]["get"]["parameters"][0]["schema"] == {"type": "string"}


async def either() -> Thing | Slim:
    raise AssertionError


def test_one_shape_or_another() -> None:
    document = described(get("/things", anyone, either))
    assert shape(document["paths"]["/things"]["get"]) == {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Thing", "Slim")]}


def test_other_answers_than_json() -> None:
    routes = [get("/a", anyone, nothing), get("/b", anyone, nothing, done=OBJECT), get("/c/{id}", anyone, away), get("/d", anyone, own)]
    paths = described(*routes, get("/e", anyone, own, hidden=True))["paths"]
    assert paths["/a"]["get"]["responses"]["200"] == {"description": "Done."}
    assert shape(paths["/b"]["get"]) == {"type": "object"}
    assert "Location" in paths["/c/{id}"]["get"]["responses"]["307"]["headers"]
    assert list(paths["/d"]["get"]["responses"]["200"]["content"]) == ["*/*"]
    assert "/e" not in paths


def test_refusals_are_those_of_the_family() -> None:
    @guard("X-Own-Token")
    async def other(request: Request) -> None: ...

    paths = described(get("/a", anyone, listing), get("/b", storage, nothing, errors=(Forbidden, Gone)), get("/c", other, nothing))["paths"]
    assert paths["/a"]["get"]["responses"]["400"] == {"$ref": "#/components/responses/BadRequestCoded"}
    assert "401" not in paths["/a"]["get"]["responses"]
    assert paths["/b"]["get"]["responses"]["400"] == {"$ref": "#/components/responses/BadRequest"}
    kinds = {s["$ref"].rpartition("/")[2] for s in shape(paths["/b"]["get"], "403")["anyOf"]}
    assert kinds == {"Refusal", "GateRefusal"}, "the app's, and the handler's"
    assert "410" in paths["/b"]["get"]["responses"]
    assert paths["/c"]["get"]["security"] == [{"X-Own-Token": []}]


# --- the server's own
def test_the_checked_in_document_is_that_of_the_routes() -> None:
    text = (ROOT / "docs/openapi.json").read_bytes()
    if text != openapi.encoded(TABLE.routes, Limits()):
        pytest.fail("routes or shapes have changed; run: .venv/bin/darkroom routes --openapi > docs/openapi.json")


def test_it_is_valid_and_names_every_route_once() -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    document = described(*TABLE.routes)
    validator.validate(document)
    operations = [op for methods in document["paths"].values() for op in methods.values()]
    assert len({op["operationId"] for op in operations}) == len(operations) == sum(not r.hidden for r in TABLE.routes)
    for path, methods in document["paths"].items():
        for op in methods.values():
            assert {p["name"] for p in op.get("parameters", []) if p["in"] == "path"} == set(re.findall(r"\{(\w+)\}", path)), path
            assert set(op["tags"]) <= {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])


async def test_the_server_answers_it_with_its_own_limits(world: World) -> None:
    served = (await world.anon().get("/openapi.json")).json()
    assert served == described(*TABLE.routes)
    limits = Limits.model_validate({"sensitive": {"count": 3}})
    object.__setattr__(world.kernel, "config", world.kernel.config.model_copy(update={"limits": limits}))
    changed = (await world.anon().get("/openapi.json")).json()
    assert changed["paths"]["/users/ott"]["post"]["x-rate-limit"] == {"name": "sensitive", "requests": 3, "seconds": 60}

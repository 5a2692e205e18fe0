"""Requests made from the API description, fitting and not: none is a server error, and what is answered is what the description says.

In process, as a person with an album, a file and a link; their ids stand in for half of those that are made up. The seed is fixed, so that a
failure comes again; `DARKROOM_SCHEMATHESIS_EXAMPLES` (requests of each kind for each route, 12) makes the run longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase

from app.http import openapi
from app.http.answer import Answer
from app.kernel.config import Config, Limit, Limits, Storage
from app.main import TABLE
from tests.access.scene import Scene, set_up
from tests.clients import strict
from tests.engines import ENGINES, postgres_url
from tests.http.raw import call_raw, piece, scope_of
from tests.inprocess import World, open_world

pytestmark = pytest.mark.slow
EXAMPLES = int(os.environ.get("DARKROOM_SCHEMATHESIS_EXAMPLES", "12"))
DOCUMENT: dict[str, Any] = json.loads(openapi.encoded(TABLE.routes, Limits()))
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
BY_HAND = {(r.method, r.path) for r in TABLE.routes if r.signature.shape is Answer}
UNLIMITED = Limits.model_validate({name: {"count": 0} for name, field in Limits.model_fields.items() if field.annotation is Limit})
IDS = {"id": ("cid", "file"), "collectionID": ("cid",), "fileID": ("file",), "toCollectionID": ("cid",), "fromCollectionID": ("cid",)}


class Driver:
    """A world on its own event loop, for generators that know none."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.runner = asyncio.Runner()
        config = Config(data_dir=folder, public_url="http://darkroom.test", limits=UNLIMITED, storage=(Storage(kind="memory"),))
        self.opened = open_world(engine, folder, config=config)
        self.world: World = self.runner.run(self.opened.__aenter__())
        self.random = random.Random(1)

    def close(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()

    def begin(self) -> None:
        """People, album and link for the next requests: those before may have ended theirs."""
        self.scene: Scene = self.runner.run(set_up(self.world))

    def known(self, value: Any) -> Any:
        """A value in which half of the ids are ones that exist."""
        if isinstance(value, dict):
            return {k: self._id(k) if k in IDS and isinstance(v, int) and self.random.random() < 0.5 else self.known(v) for k, v in value.items()}
        return [self.known(v) for v in value] if isinstance(value, list) else value

    def _id(self, name: str) -> int:
        return int(getattr(self.scene, self.random.choice(IDS[name])))

    def ask(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        """Status, headers and body, as the person who owns the album; as a visitor of its link where that counts."""
        own = {"host": "darkroom.test", "x-auth-token": self.scene.owner.token or "", "x-auth-access-token": self.scene.link}
        sent = {k.lower(): v for k, v in headers.items()} | own
        raw = [
            (k.encode("latin-1", "replace"), v.encode("latin-1", "replace"))
            for k, v in sent.items()
            if k not in ("content-length", "accept-encoding")
        ]
        raw.append((b"content-length", b"%d" % len(body)))
        return self.runner.run(call_raw(self.world, scope_of(url, raw, method=method), piece(body)))


@pytest.fixture(scope="module", params=ENGINES)
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    if request.param == "postgres" and postgres_url() is None:
        pytest.skip("no PostgreSQL here: set DARKROOM_TEST_POSTGRES_URL")
    made = Driver(str(request.param), tmp_path_factory.mktemp("schemathesis"))
    yield made
    made.close()


def requests_of(method: str, path: str) -> Iterator[Any]:
    """Requests that fit the description, then ones that do not."""
    schemathesis = pytest.importorskip("schemathesis")
    operation = schemathesis.openapi.from_dict(DOCUMENT)[path][method]
    for mode in schemathesis.GenerationMode:
        yield from examples(operation.as_strategy(generation_mode=mode))


def examples(strategy: Any) -> list[Any]:
    """The first values of a strategy, the same in each run; none where it has none, as of faults in a request that can have none."""
    found: list[Any] = []

    @hypothesis.seed(1)
    @hypothesis.settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @hypothesis.given(case=strategy)
    def collect(case: Any) -> None:
        found.append(case)

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        collect()
    return found


def undescribed(method: str, path: str, got: Any) -> str | None:
    """What of an answer the description does not say; None when it says it all, and for routes whose handlers make their answers by hand."""
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    said = responses.get(str(got["status"])) or responses.get("default") or (responses.get("5XX") if got["status"] >= 500 else None)
    if said is None:
        return None if (method, path) in BY_HAND else f"status {got['status']} is not described: it belongs into the route's errors="
    media = said.get("content", {}).get("application/json")
    if media is None or got["status"] >= 300:
        return None
    import jsonschema

    validator = jsonschema.Draft202012Validator({**media["schema"], "components": DOCUMENT["components"]})
    problem = next(validator.iter_errors(json.loads(got["body"])), None)
    return None if problem is None else f"{problem.json_path}: {problem.message}"


@pytest.mark.parametrize("method, path", OPERATIONS, ids=lambda part: part)
def test_no_request_is_a_server_error(driver: Driver, method: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    monkeypatch.setattr(strict, "check", lambda *_: None)
    driver.begin()
    faults, wrong = [], set()
    for case in requests_of(method, path):
        case.path_parameters = driver.known(case.path_parameters)
        case.query = driver.known(case.query)
        case.body = driver.known(case.body)
        try:
            made = requests.Request(**case.as_transport_kwargs(base_url="http://darkroom.test")).prepare()
        except (ValueError, requests.RequestException):
            continue  # what no client could send
        body = made.body.encode() if isinstance(made.body, str) else made.body or b""
        url = (made.url or "").removeprefix("http://darkroom.test")
        got = driver.ask(method, url, dict(made.headers), body)
        if got["status"] >= 500 and not (got["status"] == 503 and b"OBJECT_SIZE_FETCH_FAILED" in got["body"]):
            faults.append((url[:200], body[:300], got["status"], got["body"][:100]))
        elif (problem := undescribed(method, path, got)) is not None:
            wrong.add(problem)
    assert not faults, faults[:5]
    assert not wrong, sorted(wrong)[:5]

"""The strict-answer validator itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients import strict

UPLOAD = {"objectKey": "1/a", "url": "http://127.0.0.1/objects/1/a"}
GOLDEN = strict.FILES.parent / "golden"


def test_a_good_answer_passes() -> None:
    strict.check("POST", "/files/upload-url", 200, UPLOAD)
    strict.check("GET", "/ping", 200, {"message": "pong", "id": "x"})


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "named"),
    [
        ("GET", "/ping", 200, {"message": 5, "id": "x"}, r"GET /ping.*\$\.message"),
        ("POST", "/files/upload-url", 200, {"urls": UPLOAD}, r"POST /files/upload-url"),
        ("POST", "/files/upload-url", 200, None, "empty body"),
        ("POST", "/files/upload-url", 201, UPLOAD, "status 201"),
        ("GET", "/collections/v2", 200, {"collections": None}, r"\$\.collections"),
        ("GET", "/trash/v2/diff", 200, {"diff": None, "hasMore": False}, r"\$\.diff"),
        ("GET", "/users/sessions", 400, ["x"], "JSON object"),
    ],
)
def test_a_broken_answer_names_client_route_and_place(method: str, path: str, status: int, body: Any, named: str) -> None:
    with pytest.raises(AssertionError, match=named):
        strict.check(method, path, status, body)


def test_an_unknown_route_demands_nothing() -> None:
    strict.check("GET", "/no/such/route", 200, ["anything"])


def test_literal_paths_go_before_parameters() -> None:
    assert {demand.route for demand in strict.demands("GET", "/collections/v2")} == {"GET /collections/v2"}
    assert {demand.route for demand in strict.demands("GET", "/collections/77")} == {"GET /collections/{collectionID}"}


def test_every_client_file_is_read() -> None:
    clients = {demand.client.split(" (")[0] for demand in strict.demands("GET", "/collections/v2/diff")}
    assert len(clients) == 4


def test_a_commit_with_an_id_may_be_answered_briefly() -> None:
    brief = {"id": 10_000_001, "updationTime": 1}
    strict.check("POST", "/files", 200, {**brief, "ownerID": 7}, {"id": 10_000_001})
    with pytest.raises(AssertionError, match="web"):
        strict.check("POST", "/files", 200, {**brief, "ownerID": 7}, {"collectionID": 1})


def test_recorded_answers_pass() -> None:
    """What the original server answered is one way to satisfy its clients; shortened strings are left out."""
    checked = 0
    for file in sorted(GOLDEN.glob("*/*.jsonl")):
        for line in file.read_text().splitlines():
            step = json.loads(line)
            path = step.get("url", "https:").partition("?")[0]
            whole = "…(" not in line and isinstance(step.get("reply"), dict) and "bytes" not in step["reply"]
            if whole and path.startswith("/") and step["status"] < 300:
                strict.check(step["method"], path, step["status"], step["reply"], step["body"])
                checked += 1
    assert checked > 500

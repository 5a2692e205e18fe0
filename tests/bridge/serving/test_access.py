"""Who may ask what: keys in every place where tools put them, sessions, permissions, and errors in the face's form."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.client.errors import ClientError
from bridge.config import Options
from bridge.library.api_keys import PERMISSIONS, ApiKeys
from bridge.serving.app import FACES, found
from bridge.serving.face import ANY_KEY, ANYONE
from tests.bridge.conftest import Serve, Tool


async def test_it_works(tool: Tool) -> None:
    assert (await tool.get("/.well-known/immich")).json() == {"api": {"endpoint": "/api"}}
    assert (await tool.get("/api/server/ping")).json() == {"res": "pong"}
    assert (await tool.get("/api/server/version")).json() == {"major": 3, "minor": 3, "patch": 5, "prerelease": None}
    assert (await tool.get("/health")).json() == {"status": "ok"}


@pytest.mark.parametrize("carrier", ["x-api-key", "x-immich-user-token", "x-immich-session-token", "authorization", "cookie", "query"])
async def test_a_key_is_taken_from_every_place(tool: Tool, carrier: str) -> None:
    del tool.headers["x-api-key"]
    query = {"apiKey": tool.key} if carrier == "query" else {}
    value = {"authorization": f"Bearer {tool.key}", "cookie": f"immich_access_token={tool.key}"}.get(carrier, tool.key)
    headers = {} if carrier == "query" else {carrier: value}
    path = "/schema/openapi.json"
    assert (await tool.get(path, headers=headers, params=query)).status_code == 200
    refused = await tool.get(path)
    assert (refused.status_code, refused.json()["message"], refused.json()["error"], refused.json()["statusCode"]) == (
        401, "Authentication required", "Unauthorized", 401,
    )  # fmt: skip
    assert refused.json()["correlationId"]


async def test_a_wrong_or_revoked_key_opens_nothing(tool: Tool) -> None:
    assert (await tool.get("/schema/openapi.json", headers={"x-api-key": "wrong"})).json()["message"] == "Invalid API key"
    assert (await tool.get("/schema/openapi.json", headers={"x-api-key": "", "authorization": "Bearer x"})).json()["message"] == "Invalid user token"
    tool.bridge.keys.revoke("tool 0")
    assert (await tool.get("/schema/openapi.json")).status_code == 401


async def test_an_unknown_path(tool: Tool) -> None:
    refused = await tool.get("/api/nothing")
    assert (refused.status_code, refused.json()["message"]) == (404, "Cannot GET /api/nothing")


def test_every_handler_says_what_it_needs() -> None:
    handlers = [handler for _, modules in found() for module in modules for handler in getattr(module, "HANDLERS", [])]
    assert [h.handler_name for h in handlers if h.opt["permission"] not in PERMISSIONS | {ANYONE, ANY_KEY}] == []
    assert len(FACES) == 3


def test_keys_are_kept_as_hashes(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path)
    secret, key = keys.add("frame", ["asset.read"])
    session = keys.begin(key)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in kept
    assert session.encode() not in kept
    found = keys.check(secret)
    assert found is not None
    assert (found.id, found.may("asset.read"), found.may("asset.delete")) == (key.id, True, False)
    assert keys.check(session) == keys.all()[0]
    assert keys.all()[0].used > 0
    assert keys.end(session)
    assert (keys.check(session), keys.end(session)) == (None, False)
    session = keys.begin(key)
    keys.revoke("frame")
    assert (keys.check(secret), keys.check(session), keys.all()) == (None, None, [])
    keys.close()


def test_keys_that_cannot_be(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path)
    keys.add("frame")
    for name, permissions in (("frame", ["all"]), ("other", ["asset.fly"]), (" ", ["all"]), ("other", [])):
        with pytest.raises(ClientError):
            keys.add(name, permissions)
    with pytest.raises(ClientError):
        keys.revoke("nobody")
    keys.close()


async def test_pages_of_this_machine_may_read_answers_and_others_not(serve: Serve) -> None:
    tool = serve(options=Options(origins=("https://gallery.example.org",)))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, x-api-key, content-type"}
    allowed = ("http://localhost:3000", "http://127.0.0.1", "https://localhost:8443", "http://[::1]:5173", "https://gallery.example.org")
    for origin in allowed:
        before = await tool.options("/api/v1/photos/search", headers={"Origin": origin, **asked})
        assert (before.status_code, before.headers["access-control-allow-origin"]) == (204, origin)
        assert {"authorization", "x-api-key"} <= set(before.headers["access-control-allow-headers"].lower().split(", "))
        for path in ("/api/v1/auth/me", "/api/server/about", "/api/nothing", "/api/immich/test"):
            answer = await tool.get(path, headers={"Origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin, path
            assert "access-control-allow-credentials" not in answer.headers
        refused = await tool.get("/api/v1/auth/me", headers={"Origin": origin, "x-api-key": ""})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, origin)
    others = (
        "http://localhost.example.org",
        "http://evil.example.org/http://localhost",
        "https://gallery.example.org.evil.net",
        "null",
        "http://127.0.0.10",
    )
    for origin in others:
        assert (await tool.options("/api/v1/photos", headers={"Origin": origin, **asked})).status_code == 400
        assert "access-control-allow-origin" not in (await tool.get("/api/v1/auth/me", headers={"Origin": origin})).headers, origin
    assert "access-control-allow-origin" not in (await tool.get("/api/server/ping")).headers

"""What tools ask before they work."""

from __future__ import annotations

import pytest

from tests.bridge.conftest import Serve, Tool
from tests.bridge.immich import models

READ = [
    "/api/server/ping", "/api/server/version", "/api/server/about", "/api/server/features", "/api/server/config", "/api/server/media-types",
    "/api/server/storage", "/api/server/statistics", "/api/server/version-check", "/api/users/me", "/api/users/me/preferences",
    "/api/api-keys/me", "/api/jobs",
]  # fmt: skip


async def test_it_works(immich: Tool) -> None:
    await immich.library.sync()
    got = {path: (await immich.get(path)).raise_for_status().json() for path in READ}
    assert got["/api/server/about"]["version"] == "v3.3.5"
    assert ".jpg" in got["/api/server/media-types"]["image"]
    assert got["/api/users/me"]["email"] == "alice@example.org"
    assert got["/api/server/storage"]["diskSizeRaw"] > 0
    assert got["/api/api-keys/me"]["permissions"] == ["all"]
    assert got["/api/server/features"]["smartSearch"] is False


def test_every_model_that_answers_are_checked_with_is_there() -> None:
    pytest.importorskip("immichpy")
    for _, _, name in models.ANSWERS:
        assert models.model(name.strip("[]"))


async def test_a_session(immich: Tool) -> None:
    credentials = {"email": "Alice@example.org", "password": immich.key}
    answer = await immich.post("/api/auth/login", json=credentials)
    assert answer.status_code == 201
    token = answer.json()["accessToken"]
    assert token != immich.key
    assert answer.cookies["immich_access_token"] == token
    del immich.headers["x-api-key"]
    immich.cookies.clear()
    bearer = {"authorization": f"Bearer {token}"}
    assert (await immich.post("/api/auth/validateToken", headers=bearer)).json() == {"authStatus": True}
    assert (await immich.get("/api/users/me", headers=bearer)).status_code == 200
    assert (await immich.post("/api/auth/logout", headers=bearer)).json()["successful"] is True
    immich.cookies.clear()
    assert (await immich.post("/api/auth/validateToken", headers=bearer)).json()["message"] == "Invalid user token"


@pytest.mark.parametrize("email,password", [("alice@example.org", "wrong"), ("bob@example.org", ""), ("é", "wrong")])
async def test_a_login_that_is_refused(immich: Tool, email: str, password: str) -> None:
    refused = await immich.post("/api/auth/login", json={"email": email, "password": password or immich.key})
    assert (refused.status_code, refused.json()["message"]) == (401, "Incorrect email or password")
    assert (await immich.post("/api/auth/login", json={"email": 1})).status_code == 400


async def test_a_key_that_may_not(serve: Serve) -> None:
    tool = serve(permissions=("asset.read",))
    refused = await tool.get("/api/server/about")
    assert (refused.status_code, refused.json()["message"]) == (403, "Missing required permission: server.about")
    assert (await tool.get("/api/api-keys/me")).json()["permissions"] == ["asset.read"]


async def test_queues_that_do_nothing(immich: Tool) -> None:
    answer = await immich.put("/api/jobs/thumbnailGeneration", json={"command": "pause", "force": False})
    assert (answer.status_code, answer.json()["queueStatus"]) == (200, {"isActive": False, "isPaused": False})
    assert (await immich.put("/api/jobs/other", json={"command": "pause"})).status_code == 400
    assert (await immich.put("/api/jobs/search", json={"command": "fly"})).status_code == 400
    assert (await immich.post("/api/jobs", json={"name": "tag-cleanup"})).status_code == 204


async def test_the_server_is_away(immich: Tool, server: object) -> None:
    server.transport.down = True  # type: ignore[attr-defined]
    refused = await immich.get("/api/users/me")
    assert (refused.status_code, refused.json()["error"]) == (503, "Service Unavailable")
    assert (await immich.get("/api/server/ping")).status_code == 200

"""A client of ImaLink, logged in, and what it sends."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest

from bridge.config import Options
from bridge.imalink import people
from tests.bridge.conftest import Serve, Tool
from tests.bridge.library.pictures import jpeg

V1 = "/api/v1"


@pytest.fixture(autouse=True)
def _hash_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with little memory."""
    monkeypatch.setattr(people, "_hasher", people.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def hothash(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()


def photo(seed: int = 1, **more: Any) -> dict[str, Any]:
    """The body of a new photo, as the reference shows it."""
    return {
        "filename": f"IMG_{seed:03}.jpg",
        "file_size": 2048576,
        "file_type": "jpeg",
        "width": 4000,
        "height": 3000,
        "hotpreview": "data:image/jpeg;base64," + base64.b64encode(jpeg(seed)).decode(),
        "exif_dict": {"Make": "Canon", "Model": "EOS R5"},
        "taken_at": f"2025-10-{seed:02}T14:30:00Z",
        "gps_latitude": 59.9139,
        "gps_longitude": 10.7522,
    } | more


async def login(tool: Tool, username: str, password: str) -> Tool:
    """The same client with a session in the place of its key."""
    tool.headers.pop("x-api-key", None)
    answer = await tool.post(f"{V1}/auth/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    tool.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return tool


@pytest.fixture
async def client(serve: Serve) -> Tool:
    """Alice's client, logged in with a bridge key."""
    tool = serve(options=Options(register=True))
    return await login(tool, "alice@example.org", tool.key)


async def made(client: Tool, seed: int = 1, **more: Any) -> str:
    """A new photo's hothash."""
    answer = await client.post(f"{V1}/image-files/new-photo", json=photo(seed, **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["photo_hothash"])


def form(picture: bytes, kind: str = "image/jpeg", field: str = "file") -> dict[str, tuple[str, io.BytesIO, str]]:
    return {field: ("preview.jpg", io.BytesIO(picture), kind)}

"""Memories, the map, folders."""

from __future__ import annotations

import pytest

from tests.bridge.conftest import Serve, Tool
from tests.bridge.immich.scene import scene


async def test_this_day_in_other_years(immich: Tool) -> None:
    made = await scene(immich.library)
    query = {"for": "2026-05-01"}
    (memory,) = (await immich.get("/api/memories", params=query)).json()
    assert (memory["type"], memory["data"], memory["memoryAt"]) == ("on_this_day", {"year": 2024}, "2024-05-01T00:00:00.000Z")
    assert made.names(memory["assets"]) == ["sea"]
    assert (await immich.get("/api/memories", params=query | {"id": memory["id"]})).json() == [memory]
    assert (await immich.get("/api/memories/statistics", params=query)).json() == {"total": 1}
    others = [{"for": "2026-06-01"}, {"for": "2024-05-01"}]
    others += [query | more for more in ({"isSaved": "true"}, {"type": "birthday"}, {"page": "2", "size": "1"})]
    for more in others:
        assert (await immich.get("/api/memories", params=more)).json() == []
    assert (await immich.get("/api/memories", params={"for": "someday"})).status_code == 400


async def test_the_map(immich: Tool) -> None:
    made = await scene(immich.library)
    (marker,) = (await immich.get("/api/map/markers")).json()
    assert (made.names([marker]), marker["lat"], marker["lon"]) == (["sea"], 48.85, 2.35)
    assert len((await immich.get("/api/map/markers", params={"isFavorite": "true", "isArchived": "true"})).json()) == 1
    assert (await immich.get("/api/map/markers", params={"isFavorite": "false"})).json() == []
    assert (await immich.get("/api/map/markers", params={"fileCreatedAfter": "2025-01-01T00:00:00Z"})).json() == []
    assert (await immich.get("/api/map/markers", params={"fileCreatedAfter": "x"})).status_code == 400


async def test_folders(immich: Tool) -> None:
    made = await scene(immich.library)
    assert (await immich.get("/api/view/folder/unique-paths")).json() == ["/Films", "/Sea"]
    assert made.names((await immich.get("/api/view/folder", params={"path": "/Sea"})).json()) == ["sea"]
    assert made.names((await immich.get("/api/view/folder", params={"path": "Films/"})).json()) == ["film"]
    assert (await immich.get("/api/view/folder", params={"path": "/Elsewhere"})).json() == []
    assert (await immich.get("/api/view/folder")).status_code == 400


@pytest.mark.parametrize(
    "path,permission",
    [("memories", "memory.read"), ("memories/statistics", "memory.statistics"), ("map/markers", "map.read"), ("view/folder", "folder.read"),
     ("view/folder/unique-paths", "folder.read"), ("stacks", "stack.read"), ("faces", "face.read")],
)  # fmt: skip
async def test_permissions(serve: Serve, path: str, permission: str) -> None:
    tool = serve(permissions=("asset.read",))
    refused = await tool.get(f"/api/{path}")
    assert (refused.status_code, refused.json()["message"]) == (403, f"Missing required permission: {permission}")

"""Months and what is in them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from bridge.library import noted
from bridge.library.library import New
from tests.bridge.conftest import Open, Serve, Tool
from tests.bridge.immich.scene import DAY, MAY, scene
from tests.bridge.immich.test_assets import NOBODY
from tests.bridge.library.pictures import jpeg


async def test_it_works(immich: Tool) -> None:
    made = await scene(immich.library)
    assert (await immich.get("/api/timeline/buckets")).json() == [{"timeBucket": "2024-06-01", "count": 1}, {"timeBucket": "2024-05-01", "count": 2}]
    query = {"timeBucket": "2024-05-01", "withCoordinates": "true"}
    may = (await immich.get("/api/timeline/bucket", params=query)).json()
    assert may["id"] == [made.ids["film"], made.ids["sea"]]
    assert (may["isImage"], may["isFavorite"], may["duration"]) == ([False, True], [False, True], [2500 + 500, None])
    assert (may["latitude"], may["longitude"], may["ratio"][1]) == ([None, 48.85], [None, 2.35], 1.333)
    assert (may["fileCreatedAt"][1], may["localOffsetHours"]) == ("2024-05-01T10:00:00.000Z", [0, 0])
    assert "stack" not in may
    again = (await immich.get("/api/timeline/bucket", params={"timeBucket": "2024-05-01T00:00:00.000Z", "order": "asc"})).json()
    assert again["id"] == [made.ids["sea"], made.ids["film"]]
    assert "latitude" not in again


async def test_filters(immich: Tool) -> None:
    made = await scene(immich.library)
    (album,) = [a["id"] for a in (await immich.get("/api/albums")).json() if a["albumName"] == "Sea"]
    (tag,) = [t["id"] for t in (await immich.get("/api/tags")).json() if t["value"] == "water"]
    me = (await immich.get("/api/users/me")).json()["id"]

    async def months(**query: str) -> dict[str, int]:
        return {row["timeBucket"][5:7]: row["count"] for row in (await immich.get("/api/timeline/buckets", params=query)).raise_for_status().json()}

    assert await months(visibility="timeline") == {"05": 2}
    assert await months(visibility="archive") == {"06": 1}
    assert await months(visibility="locked") == {}
    assert await months(isFavorite="true") == {"05": 1}
    assert await months(albumId=album) == {"06": 1, "05": 1}
    assert await months(tagId=tag) == {"05": 1}
    assert await months(bbox="2,48,3,49") == {"05": 1}
    assert await months(userId=me, order="asc") == {"05": 2, "06": 1}
    await immich.library.trash([made.numbers["boat"]])
    assert await months() == {"05": 2}
    assert await months(isTrashed="true") == {"06": 1}
    assert sum((await months(orderBy="createdAt")).values()) == 2


async def test_a_stack_is_one(immich: Tool) -> None:
    made = await scene(immich.library)
    stack = "6b4c0ff0-6f3c-4f39-9f3e-000000000000"
    await noted.stack(immich.library, [made.numbers["sea"], made.numbers["film"]], stack)
    query = {"timeBucket": "2024-05-01", "withStacked": "true"}
    assert (await immich.get("/api/timeline/buckets", params=query)).json()[1]["count"] == 1
    may = (await immich.get("/api/timeline/bucket", params=query)).json()
    assert (may["id"], may["stack"]) == ([made.ids["sea"]], [[stack, "2"]])


@pytest.mark.parametrize(
    "query",
    [{"albumId": NOBODY}, {"personId": NOBODY}, {"tagId": NOBODY}, {"userId": NOBODY}, {"visibility": "x"}, {"bbox": "1,2"}, {"bbox": "nan,1,2,3"},
     {"order": "up"}, {"isFavorite": "maybe"}, {"timeBucket": "x"}],
)  # fmt: skip
async def test_what_is_refused(immich: Tool, query: dict[str, str]) -> None:
    refused = await immich.get("/api/timeline/bucket", params={"timeBucket": "2024-05-01"} | query)
    assert (refused.status_code, refused.json()["error"], refused.json()["statusCode"]) == (400, "Bad Request", 400)


async def test_what_is_hidden_is_in_no_month(serve: Serve, opened: Open) -> None:
    library = opened()
    album = await library.album_named("A")
    await library.put(io.BytesIO(jpeg()), New("a.jpg", created=MAY + DAY, visibility=2), album)
    tool = serve(library, permissions=("asset.read",))
    answers: list[Any] = [
        (await tool.get("/api/timeline/buckets")).json(),
        (await tool.post("/api/search/metadata", json={})).json()["assets"]["items"],
    ]
    assert answers == [[], []]
    other = serve(library, permissions=("asset.view",))
    refused = await other.get("/api/timeline/buckets")
    assert (refused.status_code, refused.json()["message"]) == (403, "Missing required permission: asset.read")

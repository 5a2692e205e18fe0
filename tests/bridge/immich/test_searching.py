"""Each filter finds what it says and nothing else; pages; what is refused."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.bridge.conftest import Serve, Tool
from tests.bridge.immich.scene import DAY, MAY, scene
from tests.bridge.immich.test_assets import NOBODY
from tests.bridge.library.pictures import jpeg


async def test_it_works(immich: Tool) -> None:
    made = await scene(immich.library)
    found = (await immich.post("/api/search/metadata", json={"size": 2, "withPeople": True, "withStacked": True})).json()["assets"]
    assert (made.names(found["items"]), found["count"], found["total"], found["nextPage"]) == (["boat", "film"], 2, 3, "2")
    rest = (await immich.post("/api/search/metadata", json={"size": 2, "page": 2})).json()["assets"]
    assert (made.names(rest["items"]), rest["count"], rest["total"], rest["nextPage"]) == (["sea"], 1, 3, None)
    exif = rest["items"][0]["exifInfo"]
    assert (exif["make"], exif["model"], exif["rating"], exif["description"]) == ("Leica", "M6", 4, "Blue water")
    assert rest["items"][0]["originalPath"] == "/Sea/sea.jpg"
    assert (await immich.post("/api/search/metadata", json={"page": 9})).json()["assets"]["items"] == []


async def test_filters(immich: Tool) -> None:
    made = await scene(immich.library)
    albums = {a["albumName"]: a["id"] for a in (await immich.get("/api/albums")).json()}
    tags = {t["value"]: t["id"] for t in (await immich.get("/api/tags")).json()}
    sha1 = hashlib.sha1(jpeg(2)).digest()
    everything = ["boat", "film", "sea"]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"originalFileName": "SEA"}, ["sea"]),
        ({"description": "blue"}, ["sea"]),
        ({"originalPath": "/sea/b"}, ["boat"]),
        ({"type": "IMAGE"}, ["boat", "sea"]),
        ({"type": "VIDEO"}, ["film"]),
        ({"type": "AUDIO"}, []),
        ({"isMotion": True}, []),
        ({"isMotion": False}, everything),
        ({"takenAfter": "2024-05-02T00:00:00Z"}, ["boat", "film"]),
        ({"takenAfter": "2024-05-02T00:00:00Z", "takenBefore": "2024-05-31T00:00:00Z"}, ["film"]),
        ({"createdBefore": "1999-01-01T00:00:00Z"}, []),
        ({"make": "Leica", "model": "M6"}, ["sea"]),
        ({"make": None}, ["boat", "film"]),
        ({"make": "Lei"}, []),
        ({"lensModel": "x"}, []),
        ({"rating": 4}, ["sea"]),
        ({"rating": None}, ["boat", "film"]),
        ({"tagIds": [tags["water"]]}, ["sea"]),
        ({"tagIds": None}, ["boat", "film"]),
        ({"isFavorite": True}, ["sea"]),
        ({"isFavorite": False}, ["boat", "film"]),
        ({"visibility": "archive"}, ["boat"]),
        ({"visibility": "timeline"}, ["film", "sea"]),
        ({"visibility": "hidden"}, []),
        ({"albumIds": [albums["Sea"]]}, ["boat", "sea"]),
        ({"albumIds": [albums["Sea"], albums["Films"]]}, []),
        ({"isNotInAlbum": True}, []),
        ({"isNotInAlbum": False}, everything),
        ({"checksum": sha1.hex()}, ["boat"]),
        ({"checksum": base64.b64encode(sha1).decode()}, ["boat"]),
        ({"id": made.ids["film"]}, ["film"]),
        ({"id": NOBODY}, []),
        ({"isOffline": True}, []),
        ({"isEncoded": True}, []),
        ({"libraryId": NOBODY}, []),
        ({"ocr": "x"}, []),
        ({"previewPath": "x"}, []),
        ({"order": "asc"}, everything[::-1]),
        ({"orderBy": {"field": "fileSizeInBytes", "direction": "desc"}, "type": "VIDEO"}, ["film"]),
        ({"size": 1, "cursor": "2"}, ["film"]),
    ]  # fmt: skip
    for body, expected in cases:
        answer = await immich.post("/api/search/metadata", json=body)
        assert made.names(answer.raise_for_status().json()["assets"]["items"]) == expected, body
    assert (await immich.post("/api/search/statistics", json={"type": "IMAGE"})).json() == {"total": 2}
    chosen = (await immich.post("/api/search/random", json={"size": 2})).json()
    assert len(set(made.names(chosen))) == 2
    assert made.names((await immich.post("/api/search/random", json={"type": "VIDEO", "withExif": False})).json()) == ["film"]


async def test_the_trash_is_asked_for(immich: Tool) -> None:
    made = await scene(immich.library)
    ids = made.ids
    await immich.library.trash([made.numbers["boat"]])

    async def found(**body: Any) -> list[str]:
        return [item["id"] for item in (await immich.post("/api/search/metadata", json=body)).json()["assets"]["items"]]

    assert await found() == [ids["film"], ids["sea"]]
    assert await found(withDeleted=True) == [ids["boat"], ids["film"], ids["sea"]]
    assert await found(trashedAfter="2020-01-01T00:00:00Z") == [ids["boat"]]


@pytest.mark.parametrize(
    "body",
    [{"albumIds": [NOBODY]}, {"personIds": [NOBODY]}, {"tagIds": ["x"]}, {"size": 0}, {"size": 1001}, {"page": 0}, {"rating": 6}, {"type": "FILM"},
     {"takenAfter": "yesterday"}, {"visibility": "x"}, {"checksum": "x"}, {"filter": {"type": {"eq": "IMAGE"}}}, {"isFavorite": "maybe"},
     {"cursor": "x"}, []],
)  # fmt: skip
async def test_what_is_refused(immich: Tool, body: Any) -> None:
    refused = await immich.post("/api/search/metadata", json=body)
    assert (refused.status_code, refused.json()["statusCode"]) == (400, 400)


async def test_suggestions_and_ways_in(immich: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.library.places.name_of", lambda place: ("Paris", "Île-de-France", "France"))
    made = await scene(immich.library)

    async def suggested(kind: str, **query: str) -> list[str | None]:
        return list((await immich.get("/api/search/suggestions", params={"type": kind, **query})).raise_for_status().json())

    assert await suggested("camera-make") == ["Leica"]
    assert await suggested("camera-model", make="Leica") == ["M6"]
    assert await suggested("camera-model", make="Canon") == []
    assert (await suggested("country"), await suggested("state"), await suggested("city", country="France")) == (
        ["France"], ["Île-de-France"], ["Paris"],
    )  # fmt: skip
    assert await suggested("camera-lens-model", includeNull="true") == [None]
    assert (await immich.get("/api/search/suggestions", params={"type": "x"})).status_code == 400
    assert made.names((await immich.get("/api/search/cities")).json()) == ["sea"]
    (field,) = (await immich.get("/api/search/explore")).json()
    assert [(item["value"], made.names([item["data"]])) for item in field["items"]] == [("Paris", ["sea"])]
    assert (await immich.post("/api/search/metadata", json={"city": "Paris"})).json()["assets"]["count"] == 1


async def test_no_model_looks_at_photos(immich: Tool) -> None:
    refused = await immich.post("/api/search/smart", json={"query": "a dog"})
    assert (refused.status_code, refused.json()["message"]) == (400, "Smart search is not enabled")


async def test_permissions(serve: Serve) -> None:
    tool = serve(permissions=("asset.statistics",))
    assert (await tool.post("/api/search/statistics", json={})).status_code == 200
    refused = await tool.post("/api/search/metadata", json={"takenAfter": MAY + DAY})
    assert (refused.status_code, refused.json()["message"]) == (403, "Missing required permission: asset.read")

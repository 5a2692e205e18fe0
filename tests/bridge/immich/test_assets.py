"""Photos read, changed, copied, put into the trash; what other clients wrote stays."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.library.noted import noted
from tests.bridge.conftest import Open, Serve, Server, Tool
from tests.bridge.immich.test_uploads import VIDEO, send
from tests.bridge.library.pictures import jpeg

NOBODY = "00000000-0000-4000-8000-000000000000"


async def upload(tool: Tool, number: int = 1, **fields: str) -> str:
    return str((await send(tool, jpeg(number), f"{number}.jpg", **fields)).json()["id"])


async def test_it_works(immich: Tool, opened: Open) -> None:
    asset_id = await upload(immich)
    phone = opened("phone")
    await phone.sync()
    (number,) = phone.photos
    await phone.change(number, lambda values: values.update(theirs=1), public=True)
    await phone.change(number, lambda values: values.update(theirs=2), public=False)
    body = {
        "description": "At the sea", "dateTimeOriginal": "2020-01-02T03:04:05.600+02:00", "latitude": 1.5, "longitude": -2.5, "rating": 4,
        "isFavorite": True, "visibility": "archive",
    }  # fmt: skip
    asset = (await immich.put(f"/api/assets/{asset_id}", json=body)).raise_for_status().json()
    exif = asset["exifInfo"]
    assert (exif["description"], exif["rating"], exif["latitude"], exif["longitude"], exif["timeZone"]) == ("At the sea", 4, 1.5, -2.5, "UTC+2")
    assert (asset["fileCreatedAt"], asset["localDateTime"]) == ("2020-01-02T01:04:05.600Z", "2020-01-02T03:04:05.600Z")
    assert (asset["isFavorite"], asset["isArchived"], asset["visibility"]) == (True, True, "archive")
    await phone.sync()
    file = phone.photos[number].file
    assert (file.caption, file.place, file.taken, file.public.values["theirs"], file.private.values["theirs"]) == (
        "At the sea", (1.5, -2.5), 1577927045_600_000, 1, 2,
    )  # fmt: skip
    body = {"description": "", "rating": None, "isFavorite": False, "visibility": "timeline"}
    asset = (await immich.put(f"/api/assets/{asset_id}", json=body)).json()
    assert (asset["exifInfo"]["description"], asset["exifInfo"]["rating"], asset["isFavorite"], asset["visibility"]) == ("", None, False, "timeline")


async def test_many_at_once(immich: Tool) -> None:
    ids = [await upload(immich, n) for n in (1, 2)]
    body: dict[str, Any] = {"ids": ids, "dateTimeOriginal": "2020-01-02T03:04:05Z", "description": "both", "rating": 2, "isFavorite": True}
    assert (await immich.put("/api/assets", json=body)).status_code == 204
    assert (await immich.put("/api/assets", json={"ids": ids, "dateTimeRelative": -60, "timeZone": "Asia/Tokyo"})).status_code == 204
    for asset_id in ids:
        asset = (await immich.get(f"/api/assets/{asset_id}")).json()
        assert (asset["exifInfo"]["description"], asset["exifInfo"]["rating"], asset["isFavorite"]) == ("both", 2, True)
        assert (asset["fileCreatedAt"], asset["localDateTime"]) == ("2020-01-02T02:04:05.000Z", "2020-01-02T11:04:05.000Z")
    assert (await immich.put("/api/assets", json={"ids": ids, "timeZone": "Moon/Crater"})).status_code == 400


async def test_counts(immich: Tool) -> None:
    await upload(immich, 1, isFavorite="true")
    await upload(immich, 2, visibility="archive")
    await send(immich, VIDEO, "a.mp4")
    gone = await upload(immich, 3)
    await immich.request("DELETE", "/api/assets", json={"ids": [gone]})

    async def counted(**query: Any) -> tuple[int, int]:
        found = (await immich.get("/api/assets/statistics", params=query)).json()
        assert found["total"] == found["images"] + found["videos"]
        return found["images"], found["videos"]

    assert await counted() == (2, 1)
    assert await counted(isFavorite="true") == (1, 0)
    assert await counted(visibility="archive") == (1, 0)
    assert await counted(isTrashed="true") == (1, 0)


async def test_the_trash(server: Server, immich: Tool, opened: Open) -> None:
    one, two = await upload(immich, 1), await upload(immich, 2)
    assert (await immich.request("DELETE", "/api/assets", json={"ids": [one, two]})).status_code == 204
    assert (await immich.get(f"/api/assets/{one}")).json()["isTrashed"] is True
    assert (await immich.request("DELETE", "/api/assets", json={"ids": [one], "force": True})).status_code == 204
    assert (await immich.get(f"/api/assets/{one}")).status_code == 400
    phone = opened("phone")
    await phone.sync()
    assert (phone.photos, len(phone.trashed)) == ({}, 1)


async def test_a_copy_of_what_is_said(immich: Tool) -> None:
    one, two = await upload(immich, 1, isFavorite="true"), await upload(immich, 2)
    await immich.put(f"/api/assets/{one}", json={"rating": 5, "description": "same"})
    await immich.post("/api/albums", json={"albumName": "A", "assetIds": [one]})
    assert (await immich.put("/api/assets/copy", json={"sourceId": one, "targetId": two})).status_code == 204
    asset = (await immich.get(f"/api/assets/{two}")).json()
    assert (asset["exifInfo"]["rating"], asset["exifInfo"]["description"], asset["isFavorite"]) == (5, "same", True)
    assert [album["albumName"] for album in (await immich.get("/api/albums", params={"assetId": two})).json()] == ["A"]


async def test_notes_of_tools(immich: Tool) -> None:
    asset_id = await upload(immich)
    for value in ({"a": 1}, {"b": 2}):
        items = {"items": [{"assetId": asset_id, "key": f"key-{sorted(value)[0]}", "value": value}]}
        (kept,) = (await immich.put("/api/assets/metadata", json=items)).raise_for_status().json()
        assert kept["value"] == value
    photo = immich.library.photo_of(asset_id)
    assert photo
    assert photo.own["data"] == {"key-a": {"a": 1}, "key-b": {"b": 2}}
    assert noted(photo).id == asset_id
    large = {"items": [{"assetId": asset_id, "key": "a", "value": {"x": "y" * 40_000}}]}
    assert (await immich.put("/api/assets/metadata", json=large)).status_code == 400


async def test_the_video_of_a_live_photo(immich: Tool) -> None:
    video_id = (await send(immich, VIDEO, "sea.MOV")).json()["id"]
    await send(immich, jpeg(), "sea.HEIC", livePhotoVideoId=video_id)
    asset = (await immich.get(f"/api/assets/{video_id}")).raise_for_status().json()
    assert (asset["id"], asset["type"], asset["visibility"], asset["originalFileName"]) == (video_id, "VIDEO", "hidden", "sea.mov")


@pytest.mark.parametrize(
    "body",
    [{"rating": 6}, {"latitude": 91, "longitude": 1}, {"latitude": 1}, {"dateTimeOriginal": "soon"}, {"visibility": "gone"}, {"description": 1},
     {"livePhotoVideoId": NOBODY}],
)  # fmt: skip
async def test_changes_that_are_refused(immich: Tool, body: dict[str, Any]) -> None:
    asset_id = await upload(immich)
    assert (await immich.put(f"/api/assets/{asset_id}", json=body)).status_code == 400


async def test_what_is_not_there(immich: Tool) -> None:
    for asset_id in (NOBODY, "x"):
        for refused in (
            await immich.get(f"/api/assets/{asset_id}"), await immich.put(f"/api/assets/{asset_id}", json={}),
            await immich.put("/api/assets", json={"ids": [asset_id]}), await immich.request("DELETE", "/api/assets", json={"ids": [asset_id]}),
            await immich.put("/api/assets/copy", json={"sourceId": asset_id, "targetId": asset_id}),
        ):  # fmt: skip
            assert (refused.status_code, refused.json()["message"].startswith("Not found or no asset.")) == (400, True)


async def test_what_is_hidden_is_not_shown(immich: Tool) -> None:
    asset_id = await upload(immich)
    assert (await immich.put(f"/api/assets/{asset_id}", json={"visibility": "locked"})).json()["visibility"] == "hidden"
    assert (await immich.get(f"/api/assets/{asset_id}")).status_code == 400
    assert (await immich.get("/api/assets/statistics")).json()["total"] == 0


async def test_a_link_for_reading(immich: Tool, serve: Serve, opened: Open) -> None:
    asset_id = await upload(immich)
    frame = serve(opened("frame", read_only=True))
    await frame.library.sync()
    assert (await frame.get(f"/api/assets/{asset_id}")).status_code == 200
    for refused in (
        await frame.put(f"/api/assets/{asset_id}", json={"description": "x"}), await frame.request("DELETE", "/api/assets", json={"ids": [asset_id]}),
        await frame.put(f"/api/assets/{asset_id}", json={"isFavorite": True}), await frame.post("/api/albums", json={"albumName": "A"}),
        await frame.post("/api/tags", json={"name": "a"}), await frame.put("/api/assets", json={"ids": [asset_id], "rating": 1}),
    ):  # fmt: skip
        assert (refused.status_code, "reading only" in refused.json()["message"]) == (403, True)

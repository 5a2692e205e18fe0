"""Albums changed, stacks looked at, archives fetched, the trash emptied."""

from __future__ import annotations

import io
import zipfile

import pytest

from bridge.library import noted
from tests.bridge.conftest import Open, Serve, Tool
from tests.bridge.immich.scene import FILM, scene
from tests.bridge.immich.test_assets import NOBODY
from tests.bridge.library.pictures import jpeg

STACK = "6b4c0ff0-6f3c-4f39-9f3e-000000000000"


async def album_id(tool: Tool, name: str) -> str:
    return next(str(a["id"]) for a in (await tool.get("/api/albums")).json() if a["albumName"] == name)


async def test_an_album_is_changed(immich: Tool, opened: Open) -> None:
    made = await scene(immich.library)
    path = f"/api/albums/{await album_id(immich, 'Sea')}"
    body = {"albumName": "Ocean", "description": "deep", "albumThumbnailAssetId": made.ids["sea"], "order": "asc", "isActivityEnabled": False}
    album = (await immich.patch(path, json=body)).raise_for_status().json()
    assert (album["albumName"], album["description"], album["albumThumbnailAssetId"], album["order"]) == ("Ocean", "deep", made.ids["sea"], "asc")
    phone = opened("phone")
    await phone.sync()
    (ocean,) = [a for a in phone.albums.values() if a.name == "Ocean"]
    assert ocean.public.values["coverID"] == made.numbers["sea"]
    for wrong in ({"albumThumbnailAssetId": made.ids["film"]}, {"isActivityEnabled": True}, {"order": "up"}, {"albumName": ""}):
        assert (await immich.patch(path, json=wrong)).status_code == 400
    assert (await immich.patch(f"/api/albums/{NOBODY}", json={})).status_code == 400


async def test_photos_leave_an_album_and_stay(immich: Tool) -> None:
    made = await scene(immich.library)
    ids = made.ids
    path = f"/api/albums/{await album_id(immich, 'Sea')}/assets"
    results = (await immich.request("DELETE", path, json={"ids": [ids["boat"], ids["boat"], ids["film"], NOBODY]})).json()
    assert [(r["success"], r.get("error")) for r in results] == [(True, None), (False, "duplicate"), (False, "not_found"), (False, "not_found")]
    assert (await immich.request("DELETE", path, json={"ids": ["x"]})).status_code == 400
    assert len(immich.library.photos) == 3
    assert (await immich.get("/api/albums", params={"assetId": ids["boat"]})).json() == []


async def test_stacks(immich: Tool) -> None:
    made = await scene(immich.library)
    await noted.stack(immich.library, [made.numbers["sea"], made.numbers["film"]], STACK)
    (stack,) = (await immich.get("/api/stacks")).json()
    assert (stack["id"], stack["primaryAssetId"], made.names(stack["assets"])) == (STACK, made.ids["sea"], ["sea", "film"])
    assert (await immich.get(f"/api/stacks/{STACK}")).json() == stack
    assert (await immich.get("/api/stacks", params={"primaryAssetId": made.ids["film"]})).json() == []
    assert (await immich.put(f"/api/stacks/{STACK}", json={"primaryAssetId": made.ids["boat"]})).status_code == 400
    changed = (await immich.put(f"/api/stacks/{STACK}", json={"primaryAssetId": made.ids["film"]})).json()
    assert made.names(changed["assets"]) == ["film", "sea"]
    assert (await immich.delete(f"/api/stacks/{STACK}")).status_code == 204
    assert ((await immich.get("/api/stacks")).json(), len(immich.library.photos)) == ([], 3)
    assert (await immich.get(f"/api/stacks/{STACK}")).json()["message"] == "Not found or no stack.read access"


async def test_a_tag(immich: Tool) -> None:
    await scene(immich.library)
    (tag,) = [t for t in (await immich.get("/api/tags")).json() if t["value"] == "water/sea"]
    assert (await immich.get(f"/api/tags/{tag['id']}")).json() == tag
    assert (await immich.get(f"/api/tags/{NOBODY}")).status_code == 400


async def test_an_archive(immich: Tool) -> None:
    made = await scene(immich.library)
    ids = made.ids
    info = (await immich.post("/api/download/info", json={"assetIds": [ids["film"], ids["sea"], ids["boat"]], "archiveSize": 20_000})).json()
    assert [part["assetIds"] for part in info["archives"]] == [[ids["film"]], [ids["sea"], ids["boat"]]]
    assert info["totalSize"] == sum(part["size"] for part in info["archives"]) > len(FILM)
    whole = (await immich.post("/api/download/info", json={"albumId": await album_id(immich, "Films")})).json()
    assert [part["assetIds"] for part in whole["archives"]] == [[ids["film"]]]
    mine = {"userId": (await immich.get("/api/users/me")).json()["id"]}
    assert len((await immich.post("/api/download/info", json=mine)).json()["archives"][0]["assetIds"]) == 3
    await immich.put(f"/api/assets/{ids['boat']}", json={})
    answer = await immich.post(
        "/api/download/archive", json={"assetIds": [ids["film"], ids["boat"], ids["sea"], ids["boat"]], "archiveName": "../Trip"}
    )
    assert answer.headers["content-disposition"].startswith('attachment; filename="Trip.zip"')
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    assert packed.namelist() == ["film.mp4", "boat.jpg", "sea.jpg"]
    assert (packed.read("film.mp4"), packed.read("boat.jpg")) == (FILM, jpeg(2))


@pytest.mark.parametrize("body", [{}, {"assetIds": [NOBODY]}, {"albumId": NOBODY}, {"userId": NOBODY}, {"assetIds": ["x"], "archiveSize": 0}])
async def test_archives_that_are_refused(immich: Tool, body: dict[str, object]) -> None:
    assert (await immich.post("/api/download/info", json=body)).status_code == 400
    assert (await immich.post("/api/download/archive", json={"assetIds": [NOBODY]})).status_code == 400


def test_names_that_come_twice() -> None:
    from bridge.immich.downloads import _free

    used: set[str] = set()
    assert [_free(name, used) for name in ("a.jpg", "A.jpg", "a.jpg", "b")] == ["a.jpg", "A+1.jpg", "a+2.jpg", "b"]


async def test_the_trash(immich: Tool, serve: Serve) -> None:
    made = await scene(immich.library)
    ids = made.ids
    await immich.library.trash(list(made.numbers.values()))
    assert (await immich.post("/api/trash/restore/assets", json={"ids": [ids["sea"]]})).json() == {"count": 1}
    assert (await immich.post("/api/trash/restore/assets", json={"ids": [ids["sea"]]})).json() == {"count": 0}
    assert (await immich.post("/api/trash/restore/assets", json={"ids": [NOBODY]})).status_code == 400
    assert (await immich.post("/api/trash/restore")).json() == {"count": 2}
    assert len(immich.library.photos) == 3
    await immich.library.trash([made.numbers["boat"], made.numbers["film"]])
    assert (await immich.post("/api/trash/empty")).json() == {"count": 2}
    assert (await immich.get(f"/api/assets/{ids['boat']}")).status_code == 400
    poor = serve(immich.library, permissions=("asset.read",))
    assert (await poor.post("/api/trash/empty")).json()["message"] == "Missing required permission: asset.delete"


async def test_what_was_in_an_album_that_is_gone(immich: Tool) -> None:
    made = await scene(immich.library)
    ids = made.ids
    await immich.library.trash([made.numbers["film"]])
    assert (await immich.delete(f"/api/albums/{await album_id(immich, 'Films')}")).status_code == 204
    assert (await immich.post("/api/trash/restore/assets", json={"ids": [ids["film"]]})).json() == {"count": 1}
    assert (await immich.get(f"/api/assets/{ids['film']}")).json()["isTrashed"] is False


async def test_a_link_for_reading_writes_nothing(serve: Serve, opened: Open) -> None:
    made = await scene(opened())
    reader = opened("reader", read_only=True)
    await reader.sync()
    tool = serve(reader)
    sea = await album_id(tool, "Sea")
    ids = made.ids
    for method, path, body in (
        ("PATCH", f"/api/albums/{sea}", {"albumName": "x"}),
        ("DELETE", f"/api/albums/{sea}/assets", {"ids": [ids["sea"]]}),
        ("DELETE", "/api/assets", {"ids": [ids["sea"]]}),
    ):
        refused = await tool.request(method, path, json=body)
        assert (refused.status_code, refused.json()["error"]) == (403, "Forbidden")
    assert (await tool.get(f"/api/assets/{ids['sea']}/thumbnail")).status_code == 200
    assert (await tool.get("/api/timeline/buckets")).status_code == 200

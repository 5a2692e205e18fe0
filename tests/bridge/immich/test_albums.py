"""Albums, tags and stacks by tools, as Ente's apps see them."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.library import noted
from bridge.library.library import New
from tests.bridge.conftest import Open, Server, Tool
from tests.bridge.immich.test_assets import NOBODY, upload
from tests.bridge.library.pictures import jpeg


async def test_it_works(immich: Tool, opened: Open) -> None:
    one, two = await upload(immich, 1), await upload(immich, 2)
    answer = await immich.post("/api/albums", json={"albumName": "Sea", "description": "blue", "assetIds": [one]})
    album = answer.json()
    assert (answer.status_code, album["albumName"], album["description"], album["assetCount"]) == (201, "Sea", "blue", 1)
    results = (await immich.put(f"/api/albums/{album['id']}/assets", json={"ids": [one, two, two, NOBODY]})).json()
    assert [(r["success"], r.get("error")) for r in results] == [(False, "duplicate"), (True, None), (False, "duplicate"), (False, "not_found")]
    assert (await immich.get(f"/api/albums/{album['id']}")).json()["assetCount"] == 2
    phone = opened("phone")
    await phone.sync()
    sea = await phone.album_named("Sea")
    assert len(phone.in_album(sea.id)) == 2
    assert {a.name for a in phone.albums.values() if a.kind == "album"} == {"Sea"}
    assert [a["albumName"] for a in (await immich.get("/api/albums")).json()] == ["Sea"]
    assert [a["albumName"] for a in (await immich.get("/api/albums", params={"assetId": two})).json()] == ["Sea"]
    assert (await immich.get("/api/albums", params={"shared": "true"})).json() == []
    assert (await immich.delete(f"/api/albums/{album['id']}")).status_code == 204
    assert (await immich.get("/api/albums")).json() == []
    await phone.sync()
    assert len(phone.photos) == 2


async def test_an_album_of_an_app(immich: Tool, opened: Open) -> None:
    import io

    phone = opened("phone")
    await phone.put(io.BytesIO(jpeg()), New("a.jpg"), await phone.album_named("Phone"))
    await immich.library.sync()
    (album,) = (await immich.get("/api/albums")).json()
    assert (album["albumName"], album["assetCount"], album["albumUsers"][0]["role"]) == ("Phone", 1, "owner")
    assert (await immich.get(f"/api/assets/{album['albumThumbnailAssetId']}")).json()["originalFileName"] == "a.jpg"


@pytest.mark.parametrize("album_id", [NOBODY, "x"])
async def test_an_album_that_is_not_there(immich: Tool, album_id: str) -> None:
    for refused in (
        await immich.get(f"/api/albums/{album_id}"), await immich.delete(f"/api/albums/{album_id}"),
        await immich.put(f"/api/albums/{album_id}/assets", json={"ids": []}),
    ):  # fmt: skip
        assert (refused.status_code, refused.json()["message"].startswith("Not found or no album")) == (400, True)


async def test_albums_that_cannot_be(immich: Tool) -> None:
    bodies: list[dict[str, Any]] = [
        {},
        {"albumName": "A", "assetIds": [NOBODY]},
        {"albumName": "A", "albumUsers": [{"userId": NOBODY, "role": "editor"}]},
    ]
    for body in bodies:
        assert (await immich.post("/api/albums", json=body)).status_code == 400
    assert (await immich.get("/api/albums")).json() == []


async def test_tags(immich: Tool, opened: Open) -> None:
    one, two = await upload(immich, 1), await upload(immich, 2)
    made = (await immich.post("/api/tags", json={"name": "animals", "color": "#ff0000"})).json()
    cat = (await immich.post("/api/tags", json={"name": "cat", "parentId": made["id"]})).json()
    assert (cat["value"], cat["name"], cat["parentId"], made["color"]) == ("animals/cat", "cat", made["id"], "#ff0000")
    upserted = (await immich.put("/api/tags", json={"tags": ["animals/dog", "animals/cat"]})).json()
    assert [tag["value"] for tag in upserted] == ["animals/dog", "animals/cat"]
    assert upserted[1]["id"] == cat["id"]
    results = (await immich.put(f"/api/tags/{cat['id']}/assets", json={"ids": [one, one, NOBODY]})).json()
    assert [(r["success"], r.get("error")) for r in results] == [(True, None), (False, "duplicate"), (False, "not_found")]
    assert (await immich.put("/api/tags/assets", json={"assetIds": [one, two], "tagIds": [cat["id"], made["id"]]})).json() == {"count": 3}
    assert [tag["value"] for tag in (await immich.get("/api/tags")).json()] == ["animals", "animals/cat", "animals/dog"]
    assert [tag["value"] for tag in (await immich.get(f"/api/assets/{one}")).json()["tags"]] == ["animals", "animals/cat"]
    phone = opened("phone")
    await phone.sync()
    assert all(noted.noted(photo).tags == ("animals", "animals/cat") for photo in phone.photos.values())
    for body in ({"name": "animals"}, {"name": " / "}, {"name": "x", "parentId": NOBODY}, {"name": "x", "color": "red"}, {"name": "x" * 300}):
        assert (await immich.post("/api/tags", json=body)).status_code == 400
    assert (await immich.put(f"/api/tags/{NOBODY}/assets", json={"ids": [one]})).status_code == 400


async def test_a_stack(immich: Tool) -> None:
    ids = [await upload(immich, n) for n in (1, 2, 3)]
    stack = (await immich.post("/api/stacks", json={"assetIds": ids[1::-1]})).raise_for_status().json()
    assert (stack["primaryAssetId"], [asset["id"] for asset in stack["assets"]]) == (ids[1], [ids[1], ids[0]])
    larger = (await immich.post("/api/stacks", json={"assetIds": [ids[2], ids[0]]})).json()
    assert (larger["primaryAssetId"], {asset["id"] for asset in larger["assets"]}) == (ids[2], set(ids))
    asset = (await immich.get(f"/api/assets/{ids[0]}")).json()
    assert asset["stack"] == {"id": larger["id"], "primaryAssetId": ids[2], "assetCount": 3}
    for body in ([], [ids[0]], [ids[0], ids[0]], [ids[0], NOBODY]):
        assert (await immich.post("/api/stacks", json={"assetIds": body})).status_code == 400


async def test_the_server_never_sees_names(server: Server, immich: Tool) -> None:
    server.transport.whole = True
    one, two = await upload(immich, 1), await upload(immich, 2)
    await immich.post("/api/albums", json={"albumName": "canary-album", "description": "canary-text", "assetIds": [one]})
    (tag,) = (await immich.put("/api/tags", json={"tags": ["canary-tag"]})).json()
    await immich.put(f"/api/tags/{tag['id']}/assets", json={"ids": [one]})
    await immich.put(f"/api/assets/{one}", json={"description": "canary-caption", "isFavorite": True})
    stack = (await immich.post("/api/stacks", json={"assetIds": [one, two]})).json()
    sent = b"\n".join(f"{r.url} {r.headers}\n".encode() + r.content for r in server.transport.sent)
    for canary in (b"canary", tag["id"].encode(), stack["id"].encode(), one.encode()):
        assert canary not in sent

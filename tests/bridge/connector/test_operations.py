"""The ten operations as a client asks them, then each refusal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from bridge.client.shapes import HIDDEN
from bridge.library import noted
from bridge.library.library import New
from bridge.serving.app import found
from tests.bridge.conftest import Open, Serve, Server, Tool
from tests.bridge.library.pictures import jpeg

API = "/api/immich"
ODD = 'süß "x".jpg'
NOTHING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def stocked(tool: Tool) -> dict[str, str]:
    """Three photos, the oldest a favourite, one video, one archived photo, one in a hidden album; ids by name."""
    library = tool.library
    await library.sync()
    album = await library.album_named("Sea")
    for number, name in enumerate(("boat.jpg", "sea.jpg", ODD, "film.mp4", "old.jpg"), 1):
        content = b"no film that opens" if name == "film.mp4" else jpeg(number)
        await library.put(io.BytesIO(content), New(name, created=number * 86_400_000_000, caption="vacation" if number == 2 else ""), album)
    hidden = await library.create_album("Hidden", private={"visibility": HIDDEN})
    await library.put(io.BytesIO(jpeg(9)), New("secret.jpg"), hidden)
    numbers = {photo.file.title: number for number, photo in library.photos.items()}
    await noted.set_favourite(library, [numbers["boat.jpg"]], True)
    await noted.set_visibility(library, [numbers["old.jpg"]], 1)
    return {name: library.uuid_of(library.photos[number]) for name, number in numbers.items()}


async def get(tool: Tool, path: str, status: int = 200) -> Any:
    answer = await tool.get(API + path)
    assert answer.status_code == status, answer.text
    return answer.json()


def names(answer: dict[str, Any]) -> list[str]:
    assert answer["count"] == len(answer["data"])
    return [asset["originalFileName"] for asset in answer["data"]]


async def test_it_works(tool: Tool, stocked: dict[str, str]) -> None:
    assert await get(tool, "/test") == {
        "status": "success", "message": "Connection to Immich successful", "data": {"connected": True, "response": {"res": "pong"}},
    }  # fmt: skip
    assert await get(tool, "/version") == {"status": "success", "data": {"major": 3, "minor": 3, "patch": 5}}
    assert await get(tool, "/statistics") == {"status": "success", "data": {"images": 4, "videos": 1, "total": 5}}
    page = await get(tool, "/assets")
    assert {name: page[name] for name in ("status", "count", "page", "size")} == {"status": "success", "count": 4, "page": 0, "size": 100}
    assert names(page) == ["film.mp4", ODD, "sea.jpg", "boat.jpg"]
    assert {(asset["type"], asset["isArchived"]) for asset in page["data"]} == {("IMAGE", False), ("VIDEO", False)}
    assert names(await get(tool, "/photos")) == [ODD, "sea.jpg", "boat.jpg"]
    assert names(await get(tool, "/videos")) == ["film.mp4"]
    assert set(await get(tool, "/photos")) == {"status", "count", "data"}
    one = await get(tool, f"/assets/{stocked['sea.jpg']}")
    assert (one["status"], one["data"]["id"], one["data"]["exifInfo"]["description"]) == ("success", stocked["sea.jpg"], "vacation")


async def test_pages_and_filters(tool: Tool, stocked: dict[str, str]) -> None:
    assert names(await get(tool, "/assets?size=2&page=1")) == ["sea.jpg", "boat.jpg"]
    assert names(await get(tool, "/assets?size=2&page=2")) == []
    assert names(await get(tool, "/assets?isFavorite=true")) == ["boat.jpg"]
    assert names(await get(tool, "/assets?isArchived=true")) == ["old.jpg"]
    assert names(await get(tool, "/photos?size=1&page=1")) == ["sea.jpg"]
    for query in ("size=many&page=x", "size=0", "size=-5&page=-1", "isFavorite=1"):
        assert len(names(await get(tool, f"/assets?{query}"))) == 4
    assert (await get(tool, "/assets?size=99999999999999"))["size"] == 1000
    assert names(await get(tool, "/assets?size=1000&page=999999999999999")) == []


async def test_search(tool: Tool, stocked: dict[str, str]) -> None:
    async def search(**ask: Any) -> list[str]:
        answer = await tool.post(f"{API}/search", json=ask)
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
        return names(answer.json())

    assert await search(query="vacation", type="ALL", size=100) == ["sea.jpg"]
    assert await search(type="VIDEO") == ["film.mp4"]
    assert await search(query="", type="IMAGE", size=1) == [ODD]
    assert await search(query="secret") == []
    for wrong in ({"type": "SOUND"}, {"size": 0}, {"size": 5000}, {"query": 5}, {"query": "x" * 501}):
        answer = await tool.post(f"{API}/search", json=wrong)
        assert (answer.status_code, set(answer.json())) == (400, {"error", "message"})
    assert (await tool.post(f"{API}/search", content=b"{", headers={"Content-Type": "application/json"})).status_code == 400
    assert (await tool.post(f"{API}/search", json={"query": "x" * 100_000})).status_code == 413


async def test_pictures_and_files(tool: Tool, stocked: dict[str, str]) -> None:
    path = f"{API}/assets/{stocked['sea.jpg']}"
    for query, kind in (("", "jpeg"), ("?format=JPEG&size=thumbnail", "jpeg"), ("?format=WEBP", "webp"), ("?format=WEBP&size=thumbnail", "webp")):
        answer = await tool.get(f"{path}/thumbnail{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"image/{kind}")
        assert (Image.open(io.BytesIO(answer.content)).format or "").lower() == kind
    file = await tool.get(f"{path}/file")
    assert (file.content, file.headers["content-type"], file.headers["content-length"]) == (jpeg(2), "image/jpeg", str(len(jpeg(2))))
    assert file.headers["content-disposition"] == "attachment; filename=\"sea.jpg\"; filename*=UTF-8''sea.jpg"
    odd = await tool.get(f"{API}/assets/{stocked[ODD]}/file")
    assert odd.headers["content-disposition"] == "attachment; filename=\"s__ _x_.jpg\"; filename*=UTF-8''s%C3%BC%C3%9F%20%22x%22.jpg"
    film = await tool.get(f"{API}/assets/{stocked['film.mp4']}/file")
    assert (film.content, film.headers["content-type"]) == (b"no film that opens", "video/mp4")


async def test_what_is_not_there_or_hidden(tool: Tool, stocked: dict[str, str]) -> None:
    for asset in (NOTHING, "no-id", stocked["secret.jpg"]):
        for more, error in (("", "Failed to fetch asset info"), ("/thumbnail", "Failed to fetch thumbnail"), ("/file", "Failed to fetch file")):
            refused = await get(tool, f"/assets/{asset}{more}", 404)
            assert (set(refused), refused["error"]) == ({"error", "message"}, error)


async def test_keys(tool: Tool, serve: Serve, stocked: dict[str, str]) -> None:
    paths = [
        (m, p)
        for face, modules in found()
        if face.prefix == f"{API}/"
        for mod in modules
        for h in mod.HANDLERS
        for p in h.paths
        for m in h.http_methods
    ]
    asked = [(method, path.replace("{asset_id:str}", stocked["sea.jpg"])) for method, path in paths if method != "OPTIONS"]
    assert len(asked) == 10
    limited = serve(tool.library, permissions=("album.read",))
    for method, path in asked:
        for headers in ({"x-api-key": ""}, {"x-api-key": "wrong"}):
            answer = await tool.request(method, path, headers=headers)
            assert (answer.status_code, set(answer.json())) == (401, {"error", "message"})
        answer = await limited.request(method, path, json={} if method == "POST" else None)
        assert answer.status_code == (200 if path.endswith(("/test", "/version")) else 403)


async def test_503_without_a_session_or_a_server(tool: Tool, server: Server, stocked: dict[str, str]) -> None:
    server.transport.down = True
    away = await get(tool, f"/assets/{stocked['boat.jpg']}/file", 503)
    assert set(away) == {"error", "message"}
    server.transport.down = False
    await tool.library.connection.post("/users/logout")
    await tool.bridge.keeper.round()
    for path in ("/test", "/assets", f"/assets/{stocked['sea.jpg']}"):
        assert (await get(tool, path, 503))["error"] == "Immich connector not configured"


async def test_a_link_for_reading_is_enough(server: Server, serve: Serve, opened: Open, stocked: dict[str, str]) -> None:
    frame = serve(opened("frame", read_only=True))
    await frame.library.sync()
    server.transport.sent.clear()
    assert len(names(await get(frame, "/assets"))) == 4
    assert (await frame.get(f"{API}/assets/{stocked['sea.jpg']}/file")).content == jpeg(2)
    assert {request.method for request in server.transport.sent} == {"GET"}
